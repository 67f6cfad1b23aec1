//! What backends do wrong.

use super::scene::{Scene, describe};
use super::{Fault, IDLE, Setup, TIMEOUT, When};
use crate::harness::{Body, Exchange, Lab};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use tokio::net::TcpSocket;

/// Time for a connection, as the gateway allows it.
const CONNECT: Duration = Duration::from_secs(2);

const PROTOCOL: &str = "503 Backend Unavailable, `http_protocol_error`";
const TOO_LARGE: &str = "503 Backend Unavailable, `http_response_header_section_size`";
const ENDED: &str = "503 Backend Unavailable, `connection_terminated`";
const LATE: &str = "504 Gateway Timeout, `http_response_timeout`";
const UNCONNECTED: &str = "504 Gateway Timeout, `connection_timeout`";

/// A GET whose backend does this with the exchange, and then holds what is left of it.
macro_rules! get {
    ($name:literal, $answer:expr, $health:literal, $when:expr, |$exchange:ident| $body:expr) => {
        exchange!($name, $answer, $health, $when, |scene| {
            scene
                .get(|mut $exchange| async move {
                    let () = $body;
                    $exchange
                })
                .await
        })
    };
}

/// A GET whose backend sends this and closes.
macro_rules! closing {
    ($name:literal, $answer:expr, $health:literal, $bytes:expr) => {
        exchange!($name, $answer, $health, When::AtOnce, |scene| {
            scene.begin();
            let pending = scene.request("GET").start(scene.lab).await;
            let mut exchange = scene.arrival().await;
            exchange.write($bytes).await;
            drop(exchange);
            let answer = describe(pending.head().await).await;
            scene.seen(answer)
        })
    };
}

/// A GET to a URL where no exchange comes about.
macro_rules! unreachable {
    ($name:literal, $answer:expr, $health:literal, $when:expr, $url:expr) => {
        fault!($name, Setup::Url($url), $answer, $health, $when, |scene| {
            scene.begin();
            let answer = describe(scene.request("GET").start(scene.lab).await.head().await).await;
            scene.seen(answer)
        })
    };
}

/// Any other exchange.
macro_rules! exchange {
    ($name:literal, $answer:expr, $health:literal, $when:expr, |$scene:ident| $body:expr) => {
        fault!($name, Setup::Healthy, $answer, $health, $when, |$scene| $body)
    };
}
pub(super) use exchange;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = before_the_head();
    faults.extend(in_the_body());
    faults.extend(around_the_upload());
    faults
}

