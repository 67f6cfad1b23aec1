// The app on Bun.serve. Says on which port it listens.
import { existsSync } from "node:fs";

const gzip = Buffer.from("H4sIAAAAAAACA0vOzy0oSi0uTk1RSKpUKMlIVUhKTM5OzUvhAgBaLhqKGgAAAA==", "base64");
const digits = "0123456789";

async function* halves(gate: string, first: string, second: string) {
  yield first;
  while (!existsSync(`${process.env.GATES}/${gate}`)) await Bun.sleep(5);
  yield second;
}

async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const fields = request.headers;
  const gate = url.searchParams.get("gate") ?? "";
  switch (url.pathname) {
    case "/hash": {
      const hash = new Bun.CryptoHasher("sha256");
      let length = 0;
      for await (const chunk of request.body ?? []) {
        hash.update(chunk);
        length += chunk.length;
      }
      return Response.json({ sha256: hash.digest("hex"), length });
    }
    case "/refuse":
      return new Response("too large", { status: 413 });
    case "/etag": {
      if (fields.get("if-none-match") === '"v1"') return new Response(null, { status: 304, headers: { etag: '"v1"' } });
      return new Response("tagged", { headers: [["etag", '"v1"'], ["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
    }
    case "/range": {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(fields.get("range") ?? "") ?? [];
      if (from === undefined) return new Response(digits);
      if (Number(from) >= digits.length) return new Response("", { status: 416, headers: { "content-range": "bytes */10" } });
      const part = digits.slice(Number(from), Number(to) + 1);
      return new Response(part, { status: 206, headers: { "content-range": `bytes ${from}-${to}/10` } });
    }
    case "/gzip":
      return new Response(gzip, { headers: { "content-type": "text/plain", "content-encoding": "gzip" } });
    case "/redirect-to-https": {
      if (fields.get("x-forwarded-proto") === "https") return new Response("secure");
      const host = fields.get("x-forwarded-host") ?? fields.get("host");
      return new Response(null, { status: 302, headers: { location: `https://${host}${url.pathname}` } });
    }
    case "/stream":
      return new Response(halves(gate, "first\n", "second\n") as any, { headers: { "content-type": "text/plain" } });
    case "/sse":
      return new Response(halves(gate, "data: first\n\n", "data: second\n\n") as any, { headers: { "content-type": "text/event-stream" } });
    case "/wait":
      await Bun.sleep(50);
      return new Response("ok");
    case "/broken":
      return new Response("broken", { status: 500 });
    case "/missing":
      return new Response("missing", { status: 404 });
    default:
      return new Response("ok");
  }
}

// Seconds; Bun's own default is ten.
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 1, fetch: answer });
console.log(`listening on http://127.0.0.1:${server.port} with Bun ${Bun.version}`);
