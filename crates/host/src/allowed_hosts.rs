//! `allowed_outbound_hosts`: where the component may connect to, with Spin's rules.
//!
//! An entry is `scheme://host[:port]`. Each of the three may be `*`; a host may start with `*.`; a port may be a range `8000..9000`. A
//! host without a port means the default port of its scheme. An entry that carries a path is special: Spin loads the application and then
//! denies every request of the component. This host does the same, and says why.

use std::fmt;
use std::ops::Range;

/// Compiled rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHosts {
    rules: Vec<Rule>,
    poison: Option<Poison>,
}

/// An entry with a path, which makes Spin deny everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// The entry as the manifest has it.
    pub entry: String,
    /// Its value after expansion, the path included.
    pub value: String,
}

impl fmt::Display for Poison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the entry {:?} of allowed_outbound_hosts has the value {:?}, which carries a path; with such an entry every outbound request \
             of the component is denied, as in Spin. Remove the path from the value",
            self.entry, self.value
        )
    }
}

/// An entry that cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHostsError {
    /// The entry as the manifest has it.
    pub entry: String,
    /// What is wrong with its value.
    pub problem: Problem,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing is left after expansion.
    Empty,
    /// It lacks `://`.
    NoScheme,
    /// Its host is missing or contains what a host cannot.
    Host,
    /// It carries a user name or password.
    UserInfo,
    /// It lacks a port, and its scheme has no default one.
    PortMissing,
    /// Its port is neither a number, a range, nor `*`.
    Port,
    /// It is `self`, which this host does not offer.
    ToSelf,
}

impl fmt::Display for AllowedHostsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the entry {:?} of allowed_outbound_hosts ", self.entry)?;
        f.write_str(match self.problem {
            Problem::Empty => {
                "is empty after expansion; give the variable in it a value, such as http://unset.invalid for a host that is not in use"
            }
            Problem::NoScheme => "lacks a scheme; write http://host:port or https://host",
            Problem::Host => "lacks a valid host; write http://host:port, with '*' or '*.domain' as wildcards",
            Problem::UserInfo => "contains a user name; write the host alone",
            Problem::PortMissing => "lacks a port, and its scheme has no default one; add ':*' for any port",
            Problem::Port => "has an invalid port; write a number from 1 to 65535, a range such as 8000..9000, or '*'",
            Problem::ToSelf => "allows requests of the application to itself, which this host does not offer; use `spin up` for it",
        })
    }
}

