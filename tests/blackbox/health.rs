//! These need a gateway whose store nobody else uses, so each starts its own; the backend is a small server that the test can stop.

mod checks;
mod scene;
mod suspects;
mod upkeep;

use crate::harness::{Feature, Request, offers};
use scene::{Manner, WELL, get, listed, settled, stats, turned_away, until, with, written};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[test]
fn a_refused_backend_is_gated_at_once() {
    if !offers(Feature::StoreInSight) {
        return;
    }
    with(
        // A 500 to a request says nothing about the backend.
        Manner::Answer(500, 200),
        |_, _| {},
        |lab, mut server| async move {
            let since = Instant::now();
            let mut failures = 0;
            let mut refuse = async || {
                server.stop().await;
                let response = get(lab).await;
                assert_eq!(response.status, 503);
                assert!(response.value("proxy-status").expect("a proxy-status").contains("connection_refused"));
                // The verdict is written after the response.
                failures += 1;
                written(lab, failures, |entry| entry["marks"] == failures).await;
                server.restart().await;
            };
            refuse().await;
            let (response, pause) = turned_away(lab, since, refuse).await;
            assert_eq!(response.status, 503, "gated although it is back");
            let retry_after: u64 = response.value("retry-after").expect("a time").parse().expect("seconds");
            assert!((1..=pause).contains(&retry_after), "{retry_after} s, where the pause is {pause} s");
            assert!(response.value("proxy-status").expect("a proxy-status").contains("error=destination_unavailable"));
            let body = response.json();
            assert_eq!(
                body,
                serde_json::json!({
                    "error": "Backend Unavailable",
                    "message": "The requested backend 'cf-d1' is not responding",
                    "backend": "cf-d1",
                    "reason": body["reason"],
                })
            );
            assert!(!body["reason"].as_str().expect("why it is down").is_empty());
            assert_eq!(server.seen("/x") as u64, failures - 1, "it was spared all but the retries");
        },
    );
}

#[test]
fn resets_gate_after_three_in_a_row_and_a_good_answer_starts_the_count_again() {
    if !offers(Feature::StoreInSight) {
        return;
    }
    with(
        Manner::Reset,
        |_, _| {},
        |lab, server| async move {
            for failures in 1..=2 {
                assert_eq!(get(lab).await.status, 503);
                written(lab, failures, |entry| entry["failures"] == failures).await;
            }
            server.set(WELL);
            assert_eq!(get(lab).await.status, 200);
            written(lab, 3, |entry| entry["state"] == "healthy").await;
            server.set(Manner::Reset);
            let since = Instant::now();
            for failures in 1..=3 {
                let response = get(lab).await;
                assert_eq!((response.status, response.value("retry-after")), (503, None), "{failures}");
                written(lab, 3 + failures, |entry| entry["failures"] == failures || entry["state"] == "unhealthy")
                    .await;
            }
            // The third makes it suspect; its check breaks as well, and gates it. A retry breaks like the others.
            let mut marks = 1;
            written(lab, 7, |entry| entry["marks"] == marks).await;
            turned_away(lab, since, async || {
                marks += 1;
                written(lab, 6 + marks, |entry| entry["marks"] == marks).await;
            })
            .await;
        },
    );
}

/// The failure that can be told apart from a sent request on every host: a handshake that does not come about.
#[test]
fn a_get_that_cannot_connect_is_tried_once_more_and_a_post_is_not() {
    for (request, attempts) in [(Request::get("/x"), 2), (Request::new("POST", "/x"), 1)] {
        with(
            WELL,
            |settings, address| settings.set("backend_cf_d1_url", format!("https://{address}")),
            |lab, server| async move {
                assert_eq!(request.backend("cf-d1").send(lab).await.status, 503);
                assert_eq!(server.accepted.load(Ordering::SeqCst), attempts);
            },
        );
    }
}

#[test]
fn errors_of_the_application_gate_nothing() {
    with(
        Manner::Answer(500, 200),
        |settings, _| settings.set("backend_cf_d1_health", "/up"),
        |lab, server| async move {
            for _ in 0..10 {
                assert_eq!(get(lab).await.status, 500);
            }
            assert_eq!(server.seen("/x"), 10);
        },
    );
}

