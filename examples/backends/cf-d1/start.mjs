// Runs the Worker on this machine, in workerd, with D1 as Miniflare provides it. Configured by PORT, HOST and DATABASE; see README.md.

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

function fail(why) {
  console.error(`cf-d1: ${why}`);
  process.exit(1);
}

const hostname = process.env.HOST || "127.0.0.1";
const port = Number(process.env.PORT || 8787);
const folder = process.env.DATABASE || here("data");
if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`PORT must be a number up to 65535, not ${process.env.PORT}`);

// Imported here and not above, so that a missing installation is said in one line. Their binaries come in packages of their own, which both
// find by themselves: unlike Bun, they run without their install scripts.
const { buildSync, Miniflare, Log, LogLevel, Response } = await Promise.all([import("esbuild"), import("miniflare")]).then(
  (modules) => Object.assign({}, ...modules),
  (error) => fail(error.code === "ERR_MODULE_NOT_FOUND" ? "its packages are not installed; run `npm ci` first" : error.message),
);

const { outputFiles } = buildSync({ entryPoints: [here("worker.ts")], bundle: true, format: "esm", write: false });
const [, compatibilityDate] = /^compatibility_date = "(.+)"$/m.exec(readFileSync(here("wrangler.toml"), "utf8"));

await mustBeFree(hostname, port);
try {
  if (folder !== ":memory:") mkdirSync(folder, { recursive: true });
} catch (error) {
  fail(`cannot open the database ${folder}: ${error.message}`);
}

const miniflare = new Miniflare({
  host: hostname,
  port,
  modules: [{ type: "ESModule", path: "worker.js", contents: outputFiles[0].text }],
  compatibilityDate,
  d1Databases: ["DB"],
  // Without a folder, Miniflare uses a temporary one and removes it at the end.
  d1Persist: folder === ":memory:" ? false : folder,
  // Nothing here needs another machine: no telemetry, no sample of `request.cf` from Cloudflare, no requests by the Worker.
  telemetry: { enabled: false },
  cf: false,
  outboundService: () => new Response("this Worker makes no requests", { status: 403 }),
  log: new Log(LogLevel.NONE),
});

let closing = false;
async function close() {
  if (closing) return;
  closing = true;
  await miniflare.dispose();
  process.exit(0);
}
for (const signal of ["SIGTERM", "SIGINT"]) {
  // Miniflare's own listeners would end this process at once, and with another exit code.
  process.removeAllListeners(signal);
  process.on(signal, close);
}

try {
  const url = await miniflare.ready;
  const database = await miniflare.getD1Database("DB");
  await migrate(database);
  await database.prepare(readFileSync(here("../shared/seed.sql"), "utf8")).run();
  console.log(`cf-d1 listens on http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${url.port}`);
} catch (error) {
  if (!closing) {
    await miniflare.dispose().catch(() => {});
    fail(`cannot start on ${hostname}:${port} with the database ${folder}: ${error.message}`);
  }
}

/** Tries the address, because workerd would say with a stack trace that it cannot listen there. */
async function mustBeFree(host, port) {
  const server = createServer();
  try {
    await new Promise((resolve, reject) => server.once("error", reject).listen({ host, port }, resolve));
  } catch (error) {
    fail(
      error.code === "EADDRINUSE"
        ? `port ${port} on ${host} is in use; set PORT to another one`
        : `cannot listen on ${host}:${port}: ${error.message}`,
    );
  }
  await new Promise((resolve) => server.close(resolve));
}

/** Applies what is new in ../shared/migrations, and notes it in the table where `wrangler d1 migrations apply` notes it. */
async function migrate(database) {
  await database.exec(
    "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
  );
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map(({ name }) => name));
  for (const name of readdirSync(here("../shared/migrations")).sort()) {
    if (applied.has(name)) continue;
    // A batch is a transaction: a migration that fails is neither half done nor noted.
    const statements = readFileSync(here(`../shared/migrations/${name}`), "utf8").split(/;\s*$/m).filter((statement) => statement.trim());
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ]);
  }
}
