// Where the component may connect to: `allowed_outbound_hosts` of spin.toml, with Spin's rules. A Worker could otherwise fetch anything.

const ENTRY = /^(\*|[a-z][a-z0-9+.-]*):\/\/(\*|(?:\*\.)?[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\*|\d+|\d+\.\.\d+))?(\/.*)?$/i;
const DEFAULT_PORTS = { "http:": 80, "https:": 443 };

/**
 * Compiles the entries, after the variables in them were replaced.
 *
 * @param {string[]} entries
 * @returns {(url: URL) => boolean} whether a request to `url` is allowed
 */
export function allowedHosts(entries) {
  const rules = [];
  for (const entry of entries) {
    const [, scheme, host, port, path] = ENTRY.exec(entry.trim()) ?? [];
    // As in Spin, an entry that cannot be used denies everything: better a gateway that says so than one that reaches too far or too little.
    if (scheme === undefined || (path !== undefined && path !== "/")) {
      console.warn(`allowed_outbound_hosts: "${entry}" is no scheme://host:port, therefore every request to a backend is denied`);
      return () => false;
    }
    rules.push({ scheme: scheme.toLowerCase(), host: host.toLowerCase(), port: port ?? defaultPort(scheme) });
  }
  return (url) => rules.some((rule) => matches(rule, url));
}

function defaultPort(scheme) {
  return String(DEFAULT_PORTS[`${scheme.toLowerCase()}:`] ?? "*");
}

function matches({ scheme, host, port }, url) {
  if (scheme !== "*" && `${scheme}:` !== url.protocol) return false;
  // Something must stand before the dot.
  const fits = host.startsWith("*.") ? url.hostname.length > host.length - 1 && url.hostname.endsWith(host.slice(1)) : host === url.hostname;
  if (host !== "*" && !fits) return false;
  if (port === "*") return true;
  const actual = Number(url.port || DEFAULT_PORTS[url.protocol]);
  const [first, end] = port.split("..").map(Number);
  return end === undefined ? actual === first : first <= actual && actual < end;
}
