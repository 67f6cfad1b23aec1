// wasi:http/types over the Fetch API. Fields are lists of [name, value]; workerd takes the bytes of values for UTF-8.

import { InputStream, OutgoingBody } from "./io.mjs";

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
const OTHER_METHOD = METHODS.length;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NOT_A_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;
/** What only the host may set, as in Spin. */
const FORBIDDEN = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
/** What the component does not get to see, as in Spin. */
const HIDDEN = new Set(["connection", "host", "keep-alive", "proxy-authenticate", "proxy-connection", "transfer-encoding", "upgrade"]);
/** The one field whose lines `Headers` keeps apart. */
const SET_COOKIE = "set-cookie";
/** Cases of `header-error`. */
const INVALID_SYNTAX = 0;
const FIELD_FORBIDDEN = 1;

/** Whether a component gets to see fields of this name; those of the connection it does not. */
export const isForComponents = (name) => !HIDDEN.has(name);

/** The fields of a response that a component gets to see. Iteration sorts lines by name alone, so that many lines of one name come in any order. */
export function incomingFields(headers) {
  const fields = [];
  for (const field of headers) if (isForComponents(field[0]) && field[0] !== SET_COOKIE) fields.push(field);
  for (const value of headers.getSetCookie()) fields.push([SET_COOKIE, value]);
  return fields;
}

/** The announced length of a body, or null. */
export function contentLength(fields) {
  for (const [name, value] of fields) {
    if (name.length === 14 && name.toLowerCase() === "content-length") return /^\d+$/.test(value) ? Number(value) : null;
  }
  return null;
}

/** The request as the component gets it. */
export class IncomingRequest {
  /** @param {{ method: string, authority: string, target: string, fields: [string, string][], body: ReadableStream | null }} request */
  constructor(request) {
    Object.assign(this, request);
  }
}

/** A response of a backend. */
export class IncomingResponse {
  constructor(status, fields, source) {
    this.status = status;
    this.fields = fields;
    this.source = source;
  }

  /** Without a taker the body is not wanted. */
  dispose() {
    if (!this.taken) this.source.dispose();
  }
}

/** A body that comes in, before its stream is taken. */
class IncomingBody {
  constructor(source) {
    this.source = source;
  }

  dispose() {
    if (!this.stream) this.source.dispose();
  }
}

/** A request to a backend, in the making. */
export class OutgoingRequest {
  method = "GET";
  scheme = "https";
  authority = null;
  target = "/";
  body = null;

  constructor(fields) {
    this.fields = fields;
  }
}

/** The response to the client, in the making. */
export class OutgoingResponse {
  status = 200;
  body = null;

  constructor(fields) {
    this.fields = fields;
  }
}

/** Where the response goes. */
export class ResponseOutparam {
  constructor(settle) {
    this.settle = settle;
  }
}

class Fields {
  constructor(list) {
    this.list = list;
  }
}

/** What is wrong with each name that was seen lately; they are few, unless somebody invents them. */
const names = new Map();
const MOST_NAMES = 1_000;

function nameError(name) {
  let error = names.get(name);
  if (error === undefined) {
    error = !TOKEN.test(name) ? INVALID_SYNTAX : FORBIDDEN.has(name.toLowerCase()) ? FIELD_FORBIDDEN : null;
    if (names.size === MOST_NAMES) names.clear();
    names.set(name, error);
  }
  return error;
}

function fieldError(name, value) {
  return nameError(name) ?? (NOT_A_VALUE.test(value) ? INVALID_SYNTAX : null);
}

/** Fields as the Fetch API takes them: as an object where no name occurs twice, which it reads several times faster. */
export function fetchHeaders(fields) {
  const headers = {};
  for (const [name, value] of fields) {
    if (headers[name] !== undefined) return fields;
    headers[name] = value;
  }
  return headers;
}

/**
 * The imports of wasi:http/types.
 *
 * @param {import("./instance.mjs").Instance} instance
 */
