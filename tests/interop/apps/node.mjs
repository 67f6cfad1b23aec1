// The app on Node's http server. Says on which port it listens.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const gzip = Buffer.from("H4sIAAAAAAACA0vOzy0oSi0uTk1RSKpUKMlIVUhKTM5OzUvhAgBaLhqKGgAAAA==", "base64");
const digits = "0123456789";

async function gate(name) {
  while (!existsSync(`${process.env.GATES}/${name}`)) await pause(5);
}

async function halves(response, type, gateName, first, second) {
  response.writeHead(200, { "content-type": type });
  response.write(first);
  await gate(gateName);
  response.end(second);
}

async function answer(request, response) {
  const url = new URL(request.url, "http://app");
  const text = (status, body, fields = {}) =>
    response.writeHead(status, { "content-type": "text/plain", "content-length": body.length, ...fields }).end(body);
  switch (url.pathname) {
    case "/hash": {
      const hash = createHash("sha256");
      let length = 0;
      for await (const chunk of request) {
        hash.update(chunk);
        length += chunk.length;
      }
      return text(200, JSON.stringify({ sha256: hash.digest("hex"), length }));
    }
    case "/refuse":
      return text(413, "too large");
    case "/etag":
      return request.headers["if-none-match"] === '"v1"'
        ? response.writeHead(304, { etag: '"v1"' }).end()
        : text(200, "tagged", { etag: '"v1"', "set-cookie": ["a=1", "b=2"] });
    case "/range": {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      if (from === undefined) return text(200, digits);
      if (from >= digits.length) return text(416, "", { "content-range": "bytes */10" });
      return text(206, digits.slice(from, Number(to) + 1), { "content-range": `bytes ${from}-${to}/10` });
    }
    case "/gzip":
      return response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" }).end(gzip);
    case "/redirect-to-https": {
      const host = request.headers["x-forwarded-host"] ?? request.headers.host;
      return request.headers["x-forwarded-proto"] === "https"
        ? text(200, "secure")
        : text(302, "", { location: `https://${host}${request.url}` });
    }
    case "/stream":
      return halves(response, "text/plain", url.searchParams.get("gate"), "first\n", "second\n");
    case "/sse":
      return halves(response, "text/event-stream", url.searchParams.get("gate"), "data: first\n\n", "data: second\n\n");
    case "/wait":
      await pause(50);
      return text(200, "ok");
    case "/slow-close":
      response.on("finish", () => setTimeout(() => request.socket.destroy(), 2));
      return text(200, "ok");
    case "/broken":
      return text(500, "broken");
    case "/missing":
      return text(404, "missing");
    default:
      return text(200, "ok");
  }
}

const server = createServer(answer);
// Milliseconds; Node's own default is five seconds.
server.keepAliveTimeout = 1000;
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port} with Node ${process.version}`));
