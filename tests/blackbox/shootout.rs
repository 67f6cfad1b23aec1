use crate::harness::{
    Body, Exchange, FAULTY, Feature, Lab, NpmBackend, Request, Response, Upstream, offers, run, with_settings,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

const PAIR: &str = "bun-sqlite,cf-d1";

/// Sends `request` and answers as many exchanges, each as soon as it arrives.
async fn compared(
    lab: &Lab,
    upstream: &mut Upstream,
    request: Request,
    exchanges: usize,
    answer: impl Fn(&Exchange) -> (String, String),
) -> Response {
    let (response, ()) = tokio::join!(request.send(lab), async {
        for _ in 0..exchanges {
            let mut exchange = upstream.arrival().await;
            let (fields, body) = answer(&exchange);
            exchange.respond(&format!("200 OK\ncontent-length: {}\n{fields}", body.len()), &body).await;
        }
    });
    response
}

/// The comparison of `bun-sqlite`, which answers with `first`, and `cf-d1`.
async fn pair(lab: &Lab, first: &str, second: &str) -> Value {
    let mut upstream = lab.upstream();
    let request = Request::get(&upstream.path).backend(PAIR);
    let response = compared(lab, &mut upstream, request, 2, |exchange| {
        ("content-type: application/json".into(), if exchange.backend == "first" { first } else { second }.into())
    })
    .await;
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Applies a patch (RFC 6902) as far as the gateway makes them.
fn apply(document: &mut Value, patch: &Value) {
    for operation in patch.as_array().expect("a patch") {
        let (parent, key) = operation["path"].as_str().expect("a path").rsplit_once('/').expect("a member");
        let key = key.replace("~1", "/").replace("~0", "~");
        let value = operation.get("value").cloned();
        match (document.pointer_mut(parent).expect("the parent exists"), operation["op"].as_str().expect("an op")) {
            (Value::Object(object), "remove") => _ = object.remove(&key).expect("it exists"),
            (Value::Object(object), _) => _ = object.insert(key, value.expect("a value")),
            (Value::Array(array), "remove") => _ = array.remove(key.parse().expect("an index")),
            (Value::Array(array), "add") => array.insert(key.parse().expect("an index"), value.expect("a value")),
            (Value::Array(array), _) => array[key.parse::<usize>().expect("an index")] = value.expect("a value"),
            (other, op) => panic!("{op} in {other}"),
        }
    }
}

#[test]
fn both_backends_are_asked_at_once_each_for_itself() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&format!("{}?q=1", upstream.path))
            .backend(PAIR)
            // No real coding: a host may use one that it knows for its own answer.
            .field("accept-encoding", "x-none")
            .field("x-shootout-runs", "1")
            .field("x-own", "kept");
        let (response, ()) = tokio::join!(request.send(lab), async {
            // Neither is answered before both have come.
            let exchanges = [upstream.arrival().await, upstream.arrival().await];
            for exchange in exchanges {
                let id = if exchange.backend == "first" { "bun-sqlite" } else { "cf-d1" };
                assert_eq!(exchange.values("x-backend"), [id]);
                assert_eq!(exchange.values("accept-encoding"), ["identity"]);
                assert_eq!(exchange.values("x-own"), ["kept"]);
                assert!(exchange.values("x-shootout-runs").is_empty());
                assert!(exchange.values("via")[0].contains("backend-shootout-gateway"));
                exchange.ok("same").await;
            }
        });
        assert_eq!(response.status, 200);
        assert_eq!(response.value("content-type"), Some("application/json"));
        assert_eq!(response.value("cache-control"), Some("no-store"));
        assert_eq!(response.value("access-control-allow-origin"), Some("*"));
        assert_eq!(response.value("x-gateway-backend"), None);
        let report = response.json();
        assert_eq!(report["request"], json!({ "method": "GET", "path": format!("{}?q=1", upstream.path) }));
        assert_eq!(report["runs"], json!({ "asked": 1, "done": 1 }));
        for (row, id, name) in [(0, "bun-sqlite", "Bun + SQLite"), (1, "cf-d1", "Cloudflare D1")] {
            let row = &report["backends"][row];
            assert_eq!((&row["backend"], &row["location"], &row["name"]), (&json!(id), &json!("local"), &json!(name)));
            assert_eq!(
                (&row["status"], &row["size"], &row["sha256"]),
                (&json!(200), &json!(4), &json!(sha256(b"same")))
            );
            assert!(
                row["total_ms"].as_f64() >= row["first_byte_ms"].as_f64() && row["first_byte_ms"].is_f64(),
                "{row}"
            );
            assert_eq!((&row["answered"], &row["failed"], &row["error"]), (&json!(1), &json!(0), &Value::Null));
        }
        assert_eq!(report["backends"][0]["body"], Value::Null, "the first is what the others are compared with");
        assert_eq!(report["backends"][1]["body"], "same");
        assert_eq!(report["skipped"], json!([]));
        assert_eq!((&report["summary"]["agree"], &report["summary"]["failed"]), (&json!(true), &json!([])));
    });
}

