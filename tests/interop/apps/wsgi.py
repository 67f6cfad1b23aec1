"""The app as WSGI, for gunicorn."""

import base64
import hashlib
import json
import os
import re
import socket
import time
from urllib.parse import parse_qs

GZIP = base64.b64decode("H4sIAAAAAAACA0vOzy0oSi0uTk1RSKpUKMlIVUhKTM5OzUvhAgBaLhqKGgAAAA==")
DIGITS = b"0123456789"


def halves(gate, first, second):
    yield first
    while not os.path.exists(os.path.join(os.environ["GATES"], gate)):
        time.sleep(0.005)
    yield second


class ThenClose(list):
    """A body after which the connection ends, 2 ms later and without a word."""

    def __init__(self, body, connection):
        super().__init__([body])
        self.connection = connection

    def close(self):
        time.sleep(0.002)
        self.connection.shutdown(socket.SHUT_RDWR)


def hashed(body):
    digest, length = hashlib.sha256(), 0
    while chunk := body.read(65536):
        digest.update(chunk)
        length += len(chunk)
    return json.dumps({"sha256": digest.hexdigest(), "length": length}).encode()


def app(environ, start_response):
    def text(status, body, *fields):
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *fields])
        return [body]

    path = environ["PATH_INFO"]
    gate = parse_qs(environ["QUERY_STRING"]).get("gate", [""])[0]
    if path == "/hash":
        return text("200 OK", hashed(environ["wsgi.input"]))
    if path == "/refuse":
        return text("413 Content Too Large", b"too large")
    if path == "/etag":
        if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
            start_response("304 Not Modified", [("ETag", '"v1"')])
            return []
        return text("200 OK", b"tagged", ("ETag", '"v1"'), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    if path == "/range":
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", environ.get("HTTP_RANGE", ""))
        if not asked:
            return text("200 OK", DIGITS)
        first, last = int(asked[1]), int(asked[2])
        if first >= len(DIGITS):
            return text("416 Range Not Satisfiable", b"", ("Content-Range", "bytes */10"))
        part = DIGITS[first : last + 1]
        return text("206 Partial Content", part, ("Content-Range", f"bytes {first}-{last}/10"))
    if path == "/gzip":
        return text("200 OK", GZIP, ("Content-Encoding", "gzip"))
    if path == "/redirect-to-https":
        if environ.get("HTTP_X_FORWARDED_PROTO") == "https":
            return text("200 OK", b"secure")
        host = environ.get("HTTP_X_FORWARDED_HOST", environ["HTTP_HOST"])
        return text("302 Found", b"", ("Location", f"https://{host}{path}"))
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return halves(gate, b"first\n", b"second\n")
    if path == "/sse":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return halves(gate, b"data: first\n\n", b"data: second\n\n")
    if path == "/wait":
        time.sleep(0.05)
        return text("200 OK", b"ok")
    if path == "/slow-close":
        text("200 OK", b"ok")
        return ThenClose(b"ok", environ["gunicorn.socket"])
    if path == "/broken":
        return text("500 Internal Server Error", b"broken")
    if path == "/missing":
        return text("404 Not Found", b"missing")
    return text("200 OK", b"ok")
