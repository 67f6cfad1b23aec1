// Whether the check finds what it is for. A proxy in front of a backend that is right, whose URL is in BACKEND, spoils the answers in the ways
// in which implementations of the API were seen to differ, or dresses them as frameworks do by default, which is no difference.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import http from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const { BACKEND } = process.env;
if (!BACKEND) throw new Error("BACKEND must be the URL of a backend that is as openapi.yaml says");

const ONE_TASK = /^\/tasks\/[^/]+$/;

/** Changes each task or project in an answer. */
const eachItem = (change) => (answer) => {
  if (answer.status >= 300 || answer.path === "/health") return;
  answer.json = Array.isArray(answer.json) ? answer.json.map(change) : answer.json && change(answer.json);
};

/** What the test is called, what is done to an answer, what the check has to say, and what is done to the path of a request. */
const FAULTS = [
  ["tasks without a description", eachItem(({ description, ...rest }) => rest), "must have required property 'description'"],
  ["a POST that is answered without a body", (answer) => {
    if (answer.method === "POST" && answer.status === 201) answer.json = undefined;
  }, "the body is empty"],
  ["single tasks that are never found", (answer) => {
    if (answer.method !== "GET" || !ONE_TASK.test(answer.path) || answer.status !== 200) return;
    [answer.status, answer.json] = [404, { error: "Not Found", message: "no such task" }];
  }, /GET \/tasks\/<five>.*\n.*status.*\n.*is +404\n.*wanted 200/],
  ["a DELETE that is answered with 200 and a body", (answer) => {
    if (answer.method === "DELETE" && answer.status === 204) [answer.status, answer.json] = [200, { message: "deleted" }];
  }, /DELETE .*\n.*status.*\n.*is +200\n.*wanted 204/],
  ["ids that are numbers", eachItem((item) => ({ ...item, id: 1 })), "data/id must be string"],
  ["times in the form of a database", eachItem((item) => ({ ...item, created_at: item.created_at?.replace("T", " ").replace("Z", "") })), 'must match format "date-time"'],
  ["the oldest first", (answer) => {
    if (Array.isArray(answer.json)) answer.json.reverse();
  }, "the list"],
  ["a status that does not filter", () => {}, /GET \/tasks\?status=inbox.*\n.*the list/, (path) => path.replace(/\?status=inbox$/, "")],
  ["a creation without its location", (answer) => delete answer.headers.location, "the header location is missing"],
  ["an error that is a page", (answer) => {
    if (answer.status === 404) answer.headers["content-type"] = "text/html";
  }, "no content type text/html"],
  ["an error without a message", (answer) => delete answer.json?.message, "must have required property 'message'"],
  ["an error that does not name the fields", (answer) => delete answer.json?.details, "the fields in details"],
  ["mistakes that are a 422", (answer) => {
    if (answer.status === 400) answer.status = 422;
  }, /status.*\n.*is +422\n.*wanted 400/],
];

const DRESSES = [
  ["parameters of the media type", (answer) => {
    if (answer.json !== undefined) answer.headers["content-type"] = "Application/JSON; charset=utf-8";
  }],
  ["an ETag and a cache-control", (answer) => Object.assign(answer.headers, { etag: 'W/"1"', "cache-control": "max-age=0, private, must-revalidate" })],
  ["a location with the origin", (answer, origin) => {
    if (answer.headers.location) answer.headers.location = new URL(answer.headers.location, origin).href;
  }],
  ["no x-served-by", (answer) => delete answer.headers["x-served-by"]],
  ["members in another order, and times in seconds", eachItem((item) => {
    const inSeconds = Object.entries(item).map(([name, value]) => [name, name.endsWith("_at") ? value.replace(/\.\d+Z$/, "Z") : value]);
    return Object.fromEntries(inSeconds.reverse());
  })],
  ["errors in other words", (answer) => {
    if (answer.json?.message !== undefined) answer.json.message = "C'est faux.";
  }],
];

for (const [what, fault, found, rewrite] of FAULTS) {
  test(`the check finds ${what}`, async () => {
    const { failed, text } = await withProxy(fault, rewrite, (url) => check(`spoiled=${url}`));
    assert(failed, text);
    assert.match(text, typeof found === "string" ? new RegExp(found.replace(/[/?]/g, "\\$&")) : found);
  });
}

for (const [what, dress] of DRESSES) {
  test(`the check lets pass ${what}`, async () => {
    const { failed, text } = await withProxy(dress, undefined, (url) => check(`plain=${BACKEND}`, `dressed=${url}`));
    assert(!failed, text);
  });
}

/** How the check ends, and what it says of failures. */
function check(...ways) {
  const program = fileURLToPath(new URL("check.mjs", import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...ways], (error, stdout, stderr) => {
      const lines = stdout.split("\n").filter((line) => !line.startsWith("ok "));
      resolve({ failed: error?.code === 1, text: lines.join("\n") + stderr });
    });
  });
}

/** Runs `use` with the URL of a proxy that changes each answer, and the path of each request. */
async function withProxy(change, rewrite = (path) => path, use) {
  const proxy = http.createServer(async (incoming, outgoing) => {
    const body = Buffer.concat(await incoming.toArray());
    const url = new URL(BACKEND);
    const { method, url: path } = incoming;
    const options = { method, path: rewrite(path), headers: { ...incoming.headers, "content-length": body.length }, agent: false };
    delete options.headers["transfer-encoding"];
    const upstream = http.request(url, options, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      const { "content-length": length, "transfer-encoding": coding, connection, "keep-alive": kept, ...headers } = response.headers;
      const seen = { method, path: path.replace(/\?.*/, ""), status: response.statusCode, headers, json: text ? JSON.parse(text) : undefined };
      change(seen, `http://${incoming.headers.host}`);
      outgoing.writeHead(seen.status, seen.headers);
      outgoing.end(seen.json === undefined ? "" : JSON.stringify(seen.json));
    });
    upstream.on("error", () => outgoing.destroy());
    upstream.end(body);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${proxy.address().port}`);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
}
