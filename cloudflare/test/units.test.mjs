// The parts that need no Worker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { coreModule, manifestSettings } from "../component.mjs";
import { allowedHosts } from "../src/allowed-hosts.mjs";
import { Pool } from "../src/pool.mjs";
import { variablesOf } from "../src/spin.mjs";

test("allowed hosts follow Spin's rules", () => {
  const cases = [
    ["http://127.0.0.1:3001", "http://127.0.0.1:3001/x", true],
    ["http://127.0.0.1:3001", "http://127.0.0.1:3002/", false],
    ["http://127.0.0.1:3001/", "https://127.0.0.1:3001/", false],
    ["http://127.0.0.1:*", "http://127.0.0.1:9/", true],
    ["http://127.0.0.1:8000..9000", "http://127.0.0.1:8999/", true],
    ["http://127.0.0.1:8000..9000", "http://127.0.0.1:9000/", false],
    ["https://*.workers.dev", "https://a.b.workers.dev/", true],
    ["https://*.workers.dev", "https://workers.dev/", false],
    ["https://*.workers.dev", "https://evilworkers.dev/", false],
    ["https://*.workers.dev", "https://a.workers.dev:8443/", false],
    ["https://API.example.com", "https://api.example.com/", true],
    ["http://[::1]:3000", "http://[::1]:3000/", true],
    ["*://*:*", "http://anything:1/", true],
  ];
  for (const [entry, url, expected] of cases) assert.equal(allowedHosts([entry])(new URL(url)), expected, `${entry} ${url}`);
});

test("an entry with a path, or none at all, denies everything", (context) => {
  context.mock.method(console, "warn", () => {});
  for (const entry of ["http://127.0.0.1:3001/api", "127.0.0.1:3001", ""]) {
    assert.equal(allowedHosts(["*://*:*", entry])(new URL("http://127.0.0.1:3001/")), false, entry);
  }
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
