// Sends the requests of requests.mjs to every way there is to a backend, and compares:
//
//   node check.mjs <name>=<base URL>[,<header>=<value>…] …
//
// A way is a backend itself, or the gateway with the header that chooses a backend. Every answer has to be what openapi.yaml says, and all
// answers to a request have to be equal but for the times, the ids and the words of errors. One line per request; ends with 1 at the first
// difference. Only tasks and projects that it made itself are changed, and they are deleted in the end, so that it runs against any database.

import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import { fileURLToPath } from "node:url";
import { MIMEType } from "node:util";
import { compileErrors, dereference, validate } from "@readme/openapi-parser";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { REQUESTS } from "./requests.mjs";

const PATIENCE_MS = 30_000;

// The document

const FILE = fileURLToPath(new URL("../openapi.yaml", import.meta.url));
const validity = await validate(FILE);
if (!validity.valid) throw new Error(`openapi.yaml is not an OpenAPI document:\n${compileErrors(validity)}`);
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
    assert.deepEqual(methodsIn(answer.headers.allow), has.sort(), "the methods in allow");
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
  assert.notEqual(answer.text, "", "the body is empty");
  const media = response.content[mediaType(answer)];
  assert(media, `openapi.yaml has no content type ${answer.headers["content-type"]} here`);
  assertMatches(media.schema, answer.json, `the body: ${answer.text.slice(0, 500)}`);
}

// Parts of answers

/** Without its parameters: many frameworks add `charset=utf-8`, which JSON does not have. */
function mediaType({ headers }) {
  try {
    return new MIMEType(headers["content-type"]).essence;
  } catch {
    return headers["content-type"];
  }
}

function methodsIn(allow = "") {
  return allow.split(",").map((method) => method.trim()).sort();
}

/** Of the tasks and projects in an answer. */
function itemsIn({ json }) {
  return [json ?? []].flat().filter(({ id }) => id !== undefined);
}

// The ways

class Way {
  /** Ids by name, of what was made on this way. */
  ids = new Map();
  /** Paths of what was made on this way. */
  made = [];
  /** Times of creation by id. */
  #times = new Map();
  #servedBy;

  constructor(argument) {
    const [[name, url], ...headers] = argument.split(",").map((pair) => [pair.replace(/=.*/s, ""), pair.replace(/^[^=]*=?/, "")]);
    if (!name || !/^https?:/.test(url) || !URL.canParse(url)) usage();
    this.name = name;
    this.url = new URL(url);
    this.headers = Object.fromEntries(headers);
    /** The id given to the gateway; none on the way past it. */
    this.backend = this.headers["x-backend"];
  }

  /** The text with ids for names. */
  named(text) {
    return text.replace(/<(\w+)(!?)>/g, (_, name, capitals) => {
      const id = this.ids.get(name) ?? assert.fail(`${name} was not made`);
      return capitals ? id.toUpperCase() : id;
    });
  }

  /** Sends a request on a connection of its own; with node:http, which adds no headers of its own liking and leaves the path alone. */
  send({ method, path, body, chunked = false, headers = {} }) {
    const raw = typeof body === "string" || Buffer.isBuffer(body);
    const bytes = body === undefined ? undefined : Buffer.from(raw ? body : this.named(JSON.stringify(body)));
    const length = bytes && !chunked ? { "content-length": bytes.length } : {};
    return new Promise((resolve, reject) => {
      const { request } = this.url.protocol === "https:" ? https : http;
      const outgoing = request(this.url, {
        method,
        path: this.url.pathname.replace(/\/$/, "") + this.named(path),
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

  /** Sends a request, and once more and again if its answer has to have a later time. */
  async ask(request) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.send(request);
      const isLater = Date.parse(answer.json?.updated_at) > Date.parse(answer.json?.created_at);
      if (!request.later || isLater || answer.status !== request.status) return answer;
      assert(Date.now() < end, `updated_at stays ${answer.json?.updated_at}`);
    }
  }

  /** Throws unless the answer is what the request wants. */
  check({ method, path, status, has = {}, not = {}, list, details, as }, answer) {
    const shown = answer.text.slice(0, 500);
    assert.equal(answer.status, status, `status (the body: ${shown})`);
    checkAgainstDocument(method, this.named(path), answer);
    this.#checkServer(answer);
    for (const [member, value] of Object.entries(has)) {
      const wanted = member.endsWith("_id") && value !== null ? this.named(value) : value;
      assert.deepEqual(answer.json[member], wanted, `${member} in the answer`);
    }
    for (const [member, value] of Object.entries(not)) assert.notDeepEqual(answer.json[member], value, `${member} in the answer`);
    if (details) assert.deepEqual((answer.json.details ?? []).map(({ field }) => field).sort(), [...details].sort(), "the fields in details");
    if (as !== undefined) this.#checkCreated(path, as, answer);
    if (list) {
      const mine = answer.json.map(({ id }) => this.#nameOf(id)).filter((name) => name !== undefined);
      assert.deepEqual(mine, list, "the list");
    }
    this.#checkTimes(answer);
  }

  /** One way leads to one backend, and through the gateway to the one that was chosen. */
  #checkServer({ headers }) {
    if (this.backend !== undefined) assert.equal(headers["x-gateway-backend"], this.backend, "x-gateway-backend");
    this.#servedBy ??= headers["x-served-by"];
    assert.equal(headers["x-served-by"], this.#servedBy, "x-served-by, which was another one before");
  }

  #checkCreated(path, as, { headers, json: { id } }) {
    assert(![...this.ids.values()].includes(id), `the id ${id} was given before`);
    this.ids.set(as, id);
    this.made.push(`${path}/${id}`);
    assert.equal(new URL(headers.location, this.url).pathname, this.url.pathname.replace(/\/$/, "") + `${path}/${id}`, "location");
  }

  /** What was created once keeps that time. */
  #checkTimes(answer) {
    for (const { id, created_at, updated_at } of itemsIn(answer)) {
      assert.equal(created_at, this.#times.get(id) ?? created_at, `created_at of ${id}`);
      assert(Date.parse(updated_at) >= Date.parse(created_at), `updated_at of ${id}, ${updated_at}, is before created_at, ${created_at}`);
      this.#times.set(id, created_at);
    }
  }

  #nameOf(id) {
    return [...this.ids].find(([, known]) => known === id)?.[0];
  }

  /** The answer as every way has to give it. */
  comparable(answer) {
    const named = (id) => (id === null ? null : `<${this.#nameOf(id)}>`);
    const unlike = (item) => ({
      ...item,
      id: named(item.id),
      ...(item.project_id !== undefined && { project_id: named(item.project_id) }),
      created_at: "<time>",
      updated_at: "<time>",
    });
    let body = answer.json ?? answer.text;
    // What others made is none of our business.
    if (Array.isArray(body)) body = body.filter(({ id }) => this.#nameOf(id) !== undefined).map(unlike);
    else if (body?.id !== undefined) body = unlike(body);
    // Words are for people.
    else if (body?.error !== undefined) body = { error: body.error, details: body.details?.map(({ field }) => field) };
    const { "content-encoding": encoding } = answer.headers;
    return { status: answer.status, type: mediaType(answer), encoding, body };
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
      const answer = await way.ask(request);
      way.check(request, answer);
      const comparable = way.comparable(answer);
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
    for (const path of way.made) await way.send({ method: "DELETE", path }).catch(() => {});
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
