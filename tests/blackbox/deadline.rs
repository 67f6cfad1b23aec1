use crate::harness::{Body, FAULTY, Feature, Request, offers, run};
use std::time::{Duration, Instant};

/// As the gateway under test is configured. Ten times as long is the most a busy machine is allowed to make of it.
const TIMEOUT: Duration = Duration::from_secs(2);

#[test]
fn a_backend_that_does_not_answer_is_a_504_that_names_the_time() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let started = Instant::now();
        let pending = Request::get(&upstream.path).cloud(FAULTY[4]).start(lab).await;
        let _open = upstream.arrival().await;
        let mut response = pending.head().await;
        response.read_to_end().await.expect("a whole response");
        let waited = started.elapsed();
        assert!(waited >= TIMEOUT && waited < TIMEOUT * 10, "{waited:?}");
        assert_eq!(response.status, 504);
        assert_eq!(
            response.json(),
            serde_json::json!({
                "error": "Gateway Timeout",
                "message": "Backend did not respond within 2s",
                "backend": FAULTY[4],
            })
        );
        assert!(response.value("proxy-status").expect("a proxy-status").contains("error=http_response_timeout"));
    });
}

#[test]
fn the_deadline_starts_when_the_request_is_sent_whole() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("POST", &upstream.path).cloud(FAULTY[5]).body(Body::Announced("content-length: 30"));
        let mut pending = request.start(lab).await;
        let mut exchange = upstream.arrival().await;
        // An upload that takes longer than the deadline, but never stands still for as long.
        let started = Instant::now();
        for _ in 0..6 {
            pending.write("12345").await;
            exchange.body(5).await;
            tokio::time::sleep(TIMEOUT / 4).await;
        }
        assert!(started.elapsed() > TIMEOUT);
        exchange.ok("uploaded").await;
        let mut response = pending.head().await;
        response.read_to_end().await.expect("a whole response");
        assert_eq!((response.status, response.text()), (200, "uploaded"));
    });
}

#[test]
fn an_upload_without_progress_is_cut_off() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("POST", &upstream.path).cloud(FAULTY[6]).body(Body::Announced("content-length: 30"));
        let mut pending = request.start(lab).await;
        pending.write("12345").await;
        let mut exchange = upstream.arrival().await;
        exchange.body(5).await;
        let mut response = pending.head().await;
        response.read_to_end().await.expect("a whole response");
        assert_eq!(response.status, 504);
        let message = response.json()["message"].as_str().expect("a message").to_owned();
        assert!(message.contains("no progress within 2s"), "{message}");
        // The backend must not take what it has for the whole.
        assert!(exchange.ended().await.unwrap_or_default().is_empty());
    });
}

#[test]
fn after_the_upload_the_backend_has_its_full_time() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let pending =
            Request::new("POST", &upstream.path).cloud(FAULTY[7]).body(Body::Sized(b"12345")).start(lab).await;
        let mut exchange = upstream.arrival().await;
        exchange.body(5).await;
        let started = Instant::now();
        let mut response = pending.head().await;
        response.read_to_end().await.expect("a whole response");
        let waited = started.elapsed();
        assert!(waited > TIMEOUT * 9 / 10 && waited < TIMEOUT * 10, "{waited:?}");
        assert_eq!(response.status, 504);
        assert_eq!(response.json()["message"], "Backend did not respond within 2s");
    });
}

#[test]
fn a_response_may_take_longer_than_the_deadline() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let pending = Request::get(&upstream.path).start(lab).await;
        let mut exchange = upstream.arrival().await;
        exchange.write("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let mut response = pending.head().await;
        // A pause longer than the deadline for the head, but not than the one between chunks.
        tokio::time::sleep(TIMEOUT + TIMEOUT / 4).await;
        exchange.write("4\r\nlate\r\n0\r\n\r\n").await;
        response.read_to_end().await.expect("a proper end");
        assert_eq!(response.text(), "late");
    });
}

#[test]
fn a_response_that_stands_still_is_cut_off_visibly() {
    let visibly = offers(Feature::TruncatedChunks);
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let pending = Request::get(&upstream.path).start(lab).await;
        let mut exchange = upstream.arrival().await;
        exchange.write("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n").await;
        let mut response = pending.head().await;
        response.read_until("half").await;
        let started = Instant::now();
        assert_eq!(response.read_to_end().await.is_err(), visibly);
        assert!(started.elapsed() > Duration::from_secs(29), "30 s between two chunks: {:?}", started.elapsed());
    });
}

#[test]
fn a_post_is_never_sent_twice() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("POST", &upstream.path).cloud(FAULTY[8]).body(Body::Sized(b"once"));
        let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.reset() });
        assert_eq!(response.status, 503);
        assert!(upstream.is_untouched());
    });
}
