// Sends the requests of requests.mjs to every way there is to a backend, and compares:
//
//   node check.mjs <name>=<base URL>[,<header>=<value>…] …
//
// A way is a backend itself, or the gateway with the header that chooses a backend. Every answer has to be what openapi.yaml says, and all
// answers to a request have to be equal but for the times, the ids and the name of the backend. One line per request; ends with 1 at the
// first difference. Only tasks that it made itself are changed, and they are deleted in the end, so that it runs against any database.

import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import { fileURLToPath } from "node:url";
import { compileErrors, dereference, validate } from "@readme/openapi-parser";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { REQUESTS } from "./requests.mjs";

/** The headers that have to be equal; the gateway adds others. */
const COMPARED = ["content-type", "content-encoding", "location", "allow", "etag", "cache-control"];
const PATIENCE_MS = 30_000;

// The document

const FILE = fileURLToPath(new URL("../openapi.yaml", import.meta.url));
const validity = await validate(FILE);
if (!validity.valid) throw new Error(`openapi.yaml is no OpenAPI document:\n${compileErrors(validity)}`);
const DOCUMENT = await dereference(FILE);
// `example` and the like are no keywords of JSON Schema.
const ajv = addFormats(new Ajv({ allErrors: true, strict: false }));

function assertMatches(schema, value, what) {
  if (!ajv.validate(schema, value)) assert.fail(`${what}: ${ajv.errorsText()}`);
}

/** The path item for a path, and its name in the document; by the two rules at the top of openapi.yaml, an id that is no id is not found. */
function described(path) {
  const given = path.replace(/\?.*/, "").split("/");
  return Object.entries(DOCUMENT.paths).find(([template, item]) => {
    const segments = template.split("/");
    return segments.length === given.length && segments.every((segment, index) => {
      const parameter = item.parameters?.find(({ name }) => segment === `{${name}}`);
      return parameter ? ajv.validate(parameter.schema, given[index]) : segment === given[index];
    });
  });
}

const METHODS = ["get", "head", "put", "patch", "post", "delete", "options", "trace"];
/** What of the document has been seen, as `GET /tasks 200`. */
const seen = new Set();

/** Throws unless the document allows this answer. */
function checkAgainstDocument(method, path, answer) {
  const { responses } = DOCUMENT.components;
  const [template, item] = described(path) ?? [];
  let response;
  if (!item) {
    assert.equal(answer.status, 404, "status for a path that openapi.yaml does not have");
    response = responses.NotFound;
  } else if (!item[method.toLowerCase()]) {
    assert.equal(answer.status, 405, "status for a method that openapi.yaml does not have");
    response = responses.MethodNotAllowed;
    const has = METHODS.filter((name) => name in item).map((name) => name.toUpperCase());
    assert.deepEqual((answer.headers.allow ?? "").split(", ").sort(), has.sort(), "the methods in allow");
  } else {
    response = item[method.toLowerCase()].responses[answer.status];
    assert(response, `openapi.yaml has no status ${answer.status} for ${method} ${template}`);
    seen.add(`${method} ${template} ${answer.status}`);
  }

  for (const [name, { required, schema }] of Object.entries(response.headers ?? {})) {
    const value = answer.headers[name];
    if (value === undefined) assert(!required, `the header ${name} is missing`);
    else assertMatches(schema, value, `the header ${name}: ${value}`);
  }
  if (!response.content) {
    assert.equal(answer.text, "", "the body");
    return;
  }
  const media = response.content[answer.headers["content-type"]];
  assert(media, `openapi.yaml has no content type ${answer.headers["content-type"]} here`);
  assertMatches(media.schema, answer.json, `the body: ${answer.text.slice(0, 500)}`);
}

// The ways

class Way {
  /** Ids by name, of the tasks made on this way. */
  ids = new Map();
  /** Times by id. */
  #times = new Map();

  constructor(argument) {
    const [[name, url], ...headers] = argument.split(",").map((pair) => [pair.replace(/=.*/s, ""), pair.replace(/^[^=]*=?/, "")]);
    if (!name || !/^https?:/.test(url) || !URL.canParse(url)) usage();
    this.name = name;
    this.url = new URL(url);
    this.headers = Object.fromEntries(headers);
    /** The id given to the gateway; none on the way past it. */
    this.backend = this.headers["x-backend"];
  }

  /** The path with ids for names. */
  path(path) {
    return path.replace(/<(\w+)>/g, (_, name) => this.ids.get(name) ?? assert.fail(`no task ${name} was made`));
  }

