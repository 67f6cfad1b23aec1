// Makes sure that `bun` from npm can run. The package's binary comes in an optional dependency and is put in place by an install
// script, which many machines block (`ignore-scripts`, npm's list of allowed scripts). Then it is run here, once.

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const bun = fileURLToPath(new URL("node_modules/bun/", import.meta.url));
if (!existsSync(bun)) {
  console.error("bun-sqlite: bun is not installed; run `npm ci` first");
  process.exit(1);
}
// Before the install script ran, this is a shell script of a few hundred bytes that only complains.
if (statSync(`${bun}bin/bun.exe`).size < 1_000_000) {
  const { status } = spawnSync(process.execPath, ["install.js"], { cwd: bun, stdio: ["ignore", "inherit", "inherit"] });
  process.exit(status ?? 1);
}
