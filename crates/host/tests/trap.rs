//! A component that traps: its request gets an answer, and nobody else notices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::net::SocketAddr;
use std::path::Path;

use gateway_host::{Host, HostOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a component's memory grows by, in bytes.
const PAGE: usize = 64 << 10;

async fn with_memory(memory_limit: usize) -> Option<Host> {
    let mut options = HostOptions::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spin.toml"));
    options.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    options.memory_limit = memory_limit;
    Host::start(options).await.ok()
}

/// The gateway's own health, asked with so many fields of a kilobyte.
async fn ask(client: &mut TcpStream, lines: usize) -> (String, String) {
    let line = format!("x-long: {}\r\n", "v".repeat(1_000));
    let request = format!("GET /health HTTP/1.1\r\nhost: test\r\n{}\r\n", line.repeat(lines));
    client.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("an answer"));
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    client.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn a_trap_is_a_500_and_the_host_goes_on() {
    tokio::task::spawn_blocking(|| gateway_build::build_component().unwrap()).await.unwrap();
    // As little memory as the component starts with: what takes more is a trap.
    let mut host = None;
    for pages in 16..64 {
        host = with_memory(pages * PAGE).await;
        if host.is_some() {
            break;
        }
    }
    let host = host.expect("four megabytes are enough to start");
    let mut client = TcpStream::connect(host.local_addr()).await.unwrap();
    for _ in 0..3 {
        let (head, body) = ask(&mut client, 100).await;
        assert!(head.starts_with("HTTP/1.1 500"), "{head}");
        assert!(head.contains("access-control-allow-origin: *") && head.contains("cache-control: no-store"), "{head}");
        assert!(body.contains("\"error\":\"Gateway Error\"") && body.contains("stderr of the host"), "{body}");
        // On the same connection: its neighbours never noticed.
        let (head, body) = ask(&mut client, 0).await;
        assert!(head.starts_with("HTTP/1.1 200") && body.contains("healthy"), "{head}{body}");
    }
    host.shutdown().await;
}
