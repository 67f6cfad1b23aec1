"""What no linter knows about the files for deployment: that they agree with each other and with spin.toml.

Usage: verify.py [COMPOSE.json [COMPOSE-WITH-OVERRIDE.json]], as `docker compose config --format json` prints them. Needs PyYAML.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
VARIABLES = tomllib.loads((ROOT / "spin.toml").read_text())["variables"]
URLS = {name for name in VARIABLES if re.fullmatch("backend_.+_url", name)}
# A backend's credentials are a variable as soon as the manifest has it; the examples name one already.
NAMES = set(VARIABLES) | {re.sub("_url$", "_authorization", name) for name in URLS}

problems = []


def check(holds, message):
    if not holds:
        problems.append(message)


def origin(url, where):
    parts = urlsplit(url)
    check(
        parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username),
        f"{where}: {url!r} is no http or https URL without a path: Spin would refuse every request",
    )


def environment(where, given, prefix=""):
    """Names in capitals, as they stand in an environment."""
    for name, value in given.items():
        variable = name.removeprefix(prefix).lower()
        check(name.startswith(prefix) and variable in NAMES, f"{where}: {name} is no variable of spin.toml")
        if variable in URLS:
            origin(value, f"{where}: {name}")


def env_file(path, prefix="", also=()):
    """Examples that are commented out count too: somebody will take the # away."""
    lines = re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", path.read_text(), re.M)
    check(lines, f"{path.name}: holds no setting")
    environment(path.name, {name: value.strip("\"'") for name, value in lines if name not in also}, prefix)


def compose(path, others):
    config = json.loads(Path(path).read_text())
    services = config["services"]
    check(config["networks"]["backends"].get("internal") is True, "compose: the network of the backends must be internal")
    check(not config["networks"]["public"].get("internal"), "compose: the gateway's network must not be internal")
    environment("compose: gateway", services["gateway"]["environment"])
    for name, service in services.items():
        where = f"compose: {name}"
        check(service.get("read_only") is True, f"{where}: the root file system must be read-only")
        check(service.get("cap_drop") == ["ALL"] and not service.get("cap_add"), f"{where}: no capabilities")
        check("no-new-privileges:true" in service.get("security_opt", []), f"{where}: no-new-privileges is missing")
        check(not service.get("privileged") and not service.get("network_mode"), f"{where}: neither privileged nor a network of the machine")
        if name == "gateway":
            continue
        check(set(service["networks"]) == {"backends"}, f"{where}: a backend is on the internal network alone")
        check(not service.get("ports"), f"{where}: a backend publishes no ports")
        url = services["gateway"]["environment"].get(f"BACKEND_{name.replace('-', '_').upper()}_URL", "")
        check(urlsplit(url).hostname == name, f"{where}: the gateway has no URL for it")
    gateway = services["gateway"]
    check(set(gateway["networks"]) == {"public", "backends"}, "compose: the gateway is on both networks")
    check(gateway.get("sysctls", {}).get("net.ipv4.ip_forward") == "0", "compose: the gateway must not route between its networks")
    check([port["host_ip"] for port in gateway["ports"]] == ["127.0.0.1"], "compose: published on this machine alone, unless asked for")
    if others:
        check(len(services) - 1 == len(URLS), f"compose with the override: {len(services) - 1} backends, spin.toml has {len(URLS)}")
        return
    for name in services:
        check("build" in services[name] and services[name].get("volumes"), f"compose: {name} is built here and keeps data in a volume")
    for name, dependency in gateway["depends_on"].items():
        check(dependency["condition"] == "service_healthy", f"compose: the gateway waits until {name} is healthy")
    check(set(gateway["depends_on"]) == set(services) - {"gateway"}, "compose: the gateway waits for its backends")


def dockerfile(path):
    where = path.relative_to(ROOT)
    stage = re.split(r"^FROM ", path.read_text(), flags=re.M)[-1]
    users = re.findall(r"^USER (\S+)", stage, re.M)
    check(users and re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]), f"{where}: must end with a user, by number, that is not root")
    for instruction in ("HEALTHCHECK", "EXPOSE", "VOLUME"):
        check(re.search(f"^{instruction} ", stage, re.M), f"{where}: {instruction} is missing")
    check(re.search(r"^(ENTRYPOINT|CMD) \[", stage, re.M), f"{where}: started without a shell, so that signals arrive")


