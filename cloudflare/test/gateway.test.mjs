// The gateway in workerd: what is particular to this host. What all hosts have in common is in the black-box suite.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Exchange, backend } from "./backend.mjs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gateway } from "./gateway.mjs";
import { trapsTheSecondTime } from "./traps.mjs";

let upstream;
let gate;

before(async () => {
  upstream = await backend();
  gate = await gateway(["--var", `backend_bun_sqlite_url=${upstream.origin}`, "--var", "request_timeout=300s"]);
});

after(async () => {
  upstream?.close();
  await gate?.stop();
});

/** A connection of a client, with the request already sent. */
function client(text) {
  const exchange = new Exchange(connect(gate.port, "127.0.0.1"));
  exchange.write(text);
  return exchange;
}

test("a response flows chunk by chunk", async () => {
  const response = client("GET /events HTTP/1.1\r\nhost: gateway\r\n\r\n");
  const exchange = await upstream.arrival();
  exchange.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
  assert.match(await response.until("\r\n\r\n"), /^HTTP\/1.1 200 /);
  for (const event of ["data: one\n\n", "data: two\n\n", "data: three\n\n"]) {
    // The next one is sent only when the client has this one.
    exchange.write(`${event.length.toString(16)}\r\n${event}\r\n`);
    await response.until(event);
  }
  exchange.write("0\r\n\r\n");
  await response.until("0\r\n\r\n");
  exchange.destroy();
  response.destroy();
});

test("an upload flows chunk by chunk", async () => {
  const request = client("POST /upload HTTP/1.1\r\nhost: gateway\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  const exchange = await upstream.arrival();
  await exchange.until("first\r\n");
  request.write("6\r\nsecond\r\n0\r\n\r\n");
  await exchange.until("second\r\n0\r\n\r\n");
  exchange.answer("stored");
  await request.until("stored");
  request.destroy();
});

test("an upload that the client breaks off never looks complete", async () => {
  for (const [framing, piece] of [["content-length: 100", "hello"], ["transfer-encoding: chunked", "5\r\nhello\r\n"]]) {
    const request = client(`POST /upload HTTP/1.1\r\nhost: gateway\r\n${framing}\r\n\r\n${piece}`);
    const exchange = await upstream.arrival();
    await exchange.until(piece);
    request.destroy();
    assert.equal(await exchange.rest(), "", framing);
  }
});

test("a sized response that breaks off arrives broken off", async () => {
  const response = client("GET /half HTTP/1.1\r\nhost: gateway\r\n\r\n");
  const exchange = await upstream.arrival();
  exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello");
  const head = await response.until("hello");
  assert.match(head, /content-length: 100\r\n/i);
  exchange.destroy();
  assert.equal(await response.rest(), "");
});

test("each set-cookie stays a line of its own", async () => {
  const response = fetch(`${gate.origin}/cookies`);
  (await upstream.arrival()).answer("", "set-cookie: a=1; Path=/\r\nset-cookie: b=2, c\r\n");
  assert.deepEqual((await response).headers.getSetCookie(), ["a=1; Path=/", "b=2, c"]);
});

test("cookies stay in their order among many fields", async () => {
  const response = fetch(`${gate.origin}/many-cookies`);
  const cookies = ["z=1", "a=2", "m=3", "b=4"];
  const lines = Array.from({ length: 22 }, (_, index) => `x-field-${index}: ${index}`);
  // Between the others, as frameworks send them.
  for (const [index, cookie] of cookies.entries()) lines.splice(index * 6, 0, `set-cookie: ${cookie}`);
  (await upstream.arrival()).answer("", lines.map((line) => `${line}\r\n`).join(""));
  assert.deepEqual((await response).headers.getSetCookie(), cookies);
});

test("a status that a Worker cannot pass on is a 503 that says so", async () => {
  const response = fetch(`${gate.origin}/odd-status`);
  const exchange = await upstream.arrival();
  exchange.write("HTTP/1.1 700 Odd\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  const answer = await response;
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.match((await answer.json()).reason, /status 700/);
});

test("the backend learns the client's address from Cloudflare, and the scheme, whatever the client says", async () => {
  // On Cloudflare a client cannot set the first of these: the edge does.
  const headers = { "cf-connecting-ip": "192.0.2.7", "spin-client-addr": "6.6.6.6:1", "spin-full-url": "https://evil/", "x-forwarded-for": "1.2.3.4" };
  const response = fetch(`${gate.origin}/who`, { headers });
  const exchange = await upstream.arrival();
  exchange.answer("ok");
  assert.equal((await response).status, 200);
  assert.deepEqual(exchange.values("x-forwarded-for"), ["1.2.3.4, 192.0.2.7"]);
  assert.deepEqual(exchange.values("x-forwarded-proto"), ["http"]);
  assert.deepEqual(exchange.values("spin-client-addr"), []);
});

test("an encoded body passes as it is, and nothing is asked to be encoded that the client did not ask for", async () => {
  const response = client("GET /zip HTTP/1.1\r\nhost: gateway\r\n\r\n");
  const exchange = await upstream.arrival();
  assert.deepEqual(exchange.values("accept-encoding"), ["identity"]);
  exchange.answer("not really gzip", "content-encoding: gzip\r\n");
  const head = await response.until("not really gzip");
  assert.match(head, /content-encoding: gzip\r\n/i);
  response.destroy();
});

test("many requests at once share the instances that there are", async () => {
  const requests = Array.from({ length: 120 }, (_, index) => fetch(`${gate.origin}/many/${index}`).then((response) => response.text()));
  // All that fit are here before the first is answered; the others follow.
  for (let index = 0; index < 120; index++) {
    const exchange = await upstream.arrival();
    const [, path] = /^GET (\S+) /.exec(exchange.head);
    exchange.answer(path);
  }
  assert.deepEqual(await Promise.all(requests), Array.from({ length: 120 }, (_, index) => `/many/${index}`));
});

test("what the component logs is a line each", async () => {
  // Lines come on their own way, maybe after the answer.
  for (;;) {
    const lines = gate.log.filter((line) => line.startsWith('{"time"')).map((line) => JSON.parse(line));
    if (lines.some(({ path, status }) => path === "/cookies" && status === 200)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});

test("an instance that trapped is replaced, and the client gets the gateway's kind of error", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-traps-"));
  const component = join(folder, "traps.wasm");
  writeFileSync(component, trapsTheSecondTime());
  const traps = await gateway(["--component", component]);
  try {
    for (let index = 0; index < 5; index++) {
      const response = await fetch(traps.origin);
      assert.equal(response.status, 500);
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
      const { error, message } = await response.json();
      assert.equal(error, "Gateway Error");
      assert.ok(!/unreachable|wasm/.test(message), message);
    }
  } finally {
    await traps.stop();
    rmSync(folder, { recursive: true });
  }
  // Of five requests the second and the fourth met an instance that had served one: it was used again, and its successor was new.
  assert.equal(traps.log.filter((line) => line.includes("the component trapped")).length, 2);
});
