//! These start gateways of their own, with other settings than the suite's.

use crate::harness::{Body, Feature, Lab, Request, offers, with_settings as with};
use std::num::NonZeroUsize;
use std::time::SystemTime;

#[test]
fn in_the_cloud_the_store_decides_and_only_origins_are_shown() {
    with(
        |settings| settings.set("environment", "cloud"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path);
            let (response, ()) = tokio::join!(request.send(lab), async {
                let exchange = upstream.arrival().await;
                assert_eq!(exchange.backend, "second");
                assert!(exchange.request_line.starts_with("GET /cloud/"), "{}", exchange.request_line);
                exchange.ok("").await;
            });
            assert_eq!(response.value("x-gateway-backend"), Some("cf-d1"), "the default of the cloud");

            let body = Request::get("/backends").send(lab).await.json();
            let backends = body["backends"].as_array().expect("a list");
            let cf = backends.iter().find(|backend| backend["id"] == "cf-d1").expect("cf-d1");
            assert_eq!(cf["url"], format!("http://{}", lab.backends.second), "without the base path");
            assert_eq!(cf["location"], "cloud");
            let broken = backends.iter().find(|backend| backend["id"] == "broken").expect("broken");
            assert!(broken["reason"].as_str().expect("a reason").contains("backend:broken"));
        },
    );
}

#[test]
fn a_wrong_variable_is_named_and_leaves_health_alone() {
    for (variable, value) in [("environment", "staging"), ("request_timeout", "soon")] {
        with(
            |settings| settings.set(variable, value),
            |lab| async move {
                let response = Request::get("/tasks").send(lab).await;
                assert_eq!(response.status, 500);
                let message = response.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.contains(&format!("'{variable}'")) && message.contains(value), "{message}");
                assert_eq!(Request::get("/health").send(lab).await.status, 200);
                assert_eq!(Request::new("OPTIONS", "/tasks").send(lab).await.status, 204);
            },
        );
    }
}

#[test]
fn preflights_and_health_leave_the_store_alone() {
    if !offers(Feature::StoreCounters) {
        return;
    }
    with(
        |_| {},
        |lab| async move {
            for request in [Request::get("/health"), Request::new("OPTIONS", "/x").cloud("cf-d1")] {
                assert!(request.send(lab).await.status < 300);
            }
            let stats = lab.host.as_ref().expect("a host that counts").stats();
            assert_eq!((stats.reads, stats.writes), (0, 0));
        },
    );
}

#[test]
fn credentials_reach_their_own_backend_only_and_never_show() {
    with(
        |settings| settings.set("backend_cf_d1_authorization", "Bearer gateways-own"),
        |lab| async move {
            for (backend, location, clients, expected) in [
                ("cf-d1", "local", None, vec!["Bearer gateways-own"]),
                ("cf-d1", "cloud", None, vec!["Bearer gateways-own"]),
                ("cf-d1", "local", Some("Basic clients"), vec!["Basic clients"]),
                ("bun-sqlite", "local", None, vec![]),
                ("based", "local", None, vec![]),
                ("cloud-only", "cloud", None, vec![]),
            ] {
                let mut upstream = lab.upstream();
                let mut request = Request::get(&upstream.path).backend(backend).field("x-backend-location", location);
                if let Some(authorization) = clients {
                    request = request.field("authorization", authorization);
                }
                let (response, ()) = tokio::join!(request.send(lab), async {
                    let exchange = upstream.arrival().await;
                    assert_eq!(exchange.values("authorization"), expected, "{backend} {location}");
                    exchange.ok("").await;
                });
                assert!(!format!("{:?}", response.fields).contains("gateways-own"));
            }
            for request in [
                Request::get("/backends"),
                Request::get("/").backend("nope"),
                Request::get("/backends").field("accept", "text/html"),
            ] {
                assert!(!request.send(lab).await.text().contains("gateways-own"));
            }
        },
    );
}

