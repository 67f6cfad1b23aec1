//! `host[:port]`, as URLs, `Host` and origins have it.

use std::net::Ipv6Addr;

/// The host of `host[:port]`, an address of IPv6 in its brackets, and the port where one is named. `None` for anything else, `user@host` too.
pub fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, rest) = bracketed.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (text.strip_suffix(rest)?, rest)
        }
        None => {
            let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            (Some(name).filter(|name| !name.is_empty() && name.bytes().all(valid))?, rest)
        }
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        None => return None,
        Some(port) => Some(self::port(port)?),
    };
    Some((host, port))
}

/// A port: a number from 1, in digits alone. A number may be parsed with a sign, which no port has.
pub fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0 && text.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_and_without_a_port() {
        for (text, expected) in [
            ("a.example", Some(("a.example", None))),
            ("a_b:80", Some(("a_b", Some(80)))),
            ("[::1]", Some(("[::1]", None))),
            ("[::1]:3000", Some(("[::1]", Some(3000)))),
            ("", None),
            (":80", None),
            ("a:", None),
            ("a:0", None),
            ("a b", None),
            ("[::1", None),
            ("[8%2e%2e", None),
            ("[::1]:80]:80", None),
            ("[x]:80", None),
            ("[::1]x", None),
            ("é", None),
        ] {
            assert_eq!(host_and_port(text), expected, "{text:?}");
        }
    }
}