impl std::error::Error for AllowedHostsError {}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    scheme: Scheme,
    host: Host,
    port: Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Scheme {
    Any,
    Exactly(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    /// With the leading dot.
    Below(String),
    Exactly(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Port {
    Any,
    Exactly(u16),
    Within(Range<u16>),
}

impl AllowedHosts {
    /// Compiles pairs of an entry of the manifest and its value after expansion.
    pub fn compile<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, AllowedHostsError> {
        let mut hosts = Self { rules: Vec::new(), poison: None };
        for (entry, value) in entries {
            match parse(value.trim()) {
                Ok(Some(rule)) => hosts.rules.push(rule),
                Ok(None) => {
                    hosts.poison.get_or_insert(Poison { entry: entry.to_owned(), value: value.trim().to_owned() });
                }
                Err(problem) => return Err(AllowedHostsError { entry: entry.to_owned(), problem }),
            }
        }
        Ok(hosts)
    }

    /// The entry because of which everything is denied, if there is one.
    pub fn poison(&self) -> Option<&Poison> {
        self.poison.as_ref()
    }

    /// Whether a connection is allowed. Without `port` the default port of the scheme is meant. Host names are compared without case.
    pub fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let Some(port) = port.or_else(|| default_port(scheme)) else {
            return false;
        };
        self.poison.is_none() && self.rules.iter().any(|rule| rule.matches(scheme, host, port))
    }
}

impl Rule {
    fn matches(&self, scheme: &str, host: &str, port: u16) -> bool {
        let scheme_fits = match &self.scheme {
            Scheme::Any => true,
            Scheme::Exactly(expected) => expected.eq_ignore_ascii_case(scheme),
        };
        let host_fits = match &self.host {
            Host::Any => true,
            Host::Exactly(expected) => expected.eq_ignore_ascii_case(host),
            Host::Below(suffix) => {
                let host = host.as_bytes();
                host.len() > suffix.len()
                    && host.last_chunk_of(suffix.len()).is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
            }
        };
        let port_fits = match &self.port {
            Port::Any => true,
            Port::Exactly(expected) => *expected == port,
            Port::Within(range) => range.contains(&port),
        };
        scheme_fits && host_fits && port_fits
    }
}

/// The last bytes of a slice, for a length known at run time.
trait LastChunk {
    fn last_chunk_of(&self, length: usize) -> Option<&[u8]>;
}

impl LastChunk for [u8] {
    fn last_chunk_of(&self, length: usize) -> Option<&[u8]> {
        self.get(self.len().checked_sub(length)?..)
    }
}

/// `None` for an entry with a path.
fn parse(value: &str) -> Result<Option<Rule>, Problem> {
    if value.is_empty() {
        return Err(Problem::Empty);
    }
    if value == "self" {
        return Err(Problem::ToSelf);
    }
    let (scheme, rest) = value.split_once("://").ok_or(Problem::NoScheme)?;
    let scheme_is_valid = scheme == "*"
        || (scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)));
    if !scheme_is_valid {
        return Err(Problem::NoScheme);
    }
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at_checked(at).ok_or(Problem::Host)?,
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err(Problem::UserInfo);
    }
    let (host, port) = split_port(authority)?;
    let host = parse_host(host)?;
    let port = parse_port(port, scheme)?;
    if !matches!(path, "" | "/") {
        return Ok(None);
    }
    let scheme = if scheme == "*" { Scheme::Any } else { Scheme::Exactly(scheme.to_ascii_lowercase()) };
    Ok(Some(Rule { scheme, host, port }))
}

