// Where the component may connect to: `allowed_outbound_hosts` of spin.toml, with Spin's rules. A Worker could otherwise fetch anything.
//
// The grammar is that of crates/core/src/network/allowed_hosts.rs; tests/vectors/allowed-hosts.json says what both make of an entry, and where they
// differ: here an address is the same in every spelling, as it is for `fetch`.

const ENTRY = /^(\*|[a-z][a-z0-9+.-]*):\/\/(.*)$/i;
/** What follows the scheme: a host, maybe with a port. */
const HOST = /^(\*|(?:\*\.)?[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([\d.*]+))?\/?$/i;
/** The same with a range of IPv4 addresses. A slash may follow its port only. */
const RANGE = /^([\d.]+)\/(\d+)(?::([\d.*]+)\/?)?$/;
const PORT = /^(\d+)(?:\.\.(\d+))?$/;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
const DEFAULT_PORTS = { "http:": 80, "https:": 443 };

/**
 * Compiles the entries, after the variables in them were replaced.
 *
 * @param {string[]} entries
 * @returns {(url: URL) => boolean} whether a request to `url` is allowed
 */
export function allowedHosts(entries) {
  const rules = entries.map(compile);
  const unusable = rules.indexOf(null);
  // A Worker cannot refuse to start: better one that says what is wrong than one that reaches too far or too little.
  if (unusable !== -1) {
    // By its number: its value may hold a secret behind the host.
    console.warn(
      `allowed_outbound_hosts: entry ${unusable + 1} is not scheme://host:port, so every request to a backend is denied; correct it, or the variable in it`,
    );
    return () => false;
  }
  return (url) => rules.some((matches) => matches(url));
}

/** Whether a URL matches the entry, as a function; `null` if the entry cannot be used. */
function compile(entry) {
  // As in Rust; `trim` has another notion of white space.
  const [, scheme, rest] = ENTRY.exec(entry.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "")) ?? [];
  if (scheme === undefined) return null;
  const protocol = `${scheme.toLowerCase()}:`;
  const [, host, port] = HOST.exec(rest) ?? [];
  const [, network, prefix, portOfRange] = RANGE.exec(rest) ?? [];
  const isHost = host === undefined ? within(network, Number(prefix)) : named(host);
  const ports = portsOf(port ?? portOfRange ?? DEFAULT_PORTS[protocol]);
  if (isHost === null || ports === null) return null;
  return (url) => {
    const actual = Number(url.port || DEFAULT_PORTS[url.protocol]);
    return (scheme === "*" || url.protocol === protocol) && isHost(url.hostname) && ports.first <= actual && actual < ports.end;
  };
}

/** Whether a host of a URL is the one of an entry. */
function named(host) {
  if (host === "self") return null;
  if (host === "*") return () => true;
  if (host.startsWith("*.")) {
    const suffix = host.slice(1).toLowerCase();
    // Something must stand before the dot.
    return (other) => other.length > suffix.length && other.endsWith(suffix);
  }
  const normal = inUrl(host);
  if (normal === null && host.startsWith("[")) return null;
  return (other) => other === normal;
}

/** Whether a host of a URL is an address that begins with the same bits as the one of an entry. */
function within(network, prefix) {
  const first = bits(network);
  if (first === null || prefix > 32) return null;
  const shared = (address) => Math.floor(address / 2 ** (32 - prefix));
  return (host) => {
    const address = bits(host);
    return address !== null && shared(address) === shared(first);
  };
}

/** An IPv4 address in its usual spelling as a number; `null` if the text is not one. */
function bits(text) {
  if (!IPV4.test(text) || inUrl(text) !== text) return null;
  return text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** A host as `URL` has it: in lower case, addresses in their usual spelling. `null` if no URL can have it. */
function inUrl(host) {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : null;
}

/** The ports of an entry, `end` excluded; `null` if the text is not a port, nor a range with a port in it. */
function portsOf(text) {
  if (text === "*") return { first: 0, end: 65536 };
  const [, low, high] = PORT.exec(text) ?? [];
  const first = Number(low);
  const end = high === undefined ? first + 1 : Number(high);
  // The end of a range is a port itself.
  const last = high === undefined ? first : end;
  return first > 0 && first < end && last <= 65535 ? { first, end } : null;
}
