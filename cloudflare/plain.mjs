// Serves a Worker in workerd alone, without Miniflare in front: closer to what the Worker itself costs. The KV namespace is a Map.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Workers KV as workerd's binding speaks to it. */
const KV = `const entries = new Map(Object.entries(ENTRIES));
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const key = decodeURIComponent(url.pathname.slice(1));
    if (request.method === "PUT") {
      entries.set(key, await request.arrayBuffer());
      return new Response(null);
    }
    if (key === "") return Response.json({ keys: [...entries.keys()].map((name) => ({ name })), list_complete: true });
    const value = entries.get(key);
    return value === undefined ? new Response(null, { status: 404 }) : new Response(value);
  },
};
`;

const text = (value) => JSON.stringify(value);

/**
 * @param {{ host: string, port: number, modules: { type: string, path: string, contents: string | Buffer }[], compatibilityDate: string,
 *   variables: Record<string, string>, entries: [string, string][], quiet: boolean, inspector?: string }} options
 * @returns {{ pid: number, ended: Promise<number>, ready: Promise<number>, stop: () => Promise<void> }} `ready` brings the port
 */
export function plainWorkerd({ host, port, modules, compatibilityDate, variables, entries, quiet, inspector }) {
  const folder = mkdtempSync(join(tmpdir(), "gateway-workerd-"));
  for (const { path, contents } of modules) writeFileSync(join(folder, path), contents);
  writeFileSync(join(folder, "kv.js"), KV.replace("ENTRIES", JSON.stringify(Object.fromEntries(entries))));
  const kinds = { ESModule: "esModule", CompiledWasm: "wasm" };
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = (
      modules = [${modules.map(({ type, path }) => `(name = ${text(path)}, ${kinds[type]} = embed ${text(path)})`).join(", ")}],
      compatibilityDate = ${text(compatibilityDate)},
      bindings = [
        (name = "BACKEND_CONFIG_KV", kvNamespace = "kv"),
        ${Object.entries(variables)
          .map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`)
          .join(", ")}
      ],
    )),
    (name = "kv", worker = (modules = [(name = "kv.js", esModule = embed "kv.js")], compatibilityDate = ${text(compatibilityDate)})),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = ${text(`${host}:${port}`)}, http = (), service = "gateway")],
);
`;
  writeFileSync(join(folder, "config.capnp"), config);
  const binary = createRequire(createRequire(import.meta.url).resolve("miniflare"))("workerd").default;
  const flags = ["serve", join(folder, "config.capnp"), "--control-fd=3", ...(inspector === undefined ? [] : [`--inspector-addr=${inspector}`])];
  const child = spawn(binary, flags, { stdio: ["ignore", quiet ? "ignore" : 2, quiet ? "ignore" : 2, "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  ended.then(() => rmSync(folder, { recursive: true, force: true }));
  const ready = new Promise((resolve, reject) => {
    // {"event":"listen","socket":"http","port":8788}
    child.stdio[3].setEncoding("utf8").on("data", (text) => {
      for (const line of text.split("\n")) if (line.includes('"listen"')) resolve(JSON.parse(line).port);
    });
    ended.then((code) => reject(new Error(`workerd ended with ${code}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { pid: child.pid, ended, ready, stop };
}
