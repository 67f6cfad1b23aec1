// The task API on a socket of Bun's. Configured by PORT, HOST and DATABASE; see README.md.
//
// `serve` is the server, and the last lines run it when this file is the program. What is answered is decided in ../shared/api.ts.

import { fileURLToPath } from "node:url";
import { answer } from "../shared/api.ts";
import { SqliteTasks } from "./tasks.ts";

/** Starts the server; port 0 takes a free one. */
export function serve(options: { hostname: string; port: number; tasks: SqliteTasks }) {
  return Bun.serve({
    hostname: options.hostname,
    port: options.port,
    // The API has a limit of its own: Bun's would answer without an error text.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request) => answer(request, options.tasks, "bun-sqlite"),
  });
}

function main(): void {
  const hostname = process.env.HOST || "127.0.0.1";
  const port = Number(process.env.PORT || 3001);
  const file = process.env.DATABASE || fileURLToPath(new URL("tasks.db", import.meta.url));
  if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`PORT must be a number up to 65535, not ${process.env.PORT}`);

  let tasks: SqliteTasks;
  try {
    tasks = new SqliteTasks(file);
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
