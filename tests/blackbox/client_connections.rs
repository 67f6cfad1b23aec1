use crate::harness::{HostKind, Lab, Request, is_on, run, with_settings};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// As much as no socket buffers.
const LARGE: usize = 20 << 20;

/// A client like Python's urllib: it sends everything before it reads anything, and an error while sending is the end.
async fn send_all_then_read(gateway: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway).await.expect("the gateway listens");
    stream.write_all(request).await.expect("the gateway reads to the end");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the answer is not lost in a reset");
    String::from_utf8(answer).expect("text")
}

/// A POST with a large body of zeros, whose fields are these.
fn large(path: &str, fields: &str) -> Vec<u8> {
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: g\r\nconnection: close\r\n{fields}\r\n\r\n").into_bytes();
    if fields.contains("transfer-encoding") {
        request.extend_from_slice(format!("{LARGE:x}\r\n").as_bytes());
        request.resize(request.len() + LARGE, 0);
        request.extend_from_slice(b"\r\n0\r\n\r\n");
    } else {
        request.resize(request.len() + LARGE, 0);
    }
    request
}

#[test]
fn a_client_that_sends_everything_first_reads_why_it_was_refused() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        let length = format!("content-length: {LARGE}");
        for (path, fields, status, text) in [
            ("/", format!("x-backend: nope\r\n{length}"), 400, "\"Invalid Backend\""),
            ("/", "x-backend: nope\r\ntransfer-encoding: chunked".to_owned(), 400, "\"Invalid Backend\""),
            ("/health", length.clone(), 405, "\"Method Not Allowed\""),
            // What the host refuses itself, before the component sees it.
            ("/", "transfer-encoding: chunked, chunked".to_owned(), 400, "\"Bad Request\""),
            ("/", format!("host: twice\r\n{length}"), 400, "\"Bad Request\""),
            ("/", format!("x-large: {}\r\n{length}", "v".repeat(1 << 20)), 431, ""),
        ] {
            let shown = fields.chars().take(60).collect::<String>();
            let answer = send_all_then_read(lab.gateway, &large(path, &fields)).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown}: {answer}");
            assert!(answer.contains(text), "{shown}: {answer}");
        }
    });
}

#[test]
fn a_client_that_sends_everything_first_reads_that_the_gateway_is_overloaded() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    with_settings(
        |settings| settings.max_concurrency = Some(1),
        |lab| async move {
            let mut upstream = lab.upstream();
            let held = Request::get(&upstream.path).start(lab).await;
            let exchange = upstream.arrival().await;
            let answer = send_all_then_read(lab.gateway, &large("/", &format!("content-length: {LARGE}"))).await;
            assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"Gateway Overloaded\""), "{answer}");
            exchange.ok("").await;
            assert_eq!(held.head().await.status, 200);
        },
    );
}

#[test]
fn a_client_that_sends_everything_first_reads_what_the_backend_said_early() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        for fields in [format!("content-length: {LARGE}"), "transfer-encoding: chunked".to_owned()] {
            let mut upstream = lab.upstream();
            let request = large(&upstream.path, &fields);
            let (answer, ()) = tokio::join!(send_all_then_read(lab.gateway, &request), async {
                let mut exchange = upstream.arrival().await;
                exchange.respond("413 Content Too Large\ncontent-length: 3", "big").await;
                // With bytes of the upload unread, closing resets the connection.
                drop(exchange);
            });
            assert!(answer.starts_with("HTTP/1.1 413 ") && answer.ends_with("\r\n\r\nbig"), "{fields}: {answer}");
        }
    });
}

#[test]
fn whoever_asks_before_uploading_is_not_told_to_go_on_in_vain() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        let head = |path: &str, backend: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nhost: g\r\nx-backend: {backend}\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n"
            )
        };
        // Refused: the answer comes without the body, and the connection ends, as the client may send it or not.
        let mut stream = TcpStream::connect(lab.gateway).await.expect("the gateway listens");
        stream.write_all(head("/", "nope").as_bytes()).await.expect("the gateway reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("a proper end");
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("connection: close"), "{answer}");

        // Taken: the body is asked for, and the backend gets it without the expectation.
        let mut upstream = lab.upstream();
        let mut stream = TcpStream::connect(lab.gateway).await.expect("the gateway listens");
        stream.write_all(head(&upstream.path, "bun-sqlite").as_bytes()).await.expect("the gateway reads");
        let mut interim = vec![0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
        stream.read_exact(&mut interim).await.expect("the gateway asks for the body");
        assert_eq!(interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(b"hello").await.expect("the gateway reads");
        let mut exchange = upstream.arrival().await;
        assert_eq!(exchange.body(5).await, b"hello");
        assert!(exchange.values("expect").is_empty());
        exchange.ok("").await;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 200");
    });
}

