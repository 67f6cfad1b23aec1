// Starts the gateway in workerd for tests, and ends it.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const SERVE = fileURLToPath(new URL("../serve.mjs", import.meta.url));

/**
 * Starts it with the flags of serve.mjs.
 *
 * @param {string[]} flags
 * @returns {Promise<{ origin: string, port: number, log: string[], stop: () => Promise<void> }>} `log` fills with the Worker's lines
 */
export async function gateway(flags) {
  const child = spawn(process.execPath, [SERVE, "--port", "0", ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const log = [];
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text;
    const lines = errors.split("\n");
    errors = lines.pop();
    log.push(...lines);
  });
  // Once it has ended and the log is whole.
  const ended = new Promise((resolve) => child.once("close", resolve));
  const origin = await new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      const line = /^listening on (\S+)$/m.exec(text);
      if (line) resolve(line[1]);
    });
    ended.then((code) => reject(new Error(`the gateway ended with ${code}: ${log.join("\n")}${errors}`)));
  });
  return {
    origin,
    port: Number(new URL(origin).port),
    log,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