#[test]
fn json_is_equal_whatever_the_order_of_its_keys() {
    run(|lab| async move {
        let report = pair(lab, r#"{"a":1,"b":[{"c":2,"d":3}]}"#, r#"{"b": [{"d":3,"c":2}], "a": 1}"#).await;
        assert_eq!(report["backends"][1]["body"], "equal");
        assert_eq!(report["backends"][1]["patch"], Value::Null);
        assert_eq!(report["summary"]["agree"], true);
    });
}

#[test]
fn the_patch_leads_from_the_first_answer_to_the_other() {
    run(|lab| async move {
        let first = json!([{ "id": 1, "title": "a" }, { "id": 2, "a/b": [1, 2, 3], "old": true }, { "id": 3 }]);
        let second =
            json!([{ "id": 1, "title": "b" }, { "id": 2, "a/b": [1, 3], "new": null }, { "id": 3 }, { "id": 4 }]);
        let report = pair(lab, &first.to_string(), &second.to_string()).await;
        let row = &report["backends"][1];
        assert_eq!((&row["body"], &row["patch_complete"]), (&json!("different"), &json!(true)));
        let mut patched = first.clone();
        apply(&mut patched, &row["patch"]);
        assert_eq!(patched, second, "{row}");
        assert_eq!(report["summary"]["disagree"], json!(["cf-d1@local"]));
        assert_eq!(report["summary"]["agree"], false);
    });
}

#[test]
fn fields_that_differ_are_told_except_those_that_always_do() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend(PAIR);
        let response = compared(lab, &mut upstream, request, 2, |exchange| match exchange.backend {
            "first" => ("set-cookie: a=1\nset-cookie: b=2\ndate: then\nserver: one\nx-common: 1".into(), String::new()),
            _ => ("set-cookie: a=1\ncache-control: no-cache\nserver: two\nx-common: 1".into(), String::new()),
        })
        .await;
        assert_eq!(
            response.json()["backends"][1]["header_differences"],
            json!([
                { "name": "cache-control", "first": [], "this": ["no-cache"] },
                { "name": "set-cookie", "first": ["a=1", "b=2"], "this": ["a=1"] },
            ])
        );
        assert!(response.values("set-cookie").is_empty(), "a backend's cookies stay in the report");
    });
}

#[test]
fn what_may_write_is_sent_to_nobody() {
    run(|lab| async move {
        for backends in [PAIR, "*"] {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let mut upstream = lab.upstream();
                let response =
                    Request::new(method, &upstream.path).backend(backends).body(Body::Sized(b"{}")).send(lab).await;
                assert_eq!(response.status, 400, "{method}");
                let message = response.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.contains("GET and HEAD"), "{message}");
                assert!(upstream.is_untouched(), "{method}");
            }
        }
        if offers(Feature::GetWithBody) {
            for body in [Body::Sized(b"{}"), Body::Chunked(b"{}")] {
                let mut upstream = lab.upstream();
                let response = Request::get(&upstream.path).backend(PAIR).body(body).send(lab).await;
                assert_eq!(response.status, 400);
                let message = response.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.contains("body"), "{message}");
                assert!(upstream.is_untouched());
            }
        }
    });
}

