//! One connection to a backend, with one request at a time.

use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use wasmtime_wasi_http::WasiBody;

use crate::outbound::backend_stream::{BackendStream, Socket};

/// Field lines of one response. hyper's own limit is 100, which sites with many `link` or `set-cookie` lines reach.
const MAX_HEADERS: usize = 256;

/// An open connection. Dropping it closes it, once what it has begun is done.
#[derive(Debug)]
pub(crate) struct Connection {
    requests: SendRequest<WasiBody>,
    stream: BackendStream,
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection was closed before anything was sent: the request as it was.
    Unsent(Box<Request<WasiBody>>),
    /// It ended before an answer began.
    Unanswered,
    /// An answer began and is not valid, or is not whole.
    Invalid(hyper::Error),
}

/// How responses are read: with what RFC 9112 lets a gateway repair in them (§5.1, a space before the colon; §5.2, folded lines).
fn protocol() -> Builder {
    let mut http = Builder::new();
    http.max_headers(MAX_HEADERS)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true);
    http
}

impl Connection {
    /// Speaks HTTP/1.1 on this socket, on a task of its own.
    pub(crate) async fn over(socket: Socket) -> hyper::Result<Self> {
        let stream = BackendStream::new(socket);
        let (requests, driver) = protocol().handshake(TokioIo::new(stream.clone())).await?;
        // Whoever waits for a response is told why there is none.
        tokio::spawn(async move { drop(driver.await) });
        Ok(Self { requests, stream })
    }

    /// Whether the next request may be sent, as far as the system knows by now.
    pub(crate) fn is_usable(&self) -> bool {
        self.requests.is_ready() && self.stream.is_quiet()
    }

    /// Whether the last exchange is through, in both directions.
    pub(crate) fn is_through(&self) -> bool {
        self.requests.is_ready()
    }

    /// Waits until the last exchange is through; `false` where the connection ends with it.
    pub(crate) async fn through(&mut self) -> bool {
        self.requests.ready().await.is_ok()
    }

    /// Sends a request whose target is a path. The response is there with its head.
    pub(crate) async fn send(&mut self, request: Request<WasiBody>) -> Result<Response<Incoming>, Failure> {
        self.stream.listen();
        self.requests.try_send_request(request).await.map_err(|mut failed| match failed.take_message() {
            Some(request) => Failure::Unsent(Box::new(request)),
            None if self.stream.has_heard() => Failure::Invalid(failed.into_error()),
            None => Failure::Unanswered,
        })
    }
}
