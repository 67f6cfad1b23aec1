//! What the operator keeps from clients: addresses inside the network, the gateway's secrets, comparisons without end, and streams that stand still.

use crate::harness::{Request, Settings, with_settings as with};
use std::time::Duration;

/// In the cloud, with a local backend that would answer if it were asked.
fn cloud(settings: &mut Settings) {
    settings.set("environment", "cloud");
}

#[test]
fn a_deployed_gateway_is_not_steered_to_local_addresses() {
    with(cloud, |lab| async move {
        let mut upstream = lab.upstream();
        for request in [
            Request::get(&upstream.path).backend("cf-d1").field("x-backend-location", "local"),
            Request::get(&upstream.path).field("x-backend-location", "local"),
            Request::get(&upstream.path).backend("cf-d1@local"),
            Request::get(&upstream.path).backend("cf-d1,bun-sqlite@local"),
            Request::get(&upstream.path).backend("*").field("x-backend-location", "local"),
            Request::get(&upstream.path).host("bun-sqlite.localhost").field("x-backend-location", "local"),
        ] {
            let response = request.send(lab).await;
            assert_eq!(response.status, 400);
            let body = response.json();
            assert!(body["message"].as_str().is_some_and(|message| message.contains("'local_backends'")), "{body}");
            assert_eq!(body["valid_locations"], serde_json::json!(["cloud"]));
        }
        assert!(upstream.is_untouched());
    });
}

#[test]
fn the_operator_says_from_where_local_backends_are_reached() {
    for (environment, value, reached) in [("cloud", "on", true), ("local", "off", false)] {
        with(
            |settings| {
                settings.set("environment", environment);
                settings.set("local_backends", value);
            },
            |lab| async move {
                let mut upstream = lab.upstream();
                let request = Request::get(&upstream.path).backend("cf-d1").field("x-backend-location", "local");
                if reached {
                    let (response, ()) =
                        tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
                    assert_eq!(response.status, 200, "{environment} {value}");
                } else {
                    assert_eq!(request.send(lab).await.status, 400, "{environment} {value}");
                    assert!(upstream.is_untouched());
                }
            },
        );
    }
}

#[test]
fn secret_fields_reach_their_own_backend_only_and_never_show() {
    let secrets = r#"{"cf-d1":{"CF-Access-Client-Id":"s3cret-id","cf-access-client-secret":"s3cret"},"based":{"x-api-key":"s3cret-key"},
        "cloud-only":{"x-api-key":"s3cret-cloud"}}"#;
    with(
        |settings| settings.set("backend_secrets", secrets),
        |lab| async move {
            for (backend, location, own, expected) in [
                ("cf-d1", "local", None, ["s3cret-id", "s3cret", ""]),
                ("cf-d1", "cloud", None, ["s3cret-id", "s3cret", ""]),
                ("cf-d1", "local", Some("CF-Access-Client-Secret"), ["s3cret-id", "mine", ""]),
                ("based", "local", None, ["", "", "s3cret-key"]),
                ("based", "local", Some("X-Api-Key"), ["", "", "mine"]),
                ("bun-sqlite", "local", None, ["", "", ""]),
                ("cloud-only", "cloud", None, ["", "", "s3cret-cloud"]),
            ] {
                let mut upstream = lab.upstream();
                let mut request = Request::get(&upstream.path).backend(backend).field("x-backend-location", location);
                if let Some(name) = own {
                    request = request.field(name, "mine");
                }
                let (response, ()) = tokio::join!(request.send(lab), async {
                    let exchange = upstream.arrival().await;
                    let got = ["cf-access-client-id", "cf-access-client-secret", "x-api-key"]
                        .map(|name| exchange.values(name).join(", "));
                    assert_eq!(got, expected, "{backend}@{location} {own:?}");
                    exchange.ok("").await;
                });
                assert!(!format!("{:?}", response.fields).contains("s3cret"));
            }
            for request in [
                Request::get("/backends"),
                Request::get("/").backend("nope"),
                Request::get("/backends").field("accept", "text/html"),
            ] {
                assert!(!request.send(lab).await.text().contains("s3cret"));
            }
        },
    );
}

#[test]
fn wrong_settings_are_named_where_they_are_needed_and_shown_to_nobody() {
    for (variable, value) in [
        ("backend_secrets", r#"{"bun-sqlite":{"x-key":["s3cret"]}}"#),
        ("trusted_proxies", "everyone"),
        ("cors_origins", "app.example"),
        ("idle_timeout", "soon"),
    ] {
        with(
            |settings| settings.set(variable, value),
            |lab| async move {
                let mut upstream = lab.upstream();
                let response = Request::get(&upstream.path).send(lab).await;
                assert_eq!(response.status, 500, "{variable}");
                let message = response.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.contains(&format!("'{variable}'")) && !message.contains("s3cret"), "{message}");
                assert!(upstream.is_untouched());
                assert_eq!(Request::get("/health").send(lab).await.status, 200, "{variable}");
                assert_eq!(Request::new("OPTIONS", "/tasks").send(lab).await.status, 204, "{variable}");
            },
        );
    }
}

#[test]
fn comparisons_are_as_large_as_the_operator_allows() {
    for (environment, value, backends, runs, says) in [
        ("local", "off", "bun-sqlite,cf-d1", "1", "'shootout' is 'off'"),
        ("local", "3", "bun-sqlite,cf-d1", "2", "allows 3"),
        ("cloud", "auto", "cf-d1,cloud-only", "21", "allows 40"),
    ] {
        with(
            |settings| {
                settings.set("environment", environment);
                settings.set("shootout", value);
            },
            |lab| async move {
                let mut upstream = lab.upstream();
                let response =
                    Request::get(&upstream.path).backend(backends).field("x-shootout-runs", runs).send(lab).await;
                assert_eq!(response.status, 400, "{value}");
                let message = response.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.contains(says), "{message}");
                assert!(upstream.is_untouched(), "nothing is sent");
            },
        );
    }
}

#[test]
fn a_response_may_be_silent_for_the_idle_timeout() {
    with(
        |settings| settings.set("idle_timeout", "1500ms"),
        |lab| async move {
            let begun = std::time::Instant::now();
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path);
            let (mut response, exchange) = tokio::join!(async { request.start(lab).await.head().await }, async {
                let mut exchange = upstream.arrival().await;
                exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\nfirst").await;
                exchange
            });
            assert_eq!(response.status, 200);
            response.read_to_end().await.expect_err("it is cut");
            assert!(begun.elapsed() >= Duration::from_millis(1500), "not at once");
            drop(exchange);
        },
    );
}
