// One instance of the component, which answers one request at a time.

import { Handles, Memory } from "./abi.mjs";
import { IncomingRequest, ResponseOutparam } from "./http.mjs";
import { importsOf } from "./imports.mjs";
import { LogStream, Waiting } from "./io.mjs";

const HANDLER = /^wasi:http\/incoming-handler@.*#handle$/;

/**
 * What all instances share.
 *
 * @typedef {object} Host
 * @property {Map<string, string>} variables
 * @property {import("./kv.mjs").KvStore | null} store
 * @property {(url: URL) => boolean} allows
 */

export class Instance {
  memory = new Memory();
  handles = new Handles();
  /** Of the request at hand: what an earlier one left behind must not touch the streams of this one, which belong to another context. */
  waiting = null;
  #handle;
  #answer = null;
  #resolve = null;

  /**
   * @param {WebAssembly.Module} module the component's core module
   * @param {Host} host
   */
  constructor(module, host) {
    this.host = host;
    const { exports } = new WebAssembly.Instance(module, importsOf(module, this));
    this.memory.attach(exports.memory, exports.cabi_realloc);
    const name = Object.keys(exports).find((name) => HANDLER.test(name));
    // The one export runs on a stack of its own, which imports that have to wait suspend.
    this.#handle = WebAssembly.promising(exports[name]);
  }

  /** Whether its request has ended without an end. */
  get lost() {
    return this.waiting.overdue;
  }

  /** Marks an import that may return a promise, which the component waits for. */
  suspending(imported) {
    return new WebAssembly.Suspending(imported);
  }

  /**
   * Answers a request.
   *
   * @param {ConstructorParameters<typeof IncomingRequest>[0]} request
   * @param {(work: Promise<void>) => void} later
   * @returns {{ answer: Promise<import("./http.mjs").OutgoingResponse | null>, done: Promise<void> }} the response as soon as its head is on
   *   its way, and the end of all work; `done` rejects if the component trapped
   */
  handle(request, later) {
    this.later = later;
    this.waiting = new Waiting();
    this.#answer = null;
    const answer = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const outparam = new ResponseOutparam((response) => {
      this.#answer = response;
    });
    const done = this.#handle(this.handles.add(new IncomingRequest(request)), this.handles.add(outparam)).then(
      () => this.#end(),
      (error) => {
        this.#end();
        throw error;
      },
    );
    return { answer, done };
  }

  /** The component waits: the head that it has set goes out, with or without its body. */
  waits() {
    if (this.#answer === null) return;
    this.#resolve(this.#answer);
    this.#answer = null;
  }

  #end() {
    this.#resolve(this.#answer);
    this.#answer = null;
    this.waiting.clear();
    // Nothing of a request may stay behind but the output streams, which the component's libraries open once.
    for (const [handle, resource] of this.handles.held()) {
      if (!(resource instanceof LogStream)) this.handles.take(handle).dispose?.();
    }
  }
}
