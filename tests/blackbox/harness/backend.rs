//! Backends as plain sockets. A test announces itself with [`Lab::upstream`], sends a request with that path, and gets the connection on
//! which it arrived, with the request's head exactly as it stood on the wire.
//!
//! Answers say `connection: close` (all but those of the tests about kept connections): a connection that went back to the gateway's pool would
//! take another test's request to a socket that nobody reads.

use super::Lab;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;

type Waiting = Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Exchange>>>>;

/// The addresses the gateway is told.
pub(crate) struct Backends {
    /// A backend.
    pub(crate) first: SocketAddr,
    /// Another one.
    pub(crate) second: SocketAddr,
    /// An address where nothing listens.
    pub(crate) silent: SocketAddr,
    waiting: Waiting,
}

/// An address that was free a moment ago.
pub(crate) async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

impl Backends {
    /// Binds the backends to three ports from `first_port` on, or to any.
    pub(crate) async fn bind(first_port: Option<u16>) -> Self {
        let waiting = Waiting::default();
        let mut addresses = Vec::new();
        for (offset, name) in (0..).zip(["first", "second"]) {
            let port = first_port.map_or(0, |first| first + offset);
            let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the backend's port is free");
            addresses.push(listener.local_addr().expect("an address"));
            tokio::spawn(accept(listener, name, Arc::clone(&waiting)));
        }
        let silent = match first_port {
            Some(first) => SocketAddr::from(([127, 0, 0, 1], first + 2)),
            // Bound but not listening: refuses connections, and nobody else can take the port.
            None => {
                let socket = TcpSocket::new_v4().expect("a socket");
                socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
                let address = socket.local_addr().expect("an address");
                std::mem::forget(socket);
                address
            }
        };
        Backends { first: addresses[0], second: addresses[1], silent, waiting }
    }
}

impl Lab {
    /// A path that leads to this test, wherever it stands in the target.
    pub(crate) fn upstream(&self) -> Upstream {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let path = format!("/test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let (sender, arrivals) = mpsc::unbounded_channel();
        self.backends.waiting.lock().expect("no panic while locked").insert(path.clone(), sender);
        Upstream { path, arrivals }
    }
}

/// A test's own path at the backends.
pub(crate) struct Upstream {
    /// The path; unique, begins with a slash, holds no other.
    pub(crate) path: String,
    arrivals: mpsc::UnboundedReceiver<Exchange>,
}

impl Upstream {
    /// The next request for this path.
    pub(crate) async fn arrival(&mut self) -> Exchange {
        self.arrivals.recv().await.expect("the backends run")
    }

    /// Whether no request has arrived.
    pub(crate) fn is_untouched(&mut self) -> bool {
        self.arrivals.try_recv().is_err()
    }
}

/// A request that arrived at a backend, and the connection to answer it on.
pub(crate) struct Exchange {
    /// `first` or `second`.
    pub(crate) backend: &'static str,
    /// The request line, without line end.
    pub(crate) request_line: String,
    /// The field lines: name as on the wire, value.
    pub(crate) fields: Vec<(String, String)>,
    /// Bytes of the body that came with the head.
    pub(crate) early: Vec<u8>,
    /// The connection.
    pub(crate) stream: TcpStream,
}

impl Exchange {
    /// All values of a field.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.fields
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Writes raw bytes.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the gateway reads");
    }

    /// Answers with a head and closes nothing.
    pub(crate) async fn respond(&mut self, head: &str, body: &str) {
        self.write(format!("HTTP/1.1 {}\r\nconnection: close\r\n\r\n{body}", head.trim().replace("\n", "\r\n"))).await;
    }

    /// Answers 200 with a text, and ends the connection.
    pub(crate) async fn ok(mut self, body: &str) {
        self.respond(&format!("200 OK\ncontent-length: {}", body.len()), body).await;
    }

    /// Reads exactly `count` bytes of the body, those that came early among them.
    pub(crate) async fn body(&mut self, count: usize) -> Vec<u8> {
        while self.early.len() < count {
            let mut chunk = vec![0; 64 * 1024];
            let read = self.stream.read(&mut chunk).await.expect("the body arrives");
            assert!(read > 0, "the body ends after {} of {count} bytes", self.early.len());
            self.early.extend_from_slice(&chunk[..read]);
        }
        let rest = self.early.split_off(count);
        std::mem::replace(&mut self.early, rest)
    }

    /// Reads until the bytes so far end with `end`.
    pub(crate) async fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        while !self.early.ends_with(end) {
            let mut chunk = vec![0; 64 * 1024];
            let read = self.stream.read(&mut chunk).await.expect("the body arrives");
            assert!(read > 0, "the connection ends before {:?}", String::from_utf8_lossy(end));
            self.early.extend_from_slice(&chunk[..read]);
        }
        std::mem::take(&mut self.early)
    }

    /// Awaits the end of what the gateway sends; `true` where it was a proper one, `false` where the connection broke.
    pub(crate) async fn ended(&mut self) -> Result<Vec<u8>, std::io::Error> {
        let mut rest = std::mem::take(&mut self.early);
        self.stream.read_to_end(&mut rest).await?;
        Ok(rest)
    }

    /// Breaks the connection with a reset instead of an end.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().expect("the socket is open");
    }
}

/// A backend that belongs to one test alone, with an address of its own. Health checks get a plain 200, everything else is the test's.
pub(crate) struct OwnBackend {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    arrivals: mpsc::UnboundedReceiver<Exchange>,
}

impl OwnBackend {
    /// Listens on a free port.
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, arrivals) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    match read_head(stream, "own").await {
                        Some(mut check) if check.request_line.starts_with("GET /health ") => {
                            check.respond("200 OK\ncontent-length: 2", "ok").await;
                        }
                        Some(exchange) => _ = sender.send(exchange),
                        None => {}
                    }
                });
            }
        });
        OwnBackend { address, arrivals }
    }

    /// The next request.
    pub(crate) async fn arrival(&mut self) -> Exchange {
        self.arrivals.recv().await.expect("the backend runs")
    }
}

async fn accept(listener: TcpListener, name: &'static str, waiting: Waiting) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, name, Arc::clone(&waiting)));
    }
}

/// Reads one head and hands the connection to the test that waits for it. Anything else (a health check, say) gets a plain 200.
async fn serve(stream: TcpStream, backend: &'static str, waiting: Waiting) {
    let Some(mut exchange) = read_head(stream, backend).await else { return };
    let sender = {
        let waiting = waiting.lock().expect("no panic while locked");
        exchange.request_line.split(['/', '?', ' ']).find_map(|segment| waiting.get(&format!("/{segment}"))).cloned()
    };
    match sender {
        Some(sender) => _ = sender.send(exchange),
        None => exchange.respond("200 OK\ncontent-length: 2", "ok").await,
    }
}

/// Reads one head; `None` where none comes.
async fn read_head(mut stream: TcpStream, backend: &'static str) -> Option<Exchange> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let mut chunk = [0; 8192];
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
        // A TLS handshake: a server without TLS answers it like any other nonsense.
        if bytes.first() == Some(&0x16) {
            _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
            return None;
        }
    };
    let early = bytes.split_off(end + 4);
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let request_line = lines.next().unwrap_or_default().to_owned();
    let fields = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Some(Exchange { backend, request_line, fields, early, stream })
}
