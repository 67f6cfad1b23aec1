//! What a health endpoint says, and who may end an outage.

use super::scene::{Manner, WELL, get, listed, of, until, with, written};
use crate::harness::{Feature, Request, offers, run};
use std::time::{Duration, Instant};

/// What its answers say, as `/backends` shows it; requests reach all but those that are known to be down.
#[test]
fn what_a_health_endpoint_answers_is_a_verdict_or_tells_nothing_but_its_reason() {
    const DEFAULT: [(u16, &str); 11] = [
        (200, "healthy"),
        (204, "healthy"),
        (301, "healthy"),
        (302, "healthy"),
        (400, "healthy"),
        (401, "unknown"),
        (403, "unknown"),
        (404, "unknown"),
        (405, "healthy"),
        (500, "unhealthy"),
        (503, "unhealthy"),
    ];
    const CONFIGURED: [(u16, &str); 11] = [
        (200, "healthy"),
        (204, "healthy"),
        (301, "unknown"),
        (302, "unknown"),
        (400, "unknown"),
        (401, "unknown"),
        (403, "unknown"),
        (404, "unknown"),
        (429, "unknown"),
        (500, "unhealthy"),
        (503, "unhealthy"),
    ];
    with(
        Manner::Named,
        |settings, address| {
            let default = DEFAULT.iter().map(|(status, _)| {
                serde_json::json!({ "id": format!("default-{status}"), "url": format!("http://{address}/{status}") })
            });
            let configured = CONFIGURED.iter().map(|(status, _)| {
                let url = format!("http://{address}");
                serde_json::json!({ "id": format!("own-{status}"), "url": url, "healthEndpoint": format!("/up/{status}") })
            });
            let extra: Vec<_> = default.chain(configured).collect();
            settings.set("extra_backends", serde_json::Value::from(extra).to_string());
        },
        |lab, _server| async move {
            let listing = Request::get("/backends").send(lab).await.json();
            let rows = DEFAULT.map(|row| ("default", row)).into_iter().chain(CONFIGURED.map(|row| ("own", row)));
            for (kind, (status, health)) in rows {
                let id = format!("{kind}-{status}");
                let shown = of(&id, &listing);
                let reason = (health != "healthy").then(|| format!("health endpoint answered {status}"));
                assert_eq!((&shown["health"], shown["reason"].as_str()), (&health.into(), reason.as_deref()), "{id}");
                let answer = Request::get("/x").backend(&id).send(lab).await;
                match (kind, health) {
                    ("own", "unhealthy") => assert!(answer.value("retry-after").is_some(), "{id} is gated"),
                    // Its pause may be over on a busy machine.
                    (_, "unhealthy") => {}
                    ("own", _) => assert_eq!(answer.status, 200, "{id}"),
                    _ => assert_eq!(answer.status, status, "{id}"),
                }
            }
            // What answers so to requests as well may be anything.
            let listing = Request::get("/backends").send(lab).await.json();
            for status in [401, 403, 404] {
                let shown = of(&format!("default-{status}"), &listing);
                let reason = format!("health endpoint answered {status}");
                assert_eq!((&shown["health"], &shown["reason"]), (&"unknown".into(), &reason.into()), "{status}");
            }
            let page = Request::get("/backends").field("accept", "text/html").send(lab).await;
            assert!(page.text().contains("health endpoint answered 403"), "the page shows the reason");
        },
    );
}

#[test]
fn an_outage_that_a_configured_endpoint_declared_is_ended_by_that_endpoint_alone() {
    if !offers(Feature::StoreInSight) {
        return;
    }
    with(
        Manner::Answer(200, 503),
        |settings, _| settings.set("backend_cf_d1_health", "/up"),
        |lab, server| async move {
            assert_eq!(get(lab).await.status, 200, "nothing is known yet");
            written(lab, 2, |entry| entry["state"] == "unhealthy").await;
            // Other paths would answer well. The endpoint is asked once a second, and the gate stays shut beyond the pauses of 1 and 2 s.
            let mut asked = Instant::now();
            while server.seen("/up") < 5 {
                let answer = get(lab).await;
                // A verdict holds for 30 s; a machine that stands still for so long has none.
                assert!(answer.status == 503 || asked.elapsed() > Duration::from_secs(29), "{}", answer.status);
                if answer.status == 503 {
                    assert!(answer.value("retry-after").is_some());
                    assert_eq!(
                        answer.json()["reason"].as_str().map(|reason| reason.contains("answered 503")),
                        Some(true)
                    );
                }
                asked = Instant::now();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(listed(lab).await["health"], "unhealthy");
            server.set(WELL);
            while get(lab).await.status != 200 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(listed(lab).await["health"], "healthy");
        },
    );
}

#[test]
fn a_typo_in_the_path_of_the_health_endpoint_is_no_outage() {
    with(
        Manner::Answer(200, 404),
        |settings, _| settings.set("backend_cf_d1_health", "/up"),
        |lab, server| async move {
            for _ in 0..5 {
                assert_eq!(get(lab).await.status, 200);
            }
            until(|| server.seen("/up") > 0).await;
            let shown = loop {
                // The check is shown once it is written.
                let shown = listed(lab).await;
                if shown["reason"].is_string() {
                    break shown;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            assert_eq!(shown["reason"], "health endpoint answered 404");
            assert_eq!(shown["health"], "healthy", "by its traffic");
            assert_eq!(get(lab).await.status, 200);
        },
    );
}

#[test]
fn a_check_that_fails_is_unhealthy_at_once_however_it_fails() {
    for manner in [Manner::Reset, Manner::Hang] {
        with(
            manner,
            |_, _| {},
            |lab, _server| async move {
                let shown = listed(lab).await;
                assert_eq!(shown["health"], "unhealthy", "{shown}");
                assert!(shown["reason"].is_string(), "{shown}");
            },
        );
    }
    with(
        WELL,
        |_, _| {},
        |lab, mut server| async move {
            server.stop().await;
            let shown = listed(lab).await;
            assert_eq!(shown["health"], "unhealthy", "{shown}");
            assert!(shown["reason"].is_string(), "{shown}");
        },
    );
}

#[test]
fn a_backend_whose_url_points_back_is_unhealthy_and_says_why() {
    run(|lab| async move {
        // As the suite configures it.
        let shown = of("ruby-rails", &Request::get("/backends").send(lab).await.json());
        assert_eq!(shown["health"], "unhealthy");
        assert!(shown["reason"].as_str().expect("a reason").contains("points back at the gateway"), "{shown}");
        let answer = Request::get("/x").backend("ruby-rails").send(lab).await;
        assert_eq!(answer.status, 508, "a request learns more from this than from a gate");
    });
}

#[test]
fn the_gateways_own_endpoints_answer_508_to_a_request_that_went_round() {
    run(|lab| async move {
        for path in ["/health", "/backends"] {
            let answer = Request::get(path).field("via", "1.1 backend-shootout-gateway").send(lab).await;
            assert_eq!(answer.status, 508, "{path}");
            assert_eq!(answer.json()["error"], "Loop Detected");
            let answer = Request::get(path).field("via", "1.1 nginx").send(lab).await;
            assert_eq!(answer.status, 200, "{path}");
        }
    });
}
