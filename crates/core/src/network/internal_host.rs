//! Which hosts belong to the inside of a network, and may therefore be named by the operator only, never by an entry of the store.
//!
//! Whoever can write the key-value store could otherwise make the gateway fetch what only the gateway can reach: other services of its
//! machine, its network, or a cloud's metadata. The host's allowed hosts deny that already where they are narrow; this rule holds where they
//! are not. It judges what is written in the URL. What a public name resolves to is not known here.

use super::address_range::{AddressRange, v4, v6};
use super::allowed_hosts::AllowedHosts;
use crate::backend::registry::Variables;
use crate::backend::url::BackendUrl;
use crate::config::CLOUD_HOSTS;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Top labels that lead inside: of RFC 6761, 6762, 8375 (`home.arpa`) and 9476 (no public delegation), ICANN's `internal`, and what container
/// platforms and service registries use. The public DNS knows none of them.
const INTERNAL_SUFFIXES: [&str; 13] = [
    "arpa",
    "cluster",
    "consul",
    "corp",
    "home",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "svc",
];

/// IPv4 networks that are not public: the registry of RFC 6890 without the networks that it calls globally reachable, and multicast.
const INTERNAL_V4: [AddressRange; 16] = [
    v4([0, 0, 0, 0], 8),        // this network, RFC 791
    v4([10, 0, 0, 0], 8),       // private use, RFC 1918
    v4([100, 64, 0, 0], 10),    // shared address space, RFC 6598
    v4([127, 0, 0, 0], 8),      // loopback, RFC 1122
    v4([168, 63, 129, 16], 32), // a public address by its number, on each machine of Azure a service of that cloud
    v4([169, 254, 0, 0], 16),   // link local, RFC 3927
    v4([172, 16, 0, 0], 12),    // private use, RFC 1918
    v4([192, 0, 0, 0], 24),     // IETF protocol assignments, RFC 6890
    v4([192, 0, 2, 0], 24),     // documentation, RFC 5737
    v4([192, 88, 99, 0], 24),   // 6to4 relay anycast, RFC 7526
    v4([192, 168, 0, 0], 16),   // private use, RFC 1918
    v4([198, 18, 0, 0], 15),    // benchmarking, RFC 2544
    v4([198, 51, 100, 0], 24),  // documentation, RFC 5737
    v4([203, 0, 113, 0], 24),   // documentation, RFC 5737
    v4([224, 0, 0, 0], 4),      // multicast, RFC 5771
    v4([240, 0, 0, 0], 4),      // reserved, RFC 1112
];

/// What was given out of IPv6. All other addresses are internal: loopback, link-local, unique local, multicast, and the forms that carry an IPv4
/// address (mapped, compatible, NAT64).
const GLOBAL_UNICAST_V6: AddressRange = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3); // RFC 3587

/// Networks within [`GLOBAL_UNICAST_V6`] that are not public (RFC 6890 and its registry).
const INTERNAL_V6: [AddressRange; 4] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),      // IETF protocol assignments, RFC 2928
    v6([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32), // documentation, RFC 3849
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),      // 6to4, RFC 3056
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),      // documentation, RFC 9637
];

/// Whether a host, as it stands in a URL, is not plainly a public one. IPv6 addresses stand in brackets.
///
/// An address counts as public only in its usual spelling: `134744072` and `8.8.2056` are refused, whichever address a resolver takes them for.
pub fn is_internal(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        // Zone ids and other forms than an address do not parse.
        return address.strip_suffix(']').and_then(|text| text.parse().ok()).is_none_or(is_internal_v6);
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some((parent, last)) = host.rsplit_once('.') else {
        // A single label, a number among them, is looked up inside.
        return true;
    };
    if is_number(last) {
        return host.parse().map_or(true, is_internal_v4);
    }
    parent.is_empty() || last.is_empty() || INTERNAL_SUFFIXES.iter().any(|suffix| suffix.eq_ignore_ascii_case(last))
}

/// Whether resolvers may take a host with this last label for an IPv4 address (WHATWG URL, "ends in a number"; `inet_aton`).
fn is_number(label: &str) -> bool {
    match label.strip_prefix('0').and_then(|rest| rest.strip_prefix(['x', 'X'])) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    INTERNAL_V4.iter().any(|network| network.contains(address))
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    !GLOBAL_UNICAST_V6.contains(address) || INTERNAL_V6.iter().any(|network| network.contains(address))
}

