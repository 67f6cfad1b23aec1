//! The upstream that nginx cannot be: it reads request bodies to their end before it answers, and holds requests open until all are there.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::workload::SMALL;

/// The path whose requests are held open.
pub(crate) const HELD: &str = "/held";
/// How long the backend takes, once the last of the expected requests is there.
const ANSWER_AFTER: Duration = Duration::from_secs(1);
/// How long a request waits for the others, below the gateway's deadline of 30 s.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// The running backend. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Backend {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    gate: Arc<Gate>,
    server: JoinHandle<()>,
}

impl Backend {
    /// Starts it on a free port.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let gate = Arc::new(Gate::default());
        let server = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move {
                loop {
                    let Ok((stream, _)) = listener.accept().await else {
                        // Out of file descriptors, most likely: the client counts the errors.
                        tokio::task::yield_now().await;
                        continue;
                    };
                    _ = stream.set_nodelay(true);
                    let gate = Arc::clone(&gate);
                    let service = service_fn(move |request| answer(request, Arc::clone(&gate)));
                    // That a client leaves is its own affair.
                    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
            }
        });
        Ok(Self { address, gate, server })
    }

    /// From now on, holds requests to [`HELD`] until `count` of them are open.
    pub(crate) fn hold(&self, count: usize) {
        *self.gate.round() = Round { expected: count, ..Round::default() };
    }

    /// How many requests to [`HELD`] were open at once, and when the last of them came.
    pub(crate) fn held(&self) -> (usize, Option<Instant>) {
        let round = self.gate.round();
        (round.most, round.last)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Where held requests wait.
#[derive(Debug, Default)]
struct Gate(Mutex<Round>);

#[derive(Debug)]
struct Round {
    expected: usize,
    open: usize,
    most: usize,
    last: Option<Instant>,
    release: watch::Sender<bool>,
}

impl Default for Round {
    fn default() -> Self {
        Self { expected: 1, open: 0, most: 0, last: None, release: watch::Sender::new(false) }
    }
}

impl Gate {
    fn round(&self) -> std::sync::MutexGuard<'_, Round> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everybody is there, and then for the time the answer takes. `false` when somebody stayed away.
    async fn pass(&self) -> bool {
        let mut released = {
            let mut round = self.round();
            round.open = round.open.saturating_add(1);
            round.most = round.most.max(round.open);
            round.last = Some(Instant::now());
            if round.open >= round.expected {
                round.release.send_replace(true);
            }
            round.release.subscribe()
        };
        let all_came = matches!(tokio::time::timeout(PATIENCE, released.wait_for(|open| *open)).await, Ok(Ok(_)));
        if all_came {
            tokio::time::sleep(ANSWER_AFTER).await;
        }
        let mut round = self.round();
        round.open = round.open.saturating_sub(1);
        all_came
    }
}

async fn answer(request: Request<Incoming>, gate: Arc<Gate>) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::POST, _) => match count(request.into_body()).await {
            Some(bytes) => text(StatusCode::OK, bytes.to_string()),
            None => text(StatusCode::BAD_REQUEST, "the body broke off".to_owned()),
        },
        (_, HELD) if !gate.pass().await => text(StatusCode::SERVICE_UNAVAILABLE, "not all requests came".to_owned()),
        _ => text(StatusCode::OK, "x".repeat(SMALL)),
    };
    Ok(response)
}

async fn count(mut body: Incoming) -> Option<u64> {
    let mut bytes: u64 = 0;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.ok()?.into_data() {
            bytes = bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
    }
    Some(bytes)
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/plain"));
    response
}
