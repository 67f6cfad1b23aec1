// The API as a client sees it: every test talks HTTP to the real server on a free port, with a database of its own in memory.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import type { Task } from "../shared/tasks.ts";
import { serve } from "./server.ts";
import { SqliteTasks } from "./tasks.ts";

let tasks: SqliteTasks;
let server: ReturnType<typeof serve>;

beforeEach(() => {
  tasks = new SqliteTasks(":memory:");
  server = serve({ hostname: "127.0.0.1", port: 0, tasks });
});

afterEach(async () => {
  await server.stop(true);
  tasks.close();
});

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(new URL(path, server.url), { method, body: typeof body === "string" ? body : JSON.stringify(body) });
}

async function read<T = Task>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

test("an empty database is seeded with two tasks", async () => {
  const response = await send("GET", "/tasks");
  expect(response.status).toBe(200);
  expect(response.headers.get("x-served-by")).toBe("bun-sqlite");
  expect(response.headers.get("content-type")).toContain("application/json");
  const all = await read<Task[]>(response);
  expect(all.map(({ id, title, done }) => [id, title, done])).toEqual([
    [1, "Try the gateway", false],
    [2, "Compare two backends", false],
  ]);
  expect(all[0]?.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test("a created task is found where its location says", async () => {
  const created = await send("POST", "/tasks", { title: "Write it down", done: true });
  expect(created.status).toBe(201);
  expect(created.headers.get("location")).toBe("/tasks/3");
  const task = await read(created);
  expect(task).toMatchObject({ id: 3, title: "Write it down", done: true });
  expect(await read(await send("GET", "/tasks/3"))).toEqual(task);
});

test("PUT replaces: done falls back to false, created_at and id stay", async () => {
  await send("PATCH", "/tasks/1", { done: true });
  const before = await read(await send("GET", "/tasks/1"));
  const response = await send("PUT", "/tasks/1", { title: "New" });
  expect(response.status).toBe(200);
  expect(await read(response)).toEqual({ ...before, title: "New", done: false });
  expect((await send("PUT", "/tasks/1", { done: true })).status).toBe(400);
});

test("PATCH changes what it names and nothing else", async () => {
  expect(await read(await send("PATCH", "/tasks/1", { done: true }))).toMatchObject({ title: "Try the gateway", done: true });
  expect(await read(await send("PATCH", "/tasks/1", { title: "New" }))).toMatchObject({ title: "New", done: true });
  expect(await read(await send("PATCH", "/tasks/1", { done: false }))).toMatchObject({ title: "New", done: false });
  expect((await send("PATCH", "/tasks/1", {})).status).toBe(200);
});

test("a deleted task is gone and its id is not used again", async () => {
  const deleted = await send("DELETE", "/tasks/2");
  expect(deleted.status).toBe(204);
  expect(await deleted.text()).toBe("");
  expect((await send("GET", "/tasks/2")).status).toBe(404);
  expect((await send("DELETE", "/tasks/2")).status).toBe(404);
  expect(await read(await send("POST", "/tasks", { title: "Next" }))).toMatchObject({ id: 3 });
});

describe("bodies that are refused with 400", () => {
  test.each([
    ["no body", ""],
    ["no JSON", "{"],
    ["an array", "[]"],
    ["null", "null"],
    ["a string", '"title"'],
    ["no title", { done: true }],
    ["an empty title", { title: "" }],
    ["a title of spaces", { title: "  " }],
    ["a title that is no string", { title: 1 }],
    ["a title that is null", { title: null }],
    ["done that is no boolean", { title: "x", done: "yes" }],
    ["done that is null", { title: "x", done: null }],
  ])("%s", async (_, body) => {
    const response = await send("POST", "/tasks", body);
    expect(response.status).toBe(400);
    expect(await read<{ error: string }>(response)).toEqual({ error: expect.any(String) });
    expect(tasks.list()).toHaveLength(2);
  });
});

test("the text of a title comes back as it went in", async () => {
  const title = `Ünïcode 🦀 "quotes" '; DROP TABLE tasks; --`;
  expect(await read(await send("POST", "/tasks", { title }))).toMatchObject({ title });
});

test.each(["/", "/nothing", "/tasks/", "/tasks/99", "/tasks/x", "/tasks/1/x", "/tasks/-1", "/tasks/1.5", "/tasks/99999999999999999999"])(
  "nothing is found at %s",
  async (path) => {
    const response = await send("GET", path);
    expect(response.status).toBe(404);
    expect(await read<{ error: string }>(response)).toEqual({ error: expect.any(String) });
    expect(response.headers.get("x-served-by")).toBe("bun-sqlite");
  },
);

test.each([
  ["DELETE", "/tasks", "GET, HEAD, POST"],
  ["POST", "/tasks/1", "GET, HEAD, PUT, PATCH, DELETE"],
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

test.each(["/tasks", "/tasks/1", "/health"])("HEAD %s is GET without the body", async (path) => {
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