/// Whether a backend of the store may not be used, as the end of a sentence: it is internal, and `cloud_hosts` does not name it.
///
/// `cloud_hosts` is asked for only where that matters. A pattern of it names a host by the host itself, by a wildcard below a domain, or by a range
/// of addresses no wider than the largest private network; `*` and wider ranges name nothing.
///
/// # Errors
/// Why it may not be used, and what to set.
pub fn check(url: &BackendUrl, cloud_hosts: &dyn Fn() -> Option<String>) -> Result<(), String> {
    if !is_internal(url.host()) {
        return Ok(());
    }
    let named = cloud_hosts().is_some_and(|entry| {
        AllowedHosts::compile([(CLOUD_HOSTS, entry.as_str())])
            .is_ok_and(|hosts| hosts.names(url.scheme().as_str(), url.host(), url.port()))
    });
    if named {
        return Ok(());
    }
    let origin = url.origin();
    Err(format!(
        "has a 'url' that leads inside the network, {origin}; such a host has to be named by the variable '{CLOUD_HOSTS}', for example as \
         {origin}, where '*' alone names none"
    ))
}

/// [`check`] with the variable `cloud_hosts`. Where the variable cannot be read it names nothing.
pub fn guard<V: Variables>(variables: &V) -> impl Fn(&BackendUrl) -> Result<(), String> + '_ {
    |url| check(url, &|| variables.get(CLOUD_HOSTS).ok().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cloud::CloudRegistry;
    use crate::backend::registry::BackendRegistry as _;
    use crate::backend::registry::testing::Fake;

    #[test]
    fn what_is_inside() {
        for host in [
            // Addresses, in every spelling that some resolver or URL parser takes for one.
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "0X7F.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "0x7f.0x0.0x0.0x1",
            "127.0.0.0x1",
            "127.0.0.0x",
            "0",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "012.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.43518",
            "0xa9fea9fe",
            "2852039166",
            "0251.0376.0251.0376",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.257",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "256.256.256.256",
            "1.2.3.4.5",
            "8.8.2056",
            "134744072",
            "08.8.8.8",
            "name.1",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::127.0.0.1]",
            "[::7f00:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::FFFF:8.8.8.8]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b::169.254.169.254]",
            "[64:ff9b:1::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:2::1]",
            "[2001:10::1]",
            "[2001:20::1]",
            "[2001:1ff:ffff::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[2002:a9fe:a9fe::1]",
            "[3fff::1]",
            "[5f00::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fd20:ce::254]",
            "[fe80::1]",
            "[fe80::1%eth0]",
            "[fe80::1%25eth0]",
            "[fec0::1]",
            "[ff02::1]",
            "[v1.x]",
            "[]",
            "[::1",
            // Names.
            "localhost",
            "LOCALHOST.",
            "x.localhost",
            "localhost.localdomain",
            "metadata",
            "metadata.google.internal",
            "Metadata.Google.Internal.",
            "host.docker.internal",
            "gateway.containers.internal",
            "instance-data",
            "instance-data.ec2.internal",
            "kubernetes",
            "kubernetes.default.svc",
            "api.default.svc.cluster.local",
            "printer.local",
            "nas.lan",
            "router.home",
            "router.home.arpa",
            "1.0.0.127.in-addr.arpa",
            "db.corp",
            "db.intranet",
            "db.private",
            "web.service.consul",
            "bun-sqlite",
            "",
            ".",
            "..",
            ".com",
            "example.com..",
        ] {
            assert!(is_internal(host), "{host}");
        }
    }

    #[test]
    fn what_is_outside() {
        for host in [
            "a.workers.dev",
            "A.Workers.Dev.",
            "api.example.com",
            "local.example.com",
            "localhost.example.com",
            "internal.example",
            "127.0.0.1.example.com",
            "10.example.com",
            "1.2.3.4a.net",
            "x0x7f.net",
            "a.0xg",
            "mylocalhost.net",
            "8.8.8.8",
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.255.255.255",
            "128.0.0.1",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "[2606:4700:4700::1111]",
            "[2001:4860:4860::8888]",
            "[2001:200::1]",
            "[2003::1]",
            "[2a00:1450::1]",
            "[3ffe::1]",
        ] {
            assert!(!is_internal(host), "{host}");
        }
    }

    fn checked(url: &str, cloud_hosts: Option<&str>) -> Result<(), String> {
        check(&BackendUrl::parse(url).unwrap(), &|| cloud_hosts.map(str::to_owned))
    }

    #[test]
    fn only_what_cloud_hosts_names_may_be_inside() {
        for (url, cloud_hosts, allowed) in [
            ("https://a.workers.dev", None, true),
            ("https://8.8.8.8", Some("https://*.workers.dev"), true),
            ("http://127.0.0.1:3001", None, false),
            ("http://127.0.0.1:3001", Some(""), false),
            ("http://127.0.0.1:3001", Some("nonsense"), false),
            ("http://127.0.0.1:3001", Some("https://*.workers.dev"), false),
            ("http://127.0.0.1:3001", Some("*://*:*"), false),
            ("http://127.0.0.1:3001", Some("http://*:3001"), false),
            ("http://127.0.0.1:3001", Some("http://0.0.0.0/0:*"), false),
            ("http://127.0.0.1:3001", Some("http://0.0.0.0/7:*"), false),
            ("http://127.0.0.1:3001", Some("http://127.0.0.1:3001/path"), false),
            ("http://127.0.0.1:3001", Some("http://127.0.0.1:3001"), true),
            ("http://127.0.0.1:3001", Some("http://127.0.0.1:*"), true),
            ("http://127.0.0.1:3001", Some("*://127.0.0.1:*"), true),
            ("http://127.0.0.1:3001", Some("http://127.0.0.0/8:*"), true),
            ("http://127.0.0.1:22", Some("http://127.0.0.1:3001"), false),
            ("https://127.0.0.1:3001", Some("http://127.0.0.1:*"), false),
            ("http://2130706433:3001", Some("http://127.0.0.1:*"), false),
            ("http://10.1.2.3", Some("http://10.1.0.0/16"), true),
            ("http://10.2.2.3", Some("http://10.1.0.0/16"), false),
            ("http://169.254.169.254", Some("http://10.0.0.0/8"), false),
            ("http://[::1]:8080", Some("http://[::1]:*"), true),
            ("http://127.0.0.1:3001", Some("https://*.workers.dev, http://127.0.0.1:3001"), true),
            ("http://127.0.0.1:3002", Some("https://*.workers.dev, http://127.0.0.1:3001"), false),
            ("http://127.0.0.1:3001", Some("http://127.0.0.1:3001,nonsense"), false),
            ("http://[fd00::7]:8080", Some("*://fd00::/8:*"), true),
            ("http://[fe80::7]:8080", Some("*://fd00::/8:*"), false),
            ("http://[::1]:8080", Some("*://::/0:*"), false),
            ("http://api.prod.svc.cluster.local", Some("http://*.svc.cluster.local"), true),
            ("http://metadata.google.internal", Some("http://*.svc.cluster.local"), false),
            ("http://metadata.google.internal", Some("http://*.internal"), true),
            ("http://bun-sqlite:3001", Some("http://bun-sqlite:3001"), true),
        ] {
            assert_eq!(checked(url, cloud_hosts).is_ok(), allowed, "{url} with {cloud_hosts:?}");
        }
    }

    #[test]
    fn the_reason_names_the_variable_and_what_to_set() {
        let reason = checked("http://10.0.0.1:81/secret/path", Some("*://*:*")).unwrap_err();
        assert!(reason.contains("variable 'cloud_hosts'") && reason.contains("as http://10.0.0.1:81,"), "{reason}");
        assert!(!reason.contains("secret"), "{reason}");
    }

    #[test]
    fn a_public_host_costs_no_look_at_the_variable() {
        let url = BackendUrl::parse("https://a.workers.dev").unwrap();
        assert_eq!(check(&url, &|| panic!("not needed")), Ok(()));
    }
    #[test]
    fn the_guard_reads_cloud_hosts_where_it_can() {
        let (inside, outside) =
            (BackendUrl::parse("http://10.0.0.1").unwrap(), BackendUrl::parse("https://a.workers.dev").unwrap());
        let naming = Fake::new(&[("cloud_hosts", "http://10.0.0.1")]);
        let broken = Fake { broken: true, ..Fake::new(&[("cloud_hosts", "http://10.0.0.1")]) };
        for (variables, allowed) in [(naming, true), (Fake::default(), false), (broken, false)] {
            let context = format!("{:?}, broken: {}", variables.values, variables.broken);
            assert_eq!(guard(&variables)(&inside).is_ok(), allowed, "{context}");
            assert_eq!(guard(&variables)(&outside), Ok(()), "{context}");
        }
    }

    #[test]
    fn an_entry_that_leads_inside_needs_cloud_hosts() {
        let entry = r#"{"id":"x","url":"http://169.254.169.254/latest"}"#;
        for (cloud_hosts, allowed) in
            [("https://*.workers.dev", false), ("*://*:*", false), ("http://169.254.169.254", true)]
        {
            let store = Fake::new(&[("backend:x", entry), ("cloud_hosts", cloud_hosts)]);
            let guard = guard(&store);
            let registry = CloudRegistry::new(&store, &guard);
            let got = registry.get_backend("x");
            assert_eq!(got.is_ok(), allowed, "{cloud_hosts}");
            assert_eq!(registry.configured_ids().is_empty(), !allowed, "{cloud_hosts}");
            if let Err(error) = got {
                let error = error.to_string();
                assert!(
                    error.starts_with("key 'backend:x' of the key-value store has a 'url' that leads inside"),
                    "{error}"
                );
                assert!(error.contains("'cloud_hosts'") && !error.contains("latest"), "{error}");
                assert_eq!(registry.list_backends().unwrap().len(), 1, "listed with its reason");
            }
        }
    }

    #[test]
    fn where_cloud_hosts_cannot_be_read_nothing_inside_is_reached() {
        let entry = r#"{"id":"x","url":"http://10.0.0.1"}"#;
        let store = Fake::new(&[("backend:x", entry)]);
        let broken = Fake { broken: true, ..Fake::new(&[("cloud_hosts", "http://10.0.0.1")]) };
        assert!(CloudRegistry::new(&store, &guard(&broken)).get_backend("x").is_err());
    }
}
