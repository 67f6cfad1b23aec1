// The canonical ABI's side of a host: linear memory, and the table of handles.
//
// The imports of the core module are called with its own numbers: pointers, lengths and handles. Layouts follow the component model's
// CanonicalABI.md; the few types of the gateway's world are written out where they are used.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/**
 * Strings seen lately, each in the slot that its bytes hash to: the names of fields and most of their values come again with each request, and to
 * compare is several times faster than to decode.
 */
const recent = new Array(2048);
const SLOTS = recent.length;
const SHORT = 128;

function decode(bytes, at, length) {
  const units = new Array(length);
  for (let index = 0; index < length; index++) {
    units[index] = bytes[at + index];
    if (units[index] > 0x7f) return decoder.decode(bytes.subarray(at, at + length));
  }
  return String.fromCharCode.apply(null, units);
}

/** Whether `bytes` are the ASCII text `known`. */
function matches(known, bytes, at) {
  for (let index = 0; index < known.length; index++) {
    if (known.charCodeAt(index) !== bytes[at + index] || bytes[at + index] > 0x7f) return false;
  }
  return true;
}

/** The memory of one instance. */
export class Memory {
  #memory;
  #realloc;
  #bytes = new Uint8Array(0);
  #view = new DataView(new ArrayBuffer(0));

  /**
   * @param {WebAssembly.Memory} memory
   * @param {(old: number, oldSize: number, align: number, size: number) => number} realloc the guest's `cabi_realloc`
   */
  attach(memory, realloc) {
    this.#memory = memory;
    this.#realloc = realloc;
  }

  /** All of it; a memory that has grown has a new buffer. */
  get bytes() {
    if (this.#bytes.buffer !== this.#memory.buffer) {
      this.#bytes = new Uint8Array(this.#memory.buffer);
      this.#view = new DataView(this.#memory.buffer);
    }
    return this.#bytes;
  }

  get view() {
    this.bytes;
    return this.#view;
  }

  /** Room in the guest, which then owns it. */
  allocate(align, size) {
    return size === 0 ? align : this.#realloc(0, 0, align, size) >>> 0;
  }

  u8(at, value) {
    this.bytes[at >>> 0] = value;
  }

  u32(at, value) {
    this.view.setUint32(at >>> 0, value, true);
  }

  u64(at, value) {
    this.view.setBigUint64(at >>> 0, value, true);
  }

  readU32(at) {
    return this.view.getUint32(at >>> 0, true);
  }

  /** A copy: the guest may reuse the memory at once. */
  copy(at, length) {
    return this.bytes.slice(at >>> 0, (at >>> 0) + (length >>> 0));
  }

  /** A string. */
  text(at, length) {
    at >>>= 0;
    const bytes = this.bytes;
    if (length > SHORT) return decoder.decode(bytes.subarray(at, at + length));
    let hash = length;
    for (let index = at; index < at + length; index++) hash = Math.imul(hash, 31) + bytes[index];
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = recent[slot];
    if (known !== undefined && known.length === length && matches(known, bytes, at)) return known;
    return (recent[slot] = decode(bytes, at, length));
  }

  /** Writes pointer and length of a string to `at`. */
  putText(at, text) {
    const length = text.length;
    const pointer = this.allocate(1, length);
    const bytes = this.bytes;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) return this.putBytes(at, encoder.encode(text));
      bytes[pointer + index] = unit;
    }
    this.putPair(at, pointer, length);
  }

  /** Writes pointer and length of a list of bytes to `at`. */
  putBytes(at, content) {
    const pointer = this.allocate(1, content.length);
    this.bytes.set(content, pointer);
    this.putPair(at, pointer, content.length);
  }

  putPair(at, pointer, length) {
    const view = this.view;
    view.setUint32(at >>> 0, pointer, true);
    view.setUint32((at >>> 0) + 4, length, true);
  }
}

/** Handles are indexes into this. Zero is none, as the component model has it. */
export class Handles {
  #entries = [null];
  #free = [];

  /** Hands `resource` to the guest. */
  add(resource) {
    const handle = this.#free.pop() ?? this.#entries.length;
    this.#entries[handle] = resource;
    return handle;
  }

  /** What the guest holds as `handle`. */
  get(handle) {
    const resource = this.#entries[handle];
    if (resource == null) throw new Error(`the component used handle ${handle}, which it does not hold`);
    return resource;
  }

  /** Takes it from the guest. */
  take(handle) {
    const resource = this.get(handle);
    this.#entries[handle] = null;
    this.#free.push(handle);
    return resource;
  }

  /** What is still held. */
  *held() {
    for (let handle = 1; handle < this.#entries.length; handle++) {
      if (this.#entries[handle] !== null) yield [handle, this.#entries[handle]];
    }
  }
}
