// The key-value store on Workers KV, within its limits: one write per second and key, and reads that cost time and money.
//
// What was read or written within the last second is answered from memory. That is far below the time KV itself takes to show a write
// elsewhere (up to a minute), and makes this isolate see its own writes at once. Of writes that follow each other faster, the last one is
// made, as soon as it may be; one that changes nothing is left out.

const INTERVAL = 1_000;
/** Entries remembered; the gateway has a few dozen keys. */
const MOST_KEYS = 1_000;

/** The store of one binding, for the life of the isolate. */
export class KvStore {
  #namespace;
  #now;
  /** key → { value, readAt, writtenAt, stored, pending } */
  #entries = new Map();

  /**
   * @param {KVNamespace} namespace
   * @param {() => number} now in milliseconds
   */
  constructor(namespace, now = Date.now) {
    this.#namespace = namespace;
    this.#now = now;
  }

  /**
   * The value of `key`, or null: at once where it is known, otherwise a promise. Rejects when KV fails.
   *
   * @returns {Uint8Array | null | Promise<Uint8Array | null>}
   */
  get(key) {
    const entry = this.#entries.get(key);
    if (entry !== undefined && (entry.pending || this.#now() - entry.readAt < INTERVAL)) return entry.value;
    // Whoever finds an entry old reads it again; meanwhile the others do with what is there.
    if (entry !== undefined) entry.readAt = this.#now();
    return this.#read(key);
  }

  async #read(key) {
    const begun = this.#now();
    const content = await this.#namespace.get(key, "arrayBuffer");
    const value = content === null ? null : new Uint8Array(content);
    const entry = this.#entry(key);
    // A write in the meantime is newer than what was read.
    if (entry.pending || entry.writtenAt >= begun) return entry.value;
    entry.value = value;
    entry.stored = value;
    entry.readAt = this.#now();
    return value;
  }

  /**
   * Writes. Resolves when KV has the value, or when its write is planned: at most one per second is made.
   *
   * @param {string} key
   * @param {Uint8Array} value
   * @param {(work: Promise<void>) => void} later keeps the Worker alive for work after the answer
   */
  async set(key, value, later) {
    const entry = this.#entry(key);
    const before = entry.value;
    entry.value = value;
    if (entry.pending) return;
    if (equal(entry.stored, value)) {
      entry.readAt = this.#now();
      return;
    }
    const wait = entry.writtenAt + INTERVAL - this.#now();
    if (wait > 0) {
      entry.pending = true;
      later(this.#writeLater(key, entry, wait));
      return;
    }
    try {
      await this.#write(key, entry);
    } catch (error) {
      entry.value = before;
      throw error;
    }
  }

  /** Removes a key. A write that is planned for it is given up. */
  async delete(key) {
    const entry = this.#entry(key);
    entry.value = null;
    entry.writtenAt = entry.readAt = this.#now();
    await this.#namespace.delete(key);
    entry.stored = null;
  }

  async #writeLater(key, entry, wait) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    entry.pending = false;
    if (entry.value === null || equal(entry.stored, entry.value)) return;
    try {
      await this.#write(key, entry);
    } catch (error) {
      // The component is told of failed writes where it waits for them; here nobody waits any more.
      console.warn(`the key ${key} could not be written: ${error.message}`);
    }
  }

  async #write(key, entry) {
    const { value } = entry;
    // The attempt counts, whether it succeeds or not.
    entry.writtenAt = entry.readAt = this.#now();
    await this.#namespace.put(key, value);
    entry.stored = value;
  }

  /** All keys. */
  async keys() {
    const keys = [];
    let cursor;
    do {
      const page = await this.#namespace.list({ cursor });
      for (const { name } of page.keys) keys.push(name);
      cursor = page.list_complete ? undefined : page.cursor;
    } while (cursor !== undefined);
    return keys;
  }

  #entry(key) {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= MOST_KEYS) this.#forget();
      entry = { value: null, readAt: -Infinity, writtenAt: -Infinity, stored: undefined, pending: false };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Ids come from requests: keys that nobody has written must not fill the memory. */
  #forget() {
    for (const [key, entry] of this.#entries) {
      if (!entry.pending && this.#now() - entry.writtenAt >= INTERVAL) this.#entries.delete(key);
    }
  }
}

function equal(left, right) {
  if (left == null || right == null || left.length !== right.length) return false;
  return left.every((byte, index) => byte === right[index]);
}