#[test]
fn runs_are_a_number_from_1_to_50() {
    run(|lab| async move {
        for runs in ["0", "51", "-1", "x", "1.5", ""] {
            let mut upstream = lab.upstream();
            let response = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", runs).send(lab).await;
            assert_eq!(response.status, 400, "{runs:?}");
            let message = response.json()["message"].as_str().expect("a message").to_owned();
            assert!(message.contains("from 1 to 50"), "{message}");
            assert!(upstream.is_untouched());
        }
        // To one backend alone it is a field like any other.
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend("cf-d1").field("x-shootout-runs", "99");
        let (response, ()) = tokio::join!(request.send(lab), async {
            let exchange = upstream.arrival().await;
            assert_eq!(exchange.values("x-shootout-runs"), ["99"]);
            assert_eq!(exchange.values("x-backend"), ["cf-d1"]);
            exchange.ok("alone").await;
        });
        assert_eq!(
            (response.status, response.text(), response.value("x-gateway-backend")),
            (200, "alone", Some("cf-d1"))
        );
    });
}

#[test]
fn six_are_asked_at_once_and_each_round_begins_one_further() {
    with_settings(
        // No round begins once the deadline is over.
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let ids = &FAULTY[..7];
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path)
                .backend(&ids.join(","))
                .field("x-backend-location", "cloud")
                .field("x-shootout-runs", "8");
            let (response, ()) = tokio::join!(request.send(lab), async {
                for round in 0..8 {
                    let mut held = Vec::new();
                    for _ in 0..6 {
                        held.push(upstream.arrival().await);
                    }
                    assert!(upstream.is_untouched(), "a seventh exchange beside six");
                    let asked: Vec<_> =
                        held.iter().map(|exchange| exchange.values("x-backend")[0].to_owned()).collect();
                    for exchange in held {
                        exchange.ok("x").await;
                    }
                    let last = upstream.arrival().await;
                    assert_eq!(last.values("x-backend"), [ids[(round + 6) % 7]], "the last of round {round}");
                    assert!((0..6).all(|offset| asked.contains(&ids[(round + offset) % 7].to_owned())), "{asked:?}");
                    last.ok("x").await;
                }
            });
            let report = response.json();
            assert_eq!(report["runs"], json!({ "asked": 8, "done": 8 }));
            for row in report["backends"].as_array().expect("rows") {
                assert_eq!((&row["answered"], &row["varies"]), (&json!(8), &json!(false)), "{row}");
                let spread = &row["spread"]["total_ms"];
                let [min, median, p95] = ["min", "median", "p95"].map(|name| spread[name].as_f64().expect("a number"));
                assert!(min <= median && median <= p95, "{spread}");
                assert_eq!(row["total_ms"].as_f64(), Some(median));
            }
        },
    );
}

#[test]
fn an_answer_that_changes_from_round_to_round_varies() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", "3");
        let count = std::sync::atomic::AtomicU32::new(0);
        let response = compared(lab, &mut upstream, request, 6, |exchange| match exchange.backend {
            "first" => (String::new(), "always".into()),
            _ => (String::new(), count.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string()),
        })
        .await;
        let report = response.json();
        assert_eq!((&report["backends"][0]["varies"], &report["backends"][1]["varies"]), (&json!(false), &json!(true)));
    });
}

