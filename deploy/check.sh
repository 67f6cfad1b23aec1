#!/usr/bin/env bash
# Checks everything for deployment, without a Docker engine or a cluster: linters, `docker compose config`, schemas, and what the files must
# agree on. What is missing is installed into target/deploy-tools, from the registries of Python and Debian, and nothing on the machine is
# changed. What cannot be checked is named as SKIPPED. Exit status: 1 if a check failed.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/${DEPLOY_TOOLS:-target/deploy-tools}
mkdir -p "$tools"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# try NAME COMMAND...: runs it and says how it went; its output is shown if it fails.
try() {
  local name=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    printf 'ok       %s\n' "$name"
    passed=$((passed + 1))
  else
    printf 'FAILED   %s\n' "$name"
    sed 's/^/         /' "$work/output"
    failed=$((failed + 1))
  fi
}

skip() {
  printf 'SKIPPED  %s: %s\n' "$1" "$2"
  skipped=$((skipped + 1))
}

# The Python tools, in the versions of requirements.txt.
python_tools() {
  local wanted=deploy/tests/requirements.txt
  cmp -s "$wanted" "$tools/python/installed" && return
  rm -rf "$tools/python"
  python3 -m venv "$tools/python" && "$tools/python/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" &&
    cp "$wanted" "$tools/python/installed"
}

# apt with sources, lists and a cache of its own: the machine's Debian mirror, the release that has what we look for. Downloads, never installs.
# debian SUITE PACKAGE unpacks the package into $tools/PACKAGE.
debian() {
  local suite=$1 package=$2 apt mirror
  # shellcheck disable=SC2016 # apt fills these in
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk '$3 == "main" && $1 ~ /debian\/?$/ && $2 !~ /security/ { print $1; exit }')
  [ -n "$mirror" ] || return 1
  apt=$work/apt
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,parts}
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nTargets: Packages\nSigned-By: %s\n' \
    "$mirror" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg >"$apt/parts/debian.sources"
  local options=(-q -o "Dir::Etc::SourceParts=$apt/parts" -o Dir::Etc::SourceList=/dev/null -o "Dir::State::Lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o APT::Update::Error-Mode=any)
  timeout 300 apt-get "${options[@]}" update && (cd "$apt" && timeout 300 apt-get "${options[@]}" download "$package") &&
    rm -rf "$tools/$package.new" && dpkg-deb -x "$apt/$package"_*.deb "$tools/$package.new" && mv "$tools/$package.new" "$tools/$package"
}

# Sets `compose`. Version 1, which some distributions still have, does not know the format.
find_compose() {
  if docker compose version; then
    compose=(docker compose)
  elif docker-compose version --short | grep -q '^v\?[2-9]'; then
    compose=(docker-compose)
  else
    [ -d "$tools/docker-compose" ] || debian trixie docker-compose || return
    compose=("$tools/docker-compose/usr/libexec/docker/cli-plugins/docker-compose")
    "${compose[@]}" version
  fi
}

find_shellcheck() {
  shellcheck=shellcheck
  command -v shellcheck && return
  [ -d "$tools/shellcheck" ] || debian trixie shellcheck || return
  shellcheck=$tools/shellcheck/usr/bin/shellcheck
  "$shellcheck" --version
}

compose_file() { # OUTPUT FILE...: what Compose makes of these files, on a machine without settings of its own.
  local output=$1 arguments=() file
  shift
  for file in "$@"; do arguments+=(-f "$file"); done
  env -u GATEWAY_ADDRESS -u ENVIRONMENT -u REQUEST_TIMEOUT COMPOSE_DISABLE_ENV_FILE=1 \
    "${compose[@]}" --env-file /dev/null --project-directory . "${arguments[@]}" config --format json >"$output"
}

unit() { # The program need not be installed here.
  sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#' deploy/systemd/gateway.service >"$work/gateway.service"
  systemd-analyze verify "$work/gateway.service" && systemd-analyze security --offline=true --no-pager --threshold=15 "$work/gateway.service"
}

mapfile -t scripts < <(find deploy .ci crates -type f \( -name '*.sh' -o -path '.ci/run' \) | sort)
mapfile -t dockerfiles < <(find Dockerfile deploy -name '*Dockerfile' | sort)
mapfile -t yaml < <(find . -maxdepth 1 -name 'docker-compose*.yml' | sort; find deploy -name '*.yaml' -o -name '*.yml' | sort)

if find_shellcheck >"$work/reason" 2>&1; then
  try "shell scripts (shellcheck, ${#scripts[@]} files)" "$shellcheck" "${scripts[@]}"
else
  skip 'shell scripts' "no shellcheck here, and it cannot be downloaded: $(tail -n 1 "$work/reason")"
fi

try 'entry point of the container' sh deploy/tests/entrypoint.sh

composed=()
if find_compose >"$work/reason" 2>&1; then
  try 'docker-compose.yml (docker compose config)' compose_file "$work/compose.json" docker-compose.yml
  try 'docker-compose.override.example.yml' compose_file "$work/override.json" docker-compose.yml docker-compose.override.example.yml
  composed=("$work/compose.json" "$work/override.json")
else
  skip 'docker compose config' "no Compose 2 here, and it cannot be downloaded: $(tail -n 1 "$work/reason")"
fi

if python_tools >"$work/reason" 2>&1; then
  bin=$tools/python/bin
  try "Dockerfiles (hadolint, ${#dockerfiles[@]} files)" "$bin/hadolint" "${dockerfiles[@]}"
  try "YAML (yamllint, ${#yaml[@]} files)" "$bin/yamllint" --strict -c deploy/tests/yamllint.yml "${yaml[@]}"
  # SpinApp is no resource of Kubernetes itself; verify.py looks at it.
  try 'Kubernetes resources (kubernetes-validate)' "$bin/kubernetes-validate" --strict --no-warn deploy/spinkube/*.yaml
  try 'agreement of all files (verify.py)' "$bin/python" deploy/tests/verify.py "${composed[@]}"
else
  for name in Dockerfiles YAML 'Kubernetes resources' 'agreement of all files'; do
    skip "$name" "the tools of deploy/tests/requirements.txt cannot be installed: $(tail -n 1 "$work/reason")"
  done
fi

if command -v systemd-analyze >/dev/null; then
  try 'systemd unit (systemd-analyze verify, security)' unit
else
  skip 'systemd unit' 'no systemd-analyze here'
fi

printf '\ndeploy: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
