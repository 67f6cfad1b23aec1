//! `allowed_outbound_hosts`: where the component may connect to, with Spin's rules.
//!
//! An entry is `scheme://host[:port]`. Each of the three may be `*`; a host may start with `*.` or be a range of IPv4
//! addresses, `10.0.0.0/8`; a port may be a range `8000..9000`. A host without a port means the default port of its
//! scheme. An entry that carries a path is special: Spin loads the application and then denies every request of the
//! component. This host does the same, and says why.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::address_range::AddressRange;
use thiserror::Error;

/// A range with a shorter prefix names none of its addresses: the largest networks, such as 10.0.0.0/8, have 2^24 of them.
const MIN_NAMED_PREFIX: u32 = 8;

/// Compiled rules. The default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    rules: Vec<Rule>,
    poison: Option<Poison>,
}

/// An entry with a path, because of which everything is denied. Its value is not kept: what follows the host may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the value of the entry {entry:?} of allowed_outbound_hosts carries a path; with such an entry every outbound request of the component \
     is denied, as in Spin. Remove the path from the value"
)]
pub struct Poison {
    /// As in the manifest, before expansion.
    pub entry: String,
}

/// An entry that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the entry {entry:?} of allowed_outbound_hosts {problem}")]
pub struct AllowedHostsError {
    /// As in the manifest, before expansion.
    pub entry: String,
    /// What is wrong with its value.
    pub problem: Problem,
}

/// What is wrong with the value of an entry. Displayed, the end of a sentence about the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// White space is nothing, too.
    #[error(
        "is empty after expansion; give the variable in it a value, such as http://unset.invalid for a host that is not in use"
    )]
    Empty,
    /// No `://`, or what precedes it is neither a scheme nor `*`.
    #[error("lacks a scheme; write http://host:port or https://host")]
    NoScheme,
    /// None, or one with characters that no host has.
    #[error("lacks a valid host; write http://host:port, with '*' or '*.domain' as wildcards")]
    Host,
    /// A user name or a password, or both.
    #[error("contains a user name; write the host alone")]
    UserInfo,
    /// Only `http` and `https` have a default port.
    #[error("lacks a port, and its scheme has no default one; add ':*' for any port")]
    PortMissing,
    /// Neither a number from 1, nor a range with a number in it, nor `*`.
    #[error("has an invalid port; write a number from 1 to 65535, a range such as 8000..9000, or '*'")]
    Port,
    /// `self`, in Spin a route of the same application.
    #[error("allows requests of the application to itself, which this host does not offer; use `spin up` for it")]
    ToSelf,
}

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
    /// Names are not resolved for it: it is for hosts that are addresses.
    Within(AddressRange),
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
                    hosts.poison.get_or_insert(Poison { entry: entry.to_owned() });
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

    /// Whether a connection is allowed. Without `port` the default port of the scheme is meant. Host names are compared
    /// without case.
    pub fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let Some(port) = port.or_else(|| default_port(scheme)) else {
            return false;
        };
        self.poison.is_none() && self.rules.iter().any(|rule| rule.matches(scheme, host, port))
    }

    /// Whether a connection is allowed by a rule that means its host: the host itself, a wildcard below a domain, or a range of at most 2^24
    /// addresses. `*` and wider ranges name nothing, and nothing names port 0.
    pub fn names(&self, scheme: &str, host: &str, port: u16) -> bool {
        let mut narrow = self.rules.iter().filter(|rule| rule.host.is_narrow());
        self.poison.is_none() && port != 0 && narrow.any(|rule| rule.matches(scheme, host, port))
    }
}

impl Host {
    fn is_narrow(&self) -> bool {
        match self {
            Host::Any => false,
            Host::Within(range) => range.prefix() >= MIN_NAMED_PREFIX,
            Host::Below(_) | Host::Exactly(_) => true,
        }
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
            Host::Within(range) => host.parse::<Ipv4Addr>().is_ok_and(|address| range.contains(address)),
            Host::Below(suffix) => {
                // Something must stand before the dot.
                let at = host.len().checked_sub(suffix.len()).filter(|at| *at > 0);
                at.and_then(|at| host.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
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
    if let Some((range, port)) = ipv4_range(rest) {
        return Ok(Some(Rule {
            scheme: scheme_of(scheme),
            host: Host::Within(range),
            port: parse_port(port, scheme)?,
        }));
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
    Ok(Some(Rule { scheme: scheme_of(scheme), host, port }))
}

fn scheme_of(text: &str) -> Scheme {
    if text == "*" { Scheme::Any } else { Scheme::Exactly(text.to_ascii_lowercase()) }
}

/// `10.0.0.0/8` or `10.0.0.0/8:port`; a slash may follow the port.
fn ipv4_range(rest: &str) -> Option<(AddressRange, Option<&str>)> {
    let (range, port) = match rest.split_once(':') {
        Some((range, port)) => (range, Some(port.strip_suffix('/').unwrap_or(port))),
        None => (rest, None),
    };
    Some((AddressRange::parse_v4(range)?, port))
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
    if host == "self" {
        return Err(Problem::ToSelf);
    }
    if host == "*" {
        return Ok(Host::Any);
    }
    if let Some(address) = host.strip_prefix('[') {
        let is_address = address.strip_suffix(']').is_some_and(|text| text.parse::<Ipv6Addr>().is_ok());
        return if is_address { Ok(Host::Exactly(host.to_ascii_lowercase())) } else { Err(Problem::Host) };
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if !is_valid {
        return Err(Problem::Host);
    }
    let name = name.to_ascii_lowercase();
    Ok(if host.starts_with("*.") { Host::Below(format!(".{name}")) } else { Host::Exactly(name) })
}

fn parse_port(port: Option<&str>, scheme: &str) -> Result<Port, Problem> {
    let number = |text: &str| {
        // A number may be parsed with a sign, which no port has.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|number| digits && *number > 0).ok_or(Problem::Port)
    };
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
mod tests;
