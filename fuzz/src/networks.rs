//! Where the component may connect to.

use crate::input::text_lines;
use gateway_core::backend::url::BackendUrl;
use gateway_core::network::allowed_hosts::AllowedHosts;
use gateway_core::network::internal_host;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What a pattern says, or `None` where it is not one of a few plain forms.
fn plain_entry(entry: &str, scheme: &str, host: &str, port: u16) -> Option<bool> {
    let (entry_scheme, rest) = entry.split_once("://")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['[', '@', '?', '#']) || !["http", "https", "*"].contains(&entry_scheme) {
        return None;
    }
    let (entry_host, entry_port) = match rest.split_once(':') {
        Some((host, port)) => (host, port.to_owned()),
        None => match entry_scheme {
            "http" => (rest, "80".to_owned()),
            "https" => (rest, "443".to_owned()),
            _ => return None,
        },
    };
    let number = |text: &str| text.parse::<u16>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let port_fits = match entry_port.split_once("..") {
        _ if entry_port == "*" => true,
        Some((first, end)) => (number(first)?..number(end)?).contains(&port),
        None => number(&entry_port)? == port,
    };
    let (low, entry_host) = (host.to_lowercase(), entry_host.to_lowercase());
    let host_fits = if let Some((network, length)) = entry_host.split_once('/') {
        let length = length.parse::<u32>().ok().filter(|length| *length <= 32 && entry_host.is_ascii())?;
        let bits = |address: Ipv4Addr| format!("{:032b}", u32::from(address))[..length as usize].to_owned();
        let network = bits(network.parse().ok()?);
        host.parse().is_ok_and(|address| bits(address) == network)
    } else if entry_host == "*" {
        true
    } else if let Some(domain) = entry_host.strip_prefix("*.") {
        low.strip_suffix(domain).is_some_and(|before| before.len() > 1 && before.ends_with('.'))
    } else {
        low == entry_host
    };
    Some((entry_scheme == "*" || entry_scheme == scheme) && host_fits && port_fits)
}

/// Whether a pattern means every host, or more addresses than a private network has.
fn is_wide(pattern: &str) -> bool {
    let rest = pattern.split_once("://").map_or("", |(_, rest)| rest);
    match rest.split_once('/') {
        Some((address, length)) if address.parse::<Ipv6Addr>().is_ok() => {
            length.split(':').next().and_then(|length| length.parse().ok()).is_some_and(|length: u32| length < 7)
        }
        Some((address, length)) if address.parse::<Ipv4Addr>().is_ok() => {
            length.split(':').next().and_then(|length| length.parse().ok()).is_some_and(|length: u32| length < 8)
        }
        _ => rest.split(['/', ':']).next() == Some("*"),
    }
}

/// A list allows and names what one of its patterns does, unless one of them has a path.
fn list_of_allowed_hosts(entry: &str, compiled: &AllowedHosts, scheme: &str, host: &str, port: u16) {
    let patterns: Vec<_> = entry.split(',').filter(|pattern| !pattern.trim().is_empty()).collect();
    let each: Vec<_> =
        patterns.iter().map(|pattern| AllowedHosts::compile([("part", *pattern)]).expect("valid")).collect();
    let poisoned = each.iter().any(|hosts| hosts.poison().is_some());
    assert_eq!(compiled.poison().is_some(), poisoned, "{entry:?}");
    let any =
        |what: fn(&AllowedHosts, &str, &str, u16) -> bool| each.iter().any(|hosts| what(hosts, scheme, host, port));
    let allows = any(|hosts, scheme, host, port| hosts.allows(scheme, host, Some(port))) && !poisoned;
    let names = any(AllowedHosts::names) && !poisoned;
    assert_eq!(compiled.allows(scheme, host, Some(port)), allows, "{entry:?} for {scheme} {host} {port}");
    assert_eq!(compiled.names(scheme, host, port), names, "{entry:?} for {scheme} {host} {port}");
}