fn before_the_head() -> Vec<Fault> {
    vec![
        unreachable!(
            "refuses connections",
            "503 Backend Unavailable, `connection_refused`",
            "down",
            When::AtOnce,
            |lab, _| format!("http://{}", lab.backends.silent)
        ),
        unreachable!(
            "accepts no connection: its accept queue is full",
            UNCONNECTED,
            "a failure counted",
            When::After(CONNECT),
            |lab, _| format!("http://{}", full(lab))
        ),
        unreachable!(
            "has a name that does not resolve",
            "503 Backend Unavailable, `dns_error`",
            "down",
            When::AtOnce,
            |_, _| format!("http://{}.test", "x".repeat(64))
        ),
        unreachable!(
            "speaks no TLS where its URL says https",
            "503 Backend Unavailable, `tls_protocol_error`",
            "down",
            When::AtOnce,
            |_, address| format!("https://{address}")
        ),
        unreachable!(
            "hangs in the TLS handshake",
            UNCONNECTED,
            "a failure counted",
            When::After(CONNECT),
            |_, _| format!("https://{}", deaf())
        ),
        exchange!(
            "resets the connection before its answer, and again the second time",
            ENDED,
            "a failure counted",
            When::AtOnce,
            |scene| {
                scene.begin();
                let pending = scene.request("GET").start(scene.lab).await;
                scene.arrival().await.reset();
                scene.arrival().await.reset();
                let answer = describe(pending.head().await).await;
                scene.seen(answer)
            }
        ),
        exchange!(
            "closes the connection without an answer, and again the second time",
            ENDED,
            "a failure counted",
            When::AtOnce,
            |scene| {
                scene.begin();
                let pending = scene.request("GET").start(scene.lab).await;
                drop(scene.arrival().await);
                drop(scene.arrival().await);
                let answer = describe(pending.head().await).await;
                scene.seen(answer)
            }
        ),
        exchange!(
            "closes the connection without an answer, and answers the second time",
            "200, whole",
            "healthy",
            When::AtOnce,
            |scene| {
                scene.begin();
                let pending = scene.request("GET").start(scene.lab).await;
                drop(scene.arrival().await);
                scene.arrival().await.ok("well").await;
                let answer = describe(pending.head().await).await;
                scene.seen(answer)
            }
        ),
        exchange!(
            "closes the connection without an answer to a POST",
            ENDED,
            "a failure counted",
            When::AtOnce,
            |scene| {
                scene.begin();
                let pending = scene.request("POST").body(Body::Sized(b"once")).start(scene.lab).await;
                drop(scene.arrival().await);
                let answer = describe(pending.head().await).await;
                scene.seen(answer)
            }
        ),
        closing!("closes within the head", PROTOCOL, "a failure counted", "HTTP/1.1 200 OK\r\ncontent-le"),
        get!("hangs before the head", LATE, "a failure counted", When::After(TIMEOUT), |_exchange| ()),
        get!("trickles the head, a byte a second", LATE, "a failure counted", When::After(TIMEOUT), |exchange| {
            for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" {
                // Until nobody listens any more.
                if tokio::io::AsyncWriteExt::write_all(&mut exchange.stream, &[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }),
        get!(
            "sends interim responses (103) without end",
            LATE,
            "a failure counted",
            When::After(TIMEOUT),
            |exchange| {
                let interim = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100);
                while tokio::io::AsyncWriteExt::write_all(&mut exchange.stream, interim.as_bytes()).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        ),
        get!("switches protocols unasked (101)", PROTOCOL, "a failure counted", When::AtOnce, |exchange| exchange
            .write("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
            .await),
        get!("sends garbage", PROTOCOL, "a failure counted", When::AtOnce, |exchange| exchange
            .write("SSH-2.0-OpenSSH_9.2\r\n\r\n")
            .await),
        get!("sends a status line and garbage", PROTOCOL, "a failure counted", When::AtOnce, |exchange| exchange
            .write("HTTP/1.1 200 OK\r\n\0\u{1}\r\n\r\n")
            .await),
        get!("sends two conflicting lengths", PROTOCOL, "a failure counted", When::AtOnce, |exchange| exchange
            .write("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab")
            .await),
        get!("sends a length that is no number", PROTOCOL, "a failure counted", When::AtOnce, |exchange| exchange
            .write("HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello")
            .await),
        get!("sends a coding beside chunked (gzip)", PROTOCOL, "a failure counted", When::AtOnce, |exchange| exchange
            .write("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
            .await),
        get!("sends 1 MiB of headers", TOO_LARGE, "healthy", When::AtOnce, |exchange| {
            let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", format!("x-large: {}\r\n", "v".repeat(1014)).repeat(1024));
            // The gateway may have had enough before the end.
            _ = tokio::io::AsyncWriteExt::write_all(&mut exchange.stream, head.as_bytes()).await;
        }),
        get!("sends 300 lines of headers", TOO_LARGE, "healthy", When::AtOnce, |exchange| exchange
            .write(format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{}\r\n", "link: </a>\r\n".repeat(300)))
            .await),
        get!("sends 192 KiB of headers", TOO_LARGE, "healthy", When::AtOnce, |exchange| {
            let fields = format!("x-large: {}\r\n", "v".repeat(3 * 1024)).repeat(64);
            exchange.write(format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{fields}\r\n")).await;
        }),
        exchange!("closes a kept connection under the next request", "200, whole", "healthy", When::AtOnce, |scene| {
            let mut kept = keep(&mut scene).await;
            scene.begin();
            let pending = scene.request("GET").start(scene.lab).await;
            kept.read_until(b"\r\n\r\n").await;
            drop(kept);
            scene.arrival().await.ok("well").await;
            let answer = describe(pending.head().await).await;
            scene.seen(answer)
        }),
        exchange!(
            "has closed a kept connection before the next request",
            "200, whole",
            "healthy",
            When::AtOnce,
            |scene| {
                let mut kept = keep(&mut scene).await;
                tokio::io::AsyncWriteExt::shutdown(&mut kept.stream).await.expect("the socket is open");
                // The gateway closes its end once it knows.
                _ = kept.ended().await;
                scene.get(|exchange| async move { well(exchange).await }).await
            }
        ),
    ]
}

fn in_the_body() -> Vec<Fault> {
    vec![
        get!("answers 500", "500, whole", "healthy", When::AtOnce, |exchange| exchange
            .respond("500 Internal Server Error\ncontent-length: 4", "oops")
            .await),
        closing!(
            "closes early, behind a length",
            "200, visibly cut off after 5 bytes",
            "healthy",
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello"
        ),
        closing!(
            "closes early, within chunks",
            "200, visibly cut off after 5 bytes",
            "healthy",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
        ),
        closing!(
            "closes early where neither length nor chunks tell (nobody can know)",
            "200, whole",
            "healthy",
            "HTTP/1.1 200 OK\r\n\r\nhello"
        ),
        exchange!(
            "resets within a body without length",
            "200, visibly cut off after 5 bytes",
            "healthy",
            When::AtOnce,
            |scene| {
                scene.begin();
                let pending = scene.request("GET").start(scene.lab).await;
                let mut exchange = scene.arrival().await;
                exchange.write("HTTP/1.1 200 OK\r\n\r\nhello").await;
                let mut response = pending.head().await;
                response.read_until("hello").await;
                exchange.reset();
                let answer = describe(response).await;
                scene.seen(answer)
            }
        ),
        get!(
            "sends a chunk size that is none",
            "200, visibly cut off after 5 bytes",
            "healthy",
            When::AtOnce,
            |exchange| exchange.write(format!("{CHUNKED}5\r\nhello\r\nxyz\r\n")).await
        ),
        get!(
            "hangs mid-body, behind a length",
            "200, visibly cut off after 5 bytes",
            "healthy",
            When::After(IDLE),
            |exchange| exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await
        ),
        get!(
            "hangs mid-body, within chunks",
            "200, visibly cut off after 5 bytes",
            "healthy",
            When::After(IDLE),
            |exchange| exchange.write(format!("{CHUNKED}5\r\nhello\r\n")).await
        ),
        get!(
            "trickles the body, a byte a second",
            "200, whole",
            "healthy",
            When::After(Duration::from_secs(12)),
            |exchange| {
                exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n").await;
                for _ in 0..12 {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    exchange.write("x").await;
                }
            }
        ),
        get!("sends a length and chunks (the chunks count)", "200, whole", "healthy", When::AtOnce, |exchange| {
            exchange
                .write(
                    "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                )
                .await
        }),
        get!("sends more than its length", "200, whole", "healthy", When::AtOnce, |exchange| exchange
            .write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n")
            .await),
        exchange!("answers a HEAD with a body", "200, no body", "healthy", When::AtOnce, |scene| {
            scene.begin();
            let pending = scene.request("HEAD").field("connection", "close").start(scene.lab).await;
            let mut exchange = scene.arrival().await;
            exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
            let response = pending.head().await;
            let status = response.status;
            let body = match response.bytes_behind_the_head().await {
                0 => "no body".to_owned(),
                count => format!("{count} bytes"),
            };
            scene.seen(format!("{status}, {body}"))
        }),
    ]
}

fn around_the_upload() -> Vec<Fault> {
    vec![
        exchange!(
            "answers before the upload ended, and closes under it",
            "413, whole",
            "healthy",
            When::AtOnce,
            |scene| {
                const SIZE: usize = 4 << 20;
                let upload = scene.request("POST").body(Body::Announced(&format!("content-length: {SIZE}")));
                let mut pending = upload.start(scene.lab).await;
                pending.write(vec![0; SIZE / 64]).await;
                let mut exchange = scene.arrival().await;
                scene.begin();
                exchange.respond("413 Content Too Large\ncontent-length: 3", "big").await;
                // With bytes of the upload unread, closing resets the connection.
                drop(exchange);
                let answer = describe(pending.write_beside(vec![0; SIZE - SIZE / 64]).head().await).await;
                scene.seen(answer)
            }
        ),
        exchange!(
            "stops reading the upload",
            "504 Gateway Timeout, `connection_write_timeout`",
            "healthy",
            When::After(TIMEOUT),
            |scene| {
                const SIZE: usize = 64 << 20;
                let upload = scene.request("POST").body(Body::Announced(&format!("content-length: {SIZE}")));
                let pending = upload.start(scene.lab).await;
                let _held = scene.arrival().await;
                scene.begin();
                let answer = describe(pending.write_beside(vec![0; SIZE]).head().await).await;
                scene.seen(answer)
            }
        ),
        exchange!("resets during the upload", ENDED, "a failure counted", When::AtOnce, |scene| {
            let upload = scene.request("POST").body(Body::Announced("content-length: 1000000"));
            let mut pending = upload.start(scene.lab).await;
            pending.write("begin").await;
            let mut exchange = scene.arrival().await;
            exchange.body(5).await;
            scene.begin();
            exchange.reset();
            let answer = describe(pending.head().await).await;
            scene.seen(answer)
        }),
    ]
}

async fn well(mut exchange: Exchange) -> Exchange {
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    exchange
}

/// A connection that the gateway keeps for the next request.
async fn keep(scene: &mut Scene) -> Exchange {
    let pending = scene.request("GET").start(scene.lab).await;
    let exchange = well(scene.arrival().await).await;
    assert_eq!(describe(pending.head().await).await, "200, whole");
    exchange
}

/// An address whose queue of connections that nobody accepts is full: another attempt gets no answer at all.
fn full(lab: &Lab) -> SocketAddr {
    let _runtime = lab.runtime.enter();
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    while let Ok(queued) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
        std::mem::forget(queued);
    }
    std::mem::forget(listener);
    address
}

/// An address where connections are made and nothing is read.
fn deaf() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::mem::forget(listener);
    address
}
