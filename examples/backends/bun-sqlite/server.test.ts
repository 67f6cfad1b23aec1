// The API as a client sees it: every test talks HTTP to the real server on a free port, with a database of its own in memory.

import { Database as Sqlite } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Project, Task } from "../shared/resources.ts";
import { SqliteDatabase } from "./database.ts";
import { serve } from "./server.ts";

const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** An id that nothing has. */
const NOBODY = "00000000-0000-4000-8000-000000000000";

let database: SqliteDatabase;
let server: ReturnType<typeof serve>;

beforeEach(() => {
  database = new SqliteDatabase(":memory:");
  server = serve({ hostname: "127.0.0.1", port: 0, database });
});

afterEach(async () => {
  await server.stop(true);
  database.close();
});

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(new URL(path, server.url), { method, body: typeof body === "string" ? body : JSON.stringify(body) });
}

async function read<T = Task>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

const list = async (path = "/tasks") => read<Task[]>(await send("GET", path));

async function create<T = Task>(path: string, body: unknown): Promise<T> {
  const response = await send("POST", path, body);
  expect(response.status).toBe(201);
  return read<T>(response);
}

test("an empty database is seeded with three tasks, which have ids and times of their own", async () => {
  const response = await send("GET", "/tasks");
  expect(response.status).toBe(200);
  expect(response.headers.get("x-served-by")).toBe("bun-sqlite");
  expect(response.headers.get("content-type")).toBe("application/json");
  const all = await read<Task[]>(response);
  expect(all.map(({ title, status, project_id }) => [title, status, project_id])).toEqual([
    ["Bring a backend of your own", "inbox", null],
    ["Compare two backends", "next", null],
    ["Send a request through the gateway", "done", null],
  ]);
  expect(new Set(all.map(({ id }) => id)).size).toBe(3);
  for (const { id, description, created_at, updated_at } of all) {
    expect(id).toMatch(UUID_4);
    expect(description).not.toBe("");
    expect(created_at).toMatch(TIME);
    expect(updated_at).toBe(created_at);
  }
  const times = all.map(({ created_at }) => Date.parse(created_at));
  expect(times.map((time) => Number(times[0]) - time)).toEqual([0, 1000, 2000]);
  expect(await list("/projects")).toEqual([]);
});

test("a created task is found where its location says, and is the first of the list", async () => {
  const created = await send("POST", "/tasks", { title: "Write it down", status: "next" });
  expect(created.status).toBe(201);
  const task = await read(created);
  expect(created.headers.get("location")).toBe(`/tasks/${task.id}`);
  expect(task).toEqual({
    id: expect.stringMatching(UUID_4),
    title: "Write it down",
    description: "",
    status: "next",
    project_id: null,
    created_at: expect.stringMatching(TIME),
    updated_at: task.created_at,
  });
  expect(await read(await send("GET", `/tasks/${task.id}`))).toEqual(task);
  expect((await list())[0]).toEqual(task);
});

test("of tasks that are made at once, each has its place in the list", async () => {
  const titles = Array.from({ length: 20 }, (_, index) => `task ${index}`);
  for (const title of titles) await create("/tasks", { title });
  expect((await list()).slice(0, 20).map(({ title }) => title)).toEqual(titles.reverse());
});

test("PUT replaces: what is not named gets its default, id and created_at stay", async () => {
  const before = await create("/tasks", { title: "Old", description: "x", status: "done" });
  const response = await send("PUT", `/tasks/${before.id}`, { title: "New" });
  expect(response.status).toBe(200);
  const after = await read(response);
  expect(after).toEqual({ ...before, title: "New", description: "", status: "inbox", updated_at: after.updated_at });
  expect((await send("PUT", `/tasks/${before.id}`, { status: "done" })).status).toBe(400);
});

test("PATCH changes what it names and nothing else, and updated_at", async () => {
  const { id, created_at } = await create("/tasks", { title: "Old", description: "x" });
  expect(await read(await send("PATCH", `/tasks/${id}`, { status: "done" }))).toMatchObject({ title: "Old", description: "x", status: "done" });
  expect(await read(await send("PATCH", `/tasks/${id}`, { title: "New" }))).toMatchObject({ title: "New", description: "x", status: "done" });
  // Until the clock has gone on.
  let after: Task;
  do after = await read(await send("PATCH", `/tasks/${id}`, {}));
  while (after.updated_at === created_at);
  expect(after).toMatchObject({ title: "New", description: "x", status: "done", created_at });
  expect(Date.parse(after.updated_at)).toBeGreaterThan(Date.parse(created_at));
});

test("a deleted task is gone", async () => {
  const { id } = await create("/tasks", { title: "Soon gone" });
  const deleted = await send("DELETE", `/tasks/${id}`);
  expect(deleted.status).toBe(204);
  expect(await deleted.text()).toBe("");
  expect((await send("GET", `/tasks/${id}`)).status).toBe(404);
  expect((await send("DELETE", `/tasks/${id}`)).status).toBe(404);
});

