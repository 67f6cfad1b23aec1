// The API on a socket of Bun's. Configured by PORT, HOST and DATABASE; see README.md.
//
// `serve` is the server, and the last lines run it when this file is the program. What is answered is decided in ../shared/api.ts.

import { fileURLToPath } from "node:url";
import { answer } from "../shared/api.ts";
import { Store } from "../shared/store.ts";
import { SqliteDatabase } from "./database.ts";

/** Starts the server; port 0 takes a free one. */
export function serve(options: { hostname: string; port: number; database: SqliteDatabase }) {
  const store = new Store(options.database);
  return Bun.serve({
    hostname: options.hostname,
    port: options.port,
    // The API has a limit of its own: Bun's would answer without an error text.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request) => answer(request, store, "bun-sqlite"),
  });
}

type Options = Parameters<typeof serve>[0];

/** As `serve`. The example backend that `cargo up` starts on the same port makes way. */
export async function listen(options: Options): Promise<ReturnType<typeof serve>> {
  for (let attempts = 0; ; attempts++) {
    try {
      return serve(options);
    } catch (error) {
      // It needs a moment to close.
      if (!isTaken(error) || attempts >= 100 || !(attempts > 0 || (await exampleStepsAside(options)))) throw error;
      await Bun.sleep(20);
    }
  }
}

/** Asks what listens there to make way, if it is the example backend. */
async function exampleStepsAside({ hostname, port }: Options): Promise<boolean> {
  const url = `http://${["0.0.0.0", "::"].includes(hostname) ? "127.0.0.1" : inUrl(hostname)}:${port}`;
  try {
    const health = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) });
    if (health.headers.get("x-served-by") !== "example-backend") return false;
  } catch {
    return false;
  }
  // It closes this connection with all others.
  await fetch(`${url}/step-aside`, { method: "POST", headers: { "x-step-aside": "bun-sqlite" } }).catch(() => null);
  return true;
}

function isTaken(error: unknown): boolean {
  return (error as { code?: string }).code === "EADDRINUSE";
}

function inUrl(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** What to do about a port that is in use. */
function advice(hostname: string, port: number): string {
  const other = port === 3101 ? 3102 : 3101;
  return [
    `port ${port} on ${hostname} is in use.`,
    "  If `cargo up` holds it with its example backend, stop it and start it again with: cargo up --no-example",
    `  For another port: PORT=${other} npm start, and then: cargo up --variable backend_bun_sqlite_url=http://127.0.0.1:${other}`,
  ].join("\n");
}

async function main(): Promise<void> {
  const hostname = process.env.HOST || "127.0.0.1";
  const port = Number(process.env.PORT || 3001);
  const file = process.env.DATABASE || fileURLToPath(new URL("tasks.db", import.meta.url));
  if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`PORT must be a number up to 65535, not ${process.env.PORT}`);

  let database: SqliteDatabase;
  try {
    database = new SqliteDatabase(file);
  } catch (error) {
    fail(`cannot open the database ${file}: ${message(error)}`);
  }
  let server: ReturnType<typeof serve>;
  try {
    server = await listen({ hostname, port, database });
  } catch (error) {
    fail(isTaken(error) ? advice(hostname, port) : `cannot listen on ${hostname}:${port}: ${message(error)}`);
  }

  let closing = false;
  const close = async () => {
    if (closing) return;
    closing = true;
    // Takes no new connections and lets running requests finish; idle keep-alive connections must not hold it up.
    await Promise.race([server.stop(), Bun.sleep(2000)]);
    database.close();
    process.exit(0);
  };
  process.on("SIGTERM", close);
  process.on("SIGINT", close);
  // Whoever reads this may send a signal at once.
  console.log(`bun-sqlite listens on http://${inUrl(hostname)}:${server.port}`);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(why: string): never {
  console.error(`bun-sqlite: ${why}`);
  process.exit(1);
}

if (import.meta.main) await main();
