#!/bin/bash
# Whether the gateway in this container answers GET /health with 200. bash alone, because the image holds no HTTP client.
set -eu
port=${GATEWAY_LISTEN:-0.0.0.0:3000}
port=${port##*:}
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n' >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
