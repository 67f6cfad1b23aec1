//! Whether an entry means a host, for the component, which looks at one entry once and has no room for the compiled rules.

use super::address_range::AddressRange;
use crate::text::split_once;
use std::net::Ipv4Addr;

/// Whether an entry allows a connection and means its host: not as one that allows every host, or more addresses than one network has.
///
/// The whole of an entry has to match, so that one which `AllowedHosts` refuses names nothing.
pub fn names(entry: &str, scheme: &str, host: &str, port: u16) -> bool {
    let Some((entry_scheme, rest)) = split_once(entry.trim(), "://") else {
        return false;
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (entry_host, entry_port) = match rest.rsplit_once(':') {
        // Not within the brackets of an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        // No scheme, no default.
        _ if entry_scheme == "*" => return false,
        _ => (rest, if scheme == "https" { "443" } else { "80" }),
    };
    (entry_scheme == "*" || entry_scheme.eq_ignore_ascii_case(scheme))
        && means(entry_host, host)
        && includes(entry_port, port)
}

fn means(entry: &str, host: &str) -> bool {
    match entry.strip_prefix('*') {
        Some(suffix) => {
            // Something must stand before the dot.
            let at = host.len().checked_sub(suffix.len()).filter(|at| *at > 0);
            suffix.starts_with('.')
                && at.and_then(|at| host.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        }
        None => {
            entry.eq_ignore_ascii_case(host)
                || AddressRange::parse_v4(entry).is_some_and(|range| {
                    range.prefix() >= 8 && host.parse::<Ipv4Addr>().is_ok_and(|address| range.contains(address))
                })
        }
    }
}

fn includes(entry: &str, port: u16) -> bool {
    let is = |text: &str, holds: &dyn Fn(u16) -> bool| text.parse().is_ok_and(holds);
    // Port 0 is none.
    match split_once(entry, "..") {
        _ if port == 0 => false,
        Some((first, end)) => is(first, &|first| (1..=port).contains(&first)) && is(end, &|end| port < end),
        None => entry == "*" || is(entry, &|only| only == port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::allowed_hosts::AllowedHosts;

    #[test]
    fn what_an_entry_names_it_allows_and_what_it_allows_it_names_unless_it_is_too_wide() {
        let too_wide = ["*://*:*", "http://*", "http://*:3001", "http://0.0.0.0/0:*", "http://8.0.0.0/7:*"];
        let entries = [
            "http://10.0.0.1",
            "http://10.0.0.1/",
            " http://10.0.0.1:3001 ",
            "HTTP://10.0.0.1:*",
            "*://10.0.0.1:80",
            "*://10.0.0.1",
            "http://10.0.0.1:3000..3002",
            "http://10.0.0.1:3002..4000",
            "http://10.0.0.1:3001..3001",
            "http://10.0.0.1:",
            "http://10.0.0.1:0",
            "http://10.0.0.1:99999",
            "http://10.0.0.1:3001/path",
            "http://10.0.0.1/path",
            "http://10.0.0.1?q",
            "http://u@10.0.0.1",
            "http://10.0.0.0/8",
            "http://10.0.0.0/8:*",
            "http://10.0.0.0/33:*",
            "http://11.0.0.0/8:*",
            "http://*.internal:*",
            "http://*internal:*",
            "http://*.api.internal:*",
            "http://API.internal",
            "https://api.internal",
            "http://[::1]",
            "http://[::1]:*",
            "http://[::1]:3001",
            "http://[::1",
            "10.0.0.1",
            "self",
            "",
            "://10.0.0.1",
        ];
        let mut named = 0;
        for entry in entries.iter().chain(&too_wide) {
            for scheme in ["http", "https"] {
                for host in ["10.0.0.1", "api.internal", "internal", "xinternal", "[::1]", "localhost"] {
                    for port in [80, 443, 3001] {
                        let allows = AllowedHosts::compile([("", *entry)])
                            .is_ok_and(|hosts| hosts.allows(scheme, host, Some(port)));
                        let names = names(entry, scheme, host, port);
                        let expected = allows && !too_wide.contains(entry);
                        assert_eq!(names, expected, "{entry:?} and {scheme}://{host}:{port}");
                        named += u32::from(names);
                    }
                }
            }
        }
        assert!(named > 20, "{named}");
    }
}
