//! Deadlines. That an answer is not early is measured, from before anything could have begun to wait. That it is not late is measured by what else
//! happens in the gateway ([`Standing`]): a busy machine delays both alike.

use crate::harness::{Body, FAULTY, Feature, Lab, REQUEST_TIMEOUT as TIMEOUT, Request, Response, offers, run};
use std::future::Future;
use std::time::{Duration, Instant};

/// A response whose body stands still. 30 s after its last piece the gateway cuts it off, whatever its settings: as late as a deadline that nobody set.
struct Standing {
    response: Response,
    _exchange: crate::harness::Exchange,
}

impl Standing {
    async fn begin(lab: &Lab) -> Self {
        let mut upstream = lab.upstream();
        let pending = Request::get(&upstream.path).start(lab).await;
        let mut exchange = upstream.arrival().await;
        exchange.write("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n").await;
        let mut response = pending.head().await;
        response.read_until("half").await;
        Standing { response, _exchange: exchange }
    }

    /// What comes of `work`, which has to be there first.
    async fn outlasts<T>(mut self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            _ = self.response.read_to_end() => panic!("the deadline is that of a gateway to which none was given"),
        }
    }
}

/// An answer of the gateway's own, with its body.
async fn whole(mut response: Response) -> Response {
    response.read_to_end().await.expect("a whole response");
    response
}

#[test]
fn a_backend_that_does_not_answer_is_a_504_that_names_the_time() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let standing = Standing::begin(lab).await;
        let started = Instant::now();
        let pending = Request::get(&upstream.path).cloud(FAULTY[4]).start(lab).await;
        let _open = upstream.arrival().await;
        let response = standing.outlasts(async { whole(pending.head().await).await }).await;
        assert!(started.elapsed() >= TIMEOUT, "{:?}", started.elapsed());
        assert_eq!(response.status, 504);
        assert_eq!(
            response.json(),
            serde_json::json!({
                "error": "Gateway Timeout",
                "message": "Backend did not respond within 10s",
                "backend": FAULTY[4],
                "reason": "no response within 10s",
            })
        );
        assert!(response.value("proxy-status").expect("a proxy-status").contains("error=http_response_timeout"));
    });
}

#[test]
fn the_deadline_starts_when_the_request_is_sent_whole() {
    run(|lab| async move {
        const PIECES: usize = 12;
        let mut upstream = lab.upstream();
        let length = format!("content-length: {}", 5 * PIECES);
        let request = Request::new("POST", &upstream.path).cloud(FAULTY[5]).body(Body::Announced(&length));
        let mut pending = request.start(lab).await;
        let mut exchange = upstream.arrival().await;
        // An upload that takes longer than the deadline, but never stands still for nearly as long.
        let started = Instant::now();
        for _ in 0..PIECES {
            pending.write("12345").await;
            exchange.body(5).await;
            tokio::time::sleep(TIMEOUT / 10).await;
        }
        assert!(started.elapsed() > TIMEOUT);
        exchange.ok("uploaded").await;
        let response = whole(pending.head().await).await;
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
        let response = whole(pending.head().await).await;
        assert_eq!(response.status, 504);
        let message = response.json()["message"].as_str().expect("a message").to_owned();
        assert!(message.contains("no progress within 10s"), "{message}");
        // The backend must not take what it has for the whole.
        assert!(exchange.ended().await.unwrap_or_default().is_empty());
    });
}

#[test]
fn after_the_upload_the_backend_has_its_full_time() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let standing = Standing::begin(lab).await;
        let request = Request::new("POST", &upstream.path).cloud(FAULTY[7]).body(Body::Announced("content-length: 10"));
        let mut pending = request.start(lab).await;
        pending.write("12345").await;
        let mut exchange = upstream.arrival().await;
        exchange.body(5).await;
        tokio::time::sleep(TIMEOUT / 4).await;
        let started = Instant::now();
        pending.write("67890").await;
        exchange.body(5).await;
        let response = standing.outlasts(async { whole(pending.head().await).await }).await;
        assert!(started.elapsed() >= TIMEOUT, "{:?}", started.elapsed());
        assert_eq!(response.status, 504);
        assert_eq!(response.json()["message"], "Backend did not respond within 10s");
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
        let started = Instant::now();
        let mut standing = Standing::begin(lab).await;
        assert_eq!(standing.response.read_to_end().await.is_err(), visibly);
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

#[test]
fn a_second_attempt_shares_the_deadline() {
    if !offers(Feature::FailureKinds) {
        return;
    }
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let pending = Request::get(&upstream.path).cloud(FAULTY[4]).start(lab).await;
        let first = upstream.arrival().await;
        tokio::time::sleep(TIMEOUT / 2).await;
        // One that is as late as the second attempt would be with a deadline of its own.
        let mut other = lab.upstream();
        let rival = Request::get(&other.path).cloud(FAULTY[7]).start(lab).await;
        let _open = other.arrival().await;
        drop(first);
        let _second = upstream.arrival().await;
        tokio::select! {
            biased;
            response = async { whole(pending.head().await).await } => assert_eq!(response.status, 504),
            _ = rival.head() => panic!("the second attempt has a deadline of its own"),
        }
    });
}