/// Line 1: an entry. Line 2: a URL.
pub fn allowed_hosts(data: &[u8]) {
    let Some([entry, url]) = text_lines(data) else { return };
    let Ok(url) = BackendUrl::parse(url) else { return };
    let (scheme, host, port) = (url.scheme().as_str(), url.host(), url.port());
    let Ok(compiled) = AllowedHosts::compile([("entry", entry)]) else { return };
    let allowed = compiled.allows(scheme, host, Some(port));
    let entry = entry.trim();
    if entry.contains(',') {
        return list_of_allowed_hosts(entry, &compiled, scheme, host, port);
    }
    if let Some(expected) = plain_entry(entry, scheme, host, port) {
        let poisoned = compiled.poison().is_some();
        assert_eq!(allowed, expected && !poisoned, "{entry:?} for {scheme} {host} {port}");
    }
    let named = allowed && port != 0 && !is_wide(entry);
    assert_eq!(compiled.names(scheme, host, port), named, "{entry:?} for {scheme} {host} {port}");
    if !allowed {
        // No other entry takes away or adds.
        let with_other =
            AllowedHosts::compile([("entry", entry), ("other", "https://unrelated.test")]).expect("both are valid");
        assert_eq!(
            with_other.allows(scheme, host, Some(port)),
            scheme == "https" && host == "unrelated.test" && port == 443 && compiled.poison().is_none()
        );
    }
    assert!(!AllowedHosts::default().allows(scheme, host, Some(port)));
}

/// What the resolvers of C libraries take for an address: one to four numbers, decimal, octal or hexadecimal, the last of which fills what is left.
fn address(host: &str) -> Option<Ipv4Addr> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let numbers: Option<Vec<u64>> = host
        .split('.')
        .map(|part| {
            let low = part.to_ascii_lowercase();
            let (digits, radix) = match low.strip_prefix("0x") {
                Some(digits) => (digits, 16),
                None if low.len() > 1 && low.starts_with('0') => (&low[1..], 8),
                None => (low.as_str(), 10),
            };
            (!digits.is_empty() && !digits.starts_with(['+', '-'])).then(|| u64::from_str_radix(digits, radix).ok())?
        })
        .collect();
    let (last, first) = numbers.as_ref()?.split_last().filter(|(_, first)| first.len() < 4)?;
    let mut bits = 0;
    for number in first {
        bits = (*number < 256).then_some(bits << 8 | number)?;
    }
    let rest = 8 * (4 - first.len());
    (*last < 1 << rest).then(|| Ipv4Addr::from((bits << rest | last) as u32))
}

fn is_inside(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmarks = a == 198 && (b == 18 || b == 19);
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || shared
        || benchmarks
        || (a, b, c) == (192, 0, 0)
        || address == Ipv4Addr::new(168, 63, 129, 16)
}

/// Whether everybody would call a host internal.
pub(crate) fn is_plainly_internal(host: &str) -> bool {
    if let Some(text) = host.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let Ok(address) = text.parse::<Ipv6Addr>() else {
            return true;
        };
        return address.is_loopback()
            || address.is_unspecified()
            || address.is_multicast()
            || address.is_unique_local()
            || address.is_unicast_link_local()
            || address.to_ipv4().is_some_and(is_inside);
    }
    let labels: Vec<_> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    address(host).is_some_and(is_inside)
        || labels.len() == 1
        || labels.last().is_some_and(|last| ["internal", "local", "localhost", "svc", "lan"].contains(last))
}

/// A host, as it stands in a URL.
pub fn internal_host(data: &[u8]) {
    let Some([host]) = text_lines(data) else { return };
    let Ok(url) = BackendUrl::parse(&format!("http://{host}")) else {
        return;
    };
    let host = url.host();
    let internal = internal_host::is_internal(host);
    assert!(internal || !is_plainly_internal(host), "{host} is public");
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        let relays = address.octets()[..3] == [192, 88, 99];
        assert_eq!(internal, is_inside(address) || relays, "{host}");
    }
    // Names of the public kind stay usable.
    let labels: Vec<_> = host.split('.').collect();
    if labels.len() > 1
        && labels.iter().all(|label| !label.is_empty())
        && ["com", "org", "dev", "example", "test"].contains(labels.last().expect("a label"))
    {
        assert!(!internal, "{host} is internal");
    }
    let told = internal_host::check(&url, &|| None);
    assert_eq!(told.is_err(), internal);
    assert_eq!(internal_host::check(&url, &|| Some("*://*:*".into())).is_err(), internal, "{host}");
}