#[test]
fn a_request_that_finds_no_entry_is_followed_by_a_check_of_the_configured_endpoint() {
    if !offers(Feature::StoreInSight) {
        return;
    }
    with(
        Manner::Answer(200, 503),
        |settings, _| settings.set("backend_cf_d1_health", "/up"),
        |lab, server| async move {
            let since = Instant::now();
            assert_eq!(get(lab).await.status, 200);
            // A good answer, then a bad check: both are written.
            written(lab, 2, |entry| entry["state"] == "unhealthy").await;
            assert_eq!((server.seen("/up"), server.seen("/health")), (1, 0));
            // The endpoint has said that it is unwell. What a retry gets says nothing; the listing asks the endpoint again where one is due.
            server.set(Manner::Answer(500, 503));
            let mut marks = 1;
            turned_away(lab, since, async || {
                assert_eq!(listed(lab).await["health"], "unhealthy");
                marks += 1;
                written(lab, 1 + marks, |entry| entry["marks"] == marks).await;
            })
            .await;
            let shown = listed(lab).await;
            assert_eq!(shown["health"], "unhealthy");
            assert_eq!(shown["reason"], "health endpoint answered 503");
        },
    );
}

#[test]
fn a_corrupt_entry_is_routed() {
    with(
        WELL,
        |settings, _| settings.key_values.push(("health:local:cf-d1".to_owned(), b"\xff{".to_vec())),
        |lab, _server| async move { assert_eq!(get(lab).await.status, 200) },
    );
}

#[test]
fn without_a_store_requests_are_routed() {
    if !offers(Feature::NoStore) {
        return;
    }
    with(
        WELL,
        |settings, _| settings.store = false,
        |lab, _server| async move {
            assert_eq!(get(lab).await.status, 200);
            let shown = listed(lab).await;
            assert_eq!(shown["health"], "healthy", "checked now, even if it cannot be remembered");
            let response = Request::get("/").cloud("cf-d1").send(lab).await;
            assert_eq!(response.status, 500, "but without a store there is no URL in the cloud");
            assert!(response.json()["message"].as_str().expect("a message").contains("key-value store"));
        },
    );
}

/// Once an entry is there, each request reads it once and none writes.
#[test]
fn a_thousand_requests_read_a_thousand_times_and_write_once_or_twice() {
    if !offers(Feature::StoreCounters) {
        return;
    }
    with(
        WELL,
        |_, _| {},
        |lab, server| async move {
            let began = Instant::now();
            assert_eq!(get(lab).await.status, 200);
            until(|| stats(lab).1 >= 1 && server.seen("/health") == 1).await;
            // What follows the check reads the entry once more.
            lab.host.as_ref().expect("an embedded host").idle().await;
            let (reads, _) = stats(lab);
            for _ in 0..1_000 {
                assert_eq!(get(lab).await.status, 200);
            }
            let (now, writes) = stats(lab);
            // An entry is fresh for 30 s. None expires on a machine that keeps up; each that does is written twice more, and read again by requests
            // that find it so before.
            let expired = began.elapsed().as_secs() / 30;
            assert!((1_000..=1_000 + 100 * expired).contains(&(now - reads)), "{} reads", now - reads);
            assert!((1..=2 + 2 * expired).contains(&writes), "{writes} writes");
        },
    );
}

/// The bound stated in docs/decisions/health-without-compare-and-set.md: of requests that find an entry expired together, at most ten check, whatever their number.
#[test]
fn two_hundred_requests_that_find_no_entry_cause_a_handful_of_checks() {
    if !offers(Feature::StoreCounters) {
        return;
    }
    // How many see nothing of a check that another one has begun depends on how long a write takes, and on a busy machine that may be any time. Without
    // the rule it would be all of them, each time.
    const REQUESTS: usize = 200;
    let mut most = REQUESTS;
    for _ in 0..10 {
        with(
            // All of them find no entry.
            Manner::Together(REQUESTS),
            |_, _| {},
            |lab, server| {
                let most = &mut most;
                async move {
                    let requests: Vec<_> = (0..REQUESTS).map(|_| tokio::spawn(get(lab))).collect();
                    for request in requests {
                        assert_eq!(request.await.expect("no panic").status, 200);
                    }
                    // Every instance has to be through with its work after the response before the sum is known.
                    lab.host.as_ref().expect("an embedded host").idle().await;
                    let (checks, (_, writes)) = (server.seen("/health"), stats(lab));
                    assert!(checks >= 1 && writes >= 1, "{checks} checks, {writes} writes");
                    *most = checks.max(usize::try_from(writes).expect("a count"));
                }
            },
        );
        if most <= 10 {
            return;
        }
        println!("{most} checks or writes: once more");
    }
    panic!("{most} checks or writes, each time more than ten");
}