#[test]
fn what_does_not_come_whole_in_time_is_a_row() {
    with_settings(
        |settings| settings.set("request_timeout", "10s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path)
                .backend(&FAULTY[..5].join(","))
                .field("x-backend-location", "cloud")
                // No second round begins once the first one has taken that long.
                .field("x-shootout-runs", "5");
            let pending = request.start(lab).await;
            let mut held = Vec::new();
            for _ in 0..5 {
                let mut exchange = upstream.arrival().await;
                let id = exchange.values("x-backend")[0].to_owned();
                match FAULTY.iter().position(|faulty| *faulty == id) {
                    Some(0) => exchange.ok("fine").await,
                    // Silent.
                    Some(1) => held.push(exchange),
                    // Stops within its body.
                    Some(2) => {
                        exchange.respond("200 OK\ncontent-length: 10", "half").await;
                        held.push(exchange);
                    }
                    // Breaks off within its body.
                    Some(3) => exchange.respond("200 OK\ncontent-length: 10", "half").await,
                    // Never ends, without keeping the machine busy.
                    _ => {
                        exchange.respond("200 OK", "").await;
                        tokio::spawn(async move {
                            use tokio::io::AsyncWriteExt as _;
                            while exchange.stream.write_all(&[b'x'; 64 * 1024]).await.is_ok() {
                                tokio::time::sleep(Duration::from_millis(100)).await;
                            }
                        });
                    }
                }
            }
            let mut response = pending.head().await;
            response.read_to_end().await.expect("a whole response");
            assert_eq!(response.status, 200);
            let report = response.json();
            assert_eq!(report["runs"], json!({ "asked": 5, "done": 1 }));
            for (row, status, message) in [
                (1, 504, "within 10s"),
                // Whether its head came in time is told apart in the core's tests: workerd may hold it back.
                (2, 504, "within 10s"),
                (3, 503, if offers(Feature::FailureKinds) { "broke off its response" } else { "" }),
                (4, 504, "within 10s"),
            ] {
                let row = &report["backends"][row];
                assert_eq!((&row["status"], &row["total_ms"], &row["failed"]), (&Value::Null, &Value::Null, &json!(1)));
                assert_eq!(row["error"]["status"], status, "{row}");
                assert!(row["error"]["message"].as_str().expect("a message").contains(message), "{row}");
            }
            assert_eq!(
                (&report["backends"][0]["status"], &report["backends"][0]["error"]),
                (&json!(200), &Value::Null)
            );
            let label = |index: usize| format!("{}@cloud", FAULTY[index]);
            assert_eq!(report["summary"]["failed"], json!([label(1), label(2), label(3), label(4)]));
            assert_eq!(report["summary"]["fastest"], label(0));
        },
    );
}

#[test]
fn large_bodies_are_hashed_as_they_stream_and_not_compared() {
    with_settings(
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            // Together more than the 128 MiB that the embedded host gives an instance.
            let large = "0123456789abcdef".repeat(5 * 1024 * 1024);
            let other = format!("{}!", &large[1..]);
            let report = pair(lab, &large, &other).await;
            for (row, body) in [(0, &large), (1, &other)] {
                assert_eq!(report["backends"][row]["size"], body.len(), "{report}");
                assert_eq!(report["backends"][row]["sha256"], sha256(body.as_bytes()));
            }
            assert_eq!(report["backends"][1]["body"], "not compared");
            assert_eq!(report["backends"][1]["patch"], Value::Null);
            let just_too_large = "x".repeat(1024 * 1024 + 1);
            let report = pair(lab, &just_too_large, &just_too_large).await;
            assert_eq!(report["backends"][1]["body"], "same");
        },
    );
}

#[test]
fn patches_are_bounded() {
    run(|lab| async move {
        let numbers: Vec<u32> = (0..10_000).collect();
        let report = pair(lab, "[]", &json!(numbers).to_string()).await;
        let row = &report["backends"][1];
        assert_eq!(row["patch_complete"], false);
        assert_eq!(row["patch"].as_array().map(Vec::len), Some(100));
    });
}

