use crate::harness::{Feature, Request, offers, run};

/// Sends a request and returns the backend it reached, with the path it had there.
async fn reached(lab: &crate::harness::Lab, request: impl FnOnce(&str) -> Request) -> (String, String) {
    let mut upstream = lab.upstream();
    let path = upstream.path.clone();
    let (response, reached) = tokio::join!(request(&path).send(lab), async {
        let exchange = upstream.arrival().await;
        let reached = (exchange.backend.to_owned(), exchange.request_line.replace(&path, ""));
        exchange.ok("hello").await;
        reached
    });
    assert_eq!(response.status, 200);
    assert_eq!(response.text(), "hello");
    reached
}

#[test]
fn without_x_backend_the_default_of_the_environment() {
    run(|lab| async move {
        let (backend, _) = reached(lab, Request::get).await;
        assert_eq!(backend, "first", "bun-sqlite");
    });
}

#[test]
fn x_backend_selects_and_the_response_says_so() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend("cf-d1");
        let (response, ()) = tokio::join!(request.send(lab), async {
            let exchange = upstream.arrival().await;
            assert_eq!(exchange.backend, "second");
            exchange.ok("").await;
        });
        assert_eq!(response.value("x-gateway-backend"), Some("cf-d1"));
        assert_eq!(response.values("vary"), ["x-backend, x-backend-location"]);
    });
}

#[test]
fn x_backend_location_overrides_the_environment() {
    run(|lab| async move {
        let cloud = reached(lab, |path| Request::get(path).cloud("cf-d1")).await;
        assert_eq!(cloud, ("second".into(), "GET /cloud HTTP/1.1".into()), "the entry's base path");
        let local = reached(lab, |path| Request::get(path).backend("cf-d1").field("x-backend-location", "local")).await;
        assert_eq!(local, ("second".into(), "GET  HTTP/1.1".into()));
        let only = reached(lab, |path| Request::get(path).cloud("cloud-only")).await;
        assert_eq!(only.0, "second");
    });
}

#[test]
fn extra_backends_are_found_by_their_id() {
    run(|lab| async move {
        let extra = reached(lab, |path| Request::get(path).backend("based")).await;
        assert_eq!(extra, ("first".into(), "GET /base/path HTTP/1.1".into()));
    });
}

#[test]
fn a_repeated_but_equal_x_backend_counts_once() {
    run(|lab| async move {
        let (backend, _) = reached(lab, |path| Request::get(path).backend("cf-d1").backend("cf-d1")).await;
        assert_eq!(backend, "second");
    });
}

#[test]
fn what_selects_no_backend_is_a_400_that_lists_the_configured_ones() {
    run(|lab| async move {
        // Where lines of one name are joined, two that differ name two backends.
        let lines_stay = offers(Feature::FieldLines);
        for (lines, shown) in [
            (&["nope"][..], "nope"),
            (&[""], ""),
            (&["cf-d1", "bun-sqlite"], "cf-d1, bun-sqlite"),
            (&["java-spring-boot"], "java-spring-boot"),
            (&["bun-sqlit\u{e9}"], "bun-sqlit\u{e9}"),
            (&["BUN-SQLITE"], "BUN-SQLITE"),
        ] {
            if lines.len() > 1 && !lines_stay {
                continue;
            }
            let mut upstream = lab.upstream();
            let mut request = Request::get(&upstream.path);
            for line in lines {
                request = request.backend(line);
            }
            let response = request.send(lab).await;
            assert_eq!(response.status, 400, "{lines:?}");
            let body = response.json();
            assert_eq!(body["error"], "Invalid Backend", "{lines:?}");
            assert_eq!(body["message"], format!("Backend '{shown}' is not configured"), "{lines:?}");
            assert_eq!(
                body["valid_backends"],
                serde_json::json!([
                    "based",
                    "bun-sqlite",
                    "cf-d1",
                    "denied",
                    "dotnet-api",
                    "elixir-phoenix",
                    "php-laravel",
                    "ruby-rails"
                ]),
                "{lines:?}"
            );
            assert!(upstream.is_untouched(), "{lines:?}");
        }
    });
}

#[test]
fn an_unknown_cloud_backend_lists_the_entries_of_the_store() {
    run(|lab| async move {
        let body = Request::get("/").cloud("bun-sqlite").send(lab).await.json();
        let valid = body["valid_backends"].as_array().expect("a list").clone();
        assert!(valid.contains(&"cloud-only".into()) && valid.contains(&"cf-d1".into()), "{valid:?}");
        assert!(!valid.contains(&"broken".into()), "a malformed entry is not valid: {valid:?}");
    });
}

#[test]
fn another_location_is_a_400_that_names_the_two() {
    run(|lab| async move {
        for value in ["moon", "", "LOCAL", "local, cloud"] {
            let response = Request::get("/").field("x-backend-location", value).send(lab).await;
            assert_eq!(response.status, 400, "{value:?}");
            let message = response.json()["message"].as_str().expect("a message").to_owned();
            assert!(message.contains("'local' or 'cloud'"), "{message}");
        }
    });
}

#[test]
fn a_backend_that_points_back_at_the_gateway_is_a_loop() {
    run(|lab| async move {
        let response = Request::get("/anything").backend("ruby-rails").send(lab).await;
        assert_eq!(response.status, 508);
        assert_eq!(response.json()["error"], "Loop Detected");
        let response = Request::get("/x").field("via", "1.0 a, 1.1 backend-shootout-gateway").send(lab).await;
        assert_eq!(response.status, 508);
        assert!(response.value("proxy-status").expect("a proxy-status").contains("error=proxy_loop_detected"));
    });
}