#[test]
fn hanging_backends_do_not_hold_up_the_listing() {
    // One after the other their checks would take two minutes, six at once twenty seconds.
    const BACKENDS: usize = 60;
    with(
        Manner::Hang,
        |settings, address| {
            let names = ["bun_sqlite", "dotnet_api", "elixir_phoenix", "java_spring_boot", "php_laravel", "ruby_rails"];
            for id in names {
                settings.set(&format!("backend_{id}_url"), format!("http://{address}"));
            }
            let extra: Vec<_> = (names.len() + 1..BACKENDS)
                .map(
                    |number| serde_json::json!({ "id": format!("extra-{number}"), "url": format!("http://{address}") }),
                )
                .collect();
            settings.set("extra_backends", serde_json::Value::from(extra).to_string());
        },
        |lab, server| async move {
            let started = Instant::now();
            let body = Request::get("/backends").send(lab).await.json();
            let took = started.elapsed();
            assert_eq!(body["backends"].as_array().expect("a list").len(), BACKENDS);
            assert!(took < Duration::from_secs(60), "{took:?}");
            // They were asked at once: the first would have had to run out of its two seconds before a second one came, and the listing has 2.3 s.
            let times = server.times("/health");
            assert!(times.len() >= 6, "{} checks", times.len());
            // The seventh had to wait for that.
            let seventh = times.get(6).map(|time| time.duration_since(started));
            assert!(seventh.is_none_or(|after| after >= Duration::from_millis(1_900)), "the seventh after {seventh:?}");
        },
    );
}

#[test]
fn the_listing_checks_and_remembers() {
    if !offers(Feature::StoreInSight) {
        return;
    }
    with(
        WELL,
        |_, _| {},
        |lab, mut server| async move {
            let shown = listed(lab).await;
            assert_eq!(shown["health"], "healthy");
            assert!(shown["latency_ms"].as_f64().expect("a latency") > 0.0);
            assert_eq!(shown["last_check"].as_str().expect("a time").len(), 20);
            assert_eq!(shown["reason"], serde_json::Value::Null);
            assert_eq!(shown["latencies_ms"].as_array().expect("a list").len(), 1);
            settled(lab, |entry| entry["state"] == "healthy").await;
            assert_eq!(listed(lab).await["health"], "healthy");
            assert_eq!(server.seen("/health"), 1, "the second listing has found the entry fresh");

            // Down: the next request notices, the listing shows it.
            server.stop().await;
            assert_eq!(get(lab).await.status, 503);
            settled(lab, |entry| entry["state"] == "unhealthy").await;
            let shown = listed(lab).await;
            assert_eq!((&shown["health"], &shown["reason"]), (&"unhealthy".into(), &"connection refused".into()));
        },
    );
}

/// The promise to users: under a steady load, an outage shows as 503s, and its end within two seconds.
#[test]
fn under_load_an_outage_turns_to_503_and_back_within_two_seconds() {
    with(
        WELL,
        |_, _| {},
        |lab, mut server| async move {
            const PAUSE: Duration = Duration::from_millis(20);
            /// Requests with such a pause in two seconds, where nothing else keeps the machine busy.
            const STEADY: u32 = 80;
            // Down for longer than the first pauses, so that the next retry is seconds away when the backend returns.
            for outage in [Duration::from_millis(500), Duration::from_millis(4_500)] {
                for _ in 0..25 {
                    assert_eq!(get(lab).await.status, 200);
                    tokio::time::sleep(PAUSE).await;
                }
                server.stop().await;
                let stopped = Instant::now();
                while stopped.elapsed() < outage {
                    let response = get(lab).await;
                    assert_eq!(response.status, 503, "no 500, no hang");
                    tokio::time::sleep(PAUSE).await;
                }
                // What the last one has found is written, not on its way.
                if let Some(host) = &lab.host {
                    host.idle().await;
                }
                server.restart().await;
                let restarted = Instant::now();
                for asked in 0.. {
                    let status = get(lab).await.status;
                    if status == 200 {
                        break;
                    }
                    assert_eq!(status, 503);
                    // The promise is one to whoever asks steadily: a busy machine makes the requests fewer and the time longer.
                    let took = restarted.elapsed();
                    assert!(
                        took < Duration::from_secs(2) || asked < STEADY,
                        "not back after {took:?}, {asked} requests"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        },
    );
}
