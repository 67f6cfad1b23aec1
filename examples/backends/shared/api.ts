// The API, from a request to its response; openapi.yaml beside this folder describes it. Only what browsers, Bun and Workers have in common
// is used here: each backend brings the socket and the database.

import { discard, MAX_BODY, textOf } from "./body.ts";
import { type Detail, type Fields, PROJECT, readFields, TASK, uuid, type Values } from "./resources.ts";
import { type Collection, isUnknownProject, type Store } from "./store.ts";

const REASONS: Record<number, string> = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  500: "Internal Server Error",
};

/** A request that is answered with an error; thrown from any depth, turned into a response in one place. */
class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly more: { details?: Detail[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
  }
}

/** Answers a request, whatever happens. `backend` is the id under which the gateway knows this backend. */
export async function answer(request: Request, store: Store, backend: string): Promise<Response> {
  const response = await handle(request, store).catch((error: unknown) => {
    if (error instanceof Refused) return refusal(error);
    // What went wrong inside is for the log, not for the client.
    console.error(`${backend}:`, error);
    return refusal(new Refused(500, "the database failed"));
  });
  await discard(request);
  // So that a client of the gateway sees which backend answered.
  response.headers.set("x-served-by", backend);
  return response;
}

async function handle(request: Request, { tasks, projects }: Store): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const [, collection = "", segment, below, ...rest] = pathname.split("/");
  const nothing = new Refused(404, `there is nothing at ${pathname}`);
  if (pathname === "/health") return method(request, { GET: async () => json({ status: "ok" }) });
  if (rest.length > 0 || (collection !== "tasks" && collection !== "projects")) throw nothing;

  if (segment === undefined) {
    return collection === "tasks"
      ? whole(request, tasks, TASK, "/tasks", searchParams)
      : whole(request, projects, PROJECT, "/projects", searchParams);
  }
  const id = uuid(segment);
  if (id === undefined) throw nothing;
  if (below === undefined) {
    return collection === "tasks" ? single(request, tasks, TASK, id, "task") : single(request, projects, PROJECT, id, "project");
  }
  if (collection !== "projects" || below !== "tasks") throw nothing;
  return method(request, {
    GET: async () => {
      const wanted = filter(TASK, searchParams);
      found(await projects.get(id), "project", id);
      return json(await tasks.list({ ...wanted, project_id: id }));
    },
  });
}

/** A collection: its list, and a new member of it. */
function whole<Row extends { id: string }>(
  request: Request,
  rows: Collection<Row>,
  fields: Fields,
  path: string,
  query: URLSearchParams,
): Promise<Response> {
  return method(request, {
    GET: async () => json(await rows.list(filter(fields, query))),
    POST: async () => {
      const row = await written(rows.create(await valuesOf(request, fields, true)));
      return json(row, 201, { location: `${path}/${row.id}` });
    },
  });
}

/** One member of a collection. A body is looked at before the id. */
function single<Row>(request: Request, rows: Collection<Row>, fields: Fields, id: string, kind: string): Promise<Response> {
  const update = (all: boolean) => async () => {
    const values = await valuesOf(request, fields, all);
    return json(found(await written(rows.update(id, values)), kind, id));
  };
  return method(request, {
    GET: async () => json(found(await rows.get(id), kind, id)),
    PUT: update(true),
    PATCH: update(false),
    DELETE: async () => {
      found((await rows.delete(id)) || undefined, kind, id);
      return new Response(null, { status: 204 });
    },
  });
}

/** Picks the handler of the request's method. HEAD is GET; the server leaves the body out. */
function method(request: Request, handlers: Record<string, () => Promise<Response>>): Promise<Response> {
  const handler = handlers[request.method === "HEAD" ? "GET" : request.method];
  if (handler) return handler();
  const allow = Object.keys(handlers).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
  throw new Refused(405, `${request.method} is not allowed here`, { headers: { allow: allow.join(", ") } });
}

function found<T>(value: T | undefined, kind: string, id: string): T {
  if (value === undefined) throw new Refused(404, `there is no ${kind} ${id}`);
  return value;
}

/** The status that a query asks for, if it does. Other parameters are ignored. */
function filter(fields: Fields, query: URLSearchParams): Values {
  const status = query.get("status");
  const { values, details } = readFields({ status: fields.status }, { status: status ?? undefined }, false);
  if (details.length > 0) throw invalid(details);
  return values;
}

/** The members of the body. Of a `whole` one, those that are not named get their initial values. */
async function valuesOf(request: Request, fields: Fields, whole: boolean): Promise<Values> {
  const text = await textOf(request);
  if (text === undefined) throw new Refused(413, `the body is larger than ${MAX_BODY} bytes`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refused(400, "the body is not valid JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refused(400, "the body is not a JSON object");
  const { values, details } = readFields(fields, body as Record<string, unknown>, whole);
  if (details.length > 0) throw invalid(details);
  return values;
}

/** What a write gave. Whether there is a project for a task is decided by the database, with the write. */
async function written<T>(write: Promise<T>): Promise<T> {
  return write.catch((error: unknown) => {
    throw isUnknownProject(error) ? invalid([{ field: "project_id", message: "must be the id of a project" }]) : error;
  });
}

function invalid(details: Detail[]): Refused {
  return new Refused(400, details.map(({ field, message }) => `${field} ${message}`).join("; "), { details });
}

function refusal({ status, message, more: { details, headers } }: Refused): Response {
  return json({ error: REASONS[status], message, details }, status, headers);
}

/** `Response.json` says `charset=utf-8` in one runtime and not in another. */
function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, "content-type": "application/json" } });
}
