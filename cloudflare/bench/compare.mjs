// Compares the gateway with bench/hand-written.mjs under the same conditions, in turns, so that both meet the same noise: 180-byte answers of nginx,
// 64 connections of wrk. `node bench/compare.mjs [--plain] [--rounds N] [--seconds N]`; wrk and nginx must be installed.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    plain: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    warm: { type: "string", default: "8" },
  },
});

const port = await freePort();
const folder = mkdtempSync(join(tmpdir(), "gateway-compare-"));
const body = JSON.stringify({ tasks: Array.from({ length: 4 }, (_, id) => ({ id, title: "Measured beside others" })) }).padEnd(180);
writeFileSync(
  join(folder, "nginx.conf"),
  `worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000;
  server { listen 127.0.0.1:${port}; location / { default_type application/json; return 200 '${body}'; } } }`,
);
const children = [spawn("nginx", ["-c", join(folder, "nginx.conf")], { stdio: "ignore" })];
try {
  const common = ["--quiet", "--port", "0", "--var", `backend_bun_sqlite_url=http://127.0.0.1:${port}`, ...(values.plain ? ["--plain"] : [])];
  const sides = [
    { name: "gateway", origin: await serve(common) },
    { name: "hand-written", origin: await serve([...common, "--worker", here("hand-written.mjs")]) },
  ];
  for (const { origin } of sides) load(origin, values.warm);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const side of sides) (side.results ??= []).push(load(side.origin, values.seconds));
  }
  for (const { name, results } of sides) {
    const [rate, latency] = ["rate", "latency"].map((key) => median(results.map((result) => result[key])));
    console.log(`${name}: ${Math.round(rate)} requests/s, median latency ${latency.toFixed(1)} ms, (${results.map(({ rate }) => Math.round(rate)).join(", ")})`);
  }
  const ratios = sides[0].results.map(({ rate }, index) => rate / sides[1].results[index].rate);
  console.log(`ratio, median of the rounds: ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`);
} finally {
  for (const child of children) child.kill("SIGTERM");
  await Promise.all(children.map((child) => child.exitCode ?? new Promise((resolve) => child.once("exit", resolve))));
  rmSync(folder, { recursive: true });
}

function serve(flags) {
  const child = spawn(process.execPath, [here("../serve.mjs"), ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      const line = /^listening on (\S+)$/m.exec(text);
      if (line) resolve(line[1]);
    });
    child.once("exit", (code) => reject(new Error(`a Worker ended with ${code}`)));
  });
}

function load(origin, seconds) {
  const flags = ["-t1", "-c64", `-d${seconds}`, "--latency", "-H", "x-backend: bun-sqlite"];
  const text = execFileSync("wrk", [...flags, `${origin}/tasks`], { encoding: "utf8" });
  const bad = /(?:Non-2xx.*|Socket errors.*)/.exec(text);
  if (bad) throw new Error(`the run does not count: ${bad[0]}`);
  const [, number, unit] = /50% +([\d.]+)(us|ms|s)/.exec(text);
  return { rate: Number(/Requests\/sec: +([\d.]+)/.exec(text)[1]), latency: Number(number) * { us: 0.001, ms: 1, s: 1000 }[unit] };
}

function median(numbers) {
  return [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)];
}

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
