//! These start hosts of their own, with other settings than the suite's gateway, so they are skipped where that is a foreign one.

use crate::harness::{Body, Request, run, with_embedded_host as with};
use gateway_host::HostOptions;

fn set(options: &mut HostOptions, name: &str, value: &str) {
    options.variables.insert(name.to_owned(), value.to_owned());
}

#[test]
fn in_the_cloud_the_store_decides_and_only_origins_are_shown() {
    with(
        |options| set(options, "environment", "cloud"),
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
            |options| set(options, variable, value),
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
    with(
        |_| {},
        |lab| async move {
            for request in [Request::get("/health"), Request::new("OPTIONS", "/x").cloud("cf-d1")] {
                assert!(request.send(lab).await.status < 300);
            }
            let stats = lab.host.as_ref().expect("a host").stats();
            assert_eq!((stats.reads, stats.writes), (0, 0));
        },
    );
}

#[test]
fn credentials_reach_their_own_backend_only_and_never_show() {
    with(
        |options| set(options, "backend_cf_d1_authorization", "Bearer gateways-own"),
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
            assert!(response.values("vary").contains(&"accept"));
            assert!(response.text().starts_with("<!DOCTYPE html>") && response.text().contains("bun-sqlite"));
            assert!(!response.text().contains("secret"), "the malformed URL is not shown");
            let json = Request::get("/backends").field("accept", "*/*").send(lab).await;
            assert_eq!(json.value("content-type"), Some("application/json"));
        },
    );
}

#[test]
fn a_local_url_with_a_path_denies_everything_as_in_spin() {
    with(
        |options| {
            let url = options.variables.get("backend_cf_d1_url").expect("set by the suite").clone();
            set(options, "backend_cf_d1_url", &format!("{url}api"));
        },
        |lab| async move {
            for backend in ["cf-d1", "bun-sqlite"] {
                let response = Request::get("/").backend(backend).send(lab).await;
                assert_eq!(response.status, 503, "{backend}");
                let message = response.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.contains("allowed_outbound_hosts"), "{message}");
            }
        },
    );
}

#[test]
fn connections_to_backends_are_kept_and_survive_their_end() {
    with(
        |_| {},
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
    with(
        |_| {},
        |lab| async move {
            for _ in 0..20 {
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
                assert_eq!((response.status, response.text()), (413, "big"));
            }
        },
    );
}

#[test]
fn an_options_request_for_the_server_as_a_whole_is_answered_too() {
    with(|_| {}, |lab| async move { assert_eq!(Request::new("OPTIONS", "*").send(lab).await.status, 204) });
}

#[test]
fn hundreds_of_requests_at_once_each_get_their_own_answer() {
    with(
        |_| {},
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

/// Sends and receives far more than would fit, and looks at the process's peak memory.
#[test]
fn memory_stays_flat_while_large_bodies_pass() {
    const SIZE: usize = 512 * 1024 * 1024;
    let Some(before) = peak_memory() else {
        println!("SKIPPED: this system has no /proc/self/status");
        return;
    };
    run(|lab| async move {
        if lab.host.is_none() {
            println!("SKIPPED: the gateway is another process");
            return;
        }
        let mut upstream = lab.upstream();
        let request = Request::new("PUT", &upstream.path).body(Body::Announced(&format!("content-length: {SIZE}")));
        let mut pending = request.start(lab).await;
        let piece = vec![1; 1024 * 1024];
        let send = async {
            for _ in 0..SIZE / piece.len() {
                pending.write(&piece).await;
            }
            let mut response = pending.head().await;
            response.count_to_end().await
        };
        let receive = async {
            let mut exchange = upstream.arrival().await;
            let mut left = SIZE;
            while left > 0 {
                left -= exchange.body(left.min(1024 * 1024)).await.len();
            }
            exchange.write(format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {SIZE}\r\n\r\n")).await;
            for _ in 0..SIZE / piece.len() {
                exchange.write(&piece).await;
            }
        };
        let (downloaded, ()) = tokio::join!(send, receive);
        assert_eq!(downloaded, Ok(SIZE as u64));
        let after = peak_memory().expect("as before");
        // The other tests run beside this one; a buffered body would cost 512 MiB.
        assert!(after - before < SIZE / 4, "peak memory rose from {before} to {after} bytes");
    });
}

/// The process's peak resident memory in bytes.
fn peak_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok().map(|kilobytes| kilobytes * 1024)
}
