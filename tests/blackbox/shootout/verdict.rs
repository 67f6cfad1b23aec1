//! What follows from the answers: failures, changing statuses and error pages never make agreement or a winner.

use super::scene::{PAIR, compared, pair, report, same};
use crate::harness::{FAULTY, Request, run, with_settings};
use serde_json::{Value, json};

/// However slow the machine: no round is left out because time is short.
fn no_hurry(settings: &mut crate::harness::Settings) {
    settings.set("request_timeout", "600s");
}

#[test]
fn answers_with_the_same_bytes_agree_and_others_do_not() {
    run(|lab| async move {
        for (other, equality, agree) in [("[1]", "identical", true), ("[2]", "different", false)] {
            let report = pair(lab, "[1]", other).await;
            let equalities = [0, 1].map(|row| &report["backends"][row]["equality"]);
            assert_eq!(equalities, [&json!("reference"), &json!(equality)]);
            assert_eq!(report["backends"][0]["content_type"], "application/json");
            assert_eq!(report["verdict"]["agree"], agree, "{}", report["verdict"]);
            // Once is not enough for more.
            assert_eq!(report["verdict"]["fastest"], Value::Null);
            assert!(report["verdict"]["why"].is_string(), "{}", report["verdict"]);
        }
    });
}

#[test]
fn a_backend_that_fails_in_39_of_40_rounds_neither_agrees_nor_wins() {
    with_settings(no_hurry, |lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", "40");
        let request = request.field("x-shootout-warmup", "0");
        let mut asked = 0;
        let report = report(lab, &mut upstream, request, |exchange| {
            asked += usize::from(exchange.backend == "second");
            match (exchange.backend, asked) {
                ("second", 2..) => ("200 OK\ncontent-length: 10".into(), "half".into()),
                _ => same(exchange),
            }
        })
        .await;
        assert_eq!(report["runs"]["done"], 40);
        let failing = &report["backends"][1];
        assert_eq!(failing["answers"], json!({ "total": 40, "failed": 39, "statuses": { "200": 1 } }));
        assert_eq!((&failing["status"], &failing["error"]["status"]), (&json!(200), &json!(503)));
        let verdict = &report["verdict"];
        assert_eq!((&verdict["agree"], &verdict["failed"]), (&json!(false), &json!(["cf-d1@local"])));
        assert_eq!(verdict["fastest"], Value::Null);
    });
}

#[test]
fn a_status_that_changes_is_a_disagreement() {
    with_settings(no_hurry, |lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", "7");
        let request = request.field("x-shootout-warmup", "0");
        let mut asked = 0;
        let report = report(lab, &mut upstream, request, |exchange| {
            asked += usize::from(exchange.backend == "second");
            match (exchange.backend, asked) {
                ("second", 2..) => ("500 Internal Server Error".into(), "same".into()),
                _ => same(exchange),
            }
        })
        .await;
        let changing = &report["backends"][1];
        assert_eq!(changing["answers"], json!({ "total": 7, "failed": 0, "statuses": { "200": 1, "500": 6 } }));
        assert_eq!(changing["status"], 500, "the most frequent one");
        let verdict = &report["verdict"];
        assert_eq!((&verdict["agree"], &verdict["disagree"]), (&json!(false), &json!(["cf-d1@local"])));
        assert_eq!(verdict["fastest"], Value::Null);
    });
}

#[test]
fn a_quick_404_does_not_win() {
    with_settings(no_hurry, |lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", "8");
        let (response, ()) = tokio::join!(request.send(lab), async {
            for _ in 0..18 {
                let mut exchange = upstream.arrival().await;
                if exchange.backend == "first" {
                    exchange.respond("404 Not Found\ncontent-length: 4", "none").await;
                } else {
                    // Slower than that on any machine.
                    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
                    exchange.ok("here").await;
                }
            }
        });
        let report = response.json();
        assert_eq!(report["backends"][0]["status"], 404);
        assert_eq!(report["backends"][1]["equality"], "reference", "the first that answered below 400");
        let verdict = &report["verdict"];
        assert_eq!((&verdict["agree"], &verdict["fastest"]), (&json!(false), &Value::Null));
        assert_eq!(verdict["disagree"], json!(["bun-sqlite@local"]));
    });
}

#[test]
fn an_error_page_is_not_what_others_are_compared_with() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).cloud(&FAULTY[..3].join(","));
        let mut statuses = ["500 Internal Server Error", "404 Not Found", "200 OK"].into_iter();
        let report =
            report(lab, &mut upstream, request, |_| (statuses.next().expect("three exchanges").into(), "page".into()))
                .await;
        let equality: Vec<_> = (0..3).map(|row| report["backends"][row]["equality"].clone()).collect();
        assert_eq!(equality, ["different", "different", "reference"]);
        assert_eq!(
            report["verdict"]["disagree"],
            json!([format!("{}@cloud", FAULTY[0]), format!("{}@cloud", FAULTY[1])])
        );
    });
}

#[test]
fn where_all_answers_are_errors_nothing_is_said_of_agreement() {
    run(|lab| async move {
        for status in ["404 Not Found", "500 Internal Server Error"] {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend(PAIR);
            let report = report(lab, &mut upstream, request, |_| (status.into(), "page".into())).await;
            assert_eq!(report["backends"][1]["equality"], "identical", "{status}");
            assert_eq!(report["verdict"]["agree"], Value::Null, "{status}");
        }
    });
}

#[test]
fn backends_that_cannot_be_asked_are_rows() {
    with_settings(
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let backends = "dotnet-api,malformed,denied,bun-sqlite,cf-d1";
            let request = Request::get(&upstream.path).backend(backends).field("x-shootout-runs", "2");
            let (response, asked) = compared(lab, &mut upstream, request, same).await;
            assert_eq!(asked.len(), 6, "two backends, a warm-up and two rounds");
            let report = response.json();
            let errors: Vec<_> = (0..5).map(|row| report["backends"][row]["error"]["status"].clone()).collect();
            assert_eq!(errors, [json!(503), json!(500), json!(503), Value::Null, Value::Null], "{report}");
            assert!(!report.to_string().contains("secret"), "{report}");
            for row in 0..3 {
                let row = &report["backends"][row];
                assert_eq!(row["answers"], json!({ "total": 2, "failed": 2, "statuses": {} }), "{row}");
                assert!(row["error"]["reason"].is_string(), "{row}");
            }
            assert_eq!(report["backends"][3]["equality"], "reference", "the first that answered");
            let verdict = &report["verdict"];
            assert_eq!(verdict["failed"], json!(["dotnet-api@local", "malformed@local", "denied@local"]));
            assert_eq!((&verdict["agree"], &verdict["disagree"]), (&json!(false), &json!([])));
        },
    );
}
