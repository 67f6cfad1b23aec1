// Builds the Worker: worker.js, with the component's core module beside it. `node build.mjs` writes both to dist/, `bundle()` returns them.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const dist = new URL("dist/", import.meta.url);
const COMPONENT = fileURLToPath(new URL("target/wasm32-wasip2/release/gateway.wasm", root));
const BUILD_COMPONENT = ["run", "--quiet", "--package", "gateway-build"];

/**
 * The Worker's modules. Without `component`, here or as GATEWAY_COMPONENT in the environment, cargo builds it first, where it is at hand.
 *
 * @param {string} [component] the file
 * @returns {Promise<{ type: string, path: string, contents: string | Buffer }[]>} the main module first
 */
export async function bundle(component = process.env.GATEWAY_COMPONENT || builtComponent()) {
  const [{ buildSync }, { coreModule, manifestSettings }] = await Promise.all([import("esbuild"), import("./component.mjs")]).catch((error) => {
    throw error.code === "ERR_MODULE_NOT_FOUND" ? new Error("the packages are not installed; run `npm ci` in cloudflare/ first") : error;
  });
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL("src/worker.mjs", import.meta.url))],
    bundle: true,
    format: "esm",
    logLevel: "warning",
    write: false,
    external: ["./gateway.wasm"],
    define: { SETTINGS: JSON.stringify(manifestSettings(readFileSync(new URL("spin.toml", root), "utf8"))) },
  });
  return [
    { type: "ESModule", path: "worker.js", contents: outputFiles[0].text },
    { type: "CompiledWasm", path: "gateway.wasm", contents: coreModule(readFileSync(component)) },
  ];
}

function builtComponent() {
  try {
    execFileSync("cargo", BUILD_COMPONENT, { cwd: fileURLToPath(root), stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    if (error.code !== "ENOENT") throw new Error("the component does not build; see above");
    if (!existsSync(COMPONENT)) {
      throw new Error(`the component is missing, and cargo too; run \`cargo ${BUILD_COMPONENT.join(" ")}\` in the root folder where cargo is`);
    }
  }
  return COMPONENT;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const modules = await bundle();
    mkdirSync(dist, { recursive: true });
    for (const { path, contents } of modules) writeFileSync(new URL(path, dist), contents);
    console.log(`built ${modules.map(({ path, contents }) => `dist/${path} (${Math.ceil(contents.length / 1024)} KiB)`).join(" and ")}`);
  } catch (error) {
    console.error(`cloudflare: ${error.message}`);
    process.exit(1);
  }
}
