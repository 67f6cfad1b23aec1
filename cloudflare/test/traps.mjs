// A component, as small as they get, whose instances serve one request (without an answer) and trap at the second.

const text = (name) => [name.length, ...Buffer.from(name)];
const section = (id, ...content) => [id, ...leb128(content.length), ...content];

function leb128(value) {
  const bytes = [];
  do bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
  while ((value >>= 7) > 0);
  return bytes;
}

/** @returns {Buffer} */
export function trapsTheSecondTime() {
  const module = [
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    // (i32, i32) → () and (i32, i32, i32, i32) → i32
    ...section(1, 2, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f),
    ...section(3, 2, 0, 1),
    ...section(5, 1, 0, 1),
    // A mutable i32: whether it was used.
    ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
    ...section(7, 3, ...text("memory"), 2, 0, ...text("cabi_realloc"), 0, 1, ...text("wasi:http/incoming-handler@0.2.0#handle"), 0, 0),
    // handle: if used { unreachable }; used = 1. cabi_realloc: 0.
    ...section(10, 2, 12, 0, 0x23, 0, 0x04, 0x40, 0x00, 0x0b, 0x41, 1, 0x24, 0, 0x0b, 4, 0, 0x41, 0, 0x0b),
  ];
  return Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, ...section(1, ...module)]);
}
