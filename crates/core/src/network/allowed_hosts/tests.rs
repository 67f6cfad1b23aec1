//! What entries allow, deny, and refuse.

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
        ("http://10.0.0.0/8:*", "http", "10.255.0.1", Some(8080), true),
        ("http://10.0.0.0/8:*", "http", "11.0.0.1", Some(8080), false),
        ("http://10.0.0.0/8:*", "https", "10.0.0.1", Some(8080), false),
        ("http://10.0.0.0/8:*", "http", "10.example", Some(8080), false),
        ("http://10.9.9.9/8:8080/", "http", "10.0.0.1", Some(8080), true),
        ("http://10.0.0.0/8:8000..9000", "http", "10.0.0.1", Some(8999), true),
        ("http://10.0.0.0/8", "http", "10.0.0.1", None, true),
        ("http://10.0.0.0/8", "http", "10.0.0.1", Some(81), false),
        ("*://0.0.0.0/0:*", "https", "192.0.2.1", Some(443), true),
        ("*://0.0.0.0/0:*", "https", "name", Some(443), false),
        ("http://192.0.2.1/32:80", "http", "192.0.2.1", Some(80), true),
        ("http://192.0.2.1/32:80", "http", "192.0.2.2", Some(80), false),
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
    let hosts =
        AllowedHosts::compile([("http://ok:1", "http://ok:1"), ("{{ url }}", "http://h:1/api?key=s3cret")]).unwrap();
    assert!(!hosts.allows("http", "ok", Some(1)), "also what other entries allow");
    let message = hosts.poison().unwrap().to_string();
    assert!(message.contains("{{ url }}") && !message.contains("s3cret"), "{message}");
    for value in [
        "http://h/?q",
        "http://h?q",
        "http://h/#f",
        "http://h:1//",
        "http://10.0.0.0/33",
        "http://10.0.0/8",
        "http://10.0.0.0/8/x",
    ] {
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
        ("http://[]", Problem::Host),
        ("http://[v1.x]", Problem::Host),
        ("http://u:p@h", Problem::UserInfo),
        ("*://h", Problem::PortMissing),
        ("redis://h", Problem::PortMissing),
        ("http://h:", Problem::Port),
        ("http://h:0", Problem::Port),
        ("http://h:65536", Problem::Port),
        ("http://h:+80", Problem::Port),
        ("http://h:8..+9", Problem::Port),
        ("http://h:9..8", Problem::Port),
        ("http://h:{80,81}", Problem::Port),
        ("http://10.0.0.0/8:0", Problem::Port),
        ("redis://10.0.0.0/8", Problem::PortMissing),
    ];
    for (value, problem) in cases {
        let error = compile(value).unwrap_err();
        assert_eq!(error.problem, problem, "{value:?}");
        assert!(error.to_string().contains("{{ entry }}"), "{value:?}: {error}");
    }
}

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
        // What cannot be compiled allows and names nothing.
        let hosts = compile(entry).unwrap_or_default();
        for scheme in ["http", "https"] {
            for host in ["10.0.0.1", "api.internal", "internal", "xinternal", "[::1]", "localhost"] {
                for port in [80, 443, 3001] {
                    let names = hosts.names(scheme, host, port);
                    let expected = hosts.allows(scheme, host, Some(port)) && !too_wide.contains(entry);
                    assert_eq!(names, expected, "{entry:?} and {scheme}://{host}:{port}");
                    named += u32::from(names);
                }
            }
        }
    }
    assert!(named > 20, "{named}");
}

#[test]
fn nothing_names_port_0() {
    for entry in ["http://h:0", "http://h:0..9000"] {
        assert!(compile(entry).is_err(), "{entry}");
    }
    let any_port = compile("http://h:*").unwrap();
    assert!(any_port.allows("http", "h", Some(0)) && !any_port.names("http", "h", 0));
}

#[test]
fn one_rule_that_names_is_enough_unless_another_has_a_path() {
    let names = |entries: &[&str]| {
        AllowedHosts::compile(entries.iter().map(|entry| (*entry, *entry))).unwrap().names("http", "10.0.0.1", 80)
    };
    assert!(names(&["*://*:*", "http://10.0.0.1"]));
    assert!(!names(&["*://*:*", "http://10.0.0.2"]));
    assert!(!names(&["http://10.0.0.1", "http://h/path"]));
    assert!(!names(&[]));
}
