"""The app as ASGI, for uvicorn."""

import asyncio
import base64
import hashlib
import json
import os
import re
from urllib.parse import parse_qs

GZIP = base64.b64decode("H4sIAAAAAAACA0vOzy0oSi0uTk1RSKpUKMlIVUhKTM5OzUvhAgBaLhqKGgAAAA==")
DIGITS = b"0123456789"


async def hashed(receive):
    digest, length, more = hashlib.sha256(), 0, True
    while more:
        message = await receive()
        chunk, more = message.get("body", b""), message.get("more_body", False)
        digest.update(chunk)
        length += len(chunk)
    return json.dumps({"sha256": digest.hexdigest(), "length": length}).encode()


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    asked = dict(scope["headers"])

    async def head(status, *fields):
        await send({"type": "http.response.start", "status": status, "headers": list(fields)})

    async def body(chunk, more=False):
        await send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def text(status, chunk, *fields):
        await head(status, (b"content-type", b"text/plain"), (b"content-length", str(len(chunk)).encode()), *fields)
        await body(chunk)

    async def halves(kind, first, second):
        await head(200, (b"content-type", kind))
        await body(first, True)
        gate = parse_qs(scope["query_string"].decode())["gate"][0]
        while not os.path.exists(os.path.join(os.environ["GATES"], gate)):
            await asyncio.sleep(0.005)
        await body(second)

    path = scope["path"]
    if path == "/hash":
        await text(200, await hashed(receive))
    elif path == "/refuse":
        await text(413, b"too large")
    elif path == "/etag":
        if asked.get(b"if-none-match") == b'"v1"':
            await head(304, (b"etag", b'"v1"'))
            await body(b"")
        else:
            await text(200, b"tagged", (b"etag", b'"v1"'), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"))
    elif path == "/range":
        part = re.fullmatch(rb"bytes=(\d+)-(\d+)", asked.get(b"range", b""))
        if not part:
            await text(200, DIGITS)
        elif int(part[1]) >= len(DIGITS):
            await text(416, b"", (b"content-range", b"bytes */10"))
        else:
            first, last = int(part[1]), int(part[2])
            await text(206, DIGITS[first : last + 1], (b"content-range", f"bytes {first}-{last}/10".encode()))
    elif path == "/gzip":
        await text(200, GZIP, (b"content-encoding", b"gzip"))
    elif path == "/redirect-to-https":
        if asked.get(b"x-forwarded-proto") == b"https":
            await text(200, b"secure")
        else:
            host = asked.get(b"x-forwarded-host", asked[b"host"])
            await text(302, b"", (b"location", b"https://" + host + path.encode()))
    elif path == "/stream":
        await halves(b"text/plain", b"first\n", b"second\n")
    elif path == "/sse":
        await halves(b"text/event-stream", b"data: first\n\n", b"data: second\n\n")
    elif path == "/wait":
        await asyncio.sleep(0.05)
        await text(200, b"ok")
    elif path == "/broken":
        await text(500, b"broken")
    elif path == "/missing":
        await text(404, b"missing")
    else:
        await text(200, b"ok")
