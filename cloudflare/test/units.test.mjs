// The parts that need no Worker.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { coreModule, manifestSettings } from "../component.mjs";
import { allowedHosts } from "../src/allowed-hosts.mjs";
import { Pool } from "../src/pool.mjs";
import { variablesOf } from "../src/spin.mjs";

/** What entries mean, for this reader and for the core's. */
const vectors = JSON.parse(readFileSync(new URL("../../tests/vectors/allowed-hosts.json", import.meta.url)));
const verdict = (entries, url) => (allowedHosts(entries)(new URL(url)) ? "allowed" : "denied");

test("an entry allows what the core's reader allows", (context) => {
  const { mock } = context.mock.method(console, "warn", () => {});
  for (const { entry, allowed, denied } of vectors.usable) {
    for (const url of [...allowed, ...denied]) assert.equal(new URL(url).href, url, "in its normal form");
    for (const url of allowed) assert.equal(verdict([entry], url), "allowed", `${JSON.stringify(entry)} ${url}`);
    for (const url of denied) assert.equal(verdict([entry], url), "denied", `${JSON.stringify(entry)} ${url}`);
  }
  assert.equal(verdict(["*://*:*"], "ftp://h/"), "denied", "without a default port there is none to allow");
  assert.equal(mock.callCount(), 0, "each can be used");
});

test("a path, or an entry that means nothing, denies everything", (context) => {
  const { mock } = context.mock.method(console, "warn", () => {});
  const { poison, unusable } = vectors;
  assert.deepEqual([poison.worker, unusable.worker], ["denies everything", "denies everything"]);
  for (const entry of [...poison.entries, ...Object.values(unusable.entries).flat()]) {
    mock.resetCalls();
    assert.equal(verdict(["*://*:*", entry], "http://127.0.0.1:3001/"), "denied", JSON.stringify(entry));
    assert.equal(mock.callCount(), 1, `${JSON.stringify(entry)} is reported`);
  }
  assert.equal(verdict([], "http://127.0.0.1:3001/"), "denied", "no entries");
});

test("the log names an entry that cannot be used by its number, not by its value", (context) => {
  const { mock } = context.mock.method(console, "warn", () => {});
  allowedHosts(["http://h:1", "http://h:1/api?key=s3cret"]);
  const [message] = mock.calls[0].arguments;
  assert.match(message, /^allowed_outbound_hosts: entry 2 /);
  assert.doesNotMatch(message, /s3cret/);
});

test("an address is the same in every spelling, unlike in the core", () => {
  for (const { entry, url, worker } of vectors.spelling.cases) assert.equal(verdict([entry], url), worker, `${entry} ${url}`);
});

test("variables come from the environment, else from the manifest", () => {
  const variables = variablesOf({ request_timeout: "30s", environment: "local" }, { ENVIRONMENT: "cloud", OTHER: "x" });
  assert.deepEqual(Object.fromEntries(variables), { request_timeout: "30s", environment: "cloud" });
});

test("the manifest's defaults and hosts are read", () => {
  const text = `[variables]\na = { default = "1" }\nb = { required = true }\n[component.gateway]\nallowed_outbound_hosts = ["{{ a }}"]`;
  assert.deepEqual(manifestSettings(text), { variables: { a: "1", b: "" }, allowedOutboundHosts: ["{{ a }}"] });
});

test("what is no component is refused", () => {
  for (const bytes of [[], [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]]) {
    assert.throws(() => coreModule(Buffer.from(bytes)), /component/);
  }
});

test("instances are used again, one request at a time, and are bounded", async () => {
  let made = 0;
  const pool = new Pool(() => ++made, 2);
  assert.deepEqual([pool.take(), pool.take(), pool.take()], [1, 2, null]);
  const waiting = pool.wait();
  pool.put(2);
  assert.equal(await waiting, 2);
  pool.put(1);
  assert.equal(pool.take(), 1);
  assert.deepEqual([made, pool.live], [2, 2]);
});

test("an instance that trapped makes room for a new one", async () => {
  let made = 0;
  const pool = new Pool(() => ++made, 1);
  const trapped = pool.take();
  const waiting = pool.wait();
  pool.drop(trapped);
  assert.equal(await waiting, 2);
  assert.equal(pool.live, 1);
});

test("an instance whose request was ended silently is replaced, and does not come back", () => {
  const pool = new Pool(() => ({ lost: false }), 1);
  const first = pool.take();
  assert.equal(pool.take(), null);
  first.lost = true;
  const second = pool.take();
  assert.notEqual(second, first);
  pool.put(first);
  assert.equal(pool.take(), null);
  assert.equal(pool.live, 1);
});

test("nobody waits for ever", async () => {
  const pool = new Pool(() => 1, 0);
  await assert.rejects(pool.wait(50), /no instance/);
});
