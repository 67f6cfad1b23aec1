// Serves the gateway on this machine, in workerd through Miniflare, with a KV namespace of its own. `node serve.mjs --help` lists the flags.

import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "./build.mjs";

const HELP = `Serves the gateway as a Cloudflare Worker on this machine.

  --port PORT           the port (default 8788)
  --listen HOST:PORT    address and port (default 127.0.0.1:8788; port 0 takes a free one)
  --var NAME=VALUE      sets a variable of spin.toml: --var request_timeout=5s; may be repeated
  --kv KEY=VALUE        puts an entry into the KV namespace at the start; may be repeated
  --kv-dir FOLDER       keeps the KV namespace there (default: until the end)
  --component FILE      the gateway's component (default: GATEWAY_COMPONENT in the environment, else the one that cargo builds)
  --worker FILE         serves this Worker module instead of the gateway
  --plain               in workerd alone, without Miniflare; KV is kept in memory
  --inspector HOST:PORT with --plain: where a debugger or profiler may connect
  --quiet               prints nothing but the address
`;

/** @returns {Promise<never>} */
function fail(why) {
  console.error(`cloudflare: ${why}`);
  process.exit(1);
}

const options = {
  port: { type: "string" },
  listen: { type: "string" },
  var: { type: "string", multiple: true, default: [] },
  kv: { type: "string", multiple: true, default: [] },
  "kv-dir": { type: "string" },
  component: { type: "string" },
  worker: { type: "string" },
  plain: { type: "boolean", default: false },
  inspector: { type: "string" },
  quiet: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

function flags() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(`${error.message}\n\n${HELP}`);
  }
}

const values = flags();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const [hostname, port] = address(values);
const variables = Object.fromEntries(values.var.map((text) => pair("--var", text)).map(([name, value]) => [name.toUpperCase(), value]));
const entries = values.kv.map((text) => pair("--kv", text));

const modules = await script().catch((error) => fail(error.message));
await mustBeFree(hostname, port);

const runtime = await (values.plain ? inWorkerd() : inMiniflare());
let closing = false;
async function close() {
  if (closing) return;
  closing = true;
  await runtime.stop();
  process.exit(0);
}
for (const signal of ["SIGTERM", "SIGINT"]) {
  // Miniflare's own listeners would end this process at once, and with another exit code.
  process.removeAllListeners(signal);
  process.on(signal, close);
}

try {
  const bound = await runtime.ready();
  const origin = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${bound}`;
  console.log(`listening on ${origin}`);
  if (!values.quiet && values.worker === undefined) {
    console.log(`\nTry:\n  curl -i -H 'x-backend: bun-sqlite' ${origin}/tasks\n  curl ${origin}/backends\n`);
  }
} catch (error) {
  if (!closing) {
    await runtime.stop().catch(() => {});
    fail(`cannot start on ${hostname}:${port}: ${error.message}`);
  }
}

async function inMiniflare() {
  const { Miniflare, Log, LogLevel } = await import("miniflare").catch(() => fail("the packages are not installed; run `npm ci` here first"));
  const miniflare = new Miniflare({
    host: hostname,
    port,
    modules,
    compatibilityDate: compatibilityDate(),
    bindings: variables,
    kvNamespaces: ["BACKEND_CONFIG_KV"],
    kvPersist: values["kv-dir"] ?? false,
    // Nothing here needs another machine: no telemetry, no sample of `request.cf` from Cloudflare.
    telemetry: { enabled: false },
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio: logLines,
  });
  const ready = async () => {
    const { port } = await miniflare.ready;
    const namespace = await miniflare.getKVNamespace("BACKEND_CONFIG_KV");
    for (const [key, value] of entries) await namespace.put(key, value);
    return port;
  };
  return { ready, stop: () => miniflare.dispose() };
}

async function inWorkerd() {
  const { plainWorkerd } = await import("./plain.mjs");
  const { quiet, inspector } = values;
  const options = { host: hostname, port, modules, compatibilityDate: compatibilityDate(), variables, entries, quiet, inspector };
  const { ready, stop } = plainWorkerd(options);
  return { ready: () => ready, stop };
}

async function script() {
  if (values.worker === undefined) return bundle(values.component);
  return [{ type: "ESModule", path: "worker.js", contents: readFileSync(values.worker, "utf8") }];
}

/** As Cloudflare runs it. */
function compatibilityDate() {
  const text = readFileSync(fileURLToPath(new URL("wrangler.toml", import.meta.url)), "utf8");
  return /^compatibility_date = "(.+)"$/m.exec(text)[1];
}

/** The Worker's log on stderr, unless it is to be quiet. */
function logLines(stdout, stderr) {
  for (const stream of [stdout, stderr]) {
    if (values.quiet) stream.resume();
    else stream.pipe(process.stderr, { end: false });
  }
}

function pair(flag, text) {
  const at = text.indexOf("=");
  if (at < 1) fail(`${flag} takes NAME=VALUE, not '${text}'`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function address({ listen, port }) {
  const text = listen ?? `127.0.0.1:${port ?? 8788}`;
  const at = text.lastIndexOf(":");
  const number = Number(text.slice(at + 1));
  if (at < 1 || !Number.isInteger(number) || number < 0 || number > 65535) {
    fail(`${listen === undefined ? "--port takes a number up to 65535" : "--listen takes HOST:PORT"}, not '${listen ?? port}'`);
  }
  return [text.slice(0, at).replace(/^\[(.*)\]$/, "$1"), number];
}

/** Tries the address, because workerd would say with a stack trace that it cannot listen there. */
async function mustBeFree(host, port) {
  const server = createServer();
  try {
    await new Promise((resolve, reject) => server.once("error", reject).listen({ host, port }, resolve));
  } catch (error) {
    fail(
      error.code === "EADDRINUSE"
        ? `port ${port} on ${host} is in use; choose another one with --port`
        : `cannot listen on ${host}:${port}: ${error.message}`,
    );
  }
  await new Promise((resolve) => server.close(resolve));
}
