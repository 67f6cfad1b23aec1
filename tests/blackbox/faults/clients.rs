//! What clients do wrong. The columns then say what the backend notices.

use super::backends::exchange;
use super::scene::{describe, describe_rest};
use super::{Fault, IDLE, Setup, TIMEOUT, When};
use crate::harness::{Body, Exchange, Settings};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LET_GO: &str = "the backend's connection ends";
const NEVER_WHOLE: &str = "the backend's connection ends within the body";

pub(super) fn faults() -> Vec<Fault> {
    vec![
        exchange!(
            "resets before the answer (noticed once there is something to tell it)",
            LET_GO,
            "a failure counted",
            When::After(TIMEOUT),
            |scene| {
                scene.begin();
                let pending = scene.request("GET").start(scene.lab).await;
                let mut exchange = scene.arrival().await;
                pending.stream.set_zero_linger().expect("the socket is open");
                drop(pending);
                let seen = end(&mut exchange, LET_GO).await;
                scene.seen(seen)
            }
        ),
        exchange!(
            "closes before the answer (looks like one that has sent everything and waits)",
            LET_GO,
            "a failure counted",
            When::After(TIMEOUT),
            |scene| {
                scene.begin();
                let pending = scene.request("GET").start(scene.lab).await;
                let mut exchange = scene.arrival().await;
                drop(pending);
                let seen = end(&mut exchange, LET_GO).await;
                scene.seen(seen)
            }
        ),
        exchange!("closes its sending side and waits", "200, whole", "healthy", When::AtOnce, |scene| {
            scene.begin();
            let mut pending = scene.request("GET").start(scene.lab).await;
            pending.stream.shutdown().await.expect("the socket is open");
            scene.arrival().await.ok("hello").await;
            let answer = describe(pending.head().await).await;
            scene.seen(answer)
        }),
        exchange!("leaves mid-upload, behind a length", NEVER_WHOLE, "healthy", When::AtOnce, |scene| {
            let upload = scene.request("POST").body(Body::Announced("content-length: 100"));
            let mut pending = upload.start(scene.lab).await;
            pending.write("hello").await;
            let mut exchange = scene.arrival().await;
            exchange.body(5).await;
            scene.begin();
            drop(pending);
            let seen = end(&mut exchange, NEVER_WHOLE).await;
            scene.seen(seen)
        }),
        exchange!("leaves mid-upload, within chunks", NEVER_WHOLE, "healthy", When::AtOnce, |scene| {
            let upload = scene.request("POST").body(Body::Announced("transfer-encoding: chunked"));
            let mut pending = upload.start(scene.lab).await;
            pending.write("5\r\nhello\r\n").await;
            let mut exchange = scene.arrival().await;
            exchange.read_until(b"hello\r\n").await;
            scene.begin();
            drop(pending);
            let seen = end(&mut exchange, NEVER_WHOLE).await;
            scene.seen(seen)
        }),
        exchange!(
            "sends a chunk size that is none",
            "400 Bad Request, `http_request_error`; the backend's connection ends within the body",
            "healthy",
            When::AtOnce,
            |scene| {
                let upload = scene.request("POST").body(Body::Announced("transfer-encoding: chunked"));
                let mut pending = upload.start(scene.lab).await;
                pending.write("5\r\nhello\r\n").await;
                let mut exchange = scene.arrival().await;
                exchange.read_until(b"hello\r\n").await;
                scene.begin();
                pending.write("xyz\r\n").await;
                let (answer, end) =
                    tokio::join!(async { describe(pending.head().await).await }, end(&mut exchange, NEVER_WHOLE));
                scene.seen(format!("{answer}; {end}"))
            }
        ),
        exchange!(
            "sends its body slowly, a piece a second",
            "200, whole",
            "healthy",
            When::After(Duration::from_secs(12)),
            |scene| {
                scene.begin();
                let upload = scene.request("POST").body(Body::Announced("content-length: 60"));
                let mut pending = upload.start(scene.lab).await;
                let mut exchange = scene.arrival().await;
                for _ in 0..12 {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    pending.write("12345").await;
                    exchange.body(5).await;
                }
                exchange.ok("hello").await;
                let answer = describe(pending.head().await).await;
                scene.seen(answer)
            }
        ),
        exchange!(
            "stops sending its body",
            "504 Gateway Timeout, `connection_write_timeout`; the backend's connection ends within the body",
            "healthy",
            When::After(TIMEOUT),
            |scene| {
                let upload = scene.request("POST").body(Body::Announced("content-length: 60"));
                scene.begin();
                let mut pending = upload.start(scene.lab).await;
                pending.write("12345").await;
                let mut exchange = scene.arrival().await;
                exchange.body(5).await;
                let answer = describe(pending.head().await).await;
                let end = end(&mut exchange, NEVER_WHOLE).await;
                scene.seen(format!("{answer}; {end}"))
            }
        ),
        exchange!(
            "never ends its request head",
            "the connection is closed",
            "healthy",
            When::After(Duration::from_secs(30)),
            |scene| {
                scene.begin();
                let mut stream = TcpStream::connect(scene.lab.gateway).await.expect("the gateway listens");
                stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await.expect("the gateway reads");
                let seen = describe_rest(&mut stream).await;
                scene.seen(seen)
            }
        ),
        exchange!(
            "pauses for longer than a head may take, between two requests",
            "200, whole",
            "healthy",
            When::After(Duration::from_secs(32)),
            |scene| {
                let first = scene.request("GET").start(scene.lab).await;
                scene.arrival().await.ok("first").await;
                let mut first = first.head().await;
                first.read_to_end().await.expect("a whole answer");
                scene.begin();
                tokio::time::sleep(Duration::from_secs(32)).await;
                let second = scene.request("GET").start_on(first, scene.lab).await;
                scene.arrival().await.ok("second").await;
                let answer = describe(second.head().await).await;
                scene.seen(answer)
            }
        ),
        fault!(
            "pauses for longer than its connection is kept (3 s here)",
            Setup::Gateway(kept_for_three_seconds),
            "the connection is closed",
            "—",
            When::After(Duration::from_secs(3)),
            |scene| {
                let first = scene.request("GET").start(scene.lab).await;
                scene.arrival().await.ok("first").await;
                scene.begin();
                let mut first = first.head().await;
                first.read_to_end().await.expect("a whole answer");
                let seen = describe_rest(&mut first.stream).await;
                scene.seen(seen)
            }
        ),
        fault!(
            "begins a head at the end of its pause, and never ends it",
            Setup::Gateway(kept_for_three_seconds),
            "the connection is closed",
            "—",
            When::After(Duration::from_secs(32)),
            |scene| {
                let first = scene.request("GET").start(scene.lab).await;
                scene.arrival().await.ok("first").await;
                let mut first = first.head().await;
                first.read_to_end().await.expect("a whole answer");
                scene.begin();
                tokio::time::sleep(Duration::from_secs(2)).await;
                first.write("GET / HTTP/1.1\r\nhost: x\r\n").await;
                let seen = describe_rest(&mut first.stream).await;
                scene.seen(seen)
            }
        ),
        exchange!("leaves mid-download", LET_GO, "healthy", When::AtOnce, |scene| {
            let pending = scene.request("GET").start(scene.lab).await;
            let mut exchange = scene.arrival().await;
            exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
            let mut response = pending.head().await;
            response.read_until("hello").await;
            scene.begin();
            drop(response);
            send_until_it_breaks(&mut exchange).await;
            scene.seen(LET_GO)
        }),
        exchange!("reads nothing for a while, then all", "200, whole", "healthy", When::After(PAUSE), |scene| {
            const SIZE: usize = 16 << 20;
            scene.begin();
            let pending = scene.request("GET").start(scene.lab).await;
            let mut exchange = scene.arrival().await;
            let sent = async {
                exchange.write(format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {SIZE}\r\n\r\n")).await;
                exchange.write(vec![b'x'; SIZE]).await;
            };
            let read = async {
                let mut response = pending.head().await;
                tokio::time::sleep(PAUSE).await;
                (response.status, response.count_to_end().await)
            };
            let ((status, read), ()) = tokio::join!(read, sent);
            let whole = if read == Ok(SIZE as u64) { "whole" } else { "not whole" };
            scene.seen(format!("{status}, {whole}"))
        }),
        exchange!("never reads the answer", LET_GO, "healthy", When::After(IDLE), |scene| {
            let _held = scene.request("GET").start(scene.lab).await;
            let mut exchange = scene.arrival().await;
            exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            scene.begin();
            send_until_it_breaks(&mut exchange).await;
            scene.seen(LET_GO)
        }),
    ]
}

fn kept_for_three_seconds(settings: &mut Settings, _: &Path) {
    settings.keep_alive_timeout = Some(Duration::from_secs(3));
}

/// How long a reader pauses.
const PAUSE: Duration = Duration::from_secs(3);

/// Awaits the end of what the backend gets; `expected`, unless bytes come that a backend could take for the rest of the body.
async fn end(exchange: &mut Exchange, expected: &str) -> String {
    let mut rest = std::mem::take(&mut exchange.early);
    // An end or a reset, either will do.
    _ = exchange.stream.read_to_end(&mut rest).await;
    if rest.is_empty() { expected.to_owned() } else { format!("the backend gets {:?}", String::from_utf8_lossy(&rest)) }
}

async fn send_until_it_breaks(exchange: &mut Exchange) {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    while exchange.stream.write_all(chunk.as_bytes()).await.is_ok() {}
}