test("a list has the tasks of one status", async () => {
  expect((await list("/tasks?status=done")).map(({ title }) => title)).toEqual(["Send a request through the gateway"]);
  expect(await list("/tasks?status=waiting")).toEqual([]);
  for (const status of ["nope", "", "active"]) {
    const response = await send("GET", `/tasks?status=${status}`);
    expect(response.status).toBe(400);
    expect(await read<unknown>(response)).toMatchObject({ details: [{ field: "status" }] });
  }
});

test("a project has tasks, which outlive it", async () => {
  const project = await create<Project>("/projects", { name: "Garden" });
  expect(project).toEqual({
    id: expect.stringMatching(UUID_4),
    name: "Garden",
    status: "active",
    created_at: expect.stringMatching(TIME),
    updated_at: project.created_at,
  });
  const dig = await create("/tasks", { title: "Dig", project_id: project.id });
  const sow = await create("/tasks", { title: "Sow", status: "next", project_id: project.id.toUpperCase() });
  expect(await list(`/projects/${project.id}/tasks`)).toEqual([sow, dig]);
  expect(await list(`/projects/${project.id}/tasks?status=next`)).toEqual([sow]);
  expect(await read<Project>(await send("PATCH", `/projects/${project.id}`, { status: "archive" }))).toMatchObject({ name: "Garden", status: "archive" });
  expect((await list("/projects?status=archive")).map(({ id }) => id)).toEqual([project.id]);
  expect((await send("DELETE", `/projects/${project.id}`)).status).toBe(204);
  expect((await send("GET", `/projects/${project.id}/tasks`)).status).toBe(404);
  expect(await read(await send("GET", `/tasks/${dig.id}`))).toEqual({ ...dig, project_id: null });
});

describe("bodies that are refused with 400", () => {
  test.each<[string, unknown, string[]]>([
    ["no body", "", []],
    ["no JSON", "{", []],
    ["an array", "[]", []],
    ["null", "null", []],
    ["a string", '"title"', []],
    ["no title", { status: "done" }, ["title"]],
    ["an empty title", { title: "" }, ["title"]],
    ["a title of spaces", { title: "  " }, ["title"]],
    ["a title that is no string", { title: 1 }, ["title"]],
    ["a title that is null", { title: null }, ["title"]],
    ["a description that is null", { title: "x", description: null }, ["description"]],
    ["a status that there is not", { title: "x", status: "yes" }, ["status"]],
    ["a project that is no UUID", { title: "x", project_id: 1 }, ["project_id"]],
    ["a project that does not exist", { title: "x", project_id: NOBODY }, ["project_id"]],
    ["several mistakes", { status: 1, project_id: "x" }, ["title", "status", "project_id"]],
  ])("%s", async (_, body, fields) => {
    const response = await send("POST", "/tasks", body);
    expect(response.status).toBe(400);
    expect(await read<unknown>(response)).toEqual({
      error: "Bad Request",
      message: expect.any(String),
      ...(fields.length > 0 && { details: fields.map((field) => ({ field, message: expect.any(String) })) }),
    });
    expect(await list()).toHaveLength(3);
  });
});

test("the text of a title comes back as it went in", async () => {
  const title = `Ünïcode 🦀 "quotes" '; DROP TABLE tasks; --`;
  expect(await create("/tasks", { title })).toMatchObject({ title });
});

test.each(["/", "/nothing", "/tasks/", "/tasks/1", "/tasks/x", `/tasks/${NOBODY}`, `/tasks/${NOBODY}/x`, `/projects/${NOBODY}`, `/projects/${NOBODY}/tasks`])(
  "nothing is found at %s",
  async (path) => {
    const response = await send("GET", path);
    expect(response.status).toBe(404);
    expect(await read<unknown>(response)).toEqual({ error: "Not Found", message: expect.any(String) });
    expect(response.headers.get("x-served-by")).toBe("bun-sqlite");
  },
);

test.each([
  ["DELETE", "/tasks", "GET, HEAD, POST"],
  ["POST", `/tasks/${NOBODY}`, "GET, HEAD, PUT, PATCH, DELETE"],
  ["POST", `/projects/${NOBODY}/tasks`, "GET, HEAD"],
  ["POST", "/health", "GET, HEAD"],
])("%s %s is not allowed", async (method, path, allow) => {
  const response = await send(method, path, { title: "x" });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe(allow);
});

test("health", async () => {
  const response = await send("GET", "/health");
  expect(response.status).toBe(200);
  expect(await read<unknown>(response)).toEqual({ status: "ok" });
});