def context():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    ignored = {line.rstrip("/*") for line in lines if not line.startswith(("#", "!"))}
    # An exception keeps a folder that a line before it leaves out.
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    for member in tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["members"]:
        check(member in kept or not ignored & {member, *map(str, Path(member).parents)} - {"."}, f".dockerignore leaves out {member}, which cargo needs")


def spinkube():
    folder = DEPLOY / "spinkube"
    documents = {
        (document["kind"], document["metadata"]["name"]): document
        for file in folder.glob("*.yaml")
        for document in yaml.safe_load_all(file.read_text())
    }
    app = documents["SpinApp", "gateway"]
    spec = app["spec"]
    check(app["apiVersion"] == "core.spinkube.dev/v1alpha1", "spinapp.yaml: apiVersion")
    # The fields of the SpinApp reference that are used here. An unknown field would be dropped in silence.
    known = {"image", "executor", "replicas", "variables", "runtimeConfig", "checks", "resources", "imagePullSecrets"}
    check(set(spec) <= known and {"image", "executor"} <= set(spec), f"spinapp.yaml: fields {sorted(set(spec) ^ known)}")
    for variable in spec["variables"]:
        where = f"spinapp.yaml: {variable['name']}"
        check(variable["name"] in NAMES, f"{where} is no variable of spin.toml")
        check(("value" in variable) != ("valueFrom" in variable), f"{where} needs a value or a reference")
        check(isinstance(variable.get("value", ""), str), f"{where}: the value must be a string")
    for probe in spec["checks"].values():
        check(probe["httpGet"]["path"] == "/health", "spinapp.yaml: the gateway's health is at /health")
    (store,) = spec["runtimeConfig"]["keyValueStores"]
    runtime = tomllib.loads((folder / "runtime-config.toml").read_text())["key_value_store"]["default"]
    check((store["name"], store["type"]) == ("default", runtime["type"]), "spinapp.yaml and runtime-config.toml name different stores")
    check({option["name"] for option in store["options"]} == set(runtime) - {"type"}, "spinapp.yaml: the store's options")
    url = urlsplit(runtime["url"])
    service = documents["Service", url.hostname]
    check(url.scheme in ("redis", "rediss") and url.port == service["spec"]["ports"][0]["port"], "runtime-config.toml: the store's URL")
    ingress = documents["Ingress", "gateway"]["spec"]["rules"][0]
    backend = ingress["http"]["paths"][0]["backend"]["service"]
    check(backend == {"name": app["metadata"]["name"], "port": {"number": 80}}, "ingress.yaml: the operator's service is the app's name, port 80")
    (source,) = documents["NetworkPolicy", url.hostname]["spec"]["ingress"][0]["from"]
    labels = source["podSelector"]["matchLabels"]
    check(labels == {"core.spinkube.dev/app-name": app["metadata"]["name"]}, "valkey.yaml: the policy selects the gateway's pods")
    readme = (folder / "README.md").read_text()
    for name, key in re.findall(r"secretKeyRef:\s+name: (\S+)\s+key: (\S+)", "".join(file.read_text() for file in folder.glob("*.yaml"))):
        creation = re.search(rf"secret generic {name}\b(.*?)(?=\nkubectl|\n```)", readme, re.S)
        check(creation and f"--from-literal={key}=" in creation[1], f"spinkube/README.md does not create {key} in the secret {name}")


def akamai():
    given = tomllib.loads((DEPLOY / "akamai/variables.toml").read_text())
    environment("akamai/variables.toml", {name.upper(): value for name, value in given.items()})
    check(float(given["request_timeout"].removesuffix("s")) < 30, "akamai/variables.toml: the platform ends requests after 30 s")
    check(URLS <= set(given), "akamai/variables.toml: the defaults are addresses of this machine, which the platform does not have")


def links():
    for page in DEPLOY.rglob("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            check((page.parent / target).exists(), f"{page.relative_to(ROOT)}: there is no {target}")


for number, path in enumerate(sys.argv[1:]):
    compose(path, others=number > 0)
for path in [ROOT / "Dockerfile", *DEPLOY.glob("docker/*.Dockerfile")]:
    dockerfile(path)
env_file(DEPLOY / "docker/gateway.env.example")
env_file(DEPLOY / "systemd/gateway.env.example", "SPIN_VARIABLE_", also=("LISTEN",))
context()
spinkube()
akamai()
links()
for problem in problems:
    print(problem)
sys.exit(bool(problems))
