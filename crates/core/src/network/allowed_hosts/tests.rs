//! What entries allow, deny, and refuse: the vectors that the Worker's reader is tested with, too, and what only the core has.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::backend::url::BackendUrl;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Vectors {
    usable: Vec<Usable>,
    poison: Group<Vec<String>>,
    unusable: Group<BTreeMap<String, Vec<String>>>,
    spelling: Spelling,
}

#[derive(Deserialize)]
struct Usable {
    entry: String,
    allowed: Vec<String>,
    denied: Vec<String>,
}

#[derive(Deserialize)]
struct Group<Entries> {
    core: String,
    entries: Entries,
}

#[derive(Deserialize)]
struct Spelling {
    cases: Vec<Spelled>,
}

#[derive(Deserialize)]
struct Spelled {
    entry: String,
    url: String,
    core: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../../tests/vectors/allowed-hosts.json")).unwrap()
}

fn compile(value: &str) -> Result<AllowedHosts, AllowedHostsError> {
    AllowedHosts::compile([("{{ entry }}", value)])
}

fn allows(entry: &str, url: &str) -> bool {
    let hosts = compile(entry).unwrap_or_else(|error| panic!("{entry:?}: {error}"));
    let url = BackendUrl::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    hosts.allows(url.scheme().as_str(), url.host(), Some(url.port()))
}

#[test]
fn what_an_entry_allows() {
    for Usable { entry, allowed, denied } in vectors().usable {
        assert_eq!(compile(&entry).map(|hosts| hosts.poison), Ok(None), "{entry:?}");
        for url in allowed {
            assert!(allows(&entry, &url), "{entry:?} allows {url}");
        }
        for url in denied {
            assert!(!allows(&entry, &url), "{entry:?} denies {url}");
        }
    }
}

#[test]
fn addresses_are_compared_as_texts() {
    for Spelled { entry, url, core } in vectors().spelling.cases {
        let verdict = if allows(&entry, &url) { "allowed" } else { "denied" };
        assert_eq!(verdict, core, "{entry:?} and {url}");
    }
}

#[test]
fn a_request_without_a_port_has_the_default_one_and_hosts_have_no_case() {
    for (entry, scheme, host, port, expected) in [
        ("http://unset.invalid", "http", "unset.invalid", None, true),
        ("http://*", "http", "x", None, true),
        ("http://[::1]", "http", "[::1]", None, true),
        ("http://10.0.0.0/8", "http", "10.0.0.1", None, true),
        ("https://H.Example", "https", "h.eXample", None, true),
        ("https://*.workers.dev", "https", "a.b.Workers.DEV", None, true),
        ("http://h:81", "http", "h", None, false),
        // Without a default port there is none to allow.
        ("*://*:*", "amqp", "h", None, false),
        ("*://*:*", "amqp", "h", Some(5672), true),
    ] {
        assert_eq!(compile(entry).unwrap().allows(scheme, host, port), expected, "{entry}: {scheme}://{host}:{port:?}");
    }
}

#[test]
fn an_empty_list_allows_nothing() {
    assert!(!AllowedHosts::compile([]).unwrap().allows("http", "127.0.0.1", Some(1)));
}

#[test]
fn a_path_denies_everything() {
    let Group { core, entries } = vectors().poison;
    assert_eq!(core, "compiles, and denies everything");
    for value in entries {
        let hosts = AllowedHosts::compile([("http://ok:1", "http://ok:1"), ("{{ url }}", &value)]).unwrap();
        assert!(!hosts.allows("http", "ok", Some(1)), "{value:?} denies also what other entries allow");
        let message = hosts.poison().unwrap().to_string();
        assert!(message.contains("{{ url }}") && !message.contains("s3cret"), "{message}");
    }
}

#[test]
fn what_is_refused() {
    let Group { core, entries } = vectors().unusable;
    assert_eq!(core, "is refused");
    for (problem, values) in entries {
        for value in values {
            let error = compile(&value).expect_err(&value);
            assert_eq!(format!("{:?}", error.problem), problem, "{value:?}");
            assert!(error.to_string().starts_with("the entry \"{{ entry }}\" of allowed_outbound_hosts"), "{error}");
        }
    }
}

#[test]
fn a_mistake_in_a_list_is_found_by_its_number() {
    let message = |value| compile(value).unwrap_err().to_string();
    assert_eq!(
        message("http://a, ,b"),
        "the entry \"{{ entry }}\" of allowed_outbound_hosts, pattern 2 of its list, lacks a scheme; write http://host:port or https://host"
    );
    assert!(
        message("http://a:x").starts_with("the entry \"{{ entry }}\" of allowed_outbound_hosts has an invalid port")
    );
}

#[test]
fn what_an_entry_names_it_allows_and_what_it_allows_it_names_unless_it_is_too_wide() {
    let too_wide =
        ["*://*:*", "http://*", "http://*:3001", "http://0.0.0.0/0:*", "http://8.0.0.0/7:*", "http://::/6:*"];
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
        "http://10.0.0.0/+8",
        "http://10.0.0.1:+80",
        "http://::1/128:*",
        "http://::/7:*",
        "http://fd00::/8:*",
        "https://*.workers.dev,http://10.0.0.1:3001",
        "http://*.internal:*,https://[::1]:*",
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