test.each(["/tasks", "/projects", "/health"])("HEAD %s is GET without the body", async (path) => {
  const [head, get] = [await send("HEAD", path), await send("GET", path)];
  expect(head.status).toBe(200);
  expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
  expect(head.headers.get("content-length")).toBe(String((await get.arrayBuffer()).byteLength));
  expect(await head.text()).toBe("");
});

describe("bodies larger than 1 MiB", () => {
  const body = JSON.stringify({ title: "x".repeat(1024 * 1024) });

  test("are refused by their length", async () => {
    const response = await send("POST", "/tasks", body);
    expect(response.status).toBe(413);
    expect(response.headers.get("x-served-by")).toBe("bun-sqlite");
  });

  test("are refused when they come in chunks", async () => {
    const stream = new Blob([body]).stream();
    const response = await fetch(new URL("/tasks", server.url), { method: "POST", body: stream });
    expect(response.status).toBe(413);
  });

  test("just below are accepted", async () => {
    const title = "x".repeat(1024 * 1024 - '{"title":""}'.length);
    expect((await send("POST", "/tasks", { title })).status).toBe(201);
  });
});

describe("a database file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bun-sqlite-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The tasks that a program with this file starts with. */
  async function startsWith(file: string): Promise<Task[]> {
    const own = new SqliteDatabase(file);
    const program = serve({ hostname: "127.0.0.1", port: 0, database: own });
    const tasks = await read<Task[]>(await fetch(new URL("/tasks", program.url)));
    await program.stop(true);
    own.close();
    return tasks;
  }

  test("is seeded once", async () => {
    const file = join(folder, "tasks.db");
    const first = await startsWith(file);
    expect(first).toHaveLength(3);
    expect(await startsWith(file)).toEqual(first);
  });

  test("from before the UUIDs keeps its tasks", async () => {
    const file = join(folder, "old.db");
    const old = new Sqlite(file, { create: true });
    old.run(`CREATE TABLE tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL);
      INSERT INTO tasks (title, done, created_at) VALUES ('first', 1, '2026-02-07T10:00:00Z'), ('second', 0, '2026-02-07T10:00:00Z')`);
    old.close();
    const tasks = await startsWith(file);
    expect(tasks.map(({ id, ...rest }) => rest)).toEqual([
      { title: "second", description: "", status: "inbox", project_id: null, created_at: "2026-02-07T10:00:00.000Z", updated_at: "2026-02-07T10:00:00.000Z" },
      { title: "first", description: "", status: "done", project_id: null, created_at: "2026-02-07T10:00:00.000Z", updated_at: "2026-02-07T10:00:00.000Z" },
    ]);
    for (const { id } of tasks) expect(id).toMatch(UUID_4);
  });
});

describe("as a program", () => {
  const start = (port: number) =>
    Bun.spawn([process.execPath, fileURLToPath(new URL("server.ts", import.meta.url))], {
      env: { ...process.env, PORT: String(port), HOST: "127.0.0.1", DATABASE: ":memory:" },
      stdout: "pipe",
      stderr: "pipe",
    });

  test("says where it listens and ends cleanly on SIGTERM, an open connection notwithstanding", async () => {
    const program = start(0);
    const { value } = await program.stdout.getReader().read();
    const line = new TextDecoder().decode(value);
    expect(line).toMatch(/^bun-sqlite listens on http:\/\/127\.0\.0\.1:\d+\n$/);
    // fetch keeps the connection open for the next request.
    expect((await fetch(`${line.trim().split(" ").at(-1)}/health`)).status).toBe(200);
    program.kill("SIGTERM");
    expect(await program.exited).toBe(0);
  });

  test("a port in use is said so, with what to do", async () => {
    const program = start(server.port ?? 0);
    expect(await program.exited).toBe(1);
    const said = await new Response(program.stderr).text();
    expect(said).toStartWith(`bun-sqlite: port ${server.port} on 127.0.0.1 is in use.\n`);
    expect(said).toContain("cargo up --no-example\n");
    expect(said).toContain("PORT=3101 npm start");
    expect(said).toContain("cargo up --variable backend_bun_sqlite_url=http://127.0.0.1:3101\n");
  });

  test("the example backend of `cargo up` makes way", async () => {
    const asked: string[] = [];
    const example = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        asked.push(`${request.method} ${new URL(request.url).pathname} ${request.headers.get("x-step-aside")}`);
        if (request.method === "POST") void example.stop(true);
        return new Response("", { headers: { "x-served-by": "example-backend" } });
      },
    });
    const port = example.port ?? 0;
    const program = start(port);
    const { value } = await program.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toBe(`bun-sqlite listens on http://127.0.0.1:${port}\n`);
    expect(asked).toEqual(["GET /health null", "POST /step-aside bun-sqlite"]);
    program.kill("SIGTERM");
    expect(await program.exited).toBe(0);
  });
});
