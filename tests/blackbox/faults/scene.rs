//! What a row has at hand, and the words for what it sees.

use crate::harness::{Exchange, Lab, OwnBackend, Request, Response, lab};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Milliseconds since the Unix epoch.
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_millis()).expect("before the end of time")
}

/// What the client saw, and after how long.
pub(super) struct Seen {
    pub(super) answer: String,
    pub(super) time: Duration,
}

/// A row's gateway and backend.
pub(super) struct Scene {
    pub(super) lab: &'static Lab,
    /// The backend's id, in the cloud.
    pub(super) id: String,
    /// For a store of the row's own.
    pub(super) folder: PathBuf,
    backend: OwnBackend,
    started: Instant,
}

impl Scene {
    pub(super) async fn new(id: String, folder: PathBuf) -> Self {
        Scene { lab: lab(), id, folder, backend: OwnBackend::bind().await, started: Instant::now() }
    }

    /// The backend's address.
    pub(super) fn address(&self) -> SocketAddr {
        self.backend.address
    }

    /// The request at the backend.
    pub(super) async fn arrival(&mut self) -> Exchange {
        self.backend.arrival().await
    }

    /// A request for the backend.
    pub(super) fn request(&self, method: &str) -> Request {
        Request::new(method, "/fault").cloud(&self.id)
    }

    /// Sends a request, which the backend answers well where it gets it.
    pub(super) async fn answered(&mut self, request: Request) -> Response {
        let pending = request.start(self.lab).await;
        let mut head = std::pin::pin!(pending.head());
        loop {
            tokio::select! {
                response = &mut head => return response,
                exchange = self.backend.arrival() => exchange.ok("well").await,
            }
        }
    }

    /// Time counts from here: where a limit has to be reached, before anything could have begun to wait.
    pub(super) fn begin(&mut self) {
        self.started = Instant::now();
    }

    /// The row is through.
    pub(super) fn seen(&self, answer: impl Into<String>) -> Seen {
        Seen { answer: answer.into(), time: self.started.elapsed() }
    }

    /// A GET that the backend answers by `answer`: what the client sees.
    pub(super) async fn get<F: Future<Output = Exchange>>(&mut self, answer: impl FnOnce(Exchange) -> F) -> Seen {
        self.begin();
        let pending = self.request("GET").start(self.lab).await;
        let answering = answer(self.arrival().await);
        let seen = async { self.seen(describe(pending.head().await).await) };
        // What the backend did not close itself stays open until the client has its answer.
        let (seen, _exchange) = tokio::join!(seen, answering);
        seen
    }
}

/// An answer in words: status, error and its kind where it is the gateway's own; else how its body ended.
pub(super) async fn describe(mut response: Response) -> String {
    let end = response.read_to_end().await;
    let status = response.status;
    let own = response.value("proxy-status").map(|shown| {
        let kind = shown.split_once("error=").map_or("?", |(_, rest)| rest.split(';').next().unwrap_or_default());
        format!("{}, `{kind}`", response.json()["error"].as_str().unwrap_or("no error named"))
    });
    let mut answer = match (own, end) {
        (Some(own), Ok(())) => format!("{status} {own}"),
        (None, Ok(())) => format!("{status}, whole"),
        (_, Err(_)) => format!("{status}, visibly cut off after {} bytes", response.text().len()),
    };
    if response.values("access-control-allow-origin") != ["*"] {
        answer.push_str(", without CORS");
    }
    answer
}

/// Everything that still comes on a client's connection, in words.
pub(super) async fn describe_rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes);
    match (text.split_whitespace().nth(1), end) {
        (Some(status), _) => format!("{status}, then the connection is closed"),
        (None, Ok(_)) => "the connection is closed".to_owned(),
        (None, Err(_)) => "the connection is reset".to_owned(),
    }
}
