#!/bin/sh
# The container's entry point, with a stand-in for the host that prints what it was started with.
set -eu
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '#!/bin/sh\necho "pid $$"; echo "arguments $*"; env | grep ^SPIN_VARIABLE_ | sort\n' >"$folder/gateway-host"
chmod +x "$folder/gateway-host"

cat >"$folder/spin.toml" <<'TOML'
name = "not_a_variable"
[variables]
# comment = { default = "" }
environment = { default = "local" }
request_timeout={ default = "30s" }
cloud_hosts   = { default = "x" }
backend_cf_d1_url = { default = "http://127.0.0.1:8787" }
backend_ruby_rails_url = { default = "http://127.0.0.1:3002" }
backend_cf_d1_authorization = { default = "", secret = true }
[component.gateway.variables]
other = "{{ environment }}"
TOML

failed=0
# expect DESCRIPTION LINE: this line is in what the stand-in printed. refuse: it is not.
expect() { grep -qxF -- "$2" "$folder/out" || { echo "entrypoint: $1: no line '$2' in:"; cat "$folder/out"; failed=1; }; }
refuse() { ! grep -q -- "$2" "$folder/out" || { echo "entrypoint: $1: a line has '$2' in:"; cat "$folder/out"; failed=1; }; }

# Words, quotes and dollars are nothing special in a value.
# shellcheck disable=SC2016
env -i PATH="$folder:$PATH" GATEWAY_MANIFEST="$folder/spin.toml" GATEWAY_STATE_DIR=/state \
  ENVIRONMENT=cloud REQUEST_TIMEOUT= BACKEND_CF_D1_URL=http://cf-d1:8787 OTHER=1 COMMENT=1 NAME=1 UNKNOWN=1 \
  CLOUD_HOSTS='https://a b"$(c)`d`' SPIN_VARIABLE_BACKEND_CF_D1_AUTHORIZATION='Bearer set' BACKEND_CF_D1_AUTHORIZATION='Bearer other' \
  sh -c 'echo "shell $$"; exec sh deploy/docker/entrypoint.sh --key-value "k=v w"' >"$folder/out"

expect 'a plain name is mapped' 'SPIN_VARIABLE_ENVIRONMENT=cloud'
expect 'a URL is mapped' 'SPIN_VARIABLE_BACKEND_CF_D1_URL=http://cf-d1:8787'
# shellcheck disable=SC2016
expect 'a value stays as it is' 'SPIN_VARIABLE_CLOUD_HOSTS=https://a b"$(c)`d`'
expect 'the full name wins' 'SPIN_VARIABLE_BACKEND_CF_D1_AUTHORIZATION=Bearer set'
expect 'a backend without a URL is not configured' 'SPIN_VARIABLE_BACKEND_RUBY_RAILS_URL=http://not-configured.invalid'
refuse 'an empty value is none' REQUEST_TIMEOUT
refuse 'only declared names are mapped' 'OTHER\|COMMENT\|NAME\|UNKNOWN'
expect 'flags follow' "arguments up --from $folder/spin.toml --listen 0.0.0.0:3000 --state-dir /state --no-example --key-value k=v w"
expect 'the host takes over the process' "pid $(sed -n 's/^shell //p' "$folder/out")"

# The manifest of the repository: every name it declares, and nothing else.
# shellcheck disable=SC2046
env -i PATH="$folder:$PATH" GATEWAY_MANIFEST=spin.toml \
  $(python3 -c 'import tomllib; print(*(f"{name.upper()}=1" for name in tomllib.load(open("spin.toml", "rb"))["variables"]))') \
  sh deploy/docker/entrypoint.sh | sed -n 's/=1$//p' >"$folder/mapped"
python3 -c 'import tomllib; print(*sorted("SPIN_VARIABLE_" + name.upper() for name in tomllib.load(open("spin.toml", "rb"))["variables"]), sep="\n")' \
  | LC_ALL=C sort >"$folder/declared"
LC_ALL=C sort "$folder/mapped" | diff - "$folder/declared" || { echo 'entrypoint: not all variables of spin.toml are mapped'; failed=1; }
exit "$failed"
