//! What the clocks of a comparison run for, and what else goes on meanwhile.

use super::scene::{PAIR, report, sha256};
use crate::harness::{Feature, HostKind, Request, is_on, offers, with_settings};
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use std::time::Instant;

/// The largest body that is kept.
const KEPT: usize = 1024 * 1024;

#[test]
fn no_clock_runs_while_a_kept_body_is_hashed() {
    with_settings(
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", "9");
            // One more byte, and the body is hashed as it streams, while its clock runs.
            let report = report(lab, &mut upstream, request, |exchange| {
                ("200 OK".into(), "x".repeat(if exchange.backend == "first" { KEPT } else { KEPT + 1 }))
            })
            .await;
            let times = [0, 1].map(|row| &report["backends"][row]["times"]);
            assert_eq!(times.map(|times| &times["approximate"]), [&json!(false), &json!(true)]);
            let [kept, hashed] = times.map(|times| times["total_ms"]["min"].as_f64().expect("a time"));
            assert!(
                kept < hashed || !offers(Feature::ClockWhileComputing),
                "the best of nine rounds: {kept} ms, and with hashing {hashed} ms"
            );
            println!("1 MiB in {kept} ms, hashed in {hashed} ms");
        },
    );
}

#[test]
fn large_bodies_are_hashed_as_they_stream() {
    with_settings(
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            // Together more than the 128 MiB that the embedded host gives an instance.
            let large = "0123456789abcdef".repeat(5 * 1024 * 1024);
            let other = format!("{}!", &large[1..]);
            let request = Request::get(&upstream.path).backend(PAIR);
            let report = report(lab, &mut upstream, request, |exchange| {
                ("200 OK".into(), if exchange.backend == "first" { large.clone() } else { other.clone() })
            })
            .await;
            for (row, body) in [(0, &large), (1, &other)] {
                let row = &report["backends"][row];
                assert_eq!((&row["size"], &row["sha256"]), (&json!(body.len()), &json!(sha256(body))), "{row}");
                assert_eq!(row["times"]["approximate"], true);
                assert_eq!(row["patch"], Value::Null);
            }
        },
    );
}

/// A list of about a mebibyte, in which `differing` items differ from the others' list.
fn list(differing: usize) -> String {
    let item =
        |id: usize| json!({ "id": id, "title": if id < differing { "other" } else { "title" }, "tags": ["a", "b"] });
    let mut items: Vec<Value> = (0..).map(item).take(KEPT / 48).collect();
    while Value::from(&*items).to_string().len() > KEPT {
        items.pop();
    }
    Value::from(items).to_string()
}

#[test]
fn other_requests_are_answered_while_large_answers_are_compared() {
    // Here the worker has one thread.
    if !is_on(HostKind::Embedded) {
        return;
    }
    with_settings(
        |settings| {
            settings.workers = NonZeroUsize::new(1);
            settings.set("request_timeout", "600s");
        },
        |lab| async move {
            let mut upstream = lab.upstream();
            let bodies = [list(0), list(500)];
            let request = Request::get(&upstream.path).backend(PAIR);
            let pending = request.start(lab).await;
            for _ in 0..2 {
                let mut exchange = upstream.arrival().await;
                let body = &bodies[usize::from(exchange.backend == "second")];
                let head = format!("200 OK\ncontent-type: application/json\ncontent-length: {}", body.len());
                exchange.respond(&head, body).await;
            }
            // From here on the gateway only compares.
            let began = Instant::now();
            let mut report = std::pin::pin!(async {
                let mut response = pending.head().await;
                response.read_to_end().await.expect("a whole report");
                response.json()
            });
            let mut others: u128 = 0;
            let report = loop {
                tokio::select! {
                    report = &mut report => break report,
                    health = Request::get("/health").send(lab) => {
                        assert_eq!(health.status, 200);
                        others += 1;
                    }
                }
            };
            let took = began.elapsed();
            assert_eq!(report["verdict"]["agree"], false, "{}", report["verdict"]);
            println!("{others} other requests in {took:?}");
            // The machine may be slow; what is slow for one is slow for the others.
            assert!(others >= took.as_millis() / 200, "{others} others were answered in {took:?}");
        },
    );
}
