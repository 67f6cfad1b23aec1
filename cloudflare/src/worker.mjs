// The Worker: a request in, an instance of the component, a response out; what the component does after that goes on in the background.

import component from "./gateway.wasm";
import { allowedHosts } from "./allowed-hosts.mjs";
import { fetchHeaders, isForComponents } from "./http.mjs";
import { Instance } from "./instance.mjs";
import { KvStore } from "./kv.mjs";
import { Overloaded, Pool } from "./pool.mjs";
import { variablesOf } from "./spin.mjs";

/** The manifest's part, put in by the build. */
/* global SETTINGS */

/** One for the life of the isolate. */
let host = null;
let pool = null;

function start(env) {
  const variables = variablesOf(SETTINGS.variables, env);
  const hosts = SETTINGS.allowedOutboundHosts.map((entry) =>
    entry.replace(/\{\{\s*([a-z0-9_]+)\s*\}\}/g, (_, name) => variables.get(name) ?? ""),
  );
  const namespace = env.BACKEND_CONFIG_KV;
  host = { variables, allows: allowedHosts(hosts), store: namespace === undefined ? null : new KvStore(namespace) };
  pool = new Pool(() => new Instance(component, host));
}

export default {
  async fetch(request, env, context) {
    try {
      if (pool === null) start(env);
      return await answer(pool.take() ?? (await pool.wait()), request, context);
    } catch (error) {
      console.error(`the request could not be answered: ${error?.stack ?? error}`);
      return error instanceof Overloaded ? failure(503, "The gateway has too much to do at the moment", { "retry-after": "1" }) : failure();
    }
  },
};

async function answer(instance, request, context) {
  const { answer, done } = instance.handle(incoming(request), (work) => context.waitUntil(work));
  let working = true;
  const work = done.then(
    () => {
      working = false;
      pool.put(instance);
    },
    (error) => {
      working = false;
      // Its memory is in an unknown state.
      pool.drop(instance);
      console.error(`the component trapped: ${error?.stack ?? error}`);
    },
  );
  const response = await answer;
  if (working) context.waitUntil(work);
  return response === null ? failure() : outgoing(response);
}

/** The request as the component expects it from Spin: the client's address and URL in fields of the host's, last and only once. */
function incoming(request) {
  const { url, method, headers, body } = request;
  const authorityAt = url.indexOf("://") + 3;
  const targetAt = url.indexOf("/", authorityAt);
  const authority = targetAt === -1 ? url.slice(authorityAt) : url.slice(authorityAt, targetAt);
  const fields = [];
  let client = null;
  // Cloudflare puts an `accept-encoding` of its own in the place of the client's, and the client's aside.
  const acceptEncoding = request.cf?.clientAcceptEncoding;
  for (const field of headers) {
    const [name, value] = field;
    if (name === "cf-connecting-ip") client = value;
    if (name === "accept-encoding" && acceptEncoding !== undefined) continue;
    if (isForComponents(name) && !name.startsWith("spin-")) fields.push(field);
  }
  if (acceptEncoding) fields.push(["accept-encoding", acceptEncoding]);
  fields.push(["spin-full-url", url]);
  if (client !== null) fields.push(["spin-client-addr", client]);
  return { method, authority, target: targetAt === -1 ? "/" : url.slice(targetAt), fields, body };
}

function outgoing({ status, fields, body }) {
  // Encoded bodies pass as they are.
  const init = { status, headers: fetchHeaders(fields), encodeBody: "manual" };
  if (body === null) return new Response(null, init);
  return new Response(body.complete ? body.takeAll() : body.open(), init);
}

/** The gateway's own shape of an error, for what happens when the component cannot answer. */
function failure(status = 500, message = "The gateway failed while answering; the Worker's log says why", more = {}) {
  const headers = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, PUT, DELETE, PATCH, OPTIONS",
    "access-control-allow-headers": "Content-Type, x-backend",
    "cache-control": "no-store",
    vary: "x-backend, x-backend-location",
    ...more,
  };
  return Response.json({ error: "Gateway Error", message }, { status, headers });
}