/// Splits `host:port`; an IPv6 address stands in brackets.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), Problem> {
    if authority.starts_with('[') {
        let end = authority.find(']').and_then(|at| at.checked_add(1)).ok_or(Problem::Host)?;
        let (host, rest) = authority.split_at_checked(end).ok_or(Problem::Host)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(Problem::Host),
        };
    }
    Ok(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

fn parse_host(host: &str) -> Result<Host, Problem> {
    if host == "self" || host.ends_with(".self") {
        return Err(Problem::ToSelf);
    }
    if host == "*" {
        return Ok(Host::Any);
    }
    let literal = host.strip_prefix("*.").unwrap_or(host);
    let in_brackets = literal.starts_with('[');
    let is_valid = !literal.is_empty()
        && literal.bytes().all(|byte| match byte {
            b'[' | b']' | b':' => in_brackets,
            byte => byte.is_ascii_alphanumeric() || b"-._".contains(&byte),
        });
    if !is_valid {
        return Err(Problem::Host);
    }
    let literal = literal.to_ascii_lowercase();
    Ok(if host.starts_with("*.") { Host::Below(format!(".{literal}")) } else { Host::Exactly(literal) })
}

fn parse_port(port: Option<&str>, scheme: &str) -> Result<Port, Problem> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0).ok_or(Problem::Port);
    match port {
        None => default_port(scheme).map(Port::Exactly).ok_or(Problem::PortMissing),
        Some("*") => Ok(Port::Any),
        Some(text) => match text.split_once("..") {
            None => number(text).map(Port::Exactly),
            Some((first, end)) => {
                let range = number(first)?..number(end)?;
                if range.is_empty() { Err(Problem::Port) } else { Ok(Port::Within(range)) }
            }
        },
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn compile(value: &str) -> Result<AllowedHosts, AllowedHostsError> {
        AllowedHosts::compile([("{{ entry }}", value)])
    }

    #[test]
    fn what_an_entry_allows() {
        let cases = [
            // entry, scheme, host, port, allowed
            ("http://127.0.0.1:3001", "http", "127.0.0.1", Some(3001), true),
            ("http://127.0.0.1:3001/", "http", "127.0.0.1", Some(3001), true),
            ("http://127.0.0.1:3001", "http", "127.0.0.1", Some(3002), false),
            ("http://127.0.0.1:3001", "https", "127.0.0.1", Some(3001), false),
            ("http://127.0.0.1:3001", "http", "localhost", Some(3001), false),
            ("http://127.0.0.1:*", "http", "127.0.0.1", Some(9), true),
            ("http://unset.invalid", "http", "unset.invalid", None, true),
            ("http://unset.invalid", "http", "unset.invalid", Some(80), true),
            ("http://unset.invalid", "http", "unset.invalid", Some(81), false),
            ("https://h", "https", "h", Some(443), true),
            ("https://h", "https", "h", Some(80), false),
            ("https://H.Example", "HTTPS", "h.eXample", None, true),
            ("https://*.workers.dev", "https", "a.workers.dev", None, true),
            ("https://*.workers.dev", "https", "a.b.Workers.dev", None, true),
            ("https://*.workers.dev", "https", "workers.dev", None, false),
            ("https://*.workers.dev", "https", ".workers.dev", None, false),
            ("https://*.workers.dev", "https", "evilworkers.dev", None, false),
            ("https://*.workers.dev", "https", "a.workers.dev.evil", None, false),
            ("https://*.workers.dev", "http", "a.workers.dev", None, false),
            ("*://*:*", "http", "anything", Some(1), true),
            ("*://h:5", "https", "h", Some(5), true),
            ("http://*", "http", "x", None, true),
            ("http://*", "http", "x", Some(8080), false),
            ("http://h:8000..9000", "http", "h", Some(8000), true),
            ("http://h:8000..9000", "http", "h", Some(8999), true),
            ("http://h:8000..9000", "http", "h", Some(9000), false),
            ("http://[::1]:3000", "http", "[::1]", Some(3000), true),
            ("http://[::1]", "http", "[::1]", None, true),
            (" http://h:1 ", "http", "h", Some(1), true),
        ];
        for (entry, scheme, host, port, expected) in cases {
            let hosts = compile(entry).unwrap();
            assert_eq!(hosts.allows(scheme, host, port), expected, "{entry} for {scheme}://{host}:{port:?}");
        }
    }

    #[test]
    fn an_empty_list_allows_nothing() {
        assert!(!AllowedHosts::compile([]).unwrap().allows("http", "127.0.0.1", Some(1)));
    }

    #[test]
    fn a_path_denies_everything() {
        let hosts = AllowedHosts::compile([("http://ok:1", "http://ok:1"), ("{{ url }}", "http://h:1/api")]).unwrap();
        assert!(!hosts.allows("http", "ok", Some(1)), "also what other entries allow");
        let message = hosts.poison().unwrap().to_string();
        assert!(message.contains("{{ url }}") && message.contains("http://h:1/api"), "{message}");
        for value in ["http://h/?q", "http://h?q", "http://h/#f", "http://h:1//"] {
            assert!(compile(value).unwrap().poison().is_some(), "{value}");
        }
    }

    #[test]
    fn what_is_refused() {
        let cases = [
            ("", Problem::Empty),
            ("  ", Problem::Empty),
            ("self", Problem::ToSelf),
            ("http://self", Problem::ToSelf),
            ("*", Problem::NoScheme),
            ("127.0.0.1:3000", Problem::NoScheme),
            ("://h", Problem::NoScheme),
            ("http://", Problem::Host),
            ("http://:80", Problem::Host),
            ("http://a*b", Problem::Host),
            ("http://*.", Problem::Host),
            ("http://h h", Problem::Host),
            ("http://[::1", Problem::Host),
            ("http://[::1]x", Problem::Host),
            ("http://u:p@h", Problem::UserInfo),
            ("*://h", Problem::PortMissing),
            ("redis://h", Problem::PortMissing),
            ("http://h:", Problem::Port),
            ("http://h:0", Problem::Port),
            ("http://h:65536", Problem::Port),
            ("http://h:9..8", Problem::Port),
            ("http://h:{80,81}", Problem::Port),
        ];
        for (value, problem) in cases {
            let error = compile(value).unwrap_err();
            assert_eq!(error.problem, problem, "{value:?}");
            assert!(error.to_string().contains("{{ entry }}"), "{value:?}: {error}");
        }
    }
}
