#!/bin/sh
# Starts the gateway with the environment of its container: NAME becomes SPIN_VARIABLE_NAME for every variable that the manifest declares,
# so that ENVIRONMENT=cloud or BACKEND_CF_D1_URL=http://cf-d1:8787 are enough. A SPIN_VARIABLE_NAME that is set already wins; an empty value
# counts as none, as it is what `NAME: ${NAME:-}` in a compose file makes of an unset one.
#
# Arguments are further flags of `gateway-host up`, for example --key-value.
set -eu

manifest=${GATEWAY_MANIFEST:-/app/spin.toml}

names=$(sed -n '/^\[variables\]/,/^\[/s/^\([a-z][a-z0-9_]*\) *=.*/\1/p' "$manifest")
for name in $names; do
  upper=$(printf %s "$name" | LC_ALL=C tr '[:lower:]' '[:upper:]')
  eval "value=\${SPIN_VARIABLE_$upper:-\${$upper:-}}"
  # The manifest's defaults are ports of this machine, and in a container nothing but the gateway listens on those. A host under .invalid
  # means "not configured".
  case $name in backend_*_url) value=${value:-http://not-configured.invalid} ;; esac
  if [ -n "$value" ]; then
    export "SPIN_VARIABLE_$upper=$value"
  fi
done

# exec: the host takes this process over, and with it SIGTERM.
exec gateway-host up --from "$manifest" --listen "${GATEWAY_LISTEN:-0.0.0.0:3000}" --state-dir "${GATEWAY_STATE_DIR:-/data}" --no-example "$@"
