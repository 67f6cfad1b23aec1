use crate::harness::{
    Body, Exchange, FAULTY, Feature, HostKind, Lab, OwnBackend, Request, is_on, offers, run, with_settings,
};
use gateway_core::health::entry::{Entry, State};
use std::future::Future;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A gateway with one set of kept connections, and a backend of its own in the cloud, `own`.
fn with_own_backend<F: Future<Output = ()>>(test: impl FnOnce(&'static Lab, OwnBackend) -> F) {
    // Which connections other hosts keep, and for how long, is theirs.
    if !is_on(HostKind::Embedded) {
        return;
    }
    let backend = crate::harness::lab().runtime.block_on(OwnBackend::bind());
    let url = format!("http://{}", backend.address);
    with_settings(
        |settings| {
            let entry = serde_json::json!({ "id": "own", "name": "Own", "url": url, "type": "cloud" });
            settings.key_values.push(("backend:own".to_owned(), entry.to_string().into_bytes()));
            // Known for the whole test: a check would come on a kept connection, where the test answers none.
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            let now = u64::try_from(now.as_millis()).expect("before the end of time");
            let known =
                Entry { state: State::Healthy, checked_at: now, expires_at: now + 3_600_000, ..Entry::default() };
            settings.key_values.push(("health:cloud:own".to_owned(), known.to_json().into_bytes()));
            settings.workers = Some(NonZeroUsize::MIN);
        },
        |lab| test(lab, backend),
    );
}

/// Answers, and says nothing of the connection.
async fn well(exchange: &mut Exchange) {
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
}

/// A connection that the gateway keeps for the next request.
async fn keep(lab: &Lab, backend: &mut OwnBackend, head: &str) -> Exchange {
    let (response, exchange) = tokio::join!(Request::get("/").cloud("own").send(lab), async {
        let mut exchange = backend.arrival().await;
        exchange.write(format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n{head}\r\nok")).await;
        exchange
    });
    assert_eq!(response.status, 200);
    exchange
}

/// 240 requests by so many clients to a backend that closes 2 ms after each answer without having said so.
fn none_is_lost(clients: usize, backend: &'static str) {
    if !offers(Feature::NewConnectionAgain) {
        return;
    }
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let path = upstream.path.clone();
        tokio::spawn(async move {
            loop {
                let mut exchange = upstream.arrival().await;
                tokio::spawn(async move {
                    // Sent again, it may not be waited for on this connection.
                    _ = tokio::io::AsyncWriteExt::write_all(&mut exchange.stream, OK.as_bytes()).await;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                });
            }
        });
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                let path = path.clone();
                tokio::spawn(async move {
                    let mut statuses = Vec::new();
                    for _ in 0..240 / clients {
                        statuses.push(Request::get(&path).cloud(backend).send(lab).await.status);
                    }
                    statuses
                })
            })
            .collect();
        let mut statuses = Vec::new();
        for client in clients {
            statuses.extend(client.await.expect("the client gets its answers"));
        }
        assert_eq!((statuses.len(), statuses.iter().filter(|status| **status == 200).count()), (240, 240));
    });
}

#[test]
fn a_backend_that_closes_after_each_answer_loses_no_request_of_one_client() {
    none_is_lost(1, FAULTY[9]);
}

#[test]
fn a_backend_that_closes_after_each_answer_loses_no_request_of_four_clients() {
    none_is_lost(4, FAULTY[10]);
}

#[test]
fn a_post_finds_out_beforehand_that_its_connection_was_closed() {
    with_own_backend(|lab, mut backend| async move {
        for _ in 0..50 {
            let kept = keep(lab, &mut backend, "").await;
            drop(kept);
            // At once: the gateway has had no time to notice. A POST is not sent a second time, so it must not be sent on this connection.
            let request = Request::new("POST", "/").cloud("own").body(Body::Sized(b"once"));
            let (response, ()) = tokio::join!(request.send(lab), async {
                let mut exchange = backend.arrival().await;
                assert_eq!(exchange.body(4).await, b"once");
                exchange.ok("").await;
            });
            assert_eq!(response.status, 200);
        }
    });
}

#[test]
fn a_get_that_meets_the_end_of_its_connection_is_sent_once_more_and_a_post_is_not() {
    with_own_backend(|lab, mut backend| async move {
        for method in ["GET", "HEAD", "POST", "DELETE"] {
            // Two of them: the second attempt must not meet another one like it.
            let mut kept = Vec::new();
            let (first, second) = tokio::join!(Request::get("/").cloud("own").send(lab), async {
                let pending = Request::get("/").cloud("own").start(lab).await;
                let mut exchanges = [backend.arrival().await, backend.arrival().await];
                for exchange in &mut exchanges {
                    well(exchange).await;
                }
                kept.extend(exchanges);
                pending.head().await
            });
            assert_eq!((first.status, second.status), (200, 200));
            let pending = Request::new(method, "/").cloud("own").field("connection", "close").start(lab).await;
            // Whichever of them it comes on, the backend closes it instead of answering.
            let mut ends = kept.into_iter().map(|mut exchange| {
                Box::pin(async move {
                    exchange.read_until(b"\r\n\r\n").await;
                    exchange
                })
            });
            let (mut one, mut other) = (ends.next().expect("the first"), ends.next().expect("the second"));
            tokio::select! {
                exchange = &mut one => drop(exchange),
                exchange = &mut other => drop(exchange),
            }
            let again = matches!(method, "GET" | "HEAD");
            if again {
                let (response, ()) = tokio::join!(pending.head(), async { backend.arrival().await.ok("").await });
                assert_eq!(response.status, 200, "{method}");
            } else {
                let mut response = pending.head().await;
                response.read_to_end().await.expect("a whole answer");
                assert_eq!(response.status, 503, "{method}");
                assert_eq!(response.json()["reason"], "connection closed before the response", "{method}");
            }
        }
    });
}

#[test]
fn a_connection_that_idles_is_let_go_before_the_backend_does() {
    with_own_backend(|lab, mut backend| async move {
        for (said, at_least) in [("", 4), ("keep-alive: timeout=3\r\n", 2), ("keep-alive: timeout=7, max=100\r\n", 6)] {
            let before = Instant::now();
            let mut kept = keep(lab, &mut backend, said).await;
            let answered = Instant::now();
            kept.ended().await.expect("a proper end");
            assert!(before.elapsed() >= Duration::from_secs(at_least), "{said}: {:?}", before.elapsed());
            // Looked for once a second. The machine may be busy; what must not be is a minute.
            assert!(answered.elapsed() < Duration::from_secs(at_least + 30), "{said}: {:?}", answered.elapsed());
        }
    });
}

#[test]
fn a_connection_is_not_kept_longer_than_the_backend_says() {
    with_own_backend(|lab, mut backend| async move {
        // A second is the margin: nothing is left of it.
        let _open = keep(lab, &mut backend, "keep-alive: timeout=1\r\n").await;
        let (response, ()) = tokio::join!(Request::get("/").cloud("own").send(lab), async {
            backend.arrival().await.ok("").await;
        });
        assert_eq!(response.status, 200, "on another connection");
    });
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
