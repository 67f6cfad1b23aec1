//! The example backends, compared: two implementations of one API.

use super::scene::PAIR;
use crate::harness::{Body, NpmBackend, Request, with_settings};
use serde_json::{Value, json};

#[test]
fn freshly_started_they_agree_until_one_title_is_changed() {
    let started = ["bun-sqlite", "cf-d1"].map(NpmBackend::start);
    let backends = match started.into_iter().collect::<Result<Vec<_>, _>>() {
        Ok(backends) => backends,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    with_settings(
        |settings| {
            settings.set("request_timeout", "600s");
            settings.set("backend_bun_sqlite_url", backends[0].url.as_str());
            settings.set("backend_cf_d1_url", backends[1].url.as_str());
        },
        |lab| async move {
            let compare = async |path: &str| {
                Request::get(path).backend(PAIR).field("x-shootout-runs", "5").send(lab).await.json()
            };
            let words = |report: &Value| report["verdict"]["words"][0].clone();
            // Three tasks that each made for itself, with two times each.
            let report = compare("/tasks").await;
            let equal = "all 2 agree: equal but for 3 generated ids and 6 times";
            assert_eq!((&report["verdict"]["agree"], words(&report)), (&json!(true), json!(equal)), "{report}");
            assert_eq!(report["backends"][1]["differences"].as_array().map(Vec::len), Some(9), "{report}");
            for path in ["/projects", "/tasks?status=done"] {
                let report = compare(path).await;
                assert_eq!(report["verdict"]["agree"], true, "{path}: {report}");
            }
            // Nothing to agree on.
            let report = compare("/tasks/00000000-0000-4000-8000-000000000000").await;
            assert_eq!((&report["backends"][1]["status"], &report["verdict"]["agree"]), (&json!(404), &Value::Null));

            let tasks = Request::get("/tasks").backend("cf-d1").send(lab).await.json();
            let id = tasks[1]["id"].as_str().expect("an id").to_owned();
            let changed = Request::new("PATCH", &format!("/tasks/{id}"))
                .backend("cf-d1")
                .field("content-type", "application/json")
                .body(Body::Sized(br#"{"title":"Another title"}"#))
                .send(lab)
                .await;
            assert_eq!(changed.status, 200, "{}", changed.text());
            let report = compare("/tasks").await;
            let differences = report["backends"][1]["differences"].as_array().expect("a list");
            let counting: Vec<_> = differences.iter().filter(|found| found["kind"] != "generated").collect();
            assert_eq!(counting.len(), 1, "{report}");
            assert_eq!((&counting[0]["path"], &counting[0]["kind"]), (&json!("/1/title"), &json!("value")));
            assert_eq!(counting[0]["this"], json!("\"Another title\""));
            assert_eq!((&report["verdict"]["agree"], words(&report)), (&json!(false), json!("cf-d1 differs")));
        },
    );
}
