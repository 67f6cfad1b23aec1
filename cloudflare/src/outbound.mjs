// wasi:http/outgoing-handler over `fetch`.

import * as http from "./http.mjs";
import { InputStream } from "./io.mjs";

/** `.` and `..` as segments of a path, which URLs resolve: such a path would leave the backend's base path. */
const DOT_SEGMENT = /^[^?]*\/(?:\.|%2e){1,2}(?:[/?]|$)/i;

/** An exchange that has begun. Pollable. */
class Exchange {
  response = null;
  error = null;
  #dropped = false;
  #controller = null;
  #wake;

  constructor(wake) {
    this.#wake = wake;
  }

  get ready() {
    return this.error !== null || this.response !== null;
  }

  async start(url, request) {
    const { method, fields, body } = request;
    // Left alone, fetch would ask for compression by itself, which the client may not understand.
    if (!fields.some(([name]) => name.length === 15 && name.toLowerCase() === "accept-encoding")) fields.push(["accept-encoding", "identity"]);
    try {
      if (body !== null) {
        // A backend that answers without reading the body breaks the connection under a stream; what was sent in one piece it cannot break.
        await body.settled();
        if (this.#dropped) return;
        if (body.broken) return this.#failed({ tag: http.CONNECTION_TERMINATED });
        this.#controller = new AbortController();
      }
      const response = await fetch(url, {
        method,
        headers: http.fetchHeaders(fields),
        body: body?.complete ? body.takeAll() : body?.open(),
        redirect: "manual",
        // Encoded bodies pass as they are.
        encodeResponseBody: "manual",
        signal: this.#controller?.signal,
      });
      if (this.#dropped) return void response.body?.cancel();
      const error = statusError(response.status) ?? (await edgeError(response));
      if (error !== null) return this.#failed(error);
      const answer = http.incomingFields(response.headers);
      const length = response.body === null ? 0 : http.contentLength(answer);
      // While an upload goes on, the component may still end the exchange, so it has to see the body through.
      const source = new InputStream(response.body, length, this.#wake, body === null);
      this.response = new http.IncomingResponse(response.status, answer, source);
      this.#wake();
    } catch (error) {
      this.#failed(errorCode(error));
    }
  }

  #failed(error) {
    if (this.#dropped) return;
    this.error = error;
    this.#wake();
  }

  /**
   * Nobody waits for it any more. An upload is cut off, so that it cannot look complete. What has no body needs no signal, which would cost each
   * request something: the runtime ends it together with the request that it belongs to.
   */
  dispose() {
    if (this.taken) return;
    this.#dropped = true;
    this.#controller?.abort();
    this.response?.dispose();
  }
}

/** What is no status of a final response, or one that a `Response` cannot have. */
function statusError(status) {
  if (status < 200) return { tag: http.HTTP_PROTOCOL_ERROR };
  return status > 599 ? { tag: http.INTERNAL_ERROR, text: `a Worker cannot pass on the status ${status}` } : null;
}

/** What Cloudflare itself answers for a backend that it cannot reach. */
const EDGE_ERRORS = {
  520: http.HTTP_PROTOCOL_ERROR,
  521: http.CONNECTION_REFUSED,
  522: http.CONNECTION_TIMEOUT,
  523: http.DESTINATION_UNAVAILABLE,
  524: http.CONNECTION_READ_TIMEOUT,
  525: http.TLS_PROTOCOL_ERROR,
  526: http.TLS_CERTIFICATE_ERROR,
  530: http.DNS_ERROR,
};
const EDGE_BODY_MOST = 64;

/**
 * On Cloudflare an unreachable backend is not an exception but a response made at the edge, whose short text says so. A backend's own answer
 * with such a status is not touched.
 */
async function edgeError(response) {
  const tag = EDGE_ERRORS[response.status];
  if (tag === undefined || response.headers.get("server") !== "cloudflare") return null;
  const length = Number(response.headers.get("content-length") ?? Infinity);
  if (!(length <= EDGE_BODY_MOST)) return null;
  const text = await response.clone().text();
  return /^error code: \d{3,4}\s*$/.test(text) ? { tag } : null;
}

/** What `fetch` lets one tell apart. */
function errorCode(error) {
  const text = String(error?.message ?? error);
  if (/DNS|getaddrinfo|resolve host|ENOTFOUND/i.test(text)) return { tag: http.DNS_ERROR };
  if (/certificate/i.test(text)) return { tag: http.TLS_CERTIFICATE_ERROR };
  if (/\bTLS\b|\bSSL\b/i.test(text)) return { tag: http.TLS_PROTOCOL_ERROR };
  // A limit of the platform for each request: nothing was sent.
  if (/too many subrequests/i.test(text)) return { tag: http.CONNECTION_LIMIT_REACHED };
  if (/refused/i.test(text)) return { tag: http.CONNECTION_REFUSED };
  if (/connection lost|disconnected|reset|premature/i.test(text)) return { tag: http.CONNECTION_TERMINATED };
  // An error inside the runtime: DNS, TLS or no HTTP, it does not say which. What is certain is that no valid response came.
  if (/internal error|content-length/i.test(text)) return { tag: http.HTTP_PROTOCOL_ERROR };
  return { tag: http.INTERNAL_ERROR, text };
}

/** The verdicts, by origin: configuration has few of them. */
const verdicts = new Map();

function allowed(host, origin) {
  let verdict = verdicts.get(origin);
  if (verdict === undefined) {
    verdict = URL.canParse(origin) && host.allows(new URL(origin));
    verdicts.set(origin, verdict);
  }
  return verdict;
}

/**
 * The imports of wasi:http/outgoing-handler.
 *
 * @param {import("./instance.mjs").Instance} instance
 */
export function outgoingHandler(instance) {
  const { memory, handles } = instance;
  const failed = (result, error) => {
    memory.u8(result, 1);
    http.putErrorCode(memory, result + 8, error);
  };
  return {
    handle: (requestHandle, someOptions, options, result) => {
      const request = handles.take(requestHandle);
      if (someOptions) handles.take(options);
      const origin = `${request.scheme}://${request.authority}`;
      if (!allowed(instance.host, origin)) return failed(result, { tag: http.HTTP_REQUEST_DENIED });
      if (DOT_SEGMENT.test(request.target)) {
        return failed(result, { tag: http.INTERNAL_ERROR, text: "a Worker cannot send this path unchanged" });
      }
      const exchange = new Exchange(instance.waiting.wake);
      exchange.start(origin + request.target, request);
      memory.u8(result, 0);
      memory.u32(result + 8, handles.add(exchange));
    },
  };
}
