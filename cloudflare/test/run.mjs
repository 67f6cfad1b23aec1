// `npm test`: this folder's own tests, then the black-box suite, which starts the gateway in workerd by itself. Arguments go to the suite.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));

function run(program, args, options) {
  const { status, error } = spawnSync(program, args, { stdio: "inherit", ...options });
  if (error) console.error(`cloudflare: cannot start ${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
run(process.execPath, ["--test", "--test-timeout=300000", ...files], { cwd: here });
run("cargo", ["test", "--test", "blackbox", "--", "--show-output", ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, GATEWAY_HOST: "workerd" },
});
