// The key-value store against a namespace that counts, with a clock that the test moves.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { KvStore } from "../src/kv.mjs";

const bytes = (text) => new TextEncoder().encode(text);
const text = (value) => (value === null ? null : new TextDecoder().decode(value));

function lab() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const content = new Map();
  const calls = { get: 0, puts: [] };
  const namespace = {
    fails: false,
    get: async (key) => {
      calls.get += 1;
      if (namespace.fails) throw new Error("KV GET failed: 500");
      return content.get(key)?.buffer ?? null;
    },
    put: async (key, value) => {
      calls.puts.push([Date.now(), key, text(value)]);
      if (namespace.fails) throw new Error("KV PUT failed: 429");
      content.set(key, value);
    },
    delete: async (key) => void content.delete(key),
    list: async ({ cursor }) =>
      cursor === undefined ? { keys: [{ name: "a" }], list_complete: false, cursor: "next" } : { keys: [{ name: "b" }], list_complete: true },
  };
  const later = [];
  const store = new KvStore(namespace);
  return { store, namespace, content, calls, later, set: (key, value) => store.set(key, bytes(value), (work) => later.push(work)) };
}

test("a key is written once a second at most, and the last value wins", async () => {
  const { store, calls, later, content, set } = lab();
  for (const value of ["1", "2", "3", "4"]) await set("key", value);
  assert.deepEqual(calls.puts, [[1_000_000, "key", "1"]]);
  // What was written last is what is read, before KV has it.
  assert.equal(text(await store.get("key")), "4");
  mock.timers.tick(1_000);
  await Promise.all(later);
  assert.deepEqual(calls.puts, [
    [1_000_000, "key", "1"],
    [1_001_000, "key", "4"],
  ]);
  assert.equal(text(content.get("key")), "4");
});

test("a key that was removed is gone, and a write that was planned for it is given up", async () => {
  const { store, calls, later, content, set } = lab();
  await set("key", "1");
  await set("key", "2");
  await store.delete("key");
  assert.equal(await store.get("key"), null);
  mock.timers.tick(1_000);
  await Promise.all(later);
  assert.deepEqual([content.has("key"), calls.puts.length], [false, 1]);
  await set("key", "1");
  assert.equal(text(content.get("key")), "1", "what it held before is written like anything new");
});

test("other keys do not wait", async () => {
  const { calls, set } = lab();
  await Promise.all([set("a", "1"), set("b", "1")]);
  assert.equal(calls.puts.length, 2);
});

test("a value that KV has already is not written again", async () => {
  const { calls, later, set } = lab();
  await set("key", "same");
  mock.timers.tick(5_000);
  await set("key", "same");
  await set("key", "other");
  await set("key", "same");
  mock.timers.tick(1_000);
  await Promise.all(later);
  assert.deepEqual(calls.puts.map(([, , value]) => value), ["same", "other", "same"]);
});

test("what was read is remembered for a second", async () => {
  const { store, calls, content } = lab();
  content.set("key", bytes("old"));
  assert.equal(text(await store.get("key")), "old");
  content.set("key", bytes("new"));
  assert.equal(text(store.get("key")), "old", "at once, without a promise");
  assert.equal(calls.get, 1);
  mock.timers.tick(1_000);
  assert.equal(text(await store.get("key")), "new");
});

test("failures are told, and change nothing", async () => {
  const { store, namespace, calls, set } = lab();
  await set("key", "1");
  mock.timers.tick(2_000);
  namespace.fails = true;
  await assert.rejects(set("key", "2"), /429/);
  await assert.rejects(async () => store.get("unread"), /500/);
  namespace.fails = false;
  assert.equal(text(await store.get("key")), "1");
  // The failed attempt counts for the limit.
  await set("key", "3");
  assert.equal(calls.puts.length, 2);
});

test("keys come from all pages", async () => {
  assert.deepEqual(await lab().store.keys(), ["a", "b"]);
});
