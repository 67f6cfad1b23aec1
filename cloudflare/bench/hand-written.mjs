// A Worker for comparison: the same job, written by hand for this platform alone. It routes by header, answers CORS, adds x-forwarded-*,
// streams, spares a backend whose health entry in KV says that it is down, refreshes that entry after the response, and logs a line.

const BACKENDS = ["bun-sqlite", "cf-d1", "dotnet-api", "elixir-phoenix", "java-spring-boot", "php-laravel", "ruby-rails"];
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PUT, DELETE, PATCH, OPTIONS",
  "access-control-allow-headers": "Content-Type, x-backend",
  "access-control-expose-headers": "*, x-gateway-backend, x-request-id, server-timing, proxy-status, retry-after",
  vary: "x-backend, x-backend-location",
  "timing-allow-origin": "*",
};
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "transfer-encoding", "upgrade"];
const FRESH = 30_000;
const CACHED = 1_000;

/** What was read from KV within the last second, as the gateway's own host keeps it. */
const cache = new Map();

async function health(env, id) {
  const known = cache.get(id);
  if (known !== undefined && Date.now() - known.at < CACHED) return known.entry;
  if (known !== undefined) known.at = Date.now();
  const entry = await env.BACKEND_CONFIG_KV.get(`health:local:${id}`, "json");
  cache.set(id, { entry, at: Date.now() });
  return entry;
}

async function refresh(env, id, entry) {
  cache.set(id, { entry, at: Date.now() });
  await env.BACKEND_CONFIG_KV.put(`health:local:${id}`, JSON.stringify(entry));
}

function reply(status, body, requestId, more = {}) {
  return Response.json(body, { status, headers: { ...CORS, "cache-control": "no-store", "x-request-id": requestId, ...more } });
}

export default {
  async fetch(request, env, context) {
    const started = Date.now();
    const url = new URL(request.url);
    const requestId = request.headers.get("x-request-id") ?? crypto.randomUUID();
    if (request.method === "OPTIONS") {
      return new Response(null, { status: 204, headers: { ...CORS, "x-request-id": requestId, "access-control-max-age": "86400" } });
    }
    if (url.pathname === "/health") return reply(200, { status: "healthy", timestamp: new Date().toISOString() }, requestId);
    const id = request.headers.get("x-backend") ?? "bun-sqlite";
    const base = BACKENDS.includes(id) ? env[`BACKEND_${id.toUpperCase().replaceAll("-", "_")}_URL`] : undefined;
    if (base === undefined) {
      return reply(400, { error: "Invalid Backend", message: `Backend '${id}' is not configured`, valid_backends: BACKENDS }, requestId);
    }
    const entry = await health(env, id);
    if (entry !== null && entry.state === "unhealthy" && entry.retryAt > Date.now()) {
      return reply(503, { error: "Backend Unavailable", backend: id }, requestId, { "retry-after": "1" });
    }

    const headers = new Headers(request.headers);
    for (const name of HOP_BY_HOP) headers.delete(name);
    const client = request.headers.get("cf-connecting-ip");
    if (client !== null) headers.append("x-forwarded-for", client);
    headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
    headers.set("x-forwarded-host", url.host);
    headers.append("via", "1.1 hand-written");
    headers.set("x-request-id", requestId);
    const sent = Date.now();
    let response;
    try {
      response = await fetch(base + url.pathname + url.search, {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
        signal: AbortSignal.timeout(30_000),
      });
    } catch {
      context.waitUntil(refresh(env, id, { state: "unhealthy", at: Date.now(), retryAt: Date.now() + 1_000 }));
      return reply(503, { error: "Backend Unavailable", backend: id }, requestId);
    }
    const latency = Date.now() - sent;
    if (entry === null || Date.now() - entry.at > FRESH) context.waitUntil(refresh(env, id, { state: "healthy", at: Date.now() }));
    const out = new Headers(response.headers);
    for (const [name, value] of Object.entries(CORS)) out.set(name, value);
    out.set("x-gateway-backend", id);
    out.set("x-request-id", requestId);
    out.append("server-timing", `gateway;dur=${Date.now() - started - latency}, backend;dur=${latency}`);
    const { method } = request;
    console.log(JSON.stringify({ time: new Date(started).toISOString(), id: requestId, method, path: url.pathname, backend: id, status: response.status }));
    return new Response(response.body, { status: response.status, headers: out });
  },
};
