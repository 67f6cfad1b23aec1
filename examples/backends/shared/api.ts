// The task API, from a request to its response; openapi.yaml beside this folder describes it. Only what browsers, Bun and Workers have in
// common is used here: each backend brings the socket and the database.

import type { Task, Tasks } from "./tasks.ts";

const MAX_BODY = 1024 * 1024;
const MAX_DISCARDED = 16 * MAX_BODY;

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

/** Answers a request, whatever happens. `backend` is the id under which the gateway knows this backend. */
export async function answer(request: Request, tasks: Tasks, backend: string): Promise<Response> {
  const response = await handle(request, tasks).catch((error: unknown) => {
    if (error instanceof Refused) return json({ error: error.message }, error.status, error.headers);
    // What went wrong inside is for the log, not for the client.
    console.error(`${backend}:`, error);
    return json({ error: "internal error" }, 500);
  });
  await discard(request);
  // So that a client of the gateway sees which backend answered.
  response.headers.set("x-served-by", backend);
  return response;
}

async function handle(request: Request, tasks: Tasks): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") {
    return method(request, { GET: async () => json({ status: "ok" }) });
  }
  if (pathname === "/tasks") {
    return method(request, {
      GET: async () => json(await tasks.list()),
      POST: async () => {
        const { title, done } = await whole(request);
        const task = await tasks.create(title, done);
        return json(task, 201, { location: `/tasks/${task.id}` });
      },
    });
  }
  // At most 15 digits: beyond 2^53 two ids would be the same number.
  const id = Number(/^\/tasks\/(\d{1,15})$/.exec(pathname)?.[1] ?? NaN);
  if (!Number.isNaN(id)) {
    return method(request, {
      GET: async () => json(found(await tasks.get(id), id)),
      PUT: async () => json(found(await tasks.update(id, await whole(request)), id)),
      PATCH: async () => json(found(await tasks.update(id, await partial(request)), id)),
      DELETE: async () => {
        found((await tasks.delete(id)) || undefined, id);
        return new Response(null, { status: 204 });
      },
    });
  }
  throw new Refused(404, `there is nothing at ${pathname}`);
}

/** Picks the handler of the request's method. HEAD is GET; the server leaves the body out. */
function method(request: Request, handlers: Record<string, () => Promise<Response>>): Promise<Response> {
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
async function partial(request: Request): Promise<Partial<Pick<Task, "title" | "done">>> {
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
  // Half of a surrogate pair, which JSON can spell, has no UTF-8, and databases differ in what they make of it.
  return { title: title?.toWellFormed(), done };
}

/**
 * Reads the body: a length is only a promise, and a chunked body does not even make one. What is too large is read on and let go, within
 * reason: a server that leaves a part unread closes the connection, and a client that is still sending can miss the answer.
 */
async function bodyOf(request: Request): Promise<string> {
  const tooLarge = new Refused(413, `the body is larger than ${MAX_BODY} bytes`);
  if (isHuge(request)) throw tooLarge;
  // A byte order mark stays where it is: JSON has none.
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let [text, size] = ["", 0];
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size <= MAX_BODY) text += decoder.decode(chunk, { stream: true });
    if (size > MAX_DISCARDED) break;
  }
  if (size > MAX_BODY) throw tooLarge;
  return text + decoder.decode();
}

/** Lets a body go that nobody asked for, within the same reason: the next request on the connection may be on its way already. */
async function discard(request: Request): Promise<void> {
  if (request.bodyUsed || isHuge(request)) return;
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > MAX_DISCARDED) break;
    }
  } catch {
    // It broke off; the answer does not depend on it.
  }
}

function isHuge(request: Request): boolean {
  return Number(request.headers.get("content-length") ?? 0) > MAX_DISCARDED;
}

/** `Response.json` says `charset=utf-8` in one runtime and not in another. */
function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, "content-type": "application/json" } });
}