#[test]
fn a_browser_gets_the_status_page() {
    with(
        |_| {},
        |lab| async move {
            let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
            let response = Request::get("/backends").field("accept", accept).send(lab).await;
            assert_eq!(response.value("content-type"), Some("text/html; charset=utf-8"));
            assert!(response.value("content-security-policy").expect("a policy").contains("default-src 'none'"));
            assert!(response.values("vary").join(", ").split(", ").any(|name| name == "accept"));
            assert!(response.text().starts_with("<!DOCTYPE html>") && response.text().contains("bun-sqlite"));
            assert!(!response.text().contains("secret"), "the malformed URL is not shown");
            let json = Request::get("/backends").field("accept", "*/*").send(lab).await;
            assert_eq!(json.value("content-type"), Some("application/json"));
        },
    );
}

#[test]
fn cloud_hosts_is_a_list() {
    with(
        |settings| settings.set("cloud_hosts", "https://*.workers.dev, *://127.0.0.0/8:*,http://[::1]:8080"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).cloud("cf-d1");
            let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
            assert_eq!(response.status, 200, "allowed and named by the second pattern");
            let response = Request::get("/").cloud("outside").send(lab).await;
            assert_eq!(response.status, 503, "allowed by none");
        },
    );
}

#[test]
fn a_url_with_a_scheme_in_capitals_is_a_500_that_names_the_variable() {
    with(
        |settings| {
            let url = settings.variables.get("backend_cf_d1_url").expect("set by the suite").replace("http:", "HTTP:");
            settings.set("backend_cf_d1_url", url);
        },
        |lab| async move {
            let response = Request::get("/").backend("cf-d1").send(lab).await;
            assert_eq!(response.status, 500);
            let message = response.json()["message"].as_str().expect("a message").to_owned();
            assert!(message.contains("'backend_cf_d1_url'") && message.contains("lower case"), "{message}");
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path);
            let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
            assert_eq!(response.status, 200, "the others stand");
        },
    );
}

#[test]
fn a_local_url_with_a_path_denies_everything_as_in_spin() {
    with(
        |settings| {
            let url = settings.variables.get("backend_cf_d1_url").expect("set by the suite").clone();
            settings.set("backend_cf_d1_url", format!("{url}api"));
            // The suite's would allow every backend.
            settings.set("cloud_hosts", "https://*.workers.dev");
        },
        |lab| async move {
            let denies_all = offers(Feature::PathDeniesAll);
            for (backend, denied) in [("cf-d1", true), ("bun-sqlite", denies_all)] {
                let response = Request::get("/").backend(backend).send(lab).await;
                assert_eq!(response.status, if denied { 503 } else { 200 }, "{backend}");
                if denied {
                    let message = response.json()["message"].as_str().expect("a message").to_owned();
                    assert!(message.contains("allowed_outbound_hosts"), "{message}");
                }
            }
        },
    );
}

#[test]
fn connections_to_backends_are_kept_and_survive_their_end() {
    if !offers(Feature::KeptConnections) {
        return;
    }
    with(
        // With a fresh entry nothing is checked: a check would take the connection.
        |settings| {
            // Each worker has connections of its own.
            settings.workers = NonZeroUsize::new(1);
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis() as u64;
            let entry = serde_json::json!({ "state": "healthy", "checked_at": now, "expires_at": now + 3_600_000 });
            settings.key_values.push(("health:local:bun-sqlite".to_owned(), entry.to_string().into_bytes()));
        },
        |lab| async move {
            let mut upstream = lab.upstream();
            let path = upstream.path.clone();
            let first = Request::get(&path);
            let ((), mut exchange) = tokio::join!(async { assert_eq!(first.send(lab).await.status, 200) }, async {
                let mut exchange = upstream.arrival().await;
                exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
                exchange
            });
            // The same connection again: the request arrives on it, not at the listener.
            let second = Request::get(&path);
            tokio::join!(async { assert_eq!(second.send(lab).await.status, 200) }, async {
                exchange.read_until(b"\r\n\r\n").await;
                exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            });
            // The backend closes it while it is idle: the next request must not fail for that.
            drop(exchange);
            let third = Request::get(&path);
            tokio::join!(async { assert_eq!(third.send(lab).await.status, 200) }, async {
                upstream.arrival().await.ok("").await;
            });
        },
    );
}

