//! Which backends take part where all are asked for, and what is said of the others.

use super::scene::{compared, message, same};
use crate::harness::{FAULTY, Request, Settings, lab, with_settings};
use gateway_core::health::entry::{Entry, State};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_millis()).expect("before the end of time")
}

/// An outage that was found so long ago, in milliseconds, and lasts for a minute; the backend is asked again `retry` after it was found.
fn outage(ago: u64, retry: u64) -> Entry {
    let checked_at = now() - ago;
    Entry {
        state: State::Unhealthy,
        checked_at,
        expires_at: checked_at + 60_000,
        reason: Some("connection refused".to_owned()),
        failures: 1,
        marks: 1,
        retry_at: Some(checked_at + retry),
        ..Entry::default()
    }
}

fn remember(settings: &mut Settings, id: &str, entry: &Entry) {
    settings.key_values.push((format!("health:local:{id}"), entry.to_json().into_bytes()));
}

/// Of the known backends only `bun-sqlite` and `cf-d1` are there, and these.
fn configure(settings: &mut Settings, extra: &Value) {
    for id in ["dotnet_api", "elixir_phoenix", "php_laravel", "ruby_rails"] {
        settings.set(&format!("backend_{id}_url"), "http://unset.invalid");
    }
    settings.set("extra_backends", extra.to_string());
    settings.set("request_timeout", "600s");
}

fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().expect("a list").iter().map(|row| row["backend"].as_str().expect("an id")).collect()
}

#[test]
fn those_that_are_down_or_wrong_are_left_out_with_the_reason() {
    with_settings(
        |settings| {
            let wrong = json!({ "id": "wrong", "url": "http://user:secret@127.0.0.1:1" });
            configure(settings, &json!([{ "id": "down", "url": "http://127.0.0.1:1" }, wrong]));
            remember(settings, "down", &outage(0, 30_000));
        },
        |lab| async move {
            for all in ["*", "*@local"] {
                let mut upstream = lab.upstream();
                let request = Request::get(&upstream.path).backend(all);
                let (response, asked) = compared(lab, &mut upstream, request, same).await;
                assert_eq!(asked, ["bun-sqlite", "cf-d1"]);
                let report = response.json();
                assert_eq!(ids(&report["backends"]), ["bun-sqlite", "cf-d1"], "{all}");
                assert_eq!(ids(&report["skipped"]), ["down", "wrong"], "{all}");
                let reason = |row: usize| report["skipped"][row]["reason"].as_str().expect("a reason");
                assert!(reason(0).contains("(connection refused)"), "{report}");
                assert!(reason(1).contains("user name or password") && !reason(1).contains("secret"), "{report}");
                assert_eq!(report["skipped"][0]["location"], "local");
                assert_eq!((&report["verdict"]["agree"], &report["verdict"]["failed"]), (&json!(true), &json!([])));
            }
        },
    );
}

#[test]
fn one_that_was_down_when_last_checked_is_left_out_until_a_check_finds_it_well() {
    // Its pause is over; whether its verdict is as well makes no difference.
    for (verdict, entry) in [("fresh", outage(5_000, 1_000)), ("expired", outage(100_000, 1_000))] {
        with_settings(
            |settings| {
                configure(settings, &json!([{ "id": "third", "url": format!("http://{}", lab().backends.first) }]));
                remember(settings, "cf-d1", &entry);
            },
            |lab| async move {
                let mut upstream = lab.upstream();
                let path = upstream.path.clone();
                let all = || Request::get(&path).backend("*");
                let report = compared(lab, &mut upstream, all(), same).await.0.json();
                assert_eq!(ids(&report["skipped"]), ["cf-d1"], "{verdict}");
                assert_eq!(
                    report["skipped"][0]["reason"], "unhealthy at its last check (connection refused)",
                    "{verdict}"
                );
                // Nobody but the comparison has asked for it, and no client ever does.
                while ids(&compared(lab, &mut upstream, all(), same).await.0.json()["backends"]).len() < 3 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
        );
    }
}

#[test]
fn one_that_was_down_and_is_named_is_asked() {
    with_settings(
        |settings| {
            configure(settings, &json!([]));
            remember(settings, "cf-d1", &outage(100_000, 1_000));
        },
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend("bun-sqlite,cf-d1");
            let (response, asked) = compared(lab, &mut upstream, request, same).await;
            assert_eq!(asked, ["bun-sqlite", "cf-d1"]);
            assert_eq!(response.json()["verdict"]["agree"], true);
        },
    );
}

#[test]
fn where_fewer_than_two_are_left_nothing_is_sent_and_the_answer_says_why() {
    with_settings(
        |settings| {
            configure(settings, &json!([{ "id": "wrong", "url": "ftp://127.0.0.1" }]));
            remember(settings, "cf-d1", &outage(0, 30_000));
            settings.key_values.retain(|(key, _)| !key.starts_with("backend:"));
        },
        |lab| async move {
            let mut upstream = lab.upstream();
            let response = Request::get(&upstream.path).backend("*").send(lab).await;
            assert_eq!(response.status, 409);
            assert_eq!(response.json()["error"], "Nothing To Compare");
            let message = message(&response);
            for part in ["Fewer than two", "cf-d1 (", "connection refused", "wrong ("] {
                assert!(message.contains(part), "{part}: {message}");
            }
            let nowhere = Request::get(&upstream.path).backend("*@cloud").send(lab).await;
            assert_eq!(nowhere.status, 409);
            assert!(nowhere.text().contains("no other is configured"), "{}", nowhere.text());
            assert!(upstream.is_untouched());
        },
    );
}

#[test]
fn a_reference_that_is_left_out_is_a_conflict_with_its_reason() {
    with_settings(
        |settings| {
            configure(settings, &json!([{ "id": "down", "url": "http://127.0.0.1:1" }]));
            remember(settings, "down", &outage(0, 30_000));
        },
        |lab| async move {
            let mut upstream = lab.upstream();
            for (reference, status, says) in [
                ("down", 409, "The reference 'down@local' does not take part: "),
                ("down@local", 409, "(connection refused)"),
                ("nope", 400, "must be one of the backends that are compared, not 'nope'"),
                ("cf-d1@cloud", 400, "not 'cf-d1@cloud'"),
            ] {
                let request = Request::get(&upstream.path).backend("*").field("x-shootout-reference", reference);
                let response = request.send(lab).await;
                assert_eq!(response.status, status, "{reference}");
                assert!(message(&response).contains(says), "{reference}: {}", message(&response));
            }
            assert!(upstream.is_untouched());
        },
    );
}

#[test]
fn of_the_cloud_the_first_sixteen_take_part() {
    with_settings(
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend("*@cloud").field("x-backend-location", "local");
            let (response, asked) = compared(lab, &mut upstream, request, same).await;
            assert_eq!(asked.len(), 16);
            let report = response.json();
            let rows = ids(&report["backends"]);
            assert_eq!(rows[..2], ["cf-d1", "cloud-only"]);
            let skipped = report["skipped"].as_array().expect("a list");
            let reason = |id: &str| {
                let skipped = skipped.iter().find(|skipped| skipped["backend"] == id);
                skipped.and_then(|skipped| skipped["reason"].as_str()).unwrap_or_default()
            };
            let late: Vec<_> = FAULTY.iter().filter(|id| !rows.contains(id)).collect();
            assert_eq!(late.len(), 2);
            assert!(late.iter().all(|id| reason(id) == "only the first 16 are taken"), "{skipped:?}");
            assert!(reason("broken").contains("backend:broken"), "{skipped:?}");
        },
    );
}
