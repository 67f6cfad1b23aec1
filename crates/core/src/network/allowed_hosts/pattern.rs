//! One pattern of allowed hosts: `scheme://host[:port]`.
//!
//! Each of the three may be `*`. A host may start with `*.` or be a range of addresses, `10.0.0.0/8` or, without brackets, `fd00::/8`. A port may
//! be a range `8000..9000`, whose end does not belong to it. A host without a port means the default port of its scheme.
//!
//! Source: `crates/outbound-networking-config/src/allowed_hosts.rs` of Spin. What Spin takes is taken, unless it could allow nothing at all
//! (port 0, an empty range of ports) or only a host that the gateway never connects to.

use crate::network::address_range::AddressRange;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;
use thiserror::Error;

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
    /// Only the schemes of [`default_port`], in lower case, have a default port.
    #[error(
        "lacks a port, and its scheme has no default one; write http or https in lower case, or add ':*' for any port"
    )]
    PortMissing,
    /// Neither a number from 1, nor a range with a number in it, nor `*`.
    #[error("has an invalid port; write a number from 1 to 65535, a range such as 8000..9000, or '*'")]
    Port,
    /// `self`, in Spin a route of the same application.
    #[error("allows requests of the application to itself, which this host does not offer; use `spin up` for it")]
    ToSelf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    scheme: Scheme,
    host: Host,
    port: Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Scheme {
    Any,
    /// As it is written.
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

impl Pattern {
    /// Reads a pattern without white space around it. `None` for one with a path.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Problem> {
        if text.is_empty() {
            return Err(Problem::Empty);
        }
        if text == "self" {
            return Err(Problem::ToSelf);
        }
        let (scheme, rest) = text.split_once("://").ok_or(Problem::NoScheme)?;
        let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
        if scheme != "*" && !is_scheme {
            return Err(Problem::NoScheme);
        }
        if let Some((range, port)) = range(rest) {
            let port = parse_port(port, scheme)?;
            return Ok(Some(Self { scheme: scheme_of(scheme), host: Host::Within(range), port }));
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
        Ok(Some(Self { scheme: scheme_of(scheme), host, port }))
    }

    /// Whether it means particular hosts.
    pub(super) fn is_narrow(&self) -> bool {
        match &self.host {
            Host::Any => false,
            Host::Within(range) => range.is_narrow(),
            Host::Below(_) | Host::Exactly(_) => true,
        }
    }

    pub(super) fn matches(&self, scheme: &str, host: &str, port: u16) -> bool {
        let scheme_fits = match &self.scheme {
            Scheme::Any => true,
            Scheme::Exactly(expected) => expected == scheme,
        };
        let host_fits = match &self.host {
            Host::Any => true,
            Host::Exactly(expected) => expected.eq_ignore_ascii_case(host),
            Host::Within(range) => {
                host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| range.contains(address))
            }
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

fn scheme_of(text: &str) -> Scheme {
    if text == "*" { Scheme::Any } else { Scheme::Exactly(text.to_owned()) }
}

/// `10.0.0.0/8` or `10.0.0.0/8:port`, the same with `fd00::/8`; a slash may follow the port.
fn range(rest: &str) -> Option<(AddressRange, &str)> {
    if let Some(range) = AddressRange::parse(rest) {
        return Some((range, ""));
    }
    let (range, port) = rest.rsplit_once(':')?;
    Some((AddressRange::parse(range)?, port.strip_suffix('/').unwrap_or(port)))
}

/// Splits `host:port`; an IPv6 address stands in brackets. The port is empty where there is none.
fn split_port(authority: &str) -> Result<(&str, &str), Problem> {
    if authority.starts_with('[') {
        let end = authority.find(']').and_then(|at| at.checked_add(1)).ok_or(Problem::Host)?;
        let (host, rest) = authority.split_at_checked(end).ok_or(Problem::Host)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if rest.is_empty() => Ok((host, "")),
            None => Err(Problem::Host),
        };
    }
    Ok(authority.split_once(':').unwrap_or((authority, "")))
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

fn parse_port(port: &str, scheme: &str) -> Result<Port, Problem> {
    // With a sign, as Spin takes it.
    let number = |text: &str| text.parse::<u16>().map_err(|_| Problem::Port);
    match port {
        "" => default_port(scheme).map(Port::Exactly).ok_or(Problem::PortMissing),
        "*" => Ok(Port::Any),
        text => match text.split_once("..") {
            None => {
                number(text).and_then(|number| if number == 0 { Err(Problem::Port) } else { Ok(Port::Exactly(number)) })
            }
            Some((first, end)) => {
                let range = number(first)?..number(end)?;
                if range.is_empty() { Err(Problem::Port) } else { Ok(Port::Within(range)) }
            }
        },
    }
}

/// The port of a URL that names none; those of Spin, some of which the gateway never uses.
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "redis" => Some(6379),
        "mqtt" => Some(1883),
        _ => None,
    }
}
