// What the component imports, by interface. Versions are left out: hosts treat all 0.2 versions of WASI alike.

import { httpTypes } from "./http.mjs";
import { outgoingHandler } from "./outbound.mjs";
import { keyValue, variables } from "./spin.mjs";
import * as wasi from "./wasi.mjs";

/**
 * The imports of one instance, as its core module asks for them.
 *
 * @param {WebAssembly.Module} module
 * @param {import("./instance.mjs").Instance} instance
 */
export function importsOf(module, instance) {
  const offered = interfaces(instance);
  const imports = {};
  for (const { module: name, name: item } of WebAssembly.Module.imports(module)) {
    const provided = offered[name.split("@")[0]]?.[item];
    if (provided === undefined) throw new Error(`the component imports ${name}#${item}, which this Worker does not have`);
    (imports[name] ??= {})[item] = provided;
  }
  return imports;
}

function interfaces(instance) {
  return {
    "fermyon:spin/key-value": keyValue(instance),
    "fermyon:spin/variables": variables(instance),
    "wasi:clocks/monotonic-clock": wasi.monotonicClock(instance),
    "wasi:clocks/wall-clock": wasi.wallClock(instance),
    "wasi:http/outgoing-handler": outgoingHandler(instance),
    "wasi:http/types": httpTypes(instance),
    "wasi:io/error": wasi.error(instance),
    "wasi:io/poll": wasi.poll(instance),
    "wasi:io/streams": wasi.streams(instance),
    "wasi:random/random": wasi.random(),
    ...wasi.cli(instance),
  };
}
