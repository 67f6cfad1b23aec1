// wasi:io: waiting, and streams over the Streams API.
//
// One instance serves one request at a time, so all that can end a wait goes through one `wake`: a wait costs one promise, and none when
// something is ready already. Whatever is pollable has a getter `ready`.

/** The most that a body may collect before its head is on its way. */
const COLLECT = 64 * 1024;
/** The most that is read in one step. */
const READ = 64 * 1024;
/** The longest body that is passed on whole. */
const SHORT = 32 * 1024;
/** How late a timer may be, and how long a wait without one may last, in milliseconds, before the request counts as ended. */
const GRACE = 1_000;
const FORGOTTEN = 60_000;
/** How long a request's head waits for its short body, in milliseconds. */
const MOMENT = 5;

/** The waits of one request. */
export class Waiting {
  /** The time as the component was told since it last waited: a Worker's clock moves only then. */
  time = null;
  #polled = null;
  #resolve = null;
  #timer = null;
  #timerAt = Infinity;
  #since = now();

  /** Whether the timer that should have ended the wait is long past: then the runtime has ended the request, and nothing will come any more. */
  get overdue() {
    const end = this.#resolve !== null && this.#timerAt !== Infinity ? this.#timerAt + GRACE : this.#since + FORGOTTEN;
    return now() > end;
  }

