//! What a client asks for, and what it is told where that cannot be.

use super::scene::{PAIR, compared, id, message, report, same, sha256};
use crate::harness::{Body, Feature, Request, offers, run};
use serde_json::{Value, json};

#[test]
fn each_backend_is_asked_for_itself_uncompressed_and_for_nothing_of_the_comparison() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&format!("{}?q=1", upstream.path))
            .backend(PAIR)
            // No real coding: a host may use one that it knows for its own answer.
            .field("accept-encoding", "x-none")
            .field("x-shootout-runs", "1")
            .field("x-shootout-warmup", "0")
            .field("x-shootout-method", "GET")
            .field("x-shootout-ignore", "/a")
            .field("x-shootout-reference", "cf-d1")
            .field("x-own", "kept");
        let (response, asked) = compared(lab, &mut upstream, request, |exchange| {
            assert_eq!(id(exchange), if exchange.backend == "first" { "bun-sqlite" } else { "cf-d1" });
            assert_eq!(exchange.values("accept-encoding"), ["identity"]);
            assert_eq!(exchange.values("x-own"), ["kept"]);
            let own = |(name, _): &&(String, String)| name.to_ascii_lowercase().starts_with("x-shootout");
            assert_eq!(exchange.fields.iter().find(own), None);
            assert!(exchange.values("via")[0].contains("backend-shootout-gateway"));
            same(exchange)
        })
        .await;
        assert_eq!(asked, ["bun-sqlite", "cf-d1"]);
        assert_eq!(response.status, 200);
        assert_eq!(response.value("content-type"), Some("application/json"));
        assert_eq!(response.value("cache-control"), Some("no-store"));
        assert_eq!(response.value("access-control-allow-origin"), Some("*"));
        assert_eq!(response.value("x-gateway-backend"), None);
        let report = response.json();
        assert_eq!(report["request"], json!({ "method": "GET", "path": format!("{}?q=1", upstream.path) }));
        assert_eq!(report["runs"], json!({ "asked": 1, "warmup": 0, "done": 1 }));
        for (row, id, name, equality) in
            [(0, "bun-sqlite", "Bun + SQLite", "identical"), (1, "cf-d1", "Cloudflare D1", "reference")]
        {
            let row = &report["backends"][row];
            let expected = json!({ "backend": id, "location": "local", "name": name, "status": 200, "size": 4, "equality": equality,
                "sha256": sha256("same"), "answers": { "total": 1, "failed": 0, "statuses": { "200": 1 } }, "error": null });
            for (member, value) in expected.as_object().expect("members") {
                assert_eq!(row[member], *value, "{member} of {row}");
            }
        }
        assert_eq!(report["skipped"], json!([]));
        assert_eq!((&report["verdict"]["agree"], &report["verdict"]["failed"]), (&json!(true), &json!([])));
    });
}

#[test]
fn what_may_write_is_sent_to_nobody() {
    run(|lab| async move {
        for backends in [PAIR, "*", "*@local"] {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let mut upstream = lab.upstream();
                let request = Request::new(method, &upstream.path).backend(backends);
                let response = request.body(Body::Sized(b"{}")).send(lab).await;
                assert_eq!(response.status, 400, "{method}");
                let message = message(&response);
                assert!(message.contains("Only GET"), "{message}");
                assert!(upstream.is_untouched(), "{method}");
            }
        }
        if offers(Feature::GetWithBody) {
            for body in [Body::Sized(b"{}"), Body::Chunked(b"{}")] {
                let mut upstream = lab.upstream();
                let response = Request::get(&upstream.path).backend(PAIR).body(body).send(lab).await;
                assert_eq!(response.status, 400);
                let message = message(&response);
                assert!(message.contains("without a body"), "{message}");
                assert!(upstream.is_untouched());
            }
        }
    });
}

#[test]
fn head_has_no_report_and_names_the_field_that_asks_backends_with_head() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("HEAD", &upstream.path).backend(PAIR).field("connection", "close");
        let response = request.start(lab).await.head().await;
        assert_eq!(response.status, 400);
        let why = response.value("proxy-status").expect("a reason").to_owned();
        assert!(why.contains("x-shootout-method"), "{why}");
        assert_eq!(response.bytes_behind_the_head().await, 0);
        assert!(upstream.is_untouched());
    });
}

#[test]
fn with_x_shootout_method_backends_are_asked_with_head() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-method", "HEAD");
        let report = report(lab, &mut upstream, request, |exchange| {
            assert!(exchange.request_line.starts_with("HEAD "), "{}", exchange.request_line);
            ("200 OK\ncontent-type: text/plain\ncontent-length: 5".to_owned(), String::new())
        })
        .await;
        assert_eq!(report["request"]["method"], "HEAD");
        for row in 0..2 {
            let row = &report["backends"][row];
            assert_eq!((&row["status"], &row["sha256"], &row["error"]), (&json!(200), &Value::Null, &Value::Null));
            assert_eq!(row["answers"], json!({ "total": 1, "failed": 0, "statuses": { "200": 1 } }));
        }
        assert_eq!(report["verdict"]["agree"], true);
    });
}

