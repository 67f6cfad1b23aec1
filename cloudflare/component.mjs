// Takes the core module out of the component, and the settings out of spin.toml.

import { parse } from "smol-toml";

const MAGIC = 0x6d736100;
const COMPONENT = 0x0001000d;
const CORE_MODULE = 1;

/**
 * The core module of a component built for wasm32-wasip2: of those inside, the one that exports the request handler. (The others are
 * trampolines that a JavaScript host does not need, because its imports can be bound before there is a memory.)
 *
 * @param {Buffer} component
 * @returns {Buffer}
 */
export function coreModule(component) {
  if (component.length < 8 || component.readUInt32LE(0) !== MAGIC || component.readUInt32LE(4) !== COMPONENT) {
    throw new Error("the file is no WebAssembly component");
  }
  let at = 8;
  while (at < component.length) {
    const id = component[at];
    const [size, start] = leb128(component, at + 1);
    const section = component.subarray(start, start + size);
    if (id === CORE_MODULE && handles(section)) return section;
    at = start + size;
  }
  throw new Error("the component exports no wasi:http/incoming-handler");
}

function handles(module) {
  return WebAssembly.Module.exports(new WebAssembly.Module(module)).some(({ name }) => /^wasi:http\/incoming-handler@.*#handle$/.test(name));
}

function leb128(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

/**
 * What the Worker needs of the manifest.
 *
 * @param {string} text spin.toml
 * @returns {{ variables: Record<string, string>, allowedOutboundHosts: string[] }} defaults by name, and the entries as they stand
 */
export function manifestSettings(text) {
  const { variables, component } = parse(text);
  const { gateway } = component;
  const defaults = {};
  // The hosts' templates may use variables that the component itself does not see.
  for (const [name, { default: value }] of Object.entries(variables)) defaults[name] = value ?? "";
  return { variables: defaults, allowedOutboundHosts: gateway.allowed_outbound_hosts };
}