  /** The indexes of those that are ready; a promise of them if none is yet. */
  poll(pollables) {
    const ready = indexes(pollables);
    if (ready.length > 0) return ready;
    this.#arm(pollables);
    this.#polled = pollables;
    this.#since = now();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Something may have become ready. */
  wake = () => {
    if (this.#resolve === null) return;
    const ready = indexes(this.#polled);
    if (ready.length === 0) return this.#arm(this.#polled);
    const resolve = this.#resolve;
    this.#resolve = this.#polled = this.time = null;
    resolve(ready);
  };

  /**
   * One timer for all deadlines. One that comes too early does no harm, so a deadline that progress pushes back, as the gateway's are,
   * does not need a new one each time.
   */
  #arm(pollables) {
    let at = Infinity;
    for (const pollable of pollables) if (pollable.at < at) at = pollable.at;
    if (at >= this.#timerAt || at === Infinity) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.wake();
    }, Math.max(0, Math.min(at - now(), 2 ** 31 - 1)));
  }

  /** The end of the request. */
  clear() {
    clearTimeout(this.#timer);
    this.#resolve = this.#polled = null;
  }
}

function indexes(pollables) {
  const ready = [];
  for (let index = 0; index < pollables.length; index++) if (pollables[index].ready) ready.push(index);
  return ready;
}

/** The monotonic clock in milliseconds. Workers' time stands still while they compute. */
export const now = () => performance.now();

/** A point on the monotonic clock, in milliseconds. */
export class Timer {
  constructor(at) {
    this.at = at;
  }

  get ready() {
    return now() >= this.at;
  }
}

/**
 * A body that comes in. One chunk is read ahead, no more: the sender goes at the pace of whoever takes it.
 *
 * A short body of known length may also be taken whole, as the runtime's own stream. Then no byte of it passes through here, which saves more than
 * all else; in exchange nobody here sees whether it comes in time and in full. (The one who gets the stream does.)
 */
export class InputStream {
  #body;
  #mayBeWhole;
  #reader = null;
  #left;
  #chunk = null;
  #state = "open";
  #reading = false;
  #wake;

  /**
   * @param {ReadableStream | null} body
   * @param {number | null} length in bytes, where it is known
   * @param {() => void} wake
   * @param {boolean} [mayBeWhole] whether it may be taken whole
   */
  constructor(body, length, wake, mayBeWhole = false) {
    this.#wake = wake;
    this.#mayBeWhole = mayBeWhole && length !== null && length <= SHORT;
    this.#left = length;
    this.#body = body;
    if (body === null || length === 0) this.#state = "closed";
  }

  get ready() {
    if (this.#chunk === null && this.#state === "open") this.fill();
    return this.#chunk !== null || this.#state !== "open";
  }

  /** The whole body, if it is `length` bytes, short, and nothing was read of it yet; otherwise null. */
  takeWhole(length) {
    if (!this.#mayBeWhole || this.#state !== "open" || this.#reader !== null || this.#left !== length) return null;
    this.#state = "closed";
    return this.#body;
  }

  /** Starts to read, if nothing is there. */
  fill() {
    if (this.#reading || this.#chunk !== null || this.#state !== "open") return;
    this.#reader ??= this.#body.getReader({ mode: "byob" });
    this.#reading = true;
    const size = this.#left === null ? READ : Math.min(READ, this.#left);
    this.#reader.read(new Uint8Array(size)).then(this.#filled, this.#broke);
  }

  #filled = ({ value, done }) => {
    this.#reading = false;
    if (value?.length > 0) {
      this.#chunk = value;
      if (this.#left !== null) this.#left -= value.length;
    }
    if (done || this.#left === 0) this.#state = this.#left > 0 ? "broken" : "closed";
    this.#wake();
  };

  #broke = () => {
    this.#reading = false;
    this.#state = "broken";
    this.#wake();
  };

  /** Takes at most `limit` bytes: a chunk, `null` if there is none yet, or the state at the end: `closed` or `broken`. */
  take(limit) {
    if (this.#chunk === null) {
      if (this.#state !== "open") return this.#state;
      this.fill();
      return null;
    }
    let chunk = this.#chunk;
    if (chunk.length > limit) {
      this.#chunk = chunk.subarray(limit);
      return chunk.subarray(0, limit);
    }
    this.#chunk = null;
    this.fill();
    return chunk;
  }

  /** Nobody wants the rest. */
  dispose() {
    if (this.#state !== "open") return;
    this.#state = "closed";
    (this.#reader ?? this.#body).cancel().catch(() => {});
  }
}

/**
 * A body that goes out. Until somebody opens it, it collects what is written; an answer that is complete by then needs no stream.
 */
export class OutgoingBody {
  #collected = [];
  #whole = null;
  #size = 0;
  #writer = null;
  #writing = 0;
  #state = "open";
  #settle = () => {};
  #length;
  #wake;

  /**
   * @param {number | null} length in bytes, where it was announced
   * @param {() => void} wake
   */
  constructor(length, wake) {
    this.#length = length;
    this.#wake = wake;
  }

  /** Whether all of it has been written. */
  get complete() {
    return this.#state === "finished";
  }

  /** Whether it was given up before it was complete. */
  get broken() {
    return this.#state === "broken";
  }

  /** Resolves when nothing more is written, if it was announced to be short; after a moment in any case. At once for others. */
  async settled() {
    if (this.#length === null || this.#length > SHORT || this.#state !== "open") return;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, MOMENT);
      this.#settle = () => resolve(clearTimeout(timer));
    });
  }

  /** Takes all of `source`, if that can be done without looking at it. Returns the number of bytes. */
  adopt(source) {
    if (this.#length === null || this.#size > 0 || this.#writer !== null || this.#state !== "open") return 0;
    this.#whole = source.takeWhole?.(this.#length) ?? null;
    if (this.#whole !== null) this.#size = this.#length;
    return this.#size;
  }

  /** Takes what was written, all of it. */
  takeAll() {
    if (this.#whole !== null) return this.#whole;
    const [first, ...others] = this.#collected;
    if (others.length === 0) return first ?? null;
    const whole = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#collected) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /** Opens it as a stream, for as many bytes as were announced. */
  open() {
    const { readable, writable } =
      this.#length === null ? new IdentityTransformStream() : new FixedLengthStream(this.#length);
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(this.#lost);
    for (const chunk of this.#collected) this.#send(chunk);
    this.#collected = [];
    if (this.#state === "finished") this.#close();
    if (this.#state === "broken") this.#abort();
    return readable;
  }

  /** How many bytes may be written now; `null` once nobody takes them. */
  get room() {
    if (this.#state !== "open") return null;
    if (this.#writer === null) return Math.max(0, COLLECT - this.#size);
    return this.#writing === 0 ? READ : 0;
  }

  get ready() {
    return this.room !== 0;
  }

  /** Writes `chunk`, which must not change any more. */
  write(chunk) {
    if (chunk.length === 0) return;
    this.#size += chunk.length;
    if (this.#writer !== null) return this.#send(chunk);
    this.#collected.push(chunk);
  }

  #send(chunk) {
    this.#writing += 1;
    this.#writer.write(chunk).then(this.#written, this.#lost);
  }

  #written = () => {
    this.#writing -= 1;
    this.#wake();
  };

  #lost = () => {
    if (this.#state === "open") this.#state = "lost";
    this.#wake();
  };

  /** It is complete. False if it is not what was announced. */
  finish() {
    if (this.#state === "lost") return false;
    if (this.#length !== null && this.#size !== this.#length) {
      this.dispose();
      return false;
    }
    this.#state = "finished";
    this.#settle();
    if (this.#writer !== null) this.#close();
    return true;
  }

  #close() {
    this.#writer.close().catch(() => {});
  }

  /** It stays incomplete, and whoever reads it will see that. */
  dispose() {
    if (this.#state === "finished" || this.#state === "broken") return;
    this.#state = "broken";
    this.#settle();
    if (this.#writer !== null) this.#abort();
    this.#whole?.cancel().catch(() => {});
  }

  #abort() {
    this.#writer.abort(new Error("the body is incomplete")).catch(() => {});
  }
}

/** Output of the component itself: a log line for each line. */
export class LogStream {
  #line = "";
  room = READ;
  ready = true;

  print(text) {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop();
    for (const line of lines) console.log(line);
  }
}