  /** Sends a request on a connection of its own; with node:http, which adds no headers of its own liking and leaves the path alone. */
  send({ method, path, body, chunked = false, headers = {} }) {
    const bytes = body === undefined ? undefined : Buffer.from(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    const length = bytes && !chunked ? { "content-length": bytes.length } : {};
    return new Promise((resolve, reject) => {
      const { request } = this.url.protocol === "https:" ? https : http;
      const outgoing = request(this.url, {
        method,
        path: this.url.pathname.replace(/\/$/, "") + this.path(path),
        headers: { ...(bytes && { "content-type": "application/json" }), ...length, ...headers, ...this.headers },
        agent: false,
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      // An answer may come before the body is sent, and then the sending may fail: the answer counts.
      let answered = false;
      outgoing.on("error", (error) => answered || reject(error));
      outgoing.on("response", async (incoming) => {
        answered = true;
        try {
          const text = Buffer.concat(await incoming.toArray()).toString();
          resolve({ status: incoming.statusCode, headers: incoming.headers, text, json: json(text) });
        } catch (error) {
          reject(error);
        }
      });
      if (chunked) outgoing.write(bytes.subarray(0, bytes.length / 2));
      outgoing.end(chunked ? bytes.subarray(bytes.length / 2) : bytes);
    });
  }

  /** Throws unless the answer is what the request wants. */
  check({ method, path, status, task, as }, answer) {
    const shown = answer.text.slice(0, 500);
    assert.equal(answer.status, status, `status (the body: ${shown})`);
    checkAgainstDocument(method, this.path(path), answer);
    if (this.backend !== undefined) {
      assert.equal(answer.headers["x-served-by"], this.backend, "x-served-by behind the gateway");
      assert.equal(answer.headers["x-gateway-backend"], this.backend, "x-gateway-backend");
    }
    for (const [field, value] of Object.entries(task ?? {})) assert.deepEqual(answer.json[field], value, `${field} of the task`);
    if (as !== undefined) {
      assert.equal(answer.headers.location, `/tasks/${answer.json.id}`, "location");
      for (const [name, id] of this.ids) assert(answer.json.id > id, `the id ${answer.json.id} comes after ${id}, that of ${name}`);
      this.ids.set(as, answer.json.id);
    }
    // A task keeps its time.
    for (const { id, created_at } of [answer.json ?? []].flat()) {
      if (id === undefined) continue;
      assert.equal(created_at, this.#times.get(id) ?? created_at, `created_at of task ${id}`);
      this.#times.set(id, created_at);
    }
  }

  /** The answer as every way has to give it. */
  comparable({ path }, answer) {
    const names = new Map([...this.ids].map(([name, id]) => [id, `<${name}>`]));
    const named = (task) => ({ ...task, id: names.get(task.id) ?? task.id, created_at: "<time>" });
    let body = answer.json ?? answer.text;
    // Tasks of others are none of our business.
    if (Array.isArray(body)) body = body.filter(({ id }) => names.has(id)).map(named);
    else if (body?.id !== undefined) body = named(body);
    else if (typeof body?.error === "string" && path.includes("<")) {
      const [, name] = /<(\w+)>/.exec(path);
      body = { ...body, error: body.error.replace(new RegExp(`\\b${this.ids.get(name)}\\b`), `<${name}>`) };
    }
    const headers = Object.fromEntries(COMPARED.map((name) => [name, answer.headers[name]]));
    if (headers.location) headers.location = headers.location.replace(/\d+$/, (id) => names.get(Number(id)) ?? id);
    // As text: the order of the fields counts.
    return { status: answer.status, headers, body: JSON.stringify(body) };
  }
}

function usage() {
  console.error("usage: node check.mjs <name>=<base URL>[,<header>=<value>…] …");
  process.exit(2);
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// The check

const ways = process.argv.slice(2).map((argument) => new Way(argument));
if (ways.length === 0) usage();

for (const request of REQUESTS) {
  let first;
  const asked = ways.filter((way) => !request.direct || way.backend === undefined);
  for (const way of asked) {
    try {
      const answer = await way.send(request);
      way.check(request, answer);
      const comparable = way.comparable(request, answer);
      first ??= { name: way.name, comparable };
      assert.deepEqual(comparable, first.comparable, `not as ${first.name} answers`);
    } catch (error) {
      console.log(`FAILED  ${request.method} ${request.path}  ${request.title}\n        ${way.name}: ${explained(error)}`);
      process.exitCode = 1;
      break;
    }
  }
  if (process.exitCode) break;
  console.log(`ok      ${request.method} ${request.path}  ${request.status}  ${request.title}  (${asked.length})`);
}

if (process.exitCode) {
  for (const way of ways) {
    for (const id of way.ids.values()) await way.send({ method: "DELETE", path: `/tasks/${id}` }).catch(() => {});
  }
} else {
  // A database cannot be made to fail from outside, and the gateway answers /health itself.
  const unseen = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item)
      .flatMap((method) => Object.keys(item[method].responses).map((status) => `${method.toUpperCase()} ${path} ${status}`))
      .filter((answer) => !answer.endsWith(" 500") && !seen.has(answer)),
  );
  const direct = ways.some(({ backend }) => backend === undefined);
  const missing = unseen.filter((answer) => direct || !answer.includes("/health"));
  if (missing.length > 0) {
    console.log(`FAILED  openapi.yaml has answers that no request led to: ${missing.join(", ")}`);
    process.exitCode = 1;
  } else {
    console.log(`${REQUESTS.length} requests, ${ways.length} ways (${ways.map(({ name }) => name).join(", ")}): all as openapi.yaml says, and equal`);
  }
}

/** Both values beneath what was said about them; some versions of Node.js add a comparison of their own, whose lines are left out. */
function explained(error) {
  if (error.code !== "ERR_ASSERTION" || error.operator === "fail" || error.operator === "==") return error.message;
  const show = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value)).slice(0, 2000);
  return `${error.message.split("\n")[0]}\n        is     ${show(error.actual)}\n        wanted ${show(error.expected)}`;
}