export function httpTypes(instance) {
  const { memory, handles } = instance;
  const drop = (handle) => handles.take(handle).dispose?.();
  const ok = (result, handle) => {
    memory.u8(result, 0);
    memory.u32(result + 4, handle);
  };
  /** `result` without a payload: once taken, there is no second. */
  const once = (resource, key, result, make) => {
    if (resource[key]) return memory.u8(result, 1);
    ok(result, handles.add((resource[key] = make())));
  };
  const optionalText = (result, text) => {
    memory.u8(result, text === null ? 0 : 1);
    if (text !== null) memory.putText(result + 4, text);
  };
  const option = (some, at, length) => (some ? memory.text(at, length) : null);
  const fine = () => 0;

  return {
    "[constructor]fields": () => handles.add(new Fields([])),
    "[static]fields.from-list": (list, length, result) => {
      const fields = [];
      for (let index = 0; index < length; index++) {
        const at = list + 16 * index;
        const name = memory.text(memory.readU32(at), memory.readU32(at + 4));
        const value = memory.text(memory.readU32(at + 8), memory.readU32(at + 12));
        const error = fieldError(name, value);
        if (error !== null) {
          memory.u8(result, 1);
          return memory.u8(result + 4, error);
        }
        fields.push([name, value]);
      }
      ok(result, handles.add(new Fields(fields)));
    },
    "[method]fields.append": (self, name, nameLength, value, valueLength, result) => {
      const field = [memory.text(name, nameLength), memory.text(value, valueLength)];
      const error = fieldError(...field);
      memory.u8(result, error === null ? 0 : 1);
      if (error !== null) return memory.u8(result + 1, error);
      handles.get(self).list.push(field);
    },
    "[method]fields.entries": (self, result) => {
      const { list } = handles.get(self);
      const at = memory.allocate(4, 16 * list.length);
      for (let index = 0; index < list.length; index++) {
        memory.putText(at + 16 * index, list[index][0]);
        memory.putText(at + 16 * index + 8, list[index][1]);
      }
      memory.putPair(result, at, list.length);
    },
    "[resource-drop]fields": drop,

    "[method]incoming-request.method": (self, result) => {
      const { method } = handles.get(self);
      const index = METHODS.indexOf(method);
      memory.u8(result, index === -1 ? OTHER_METHOD : index);
      if (index === -1) memory.putText(result + 4, method);
    },
    "[method]incoming-request.path-with-query": (self, result) => optionalText(result, handles.get(self).target),
    "[method]incoming-request.authority": (self, result) => optionalText(result, handles.get(self).authority),
    "[method]incoming-request.headers": (self) => handles.add(new Fields(handles.get(self).fields)),
    "[method]incoming-request.consume": (self, result) => {
      const request = handles.get(self);
      const source = () => new InputStream(request.body, contentLength(request.fields), instance.waiting.wake);
      once(request, "taken", result, () => new IncomingBody(source()));
    },
    "[resource-drop]incoming-request": drop,

    "[method]incoming-response.status": (self) => handles.get(self).status,
    "[method]incoming-response.headers": (self) => handles.add(new Fields(handles.get(self).fields)),
    "[method]incoming-response.consume": (self, result) => {
      const response = handles.get(self);
      once(response, "taken", result, () => new IncomingBody(response.source));
    },
    "[resource-drop]incoming-response": drop,

    "[method]incoming-body.stream": (self, result) => {
      const body = handles.get(self);
      once(body, "stream", result, () => body.source);
    },
    "[resource-drop]incoming-body": drop,

    "[constructor]outgoing-request": (fields) => handles.add(new OutgoingRequest(handles.take(fields).list)),
    "[method]outgoing-request.set-method": (self, tag, name, length) => {
      const method = METHODS[tag] ?? memory.text(name, length);
      if (!TOKEN.test(method)) return 1;
      handles.get(self).method = method;
      return 0;
    },
    "[method]outgoing-request.set-scheme": (self, some, tag, name, length) => {
      handles.get(self).scheme = some === 0 ? "https" : (["http", "https"][tag] ?? memory.text(name, length));
      return 0;
    },
    "[method]outgoing-request.set-authority": (self, some, text, length) => {
      handles.get(self).authority = option(some, text, length);
      return 0;
    },
    "[method]outgoing-request.set-path-with-query": (self, some, text, length) => {
      handles.get(self).target = option(some, text, length) ?? "/";
      return 0;
    },
    "[method]outgoing-request.body": (self, result) => {
      const request = handles.get(self);
      once(request, "body", result, () => new OutgoingBody(contentLength(request.fields), instance.waiting.wake));
    },
    "[resource-drop]outgoing-request": drop,

    // The Fetch API has no timeouts of its own; the gateway's deadline ends what takes too long.
    "[constructor]request-options": () => handles.add({}),
    "[method]request-options.set-connect-timeout": fine,
    "[method]request-options.set-first-byte-timeout": fine,
    "[method]request-options.set-between-bytes-timeout": fine,
    "[resource-drop]request-options": drop,

    "[constructor]outgoing-response": (fields) => handles.add(new OutgoingResponse(handles.take(fields).list)),
    "[method]outgoing-response.set-status-code": (self, status) => {
      if (status < 100 || status > 999) return 1;
      handles.get(self).status = status;
      return 0;
    },
    "[method]outgoing-response.body": (self, result) => {
      const response = handles.get(self);
      once(response, "body", result, () => new OutgoingBody(contentLength(response.fields), instance.waiting.wake));
    },
    "[resource-drop]outgoing-response": drop,
    "[static]response-outparam.set": (outparam, failed, response) =>
      handles.take(outparam).settle(failed ? null : handles.take(response)),
    "[resource-drop]response-outparam": drop,

    "[method]outgoing-body.write": (self, result) => {
      const body = handles.get(self);
      once(body, "stream", result, () => ({
        get ready() {
          return body.ready;
        },
        get room() {
          return body.room;
        },
        write: (chunk) => body.write(chunk),
        adopt: (source) => body.adopt(source),
      }));
    },
    // Trailers are not in the Fetch API, and the gateway sends none.
    "[static]outgoing-body.finish": (self, someTrailers, trailers, result) => {
      if (someTrailers) handles.take(trailers);
      const whole = handles.take(self).finish();
      memory.u8(result, whole ? 0 : 1);
      if (!whole) putErrorCode(memory, result + 8, { tag: INTERNAL_ERROR, text: "the body is not of the announced length" });
    },
    "[resource-drop]outgoing-body": drop,

    "[method]future-incoming-response.subscribe": (self) => handles.add(handles.get(self)),
    "[method]future-incoming-response.get": (self, result) => {
      const future = handles.get(self);
      memory.u8(result, future.ready ? 1 : 0);
      if (!future.ready) return;
      const taken = future.taken === true;
      memory.u8(result + 8, taken ? 1 : 0);
      if (taken) return;
      future.taken = true;
      const failed = future.error !== null;
      memory.u8(result + 16, failed ? 1 : 0);
      if (failed) putErrorCode(memory, result + 24, future.error);
      else memory.u32(result + 24, handles.add(future.response));
    },
    "[resource-drop]future-incoming-response": drop,
  };
}

/** Cases of `error-code`, by their place in wit/deps/http/http.wit. */
export const DNS_ERROR = 1;
export const DESTINATION_UNAVAILABLE = 3;
export const CONNECTION_REFUSED = 6;
export const CONNECTION_TERMINATED = 7;
export const CONNECTION_TIMEOUT = 8;
export const CONNECTION_READ_TIMEOUT = 9;
export const CONNECTION_LIMIT_REACHED = 11;
export const TLS_PROTOCOL_ERROR = 12;
export const TLS_CERTIFICATE_ERROR = 13;
export const HTTP_REQUEST_DENIED = 15;
export const HTTP_PROTOCOL_ERROR = 35;
export const INTERNAL_ERROR = 38;

/** Writes an `error-code`: 32 bytes, payload at 8. */
export function putErrorCode(memory, at, { tag, text }) {
  memory.bytes.fill(0, at, at + 32);
  memory.u8(at, tag);
  if (tag === INTERNAL_ERROR && text !== undefined) {
    memory.u8(at + 8, 1);
    memory.putText(at + 12, text);
  }
}
