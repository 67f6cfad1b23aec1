// The small interfaces of WASI: io, clocks, random, cli.

import { LogStream, Timer, now } from "./io.mjs";

const NANOS = 1_000_000;
/** Cases of `stream-error`. */
const FAILED = 0;
const CLOSED = 1;

/** @param {import("./instance.mjs").Instance} instance */
export function poll(instance) {
  const { memory, handles } = instance;
  const put = (ready, result) => {
    const at = memory.allocate(4, 4 * ready.length);
    for (let index = 0; index < ready.length; index++) memory.u32(at + 4 * index, ready[index]);
    memory.putPair(result, at, ready.length);
  };
  return {
    poll: instance.suspending((list, length, result) => {
      const pollables = [];
      for (let index = 0; index < length; index++) pollables.push(handles.get(memory.readU32(list + 4 * index)));
      const ready = instance.waiting.poll(pollables);
      if (!(ready instanceof Promise)) return put(ready, result);
      instance.waits();
      return ready.then((ready) => put(ready, result));
    }),
    "[method]pollable.block": instance.suspending((self) => {
      const ready = instance.waiting.poll([handles.get(self)]);
      if (!(ready instanceof Promise)) return;
      instance.waits();
      return ready.then(() => {});
    }),
    // What can be waited for lives on without the waiting.
    "[method]pollable.ready": (self) => (handles.get(self).ready ? 1 : 0),
    "[resource-drop]pollable": (self) => void handles.take(self),
  };
}

/** @param {import("./instance.mjs").Instance} instance */
export function streams({ memory, handles }) {
  const drop = (self) => handles.take(self).dispose?.();
  const failed = (result, at, state) => {
    memory.u8(result, 1);
    memory.u8(at, state === "closed" ? CLOSED : FAILED);
    if (state !== "closed") memory.u32(at + 4, handles.add({ text: "the body broke off" }));
  };
  const subscribe = (self) => handles.add(handles.get(self));
  const write = (self, at, length, result) => {
    const sink = handles.get(self);
    if (sink.room === null) return failed(result, result + 4, "closed");
    if (sink.print !== undefined) sink.print(memory.text(at, length));
    else sink.write(memory.copy(at, length));
    memory.u8(result, 0);
  };
  const flush = (self, result) => memory.u8(result, 0);
  return {
    "[method]input-stream.read": (self, limit, result) => {
      const chunk = handles.get(self).take(Number(limit));
      if (typeof chunk === "string") return failed(result, result + 4, chunk);
      memory.u8(result, 0);
      if (chunk === null) memory.putPair(result + 4, 1, 0);
      else memory.putBytes(result + 4, chunk);
    },
    "[method]input-stream.subscribe": subscribe,
    "[resource-drop]input-stream": drop,

    "[method]output-stream.check-write": (self, result) => {
      const { room } = handles.get(self);
      if (room === null) return failed(result, result + 8, "closed");
      memory.u8(result, 0);
      memory.u64(result + 8, BigInt(room));
    },
    "[method]output-stream.write": write,
    "[method]output-stream.blocking-write-and-flush": write,
    "[method]output-stream.flush": flush,
    "[method]output-stream.blocking-flush": flush,
    "[method]output-stream.subscribe": subscribe,
    "[method]output-stream.splice": (self, from, limit, result) => {
      const sink = handles.get(self);
      const { room } = sink;
      if (room === null) return failed(result, result + 8, "closed");
      const source = handles.get(from);
      const whole = sink.adopt?.(source) ?? 0;
      if (whole > 0) {
        memory.u8(result, 0);
        return memory.u64(result + 8, BigInt(whole));
      }
      const chunk = room === 0 ? null : source.take(Math.min(room, Number(limit)));
      if (typeof chunk === "string") return failed(result, result + 8, chunk);
      if (chunk !== null) sink.write(chunk);
      memory.u8(result, 0);
      memory.u64(result + 8, BigInt(chunk?.length ?? 0));
    },
    "[resource-drop]output-stream": drop,
  };
}

/** @param {import("./instance.mjs").Instance} instance */
export function error({ memory, handles }) {
  return {
    "[method]error.to-debug-string": (self, result) => memory.putText(result, handles.get(self).text),
    "[resource-drop]error": (self) => void handles.take(self),
  };
}

/** @param {import("./instance.mjs").Instance} instance */
export function monotonicClock(instance) {
  const { handles } = instance;
  return {
    now: () => (instance.waiting.time ??= BigInt(Math.round(now() * NANOS))),
    "subscribe-instant": (at) => handles.add(new Timer(Number(BigInt.asUintN(64, at)) / NANOS)),
    "subscribe-duration": (time) => handles.add(new Timer(now() + Number(BigInt.asUintN(64, time)) / NANOS)),
  };
}

/** @param {import("./instance.mjs").Instance} instance */
export function wallClock({ memory }) {
  return {
    now: (result) => {
      const millis = Date.now();
      memory.u64(result, BigInt(Math.floor(millis / 1000)));
      memory.u32(result + 8, (millis % 1000) * NANOS);
    },
  };
}

/** Random numbers are drawn a page at a time. */
const pool = new BigUint64Array(512);
let drawn = pool.length;

export const random = () => ({
  "get-random-u64": () => {
    if (drawn === pool.length) {
      crypto.getRandomValues(pool);
      drawn = 0;
    }
    return pool[drawn++];
  },
});

/** The component's process: no environment, no terminal; what it prints is logged. */
export function cli({ memory, handles }) {
  const log = new LogStream();
  const none = (result) => memory.u8(result, 0);
  const drop = (self) => void handles.take(self);
  const closed = { ready: true, take: () => "closed" };
  return {
    "wasi:cli/environment": { "get-environment": (result) => memory.putPair(result, 4, 0) },
    "wasi:cli/exit": {
      exit: () => {
        throw new WebAssembly.RuntimeError("the component wants to exit");
      },
    },
    "wasi:cli/stdin": { "get-stdin": () => handles.add(closed) },
    "wasi:cli/stdout": { "get-stdout": () => handles.add(log) },
    "wasi:cli/stderr": { "get-stderr": () => handles.add(log) },
    "wasi:cli/terminal-stdin": { "get-terminal-stdin": none },
    "wasi:cli/terminal-stdout": { "get-terminal-stdout": none },
    "wasi:cli/terminal-stderr": { "get-terminal-stderr": none },
    "wasi:cli/terminal-input": { "[resource-drop]terminal-input": drop },
    "wasi:cli/terminal-output": { "[resource-drop]terminal-output": drop },
  };
}