#[test]
fn a_field_that_is_not_valid_is_a_400_that_says_what_is() {
    let many = ["/a"; 65].join(",");
    let fields: [(&str, &[&str], &str); 5] = [
        ("x-shootout-runs", &["0", "51", "-1", "x", "1.5", "", "1,2"], "from 1 to 50"),
        ("x-shootout-warmup", &["6", "-1", "x", "", "0.5"], "from 0 to 5"),
        ("x-shootout-method", &["POST", "", "GET,HEAD", "OPTIONS"], "GET or HEAD"),
        ("x-shootout-ignore", &["id", "/a,b", &many], "not a JSON Pointer such as /0/id"),
        (
            "x-shootout-reference",
            &["nope", "", "bun-sqlite@cloud", "cf-d1,bun-sqlite", "*"],
            "must be one of the backends that are compared",
        ),
    ];
    run(|lab| async move {
        for (field, values, says) in fields {
            for value in values {
                let mut upstream = lab.upstream();
                let response = Request::get(&upstream.path).backend(PAIR).field(field, value).send(lab).await;
                assert_eq!(response.status, 400, "{field}: {value:?}");
                assert_eq!(response.json()["error"], "Bad Request");
                let message = message(&response);
                assert!(message.contains(field) && message.contains(says), "{value:?}: {message}");
                assert!(upstream.is_untouched(), "{field}: {value:?}");
            }
            // To one backend alone it is a field like any other.
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend("cf-d1").field(field, values[0]);
            let (response, ()) = tokio::join!(request.send(lab), async {
                let exchange = upstream.arrival().await;
                assert_eq!((exchange.values(field), exchange.values("x-backend")), (vec![values[0]], vec!["cf-d1"]));
                exchange.ok("alone").await;
            });
            assert_eq!((response.status, response.value("x-gateway-backend")), (200, Some("cf-d1")));
        }
    });
}

#[test]
fn a_member_that_is_none_is_a_400_that_names_it() {
    run(|lab| async move {
        for (value, shown) in [
            ("bun-sqlite,nope", "nope"),
            ("bun-sqlite,cf-d1@moon", "cf-d1@moon"),
            ("bun-sqlite,", "bun-sqlite,"),
            ("bun-sqlite,*", "bun-sqlite,*"),
            ("*@local,bun-sqlite", "*@local,bun-sqlite"),
            ("*@local,*@cloud", "*@local,*@cloud"),
            ("*@moon", "*@moon"),
            ("*@", "*@"),
        ] {
            let mut upstream = lab.upstream();
            let response = Request::get(&upstream.path).backend(value).send(lab).await;
            assert_eq!(response.status, 400, "{value}");
            assert_eq!(message(&response), format!("Backend '{shown}' is not configured"));
            assert!(upstream.is_untouched(), "{value}");
        }
        let many: Vec<_> = (0..17).map(|number| format!("b{number}")).collect();
        let response = Request::get("/").backend(&many.join(",")).send(lab).await;
        assert_eq!(response.status, 400);
        assert!(message(&response).contains("at most 16"));
        let response = Request::get("/").backend(PAIR).field("x-backend-location", "moon").send(lab).await;
        assert_eq!(response.status, 400);
    });
}

#[test]
fn ids_may_carry_a_location() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let path = upstream.path.clone();
        let request =
            Request::get(&path).backend("cf-d1@cloud, cf-d1@local, cf-d1").field("x-backend-location", "local");
        let report = report(lab, &mut upstream, request, |exchange| {
            ("200 OK".to_owned(), exchange.request_line.contains("/cloud/").to_string())
        })
        .await;
        let rows: Vec<_> =
            report["backends"].as_array().expect("rows").iter().map(|row| (&row["location"], &row["sha256"])).collect();
        assert_eq!(rows, [(&json!("cloud"), &json!(sha256("true"))), (&json!("local"), &json!(sha256("false")))]);
        assert_eq!(report["verdict"]["disagree"], json!(["cf-d1@local"]));

        // Alone it is forwarded as if x-backend-location had said so.
        let (response, ()) = tokio::join!(Request::get(&path).backend("cf-d1@cloud").send(lab), async {
            let exchange = upstream.arrival().await;
            assert!(exchange.request_line.contains("/cloud/"), "{}", exchange.request_line);
            exchange.ok("alone").await;
        });
        assert_eq!((response.text(), response.value("x-gateway-backend")), ("alone", Some("cf-d1")));
    });
}

#[test]
fn the_reference_may_be_named() {
    run(|lab| async move {
        for (named, place) in [("cf-d1", 1), ("bun-sqlite@local", 0)] {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-reference", named);
            let report = report(lab, &mut upstream, request, same).await;
            assert_eq!(report["backends"][place]["equality"], "reference", "{named}");
            assert_eq!(report["backends"][1 - place]["equality"], "identical", "{named}");
        }
    });
}
