// A client on Node: fetch. Prints a line per exchange.
const [, , address] = process.argv;
const size = 20_000_000;
const url = `http://${address}`;
const backend = { "x-backend": "for-client" };

for (let number = 0; number < 3; number++) {
  const answer = await fetch(`${url}/`, { headers: backend });
  console.log("answers", answer.status, await answer.text());
}
const upload = await fetch(`${url}/hash`, { method: "POST", body: Buffer.alloc(size), headers: backend });
console.log("upload", upload.status, await upload.text());
const pieces = new ReadableStream({
  start(controller) {
    for (let number = 0; number < 100; number++) controller.enqueue(new Uint8Array(size / 100));
    controller.close();
  },
});
const chunked = await fetch(`${url}/hash`, { method: "POST", body: pieces, duplex: "half", headers: backend });
console.log("upload-chunked", chunked.status, await chunked.text());
const refused = await fetch(`${url}/`, { method: "POST", body: Buffer.alloc(size), headers: { "x-backend": "nope" } });
console.log("refused", refused.status, refused.headers.get("content-type"));
