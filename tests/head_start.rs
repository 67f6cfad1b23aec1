//! What is there of a body goes out with its head, in one segment. Hosts that leave Nagle's algorithm on, as Spin does, hold a segment back until the
//! one before is acknowledged, which takes 40 ms on a kept connection.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

#[path = "support/host_calls.rs"]
mod host_calls;

use crate::host_calls::HostCalls;
use gateway_host::{Host, HostOptions};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::layer::SubscriberExt;

const BODY: &str = "{\"title\":\"write\"}";

/// How late the rest of an answer is: by less than the gateway waits. The runtime's own timer is too coarse for it.
const LATE: Duration = Duration::from_micros(300);

/// Requests of each kind on one connection.
const REQUESTS: usize = 50;

/// A backend that answers each request on each connection, and says whether the request came in one read.
async fn backend() -> (std::net::SocketAddr, tokio::sync::mpsc::UnboundedReceiver<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (whole, seen) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let whole = whole.clone();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    let first = String::from_utf8_lossy(&buffer[..count]).into_owned();
                    let complete = !first.starts_with("POST") || first.ends_with(BODY);
                    whole.send(complete).unwrap();
                    if !complete {
                        stream.read_exact(&mut buffer[..BODY.len()]).await.unwrap();
                    }
                    if first.starts_with("GET /chunked") {
                        let chunk = format!("{:x}\r\n{BODY}\r\n", BODY.len());
                        let begin = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
                        stream.write_all(begin.as_bytes()).await.unwrap();
                        std::thread::sleep(LATE);
                        stream.write_all(b"0\r\n\r\n").await.unwrap();
                        continue;
                    }
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", BODY.len());
                    if first.starts_with("GET /apart") {
                        stream.write_all(head.as_bytes()).await.unwrap();
                        std::thread::sleep(LATE);
                        stream.write_all(BODY.as_bytes()).await.unwrap();
                    } else {
                        stream.write_all((head + BODY).as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    (address, seen)
}

/// The first read of an answer, and whether that was all of it.
async fn first_read(client: &mut TcpStream, request: &str) -> (String, bool) {
    client.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 64 * 1024];
    let count = client.read(&mut buffer).await.unwrap();
    let first = String::from_utf8_lossy(&buffer[..count]).into_owned();
    let (head, body) = first.split_once("\r\n\r\n").unwrap_or((&first, ""));
    let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) else {
        let mut all = first.clone();
        while !all.ends_with("0\r\n\r\n") {
            let count = client.read(&mut buffer).await.unwrap();
            all.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        return (first.clone(), all == first);
    };
    let length: usize = length.parse().unwrap();
    let complete = body.len() == length;
    let mut missing = vec![0; length.saturating_sub(body.len())];
    client.read_exact(&mut missing).await.unwrap();
    (first, complete)
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_go_out_with_their_heads() {
    gateway_build::build_component().expect("the component builds");
    let calls = HostCalls::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(calls.clone()))
        .expect("the only subscriber");
    let (address, mut seen) = backend().await;
    let mut options = HostOptions::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("spin.toml"));
    options.listen.set_port(0);
    options.quiet = true;
    options.nodelay = false;
    options.variables.insert("backend_bun_sqlite_url".to_owned(), format!("http://{address}"));
    let host = Host::start(options).await.expect("the host starts");
    let mut client = TcpStream::connect(host.local_addr()).await.unwrap();
    // The first request has the backend checked behind it.
    first_read(&mut client, "GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    host.idle().await;

    let post = format!("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
    for (name, request, status) in [
        ("GET, end apart", "GET /chunked HTTP/1.1\r\nhost: h\r\n\r\n", "200"),
        ("GET, body apart", "GET /apart HTTP/1.1\r\nhost: h\r\n\r\n", "200"),
        ("GET", "GET / HTTP/1.1\r\nhost: h\r\n\r\n", "200"),
        ("POST", &post, "200"),
        ("error", "GET / HTTP/1.1\r\nhost: h\r\nx-backend: nope\r\n\r\n", "400"),
        ("health", "GET /health HTTP/1.1\r\nhost: h\r\n\r\n", "200"),
    ] {
        while seen.try_recv().is_ok() {}
        let mut apart = 0;
        for _ in 0..REQUESTS {
            host.idle().await;
            calls.take();
            let (first, complete) = first_read(&mut client, request).await;
            assert!(first.starts_with(&format!("HTTP/1.1 {status}")), "{name}: {first}");
            apart += usize::from(!complete);
        }
        if name.ends_with("apart") {
            // What is a moment late is waited for, but not for as long as a busy machine may take.
            assert!(apart < REQUESTS / 2, "{name}: {apart} of {REQUESTS} answers came in two reads");
            continue;
        }
        assert_eq!(apart, 0, "{name}: answers that came in two reads");
        while let Ok(complete) = seen.try_recv() {
            assert!(complete, "{name}: the backend got head and body apart");
        }
        host.idle().await;
        let calls = calls.take();
        let place = |function: &str| calls.iter().position(|call| call.ends_with(function));
        let head = place("response-outparam.set").expect("an answer");
        let end = calls.iter().rposition(|call| call.ends_with("outgoing-body.finish")).expect("a finished body");
        assert!(end < head, "{name}: the answer's body is finished before its head is set: {calls:?}");
        if name == "POST" {
            let sent = place("outgoing-handler handle").expect("a request");
            let first_end = place("outgoing-body.finish").expect("a finished body");
            assert!(first_end < sent, "the request's body is finished before its head is sent: {calls:?}");
        }
    }
    host.shutdown().await;
}
