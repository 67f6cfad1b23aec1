"""A client in Python: http.client and urllib. Prints a line per exchange."""

import http.client
import sys
import urllib.error
import urllib.request

address, size = sys.argv[1], 20_000_000
backend = {"x-backend": "for-client"}

connection = http.client.HTTPConnection(address)
for _ in range(3):
    connection.request("GET", "/", headers=backend)
    answer = connection.getresponse()
    print("answers", answer.status, answer.read().decode())
connection.request("POST", "/hash", bytes(size), backend)
answer = connection.getresponse()
print("upload", answer.status, answer.read().decode())
connection.request("POST", "/hash", (bytes(size // 100) for _ in range(100)), backend, encode_chunked=True)
answer = connection.getresponse()
print("upload-chunked", answer.status, answer.read().decode())

try:
    urllib.request.urlopen(urllib.request.Request(f"http://{address}/", bytes(size), {"x-backend": "nope"}))
except urllib.error.HTTPError as error:
    print("refused", error.code, error.headers["content-type"])
