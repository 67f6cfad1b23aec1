use crate::harness::{Request, run};

#[test]
fn health_says_healthy_with_version_and_time() {
    run(|lab| async move {
        for target in ["/health", "/health?deep=1"] {
            let response = Request::get(target).backend("nope").send(lab).await;
            assert_eq!(response.status, 200);
            assert_eq!(response.value("content-type"), Some("application/json"));
            let body = response.json();
            assert_eq!(body["status"], "healthy");
            assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
            let time = body["timestamp"].as_str().expect("a time");
            assert!(time.len() == 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
            assert_eq!(response.value("access-control-allow-origin"), Some("*"));
        }
    });
}

#[test]
fn head_on_own_endpoints_has_the_length_and_no_body() {
    run(|lab| async move {
        for target in ["/health", "/backends"] {
            let request = Request::new("HEAD", target).field("connection", "close");
            let response = request.start(lab).await.head().await;
            assert_eq!(response.status, 200);
            let length: usize = response.value("content-length").expect("a length").parse().expect("a number");
            assert!(length > 10);
            assert_eq!(response.bytes_behind_the_head().await, 0);
        }
    });
}

#[test]
fn other_methods_on_own_endpoints_are_a_405() {
    run(|lab| async move {
        for (method, target) in [("POST", "/health"), ("DELETE", "/backends"), ("PUT", "/health?x")] {
            let response = Request::new(method, target).send(lab).await;
            assert_eq!(response.status, 405);
            assert_eq!(response.value("allow"), Some("GET, HEAD, OPTIONS"));
        }
    });
}

#[test]
fn only_the_exact_paths_are_the_gateways_own() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let target = format!("/health{}", upstream.path);
        let (response, ()) = tokio::join!(Request::get(&target).send(lab), async {
            upstream.arrival().await.ok("the backend's").await;
        });
        assert_eq!(response.text(), "the backend's");
    });
}

#[test]
fn backends_lists_every_configured_one_sorted() {
    run(|lab| async move {
        let response = Request::get("/backends").send(lab).await;
        assert_eq!(response.status, 200);
        let body = response.json();
        let backends = body["backends"].as_array().expect("a list");
        let ids: Vec<_> = backends.iter().map(|backend| backend["id"].as_str().expect("an id")).collect();
        assert_eq!(
            ids,
            [
                "based",
                "bun-sqlite",
                "cf-d1",
                "denied",
                "dotnet-api",
                "elixir-phoenix",
                "malformed",
                "php-laravel",
                "ruby-rails"
            ]
        );
        let bun = &backends[1];
        assert_eq!(bun["name"], "Bun + SQLite");
        assert_eq!(bun["url"], format!("http://{}", lab.backends.first));
        assert_eq!(bun["location"], "local");
        assert!(["healthy", "unhealthy", "unknown"].contains(&bun["health"].as_str().expect("a state")));
        let malformed = &backends[6];
        assert_eq!(malformed["url"], serde_json::Value::Null);
        assert!(malformed["reason"].as_str().expect("a reason").contains("extra_backends[1]"));
        assert!(!response.text().contains("secret"));
    });
}

/// The echo of a TRACE request would show what the gateway adds for the backend.
#[test]
fn trace_is_a_405_and_reaches_no_backend() {
    run(|lab| async move {
        for path in ["/health", "/tasks"] {
            let response = Request::new("TRACE", path).backend("bun-sqlite").send(lab).await;
            assert_eq!(response.status, 405, "{path}");
            let allowed = response.value("allow").expect("the methods that there are");
            assert!(allowed.contains("GET") && !allowed.contains("TRACE"), "{allowed}");
            assert_eq!(response.value("x-gateway-backend"), None, "no backend was asked");
        }
    });
}
