// The task API over HTTP. Configured by PORT, HOST and DATABASE; see README.md.
//
// `handle` answers a request, `serve` puts it on a socket, and the last lines run it when this file is the program.

import { fileURLToPath } from "node:url";
import { Tasks } from "./tasks.ts";

const MAX_BODY = 1024 * 1024;

/** A request that is answered with an error; thrown from any depth, turned into a response in one place. */
class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

async function handle(request: Request, tasks: Tasks): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") {
    return method(request, { GET: () => Response.json({ status: "ok" }) });
  }
  if (pathname === "/tasks") {
    return method(request, {
      GET: () => Response.json(tasks.list()),
      POST: async () => {
        const { title, done } = await whole(request);
        const task = tasks.create(title, done);
        return Response.json(task, { status: 201, headers: { location: `/tasks/${task.id}` } });
      },
    });
  }
  // At most 15 digits: beyond 2^53 two ids would be the same number.
  const id = Number(/^\/tasks\/(\d{1,15})$/.exec(pathname)?.[1] ?? NaN);
  if (!Number.isNaN(id)) {
    return method(request, {
      GET: () => Response.json(found(tasks.get(id), id)),
      PUT: async () => Response.json(found(tasks.update(id, await whole(request)), id)),
      PATCH: async () => Response.json(found(tasks.update(id, await partial(request)), id)),
      DELETE: () => {
        found(tasks.delete(id) || undefined, id);
        return new Response(null, { status: 204 });
      },
    });
  }
  throw new Refused(404, `there is nothing at ${pathname}`);
}

/** Picks the handler of the request's method. HEAD is GET; the server leaves the body out. */
function method(request: Request, handlers: Record<string, () => Response | Promise<Response>>): Response | Promise<Response> {
  const handler = handlers[request.method === "HEAD" ? "GET" : request.method];
  if (handler) return handler();
  const allow = Object.keys(handlers).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
  throw new Refused(405, `${request.method} is not allowed here`, { allow: allow.join(", ") });
}

function found<T>(value: T | undefined, id: number): T {
  if (value === undefined) throw new Refused(404, `there is no task ${id}`);
  return value;
}

/** The body as a task to be created or replaced: a title is required, `done` defaults to false. */
async function whole(request: Request): Promise<{ title: string; done: boolean }> {
  const { title, done = false } = await partial(request);
  if (title === undefined) throw new Refused(400, "title is missing");
  return { title, done };
}

/** The body as changes to a task. Fields it does not know are ignored. */
async function partial(request: Request): Promise<{ title?: string; done?: boolean }> {
  const text = await bodyOf(request);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refused(400, "the body is not valid JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refused(400, "the body is not a JSON object");
  const { title, done } = body as Record<string, unknown>;
  if (title !== undefined && (typeof title !== "string" || title.trim() === "")) {
    throw new Refused(400, "title must be a string that is not empty");
  }
  if (done !== undefined && typeof done !== "boolean") throw new Refused(400, "done must be true or false");
  return { title, done };
}

/** Reads the body, and no further than the limit: a length is only a promise, and a chunked body does not even make one. */
async function bodyOf(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = Number(request.headers.get("content-length") ?? 0);
  if (size <= MAX_BODY) {
    size = 0;
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > MAX_BODY) break;
      chunks.push(chunk);
    }
  }
  if (size > MAX_BODY) throw new Refused(413, `the body is larger than ${MAX_BODY} bytes`);
  return Buffer.concat(chunks).toString();
}

function refusal(error: unknown): Response {
  if (error instanceof Refused) {
    return Response.json({ error: error.message }, { status: error.status, headers: error.headers });
  }
  // What went wrong inside is for the log, not for the client.
  console.error("bun-sqlite:", error);
  return Response.json({ error: "internal error" }, { status: 500 });
}

/** Starts the server; port 0 takes a free one. */
export function serve(options: { hostname: string; port: number; tasks: Tasks }) {
  return Bun.serve({
    hostname: options.hostname,
    port: options.port,
    // The limit is MAX_BODY, in `bodyOf`: Bun's own would answer without an error text.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    async fetch(request) {
      const response = await handle(request, options.tasks).catch(refusal);
      // So that a client of the gateway sees which backend answered.
      response.headers.set("x-served-by", "bun-sqlite");
      return response;
    },
  });
}

function main(): void {
  const hostname = process.env.HOST || "127.0.0.1";
  const port = Number(process.env.PORT || 3001);
  const file = process.env.DATABASE || fileURLToPath(new URL("tasks.db", import.meta.url));
  if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`PORT must be a number up to 65535, not ${process.env.PORT}`);

  let tasks: Tasks;
  try {
    tasks = new Tasks(file);
  } catch (error) {
    fail(`cannot open the database ${file}: ${message(error)}`);
  }
  let server: ReturnType<typeof serve>;
  try {
    server = serve({ hostname, port, tasks });
  } catch (error) {
    const taken = (error as { code?: string }).code === "EADDRINUSE";
    fail(taken ? `port ${port} on ${hostname} is in use; set PORT to another one` : `cannot listen on ${hostname}:${port}: ${message(error)}`);
  }
  console.log(`bun-sqlite listens on http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`);

  let closing = false;
  const close = async () => {
    if (closing) return;
    closing = true;
    // Takes no new connections and lets running requests finish; idle keep-alive connections must not hold it up.
    await Promise.race([server.stop(), Bun.sleep(2000)]);
    tasks.close();
    process.exit(0);
  };
  process.on("SIGTERM", close);
  process.on("SIGINT", close);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(why: string): never {
  console.error(`bun-sqlite: ${why}`);
  process.exit(1);
}

if (import.meta.main) main();