#[test]
fn head_is_compared_without_bodies() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("HEAD", &upstream.path).backend(PAIR);
        let (response, ()) = tokio::join!(
            async {
                let response = request.field("connection", "close").start(lab).await.head().await;
                assert_eq!(response.status, 200);
                let length: usize = response.value("content-length").expect("a length").parse().expect("a number");
                assert!(length > 100, "the length of the report: {length}");
                response.bytes_behind_the_head().await
            },
            async {
                for _ in 0..2 {
                    let mut exchange = upstream.arrival().await;
                    assert!(exchange.request_line.starts_with("HEAD "));
                    exchange.respond("200 OK\ncontent-length: 5", "").await;
                }
            }
        );
        assert_eq!(response, 0);
    });
}

#[test]
fn ids_may_carry_a_location() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let path = upstream.path.clone();
        let request =
            Request::get(&path).backend("cf-d1@cloud, cf-d1@local, cf-d1").field("x-backend-location", "local");
        let response = compared(lab, &mut upstream, request, 2, |exchange| {
            (String::new(), exchange.request_line.contains("/cloud/").to_string())
        })
        .await;
        let report = response.json();
        let rows: Vec<_> =
            report["backends"].as_array().expect("rows").iter().map(|row| (&row["location"], &row["sha256"])).collect();
        assert_eq!(rows, [(&json!("cloud"), &json!(sha256(b"true"))), (&json!("local"), &json!(sha256(b"false")))]);
        assert_eq!(report["summary"]["disagree"], json!(["cf-d1@local"]));

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
fn a_member_that_is_none_is_a_400_that_names_it() {
    run(|lab| async move {
        for (value, shown) in [
            ("bun-sqlite,nope", "nope"),
            ("bun-sqlite,cf-d1@moon", "cf-d1@moon"),
            ("bun-sqlite,", "bun-sqlite,"),
            ("bun-sqlite,*", "bun-sqlite,*"),
        ] {
            let mut upstream = lab.upstream();
            let response = Request::get(&upstream.path).backend(value).send(lab).await;
            assert_eq!(response.status, 400, "{value}");
            assert_eq!(response.json()["message"], format!("Backend '{shown}' is not configured"));
            assert!(upstream.is_untouched(), "{value}");
        }
        let many: Vec<_> = (0..17).map(|number| format!("b{number}")).collect();
        let response = Request::get("/").backend(&many.join(",")).send(lab).await;
        assert_eq!(response.status, 400);
        assert!(response.json()["message"].as_str().expect("a message").contains("at most 16"));
        let response = Request::get("/").backend(PAIR).field("x-backend-location", "moon").send(lab).await;
        assert_eq!(response.status, 400);
    });
}