#[test]
fn a_connection_goes_on_after_a_refusal_that_left_nothing_unread() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        let refused = "POST / HTTP/1.1\r\nhost: g\r\nx-backend: nope\r\ncontent-length: 5\r\n\r\nhello";
        let next = "GET /health HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n";
        let answer = send_all_then_read(lab.gateway, format!("{refused}{next}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("HTTP/1.1 200 OK"), "{answer}");
    });
}

/// Everything that comes on a connection on which this was sent.
async fn raw(lab: &Lab, request: &str) -> String {
    send_all_then_read(lab.gateway, request.as_bytes()).await
}

#[test]
fn http_1_0_needs_no_host_and_gets_no_chunks() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        let health = raw(lab, "GET /health HTTP/1.0\r\n\r\n").await;
        assert!(health.starts_with("HTTP/1.0 200 OK\r\n") && health.contains("\"healthy\""), "{health}");
        // What HAProxy sends to see whether a server is there.
        let probe = raw(lab, "OPTIONS / HTTP/1.0\r\n\r\n").await;
        assert!(probe.starts_with("HTTP/1.0 204 "), "{probe}");
        let missing = raw(lab, "GET /health HTTP/1.1\r\nconnection: close\r\n\r\n").await;
        assert!(missing.starts_with("HTTP/1.1 400 "), "{missing}");

        let mut upstream = lab.upstream();
        let request = format!("GET {} HTTP/1.0\r\n\r\n", upstream.path);
        let (answer, ()) = tokio::join!(raw(lab, &request), async {
            let mut exchange = upstream.arrival().await;
            assert_eq!(exchange.values("x-forwarded-host"), [lab.gateway.to_string()]);
            exchange.respond("200 OK\ntransfer-encoding: chunked", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n").await;
        });
        assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nhello world"), "{answer}");
        assert!(!answer.contains("transfer-encoding"), "{answer}");

        // Not even where it asks for the connection to be kept: its end is that of the body.
        let mut upstream = lab.upstream();
        let request = format!("GET {} HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", upstream.path);
        let (answer, ()) = tokio::join!(raw(lab, &request), async {
            upstream.arrival().await.respond("200 OK\ntransfer-encoding: chunked", "2\r\nhi\r\n0\r\n\r\n").await;
        });
        assert!(answer.contains("connection: close\r\n") && !answer.contains("keep-alive"), "{answer}");

        // Kept only where the client asks for it.
        let kept = "GET /health HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
        let twice = raw(lab, &format!("{kept}GET /health HTTP/1.0\r\n\r\n")).await;
        assert_eq!(twice.matches("HTTP/1.0 200 OK").count(), 2, "{twice}");
    });
}

#[test]
fn a_status_without_a_known_reason_has_none() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        for (status_line, expected) in [
            ("599 Whatever", "HTTP/1.1 599 \r\n"),
            ("299", "HTTP/1.1 299 \r\n"),
            ("404 Nope", "HTTP/1.1 404 Not Found\r\n"),
        ] {
            let mut upstream = lab.upstream();
            let request = format!("GET {} HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n", upstream.path);
            let (answer, ()) = tokio::join!(raw(lab, &request), async {
                upstream.arrival().await.respond(&format!("{status_line}\ncontent-length: 0"), "").await;
            });
            assert!(answer.starts_with(expected), "{answer}");
        }
    });
}

#[test]
fn a_websocket_is_refused_with_the_reason_and_other_upgrades_are_ignored() {
    run(|lab| async move {
        let handshake = |path: &str| {
            Request::get(path)
                .field("connection", "Upgrade")
                .field("upgrade", "websocket")
                .field("sec-websocket-version", "13")
                .field("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        };
        let mut upstream = lab.upstream();
        let response = handshake(&upstream.path).send(lab).await;
        assert_eq!(response.status, 501);
        let body = response.json();
        assert_eq!(body["error"], "Upgrade Not Supported");
        assert!(body["message"].as_str().expect("a message").contains("WebSockets"), "{body}");
        assert_eq!(response.value("access-control-allow-origin"), Some("*"));
        assert!(upstream.is_untouched());

        // As `curl --http2` and Java's HttpClient send it with any request.
        let request = Request::get(&upstream.path)
            .field("connection", "Upgrade, HTTP2-Settings")
            .field("upgrade", "h2c")
            .field("http2-settings", "AAMAAABkAAQAoAAAAAIAAAAA");
        let (response, ()) = tokio::join!(request.send(lab), async {
            let exchange = upstream.arrival().await;
            for hidden in ["connection", "upgrade", "http2-settings"] {
                assert!(!exchange.values(hidden).iter().any(|value| value.contains("h2c") || value.starts_with("AAM")));
            }
            exchange.ok("plain").await;
        });
        assert_eq!((response.status, response.text()), (200, "plain"));
    });
}
