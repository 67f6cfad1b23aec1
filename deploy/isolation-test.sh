#!/usr/bin/env bash
# Who reaches whom when the gateway stands between a public and an internal network, as in docker-compose.yml, without a Docker engine: the
# same processes in network namespaces that exist for this test only.
#
#   client 10.203.0.1 ──(public)── 10.203.0.2 gateway 10.203.1.1 ──(internal)── 10.203.1.2 bun-sqlite
#
# The gateway is started by the container's entry point, as Compose starts it: without capabilities, settings by their plain names, and no
# forwarding. Needs root on Linux, `ip`, curl, and npm for the backend; without them it prints SKIPPED and why. Exit status: 1 if a check
# failed.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
target=${CARGO_TARGET_DIR:-target}

skip() {
  echo "SKIPPED  network isolation: $1"
  exit 0
}

[ "$(id -u)" = 0 ] || skip 'network namespaces need root'
for program in ip curl npm setpriv; do
  command -v "$program" >/dev/null || skip "no $program here"
done

client=shootout-client-$$ gateway=shootout-gateway-$$ backend=shootout-backend-$$
work=$(mktemp -d)
made=() passed=0 failed=0

# Everything that still runs in the namespaces, whoever started it.
running() { for namespace in "${made[@]}"; do ip netns pids "$namespace" 2>/dev/null || true; done; }
end() { for pid in $(running); do kill "-$1" "$pid" 2>/dev/null || true; done; }
clean() {
  end TERM
  for _ in $(seq 50); do [ -n "$(running)" ] || break; sleep 0.1; done
  end KILL
  # With a namespace go its interfaces, and the other ends of their pairs.
  for namespace in "${made[@]}"; do ip netns del "$namespace" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

for namespace in "$client" "$gateway" "$backend"; do
  ip netns add "$namespace" 2>"$work/reason" || skip "ip netns add: $(cat "$work/reason")"
  made+=("$namespace")
  ip -n "$namespace" link set lo up
done
pair() { # NAMESPACE ADDRESS NAMESPACE ADDRESS: a network of two. Both ends are made inside, the machine's own interfaces stay as they are.
  ip -n "$1" link add "to-$5" type veth peer name "to-$6" netns "$3" 2>"$work/reason" || skip "ip link add: $(cat "$work/reason")"
  ip -n "$1" address add "$2" dev "to-$5" && ip -n "$1" link set "to-$5" up
  ip -n "$3" address add "$4" dev "to-$6" && ip -n "$3" link set "to-$6" up
}
pair "$client" 10.203.0.1/24 "$gateway" 10.203.0.2/24 gateway client
pair "$gateway" 10.203.1.1/24 "$backend" 10.203.1.2/24 backend gateway
# The `sysctls` of docker-compose.yml.
ip netns exec "$gateway" sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'

# Started in a namespace, without capabilities; sets `pid`. `ip` and `setpriv` become the program, so the signals are the program's.
start() { # NAMESPACE LOG COMMAND...
  local namespace=$1 log=$2
  shift 2
  ip netns exec "$namespace" setpriv --bounding-set -all --inh-caps -all --no-new-privs "$@" >"$work/$log" 2>&1 </dev/null &
  pid=$!
}
await() { # LOG COMMAND...: until the command succeeds, for 30 s.
  local log=$1
  shift
  for _ in $(seq 150); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  echo "FAILED   in 30 s this did not succeed: $*"
  sed 's/^/         /' "$work/$log"
  exit 1
}
get() { # NAMESPACE URL [CURL-OPTION...]: prints the status; 000 and an error's number mean no answer.
  local namespace=$1 url=$2
  shift 2
  ip netns exec "$namespace" curl -s --noproxy '*' --connect-timeout 2 --max-time 5 -o "$work/body" -w '%{http_code}' "$@" "$url" || printf ' (curl %s)' "$?"
}
expect() { # DESCRIPTION PATTERN RESULT
  # shellcheck disable=SC2053 # a pattern
  if [[ $3 == $2 ]]; then
    printf 'ok       %s (%s)\n' "$1" "$3"
    passed=$((passed + 1))
  else
    printf 'FAILED   %s: expected %s, got %s\n' "$1" "$2" "$3"
    failed=$((failed + 1))
  fi
}

if [ ! -x "$target/debug/gateway-host" ]; then cargo build --quiet --package gateway-cli --bin gateway-host; fi
if [ ! -f target/wasm32-wasip2/release/gateway.wasm ]; then cargo run --quiet --package gateway-build; fi
if [ ! -d examples/backends/bun-sqlite/node_modules ]; then
  (cd examples/backends/bun-sqlite && timeout 300 npm ci >"$work/npm" 2>&1) || skip "npm ci in examples/backends/bun-sqlite: $(tail -n 1 "$work/npm")"
fi

start "$backend" backend.log env HOST=0.0.0.0 PORT=3001 DATABASE=:memory: HOME="$work" npm start --prefix examples/backends/bun-sqlite
await backend.log ip netns exec "$backend" curl -sf --noproxy '*' http://127.0.0.1:3001/health
# A listener on the client's side, to see that nothing inside gets out to it.
start "$client" listener.log node -e 'require("node:http").createServer((_, answer) => answer.end("client")).listen(8080, "0.0.0.0")'
await listener.log ip netns exec "$client" curl -sf --noproxy '*' http://127.0.0.1:8080/
start "$gateway" gateway.log env -i PATH="$(realpath "$target/debug"):$PATH" HOME="$work" GATEWAY_MANIFEST="$root/spin.toml" GATEWAY_STATE_DIR="$work/state" \
  ENVIRONMENT=local REQUEST_TIMEOUT=5s BACKEND_BUN_SQLITE_URL=http://10.203.1.2:3001 sh deploy/docker/entrypoint.sh
host=$pid
await gateway.log ip netns exec "$gateway" "$target/debug/gateway-host" health

expect 'the client gets the gateway' 200 "$(get "$client" http://10.203.0.2:3000/health)"
expect 'the client gets the backend through the gateway' 200 "$(get "$client" http://10.203.0.2:3000/tasks -H 'x-backend: bun-sqlite')"
expect 'what it gets are tasks' '*"title"*' "$(cat "$work/body")"
expect 'a backend without a URL is not configured' 400 "$(get "$client" http://10.203.0.2:3000/tasks -H 'x-backend: ruby-rails')"
expect 'the gateway itself gets the backend' 200 "$(get "$gateway" http://10.203.1.2:3001/tasks)"
expect 'the client does not get the backend' '000*' "$(get "$client" http://10.203.1.2:3001/tasks)"
expect 'the client does not get the inner side of the gateway' '000*' "$(get "$client" http://10.203.1.1:3000/health)"
expect 'the gateway gets the listener of the client' 200 "$(get "$gateway" http://10.203.0.1:8080/)"
expect 'the backend does not get the listener of the client' '000*' "$(get "$backend" http://10.203.0.1:8080/)"

# Now both sides are given a way through the gateway, which they would not have in Compose: it does not forward.
ip -n "$client" route add 10.203.1.0/24 via 10.203.0.2
ip -n "$backend" route add default via 10.203.1.1
expect 'the client does not get the backend with a route via the gateway' '000*' "$(get "$client" http://10.203.1.2:3001/tasks)"
expect 'the backend does not get the client with a route via the gateway' '000*' "$(get "$backend" http://10.203.0.1:8080/)"

expect 'the entry point became the host' '*/gateway-host' "$(readlink "/proc/$host/exe")"
expect 'the host has no capabilities' 0000000000000000 "$(sed -n 's/^CapEff:\t//p' "/proc/$host/status")"
kill -TERM "$host"
status=0
for _ in $(seq 100); do kill -0 "$host" 2>/dev/null || break; sleep 0.1; done
kill -0 "$host" 2>/dev/null && status=running || wait "$host" || status=$?
expect 'SIGTERM ends it in order' 0 "$status"

printf '\nisolation: %s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