#[test]
fn backends_that_fail_are_rows_and_the_gateway_learns_from_them() {
    with_settings(
        |settings| {
            for id in ["elixir_phoenix", "php_laravel", "ruby_rails"] {
                settings.set(&format!("backend_{id}_url"), "http://unset.invalid");
            }
            settings.set("extra_backends", r#"[{ "id": "malformed", "url": "http://user:secret@127.0.0.1:1" }]"#);
        },
        |lab| async move {
            let mut upstream = lab.upstream();
            let named = Request::get(&upstream.path).backend("dotnet-api,malformed,bun-sqlite,cf-d1");
            let response = compared(lab, &mut upstream, named, 2, |_| (String::new(), "x".into())).await;
            let report = response.json();
            let errors: Vec<_> = (0..4).map(|row| report["backends"][row]["error"]["status"].clone()).collect();
            assert_eq!(errors, [json!(503), json!(500), Value::Null, Value::Null], "{report}");
            assert!(!report.to_string().contains("secret"), "{report}");
            assert_eq!(report["backends"][3]["body"], "same", "the first that answered is the reference");
            assert_eq!(report["summary"]["failed"], json!(["dotnet-api@local", "malformed@local"]));
            assert_eq!(report["summary"]["agree"], true);

            // What was learnt is written after the response, so that a little later all others are asked, and it is not.
            let report = loop {
                let all = Request::get(&upstream.path).backend("*");
                let report = compared(lab, &mut upstream, all, 2, |_| (String::new(), "x".into())).await.json();
                if report["skipped"].as_array().map(Vec::len) == Some(2) {
                    break report;
                }
            };
            let asked: Vec<_> =
                report["backends"].as_array().expect("rows").iter().map(|row| row["backend"].clone()).collect();
            assert_eq!(asked, ["bun-sqlite", "cf-d1"]);
            assert_eq!(
                (&report["skipped"][0]["backend"], &report["skipped"][0]["location"]),
                (&json!("dotnet-api"), &json!("local"))
            );
            let reason = report["skipped"][0]["reason"].as_str().expect("a reason");
            assert!(reason.contains("known to be down"), "{reason}");
            assert_eq!(report["skipped"][1]["backend"], "malformed");

            // Named, it is a row again, with that reason: now and then a retry is due, and it is asked in vain.
            loop {
                let named = Request::get(&upstream.path).backend("dotnet-api,bun-sqlite,cf-d1");
                let report = compared(lab, &mut upstream, named, 2, |_| (String::new(), "x".into())).await.json();
                let error = &report["backends"][0]["error"];
                assert_eq!((&error["status"], &error["backend"]), (&json!(503), &json!("dotnet-api")), "{report}");
                if error["reason"].as_str().expect("a reason").contains("known to be down") {
                    break;
                }
            }
        },
    );
}

#[test]
fn where_none_is_left_the_answer_says_why() {
    with_settings(
        |settings| {
            for id in ["bun_sqlite", "cf_d1", "dotnet_api", "elixir_phoenix", "php_laravel", "ruby_rails"] {
                settings.set(&format!("backend_{id}_url"), "http://unset.invalid");
            }
            settings.set("extra_backends", r#"[{ "id": "malformed", "url": "ftp://127.0.0.1" }]"#);
        },
        |lab| async move {
            let response = Request::get("/").backend("*").send(lab).await;
            assert_eq!(response.status, 503);
            let body = response.json();
            assert_eq!(body["error"], "Backend Unavailable");
            assert!(body["message"].as_str().expect("a message").contains("malformed"), "{body}");
        },
    );
}

#[test]
fn the_real_backends_agree_until_one_has_a_task_that_the_other_lacks() {
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
                let row = &report["backends"][1];
                // Each database has made its two tasks itself, at its own time.
                let ignored = row["patch"].as_array().cloned().unwrap_or_default();
                assert!(ignored.iter().all(is_a_time), "{path}: {row}");
                assert_eq!(row["status"], report["backends"][0]["status"], "{path}");
                assert_eq!((&row["answered"], &report["backends"][0]["answered"]), (&json!(5), &json!(5)));
                println!("{path}: {}", report["summary"]);
            }
            let created = Request::new("POST", "/tasks")
                .backend("cf-d1")
                .field("content-type", "application/json")
                .body(Body::Sized(br#"{"title":"Only in D1"}"#))
                .send(lab)
                .await;
            assert_eq!(created.status, 201);
            let report = Request::get("/tasks").backend(PAIR).send(lab).await.json();
            assert_eq!(report["summary"]["disagree"], json!(["cf-d1@local"]));
            let patch = report["backends"][1]["patch"].as_array().expect("a patch");
            let rest: Vec<_> = patch.iter().filter(|operation| !is_a_time(operation)).collect();
            assert_eq!(rest.len(), 1, "{patch:?}");
            assert_eq!((&rest[0]["op"], &rest[0]["value"]["title"]), (&json!("add"), &json!("Only in D1")));
            println!("difference: {}", rest[0]);
        },
    );
}

/// Whether an operation changes nothing but when a task was made.
fn is_a_time(operation: &Value) -> bool {
    let path = operation["path"].as_str().unwrap_or_default();
    operation["op"] == "replace" && (path.ends_with("_at") || path.ends_with("At"))
}
