// Where the component may connect to: `allowed_outbound_hosts` of spin.toml, with Spin's rules. A Worker could otherwise fetch anything.
//
// The grammar is that of crates/core/src/network/allowed_hosts.rs and its pattern.rs; tests/vectors/allowed-hosts.json says what both make of an
// entry, and where they differ: here an address is the same in every spelling, as it is for `fetch`.

const PATTERN = /^(\*|[a-z]+):\/\/(.*)$/i;
/** What follows the scheme: a host, maybe with a port. */
const HOST = /^(\*|(?:\*\.)?[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([+\d.*]*))?\/?$/i;
/** The same with a range of addresses. A slash may follow its port only. */
const RANGE = /^([\da-f:.]+)\/\+?(\d+)(?::([+\d.*]*)\/?)?$/i;
const PORT = /^\+?(\d+)(?:\.\.\+?(\d+))?$/;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
const DEFAULT_PORTS = { http: 80, https: 443, postgres: 5432, mysql: 3306, redis: 6379, mqtt: 1883 };

/**
 * Compiles the entries, after the variables in them were replaced.
 *
 * @param {string[]} entries
 * @returns {(url: URL) => boolean} whether a request to `url` is allowed
 */
export function allowedHosts(entries) {
  const rules = entries.map((entry) => patterns(entry).map(compile));
  const unusable = rules.findIndex((patterns) => patterns.includes(null));
  // A Worker cannot refuse to start: better one that says what is wrong than one that reaches too far or too little.
  if (unusable !== -1) {
    // By its number: its value may hold a secret behind the host.
    console.warn(
      `allowed_outbound_hosts: entry ${unusable + 1} is not scheme://host:port, so every request to a backend is denied; correct it, or the variable in it`,
    );
    return () => false;
  }
  const all = rules.flat();
  return (url) => all.some((matches) => matches(url));
}

/** The patterns of an entry, which may be a list. */
function patterns(entry) {
  // As in Rust; `trim` has another notion of white space.
  const parts = entry.split(",").map((part) => part.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, ""));
  const written = parts.filter((part) => part !== "");
  return written.length === 0 ? [""] : written;
}

/** Whether a URL matches the pattern, as a function; `null` if the pattern cannot be used. */
function compile(pattern) {
  const [, scheme, rest] = PATTERN.exec(pattern) ?? [];
  if (scheme === undefined) return null;
  const [, host, port] = HOST.exec(rest) ?? [];
  const [, network, prefix, portOfRange] = RANGE.exec(rest) ?? [];
  const isHost = host === undefined ? within(network, Number(prefix)) : named(host);
  const ports = portsOf((port ?? portOfRange) || DEFAULT_PORTS[scheme]);
  if (isHost === null || ports === null) return null;
  return (url) => {
    const protocol = url.protocol.slice(0, -1);
    const actual = Number(url.port || DEFAULT_PORTS[protocol]);
    // With case, as in Spin.
    return (scheme === "*" || protocol === scheme) && isHost(url.hostname) && ports.first <= actual && actual < ports.end;
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
  const text = network?.includes(":") ? `[${network}]` : network;
  const first = bits(text);
  if (first === null || prefix > first.length) return null;
  return (host) => {
    const address = bits(host);
    return address?.length === first.length && address.startsWith(first.slice(0, prefix));
  };
}

/** The bits of an address as a text: 32 of an IPv4 address in its usual spelling, 128 of an IPv6 address in brackets. `null` if it is neither. */
function bits(text) {
  if (text === undefined) return null;
  const host = inUrl(text);
  const binary = (numbers, width) => numbers.map((number) => number.toString(2).padStart(width, "0")).join("");
  if (IPV4.test(text)) return host === text ? binary(text.split(".").map(Number), 8) : null;
  if (!host?.startsWith("[")) return null;
  // `URL` writes hexadecimal groups only, and "::" for some that are zero.
  const [before, after = []] = host.slice(1, -1).split("::").map((half) => (half === "" ? [] : half.split(":")));
  const zeros = Array(8 - before.length - after.length).fill("0");
  return binary([...before, ...zeros, ...after].map((group) => parseInt(group, 16)), 16);
}

/** A host as `URL` has it: in lower case, addresses in their usual spelling. `null` if no URL can have it. */
function inUrl(host) {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : null;
}

/** The ports of a pattern, `end` excluded; `null` if the text is neither a port above 0 nor a range with a number in it. */
function portsOf(text) {
  if (text === "*") return { first: 0, end: 65536 };
  const [, low, high] = PORT.exec(text) ?? [];
  const first = Number(low);
  const end = high === undefined ? first + 1 : Number(high);
  // The end of a range is a port itself.
  const last = high === undefined ? first : end;
  return first < end && last > 0 && last <= 65535 ? { first, end } : null;
}
