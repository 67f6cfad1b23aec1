//! The example backends, compared.

use super::scene::PAIR;
use crate::harness::{Body, NpmBackend, Request, with_settings};
use serde_json::{Value, json};

#[test]
fn the_real_backends_agree_on_statuses_until_one_has_a_task_that_the_other_lacks() {
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
            for path in ["/tasks", "/tasks/1", "/tasks?done=true", "/tasks/999"] {
                let report = Request::get(path).backend(PAIR).field("x-shootout-runs", "5").send(lab).await.json();
                let [first, second] = [0, 1].map(|row| &report["backends"][row]);
                assert_eq!((&first["status"], &first["answers"]), (&second["status"], &second["answers"]), "{path}");
                assert_eq!(first["answers"]["failed"], 0, "{path}");
                println!("{path}: {}", report["verdict"]);
            }
            let created = Request::new("POST", "/tasks")
                .backend("cf-d1")
                .field("content-type", "application/json")
                .body(Body::Sized(br#"{"title":"Only in D1"}"#))
                .send(lab)
                .await;
            assert_eq!(created.status, 201);
            let report = Request::get("/tasks").backend(PAIR).send(lab).await.json();
            assert_eq!(report["verdict"]["disagree"], json!(["cf-d1@local"]));
            assert_eq!(report["verdict"]["agree"], Value::Bool(false));
        },
    );
}
