// Instances of the component. Each serves one request at a time; instantiating costs time, and memory is what an isolate has least of (128 MB), so
// both are bounded here.

/** Instances at once; each has 1.1 MB of memory at first. */
const MOST = 80;
/** How long a request waits for an instance, in milliseconds, and how often it looks for one. */
const PATIENCE = 10_000;
const LOOK = 5;

/** No instance became free in time. */
export class Overloaded extends Error {}

/** @template T */
export class Pool {
  #make;
  #most;
  #idle = [];
  #lent = new Set();

  /**
   * @param {() => T} make
   * @param {number} most
   */
  constructor(make, most = MOST) {
    this.#make = make;
    this.#most = most;
  }

  /** How many instances there are, in use or idle. */
  get live() {
    return this.#idle.length + this.#lent.size;
  }

  /** An instance, if there may be one at once; otherwise null. */
  take() {
    if (this.#idle.length === 0 && this.#lent.size >= this.#most) this.#forgetLost();
    if (this.#idle.length === 0 && this.#lent.size >= this.#most) return null;
    const instance = this.#idle.pop() ?? this.#make();
    this.#lent.add(instance);
    return instance;
  }

  /** When a client leaves, the runtime may end its request silently; the instance that served it never comes back. */
  #forgetLost() {
    for (const instance of this.#lent) if (instance.lost) this.#lent.delete(instance);
  }

  /**
   * Waits for an instance that is given back, by looking for one now and then: a request that waits for a promise which another request resolves
   * is taken for one that hangs, and ended by the runtime.
   *
   * @param {number} patience in milliseconds
   * @returns {Promise<T>}
   */
  async wait(patience = PATIENCE) {
    for (let waited = 0; waited < patience; waited += LOOK) {
      await new Promise((resolve) => setTimeout(resolve, LOOK));
      const taken = this.take();
      if (taken !== null) return taken;
    }
    throw new Overloaded(`no instance of the component became free within ${patience} ms`);
  }

  /** Gives an instance back that is as good as new. */
  put(instance) {
    if (this.#lent.delete(instance)) this.#idle.push(instance);
  }

  /** Gives one up, for example after a trap. */
  drop(instance) {
    this.#lent.delete(instance);
  }
}