/// The answer is on its way when the backend goes and the rest of the upload runs into a closed connection.
#[test]
fn an_early_answer_survives_the_end_of_the_connection() {
    let survives = offers(Feature::EarlyAnswer);
    with(
        |_| {},
        |lab| async move {
            // Where answers are lost, the third failure would gate the backend.
            for _ in 0..if survives { 20 } else { 1 } {
                let mut upstream = lab.upstream();
                let body = vec![1; 4 * 1024 * 1024];
                let request = Request::new("POST", &upstream.path).body(Body::Announced("content-length: 4194304"));
                let mut pending = request.start(lab).await;
                pending.write(&body[..64 * 1024]).await;
                let mut exchange = upstream.arrival().await;
                exchange
                    .write("HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig")
                    .await;
                drop(exchange);
                // The gateway may stop reading as soon as it has answered.
                let mut response = pending.write_beside(body[64 * 1024..].to_vec()).head().await;
                response.read_to_end().await.expect("a whole response");
                let answer = (response.status, response.text());
                assert!(answer == (413, "big") || !survives && response.status == 503, "{answer:?}");
            }
        },
    );
}

#[test]
fn an_options_request_for_the_server_as_a_whole_is_answered_too() {
    let status = if offers(Feature::OptionsForTheServer) { 204 } else { 500 };
    with(|_| {}, |lab| async move { assert_eq!(Request::new("OPTIONS", "*").send(lab).await.status, status) });
}

#[test]
fn hundreds_of_requests_at_once_each_get_their_own_answer() {
    with(
        // However long a busy machine takes for all of them.
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let tasks: Vec<_> = (0..300)
                .map(|index| {
                    tokio::spawn(async move {
                        let mut upstream = lab.upstream();
                        let request = Request::new("POST", &upstream.path).body(Body::Sized(b"abc"));
                        let answer = format!("answer {index}");
                        let (response, ()) = tokio::join!(request.send(lab), async {
                            let mut exchange = upstream.arrival().await;
                            assert_eq!(exchange.body(3).await, b"abc");
                            exchange.ok(&answer).await;
                        });
                        assert_eq!(response.text(), answer);
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no failure");
            }
        },
    );
}

/// Sends and receives far more than a gateway that keeps a body would hold, through a gateway in a process of its own, and looks at how much that
/// process's peak memory grows.
#[test]
fn memory_stays_flat_while_large_bodies_pass() {
    const SIZE: usize = 512 * 1024 * 1024;
    if !offers(Feature::MemoryInSight) {
        return;
    }
    with(
        |settings| {
            settings.own_process = true;
            // However long a busy machine takes for the next piece.
            settings.set("request_timeout", "600s");
        },
        |lab| async move {
            // An instance and its buffers are there from the first bodies on.
            large_bodies(lab, SIZE / 64).await;
            let Some(before) = peak_memory(lab) else {
                println!("SKIPPED: this system has no /proc/<id>/status");
                return;
            };
            large_bodies(lab, SIZE).await;
            let grown = peak_memory(lab).expect("as before") - before;
            println!("peak memory: {before} bytes, grown by {grown} bytes over two bodies of {SIZE} bytes");
            // Either body kept whole would be sixteen times as much.
            assert!(grown < SIZE / 16, "peak memory rose from {before} bytes by {grown} bytes");
        },
    );
}

/// An exchange with a body of `size` bytes in each direction, one after the other.
async fn large_bodies(lab: &'static Lab, size: usize) {
    let mut upstream = lab.upstream();
    let request = Request::new("PUT", &upstream.path).body(Body::Announced(&format!("content-length: {size}")));
    let mut pending = request.start(lab).await;
    let piece = vec![1; 1024 * 1024];
    let send = async {
        for _ in 0..size / piece.len() {
            pending.write(&piece).await;
        }
        let mut response = pending.head().await;
        response.count_to_end().await
    };
    let receive = async {
        let mut exchange = upstream.arrival().await;
        let mut left = size;
        while left > 0 {
            left -= exchange.body(left.min(1024 * 1024)).await.len();
        }
        exchange.write(format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n")).await;
        for _ in 0..size / piece.len() {
            exchange.write(&piece).await;
        }
    };
    let (downloaded, ()) = tokio::join!(send, receive);
    assert_eq!(downloaded, Ok(size as u64));
}

/// The peak resident memory, in bytes, of the process that a gateway of its own runs in. Never that of the tests: others run there as well.
fn peak_memory(lab: &Lab) -> Option<usize> {
    let process = lab.process.as_ref().expect("a process that the suite started");
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id)).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok().map(|kilobytes| kilobytes * 1024)
}
