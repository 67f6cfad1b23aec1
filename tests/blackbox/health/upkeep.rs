//! Entries that speak of what was configured before, and the periodic survey that renews and removes entries.

use super::scene::{WELL, get, now, settled, until, with};
use crate::harness::{Feature, HostKind, Lab, Request, offers};
use gateway_core::backend::url::BackendUrl;
use gateway_core::file_name;
use gateway_core::health::entry::{Entry, State};
use gateway_core::health::outcome::endpoint_fingerprint;
use gateway_host::KeyValueStore;
use std::path::Path;
use std::time::{Duration, Instant};

/// A backend that is to be left alone for 25 s.
fn down() -> Entry {
    let now = now();
    Entry {
        state: State::Unhealthy,
        checked_at: now,
        expires_at: now + 30_000,
        reason: Some("connection refused".to_owned()),
        failures: 6,
        marks: 6,
        retry_at: Some(now + 25_000),
        check_at: Some(now + 25_000),
        ..Entry::default()
    }
}

/// The outage of the old URL, or of the old health endpoint, is not that of the new one; an entry that names none is one of an older version.
#[test]
fn an_entry_that_speaks_of_what_was_configured_before_gates_nothing() {
    let fingerprint = |url: String| Some(BackendUrl::parse(&url).expect("a URL").fingerprint());
    type Change = fn(&mut Entry, Option<u32>);
    let cases: [(&str, bool, Change); 5] = [
        ("its URL", false, |entry, url| entry.url = url),
        ("no URL", false, |_, _| {}),
        ("its URL and endpoint", false, |entry, url| {
            entry.url = url;
            entry.declared_by = Some(endpoint_fingerprint("/up"));
        }),
        ("another URL", true, |entry, url| entry.url = url.map(|url| url ^ 1)),
        ("another endpoint", true, |entry, _| entry.declared_by = Some(endpoint_fingerprint("/typo"))),
    ];
    for (name, routed, change) in cases {
        let started = Instant::now();
        with(
            WELL,
            |settings, address| {
                settings.set("backend_cf_d1_health", "/up");
                let mut entry = down();
                change(&mut entry, fingerprint(format!("http://{address}")));
                settings.key_values.push(("health:local:cf-d1".to_owned(), entry.to_json().into_bytes()));
            },
            |lab, _server| async move {
                let status = get(lab).await.status;
                let late = started.elapsed() > Duration::from_secs(20);
                assert!(status == if routed { 200 } else { 503 } || late, "an entry of {name}: {status}");
            },
        );
    }
}

fn periodic() -> Request {
    Request::get("/backends").field("x-gateway-periodic", "1")
}

/// Others check what is 30 s old.
#[test]
fn the_periodic_request_renews_an_entry_before_it_expires() {
    let started = Instant::now();
    with(
        WELL,
        |settings, _| {
            let now = now();
            let entry = Entry { state: State::Healthy, checked_at: now, expires_at: now + 9_900, ..Entry::default() };
            settings.key_values.push(("health:local:cf-d1".to_owned(), entry.to_json().into_bytes()));
        },
        |lab, server| async move {
            assert_eq!(Request::get("/backends").send(lab).await.status, 200);
            // It may expire on a machine that is as slow.
            assert!(server.seen("/health") == 0 || started.elapsed() > Duration::from_secs(9), "it is fresh");
            assert_eq!(periodic().send(lab).await.status, 200);
            until(|| server.seen("/health") > 0).await;
            if offers(Feature::StoreInSight) {
                settled(lab, |entry| entry["latency_ms"].is_number()).await;
            }
        },
    );
}

/// The keys of the store, with their values.
fn keys(lab: &Lab, state_dir: &Path) -> Vec<String> {
    let mut keys: Vec<String> = match lab.process.as_ref().and_then(|process| process.store.as_ref()) {
        Some(folder) => std::fs::read_dir(folder)
            .expect("a folder")
            .filter_map(|file| file_name::to_key(file.expect("a file").file_name().to_str()?))
            .collect(),
        None => {
            let store = KeyValueStore::open_read_only(state_dir).expect("it opens").expect("it is there");
            store.keys("default").expect("a list")
        }
    };
    keys.sort();
    keys
}

#[test]
fn the_periodic_request_removes_what_is_known_of_backends_that_are_gone() {
    if !offers(Feature::StoreInSight) {
        return;
    }
    const GONE: [&str; 4] =
        ["health:cloud:gone", "health:local:gone", "health:local:java-spring-boot", "health:cloud:bun-sqlite"];
    // Of backends that are there, even malformed ones, and what is not the gateway's own.
    const STAYS: [&str; 9] = [
        "health:cloud:cf-d1",
        "health:cloud:broken",
        "health:local:cf-d1",
        "health:local:malformed",
        "health:local:not-an-entry",
        "health:local:a b",
        "health:moon:gone",
        "healthy:local:gone",
        "other",
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let state_dir = folder.path();
    with(
        WELL,
        |settings, _| {
            if HostKind::current() == HostKind::Embedded {
                settings.state_dir = Some(state_dir.to_owned());
            }
            for key in GONE.iter().chain(&STAYS) {
                let value = if *key == "health:local:not-an-entry" { "{}".to_owned() } else { down().to_json() };
                settings.key_values.push(((*key).to_owned(), value.into_bytes()));
            }
        },
        |lab, _server| async move {
            let there = |key: &&&str| keys(lab, state_dir).iter().any(|other| other == **key);
            assert_eq!(Request::get("/backends").send(lab).await.status, 200);
            settled(lab, |_| true).await;
            assert_eq!(GONE.iter().filter(there).count(), GONE.len(), "a user's request removes nothing");
            assert_eq!(periodic().send(lab).await.status, 200);
            until(|| GONE.iter().filter(there).count() == 0).await;
            settled(lab, |_| true).await;
            let left: Vec<_> = STAYS.iter().filter(there).collect();
            assert_eq!(left, STAYS.iter().collect::<Vec<_>>());
        },
    );
}
