use crate::harness::{Request, run};

const METHODS: &str = "GET, POST, PUT, DELETE, PATCH, OPTIONS";

#[test]
fn any_options_request_is_answered_without_a_backend() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        for (target, backend) in [
            (upstream.path.as_str(), "bun-sqlite"),
            (upstream.path.as_str(), "nope"),
            ("/health", "dotnet-api"),
            ("/backends", "broken"),
        ] {
            let response = Request::new("OPTIONS", target)
                .backend(backend)
                .field("origin", "https://app.example")
                .field("access-control-request-method", "PUT")
                .field("access-control-request-headers", "content-type,x-backend,x-backend-location,authorization")
                .send(lab)
                .await;
            assert_eq!(response.status, 204, "{target}");
            assert_eq!(response.value("access-control-allow-origin"), Some("*"));
            assert_eq!(response.value("access-control-allow-methods"), Some(METHODS));
            assert_eq!(
                response.value("access-control-allow-headers"),
                Some("Content-Type, x-backend, x-backend-location, authorization")
            );
            let age: u64 = response.value("access-control-max-age").expect("an age").parse().expect("a number");
            assert!(age > 0);
            assert_eq!(response.value("transfer-encoding"), None);
        }
        assert!(upstream.is_untouched());
    });
}

#[test]
fn an_options_request_that_asks_for_nothing_gets_the_fixed_fields() {
    run(|lab| async move {
        let response = Request::new("OPTIONS", "/tasks").send(lab).await;
        assert_eq!(response.status, 204);
        assert_eq!(response.value("access-control-allow-headers"), Some("Content-Type, x-backend"));
    });
}

#[test]
fn the_backends_own_cors_fields_are_replaced_and_what_it_exposes_is_merged() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).field("origin", "https://app.example");
        let (response, ()) = tokio::join!(request.send(lab), async {
            let mut exchange = upstream.arrival().await;
            assert_eq!(exchange.values("origin"), ["https://app.example"]);
            exchange
                .respond(
                    "200 OK\ncontent-length: 0\naccess-control-allow-origin: https://app.example\naccess-control-allow-origin: null\n\
                     access-control-allow-credentials: true\naccess-control-allow-methods: GET\naccess-control-max-age: 1\n\
                     access-control-expose-headers: X-Total-Count, ETag",
                    "",
                )
                .await;
        });
        assert_eq!(response.value("access-control-allow-origin"), Some("*"));
        assert_eq!(response.value("access-control-allow-methods"), Some(METHODS));
        assert_eq!(response.value("access-control-allow-headers"), Some("Content-Type, x-backend"));
        assert_eq!(response.value("access-control-allow-credentials"), None);
        assert_eq!(response.value("access-control-max-age"), None);
        let exposed = response.value("access-control-expose-headers").expect("a list");
        for name in ["*", "X-Total-Count", "ETag", "x-gateway-backend", "x-request-id", "server-timing"] {
            assert!(exposed.split(", ").any(|exposed| exposed == name), "{name} in {exposed}");
        }
    });
}

#[test]
fn errors_carry_cors_too() {
    run(|lab| async move {
        for (request, status) in [
            (Request::get("/").backend("nope"), 400),
            (Request::get("/").field("x-backend-location", "moon"), 400),
            (Request::new("POST", "/health"), 405),
            (Request::get("/").backend("malformed"), 500),
            (Request::get("/").cloud("silent-too"), 503),
            (Request::get("/").backend("ruby-rails"), 508),
        ] {
            let response = request.field("origin", "https://app.example").send(lab).await;
            assert_eq!(response.status, status);
            assert_eq!(response.value("access-control-allow-origin"), Some("*"), "{status}");
            assert_eq!(response.value("access-control-allow-methods"), Some(METHODS), "{status}");
            assert_eq!(response.value("cache-control"), Some("no-store"), "{status}");
            assert!(response.value("x-request-id").is_some(), "{status}");
            assert!(!response.values("server-timing").is_empty(), "{status}");
            if status != 508 {
                assert!(
                    response
                        .value("proxy-status")
                        .expect("a proxy-status")
                        .starts_with("backend-shootout-gateway; error=")
                );
            }
        }
    });
}

#[test]
fn a_backend_that_exposes_very_many_fields_holds_nothing_up() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        // As many as fit into what hosts take of a response.
        let names: Vec<_> = (0..12_000).map(|n| format!("x-{n}")).collect();
        let (response, ()) = tokio::join!(Request::get(&upstream.path).send(lab), async {
            let head = format!("200 OK\ncontent-length: 0\naccess-control-expose-headers: {}", names.join(","));
            upstream.arrival().await.respond(&head, "").await;
        });
        assert_eq!(response.status, 200);
        let exposed = response.value("access-control-expose-headers").expect("a list");
        assert!(exposed.starts_with("*, ") && exposed.len() < 4096, "{} bytes", exposed.len());
    });
}
