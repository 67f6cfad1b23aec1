//! The rounds: one exchange at a time, each round in another order, those of the warm-up before them.

use super::scene::{PAIR, compared, message, report, same, sha256};
use crate::harness::{FAULTY, Request, with_settings};
use serde_json::json;

/// However slow the machine: no round is left out because time is short.
const NO_HURRY: (&str, &str) = ("request_timeout", "600s");

#[test]
fn one_exchange_at_a_time_and_each_round_in_its_order() {
    with_settings(
        |settings| settings.set(NO_HURRY.0, NO_HURRY.1),
        |lab| async move {
            let [a, b, c] = [FAULTY[0], FAULTY[1], FAULTY[2]];
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path)
                .cloud(&[a, b, c].join(","))
                .field("x-shootout-runs", "4")
                .field("x-shootout-warmup", "1");
            // The warm-up, and then each round begins with another one, every second one runs backwards.
            let rounds = [[a, b, c], [a, b, c], [b, a, c], [c, a, b], [a, c, b]];
            let (response, ()) = tokio::join!(request.send(lab), async {
                for id in rounds.concat() {
                    let exchange = upstream.arrival().await;
                    assert_eq!(exchange.values("x-backend"), [id]);
                    // Time enough for another one to arrive.
                    assert_eq!(Request::get("/health").send(lab).await.status, 200);
                    assert!(upstream.is_untouched(), "two at once");
                    exchange.ok("same").await;
                }
            });
            let report = response.json();
            assert_eq!(report["runs"], json!({ "asked": 4, "warmup": 1, "done": 4 }));
            for row in report["backends"].as_array().expect("rows") {
                assert_eq!(row["answers"], json!({ "total": 4, "failed": 0, "statuses": { "200": 4 } }));
                for times in [&row["times"]["first_byte_ms"], &row["times"]["total_ms"]] {
                    let [min, median, p95] =
                        ["min", "median", "p95"].map(|name| times[name].as_f64().expect("a number"));
                    assert!(0.0 <= min && min <= median && median <= p95, "{times}");
                }
                let [first_byte, total] = ["first_byte_ms", "total_ms"].map(|name| row["times"][name]["min"].as_f64());
                assert!(first_byte <= total, "{row}");
                assert_eq!(row["times"]["approximate"], false);
            }
        },
    );
}

#[test]
fn the_warm_up_counts_for_nothing() {
    with_settings(
        |settings| settings.set(NO_HURRY.0, NO_HURRY.1),
        |lab| async move {
            for (runs, warmup, rounds_before) in
                [("1", None, 0), ("2", None, 1), ("2", Some("0"), 0), ("1", Some("3"), 3)]
            {
                let mut upstream = lab.upstream();
                let mut request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", runs);
                if let Some(warmup) = warmup {
                    request = request.field("x-shootout-warmup", warmup);
                }
                let mut exchanges = 0;
                // Answers of the warm-up are of another kind, and one of them breaks off.
                let (response, asked) = compared(lab, &mut upstream, request, |exchange| {
                    exchanges += 1;
                    match exchanges {
                        number if number > 2 * rounds_before => same(exchange),
                        1 => ("200 OK\ncontent-length: 10".into(), "half".into()),
                        _ => ("503 Service Unavailable".into(), "warming up".into()),
                    }
                })
                .await;
                let report = response.json();
                let measured: usize = runs.parse().expect("a number");
                assert_eq!(asked.len(), 2 * (rounds_before + measured), "{runs} {warmup:?}");
                assert_eq!(report["runs"], json!({ "asked": measured, "warmup": rounds_before, "done": measured }));
                for row in report["backends"].as_array().expect("rows") {
                    let expected = json!({ "total": measured, "failed": 0, "statuses": { "200": measured } });
                    assert_eq!((&row["answers"], &row["sha256"]), (&expected, &json!(sha256("same"))));
                }
                assert_eq!(report["verdict"]["agree"], true, "{runs} {warmup:?}");
            }
        },
    );
}

#[test]
fn the_warm_up_gives_way_to_the_operators_limit_unless_it_was_asked_for() {
    with_settings(
        |settings| {
            settings.set(NO_HURRY.0, NO_HURRY.1);
            settings.set("shootout", "5");
        },
        |lab| async move {
            let mut upstream = lab.upstream();
            let path = upstream.path.clone();
            let two_runs = || Request::get(&path).backend(PAIR).field("x-shootout-runs", "2");
            let explicit = two_runs().field("x-shootout-warmup", "1").send(lab).await;
            assert_eq!(explicit.status, 400);
            assert!(message(&explicit).starts_with("6 exchanges are more"), "{}", message(&explicit));
            assert!(upstream.is_untouched());
            let report = report(lab, &mut upstream, two_runs(), same).await;
            assert_eq!(report["runs"], json!({ "asked": 2, "warmup": 0, "done": 2 }));
        },
    );
}
