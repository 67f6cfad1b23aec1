// What a careful author would write by hand for Workers: the gateway's job, without its reasons. The benchmark compares the gateway with it.
//
// Routing by x-backend and x-backend-location, CORS on every response, x-forwarded-*, a request id, streamed bodies, and a health gate whose entries
// live in the isolate's memory for 30 s and are renewed by traffic.

const FRESH_MS = 30_000;
const TIMEOUT_MS = 30_000;
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"];

// Per isolate, like everything outside of a request.
const health = new Map();
let backends;

function cors(headers, backend, requestId) {
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-allow-methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS");
  headers.set("access-control-allow-headers", "Content-Type, x-backend");
  headers.append("vary", "x-backend, x-backend-location");
  headers.set("x-request-id", requestId);
  headers.set("timing-allow-origin", "*");
  if (backend) headers.set("x-gateway-backend", backend);
  return headers;
}

function failure(status, body, backend, requestId) {
  const headers = cors(new Headers({ "cache-control": "no-store" }), backend, requestId);
  return Response.json(body, { status, headers });
}

function record(id, state) {
  health.set(id, { state, checkedAt: Date.now() });
}

export default {
  async fetch(request, env) {
    const started = Date.now();
    const url = new URL(request.url);
    const given = request.headers.get("x-request-id");
    const requestId = given && /^[\w.-]{1,128}$/.test(given) ? given : crypto.randomUUID();
    if (request.method === "OPTIONS") {
      return new Response(null, { status: 204, headers: cors(new Headers({ "access-control-max-age": "86400" }), "", requestId) });
    }
    if (url.pathname === "/health") {
      const body = { status: "healthy", timestamp: new Date().toISOString() };
      return Response.json(body, { headers: cors(new Headers(), "", requestId) });
    }

    const location = request.headers.get("x-backend-location") ?? "local";
    const id = request.headers.get("x-backend") ?? "bun-sqlite";
    backends ??= JSON.parse(env.BACKENDS);
    const target = location === "local" && Object.hasOwn(backends, id) ? backends[id] : undefined;
    if (!target) {
      const body = { error: "Invalid Backend", message: `Backend '${id}' is not configured`, valid_backends: Object.keys(backends).sort() };
      return failure(400, body, "", requestId);
    }

    const unavailable = { error: "Backend Unavailable", message: `The requested backend '${id}' is not responding`, backend: id };
    const entry = health.get(id);
    const isFresh = entry && Date.now() - entry.checkedAt < FRESH_MS;
    if (isFresh && entry.state === "unhealthy") return failure(503, unavailable, id, requestId);

    const headers = new Headers(request.headers);
    for (const name of HOP_BY_HOP) headers.delete(name);
    const client = request.headers.get("cf-connecting-ip") ?? "127.0.0.1";
    headers.append("x-forwarded-for", client);
    headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
    headers.set("x-forwarded-host", url.host);
    headers.append("via", "1.1 worker");
    headers.set("x-request-id", requestId);

    const sent = Date.now();
    let response;
    try {
      response = await fetch(target + url.pathname + url.search, {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      if (error.name === "TimeoutError") {
        return failure(504, { error: "Gateway Timeout", message: "Backend did not respond within 30s", backend: id }, id, requestId);
      }
      record(id, "unhealthy");
      return failure(503, unavailable, id, requestId);
    }
    if (!isFresh && response.status < 500) record(id, "healthy");

    const answer = new Response(response.body, response);
    cors(answer.headers, id, requestId);
    answer.headers.set("server-timing", `gateway;dur=${Date.now() - started}, backend;dur=${Date.now() - sent}`);
    return answer;
  },
};
