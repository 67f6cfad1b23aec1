//! Accepts connections and hands their requests to instances; stops in an orderly way.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, oneshot};

use crate::instance::{Instances, ResponseBody};
use crate::log;
use crate::replies;
use crate::spin_headers;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;
/// How long a client may take for the head of a request, and how long a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Header fields of one request. Browsers behind several proxies come close to hyper's own 100.
const MAX_HEADERS: usize = 256;
/// How long to wait when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What requests need, on any connection.
pub(crate) struct Service {
    instances: Arc<Instances>,
    slots: Arc<Semaphore>,
    capacity: u32,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn new(instances: Arc<Instances>, concurrency: usize) -> Self {
        let permits = concurrency.min(Semaphore::MAX_PERMITS);
        // More than fit into a u32 cannot be in use.
        let capacity = u32::try_from(permits).unwrap_or(u32::MAX);
        Self { instances, slots: Arc::new(Semaphore::new(permits)), capacity }
    }

    /// Waits until no instance runs: those that still work after their response hold their slots.
    pub(crate) async fn idle(&self) {
        drop(self.slots.acquire_many(self.capacity).await);
    }

    async fn serve(&self, mut request: Request<Incoming>, client: SocketAddr) -> Response<ResponseBody> {
        let Some(authority) = authority(&request) else {
            return replies::missing_host().map(ResponseBody::Host);
        };
        let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() else {
            return replies::overloaded().map(ResponseBody::Host);
        };
        let uri = request.uri().clone();
        spin_headers::append(request.headers_mut(), &uri, &authority, client);
        Arc::clone(&self.instances).answer(request, permit).await
    }
}

/// The host that the client asked for. Without one a request cannot be passed to the component.
fn authority(request: &Request<Incoming>) -> Option<String> {
    let named = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => request.headers().get(HOST)?.to_str().ok()?,
    };
    (!named.is_empty()).then(|| named.to_owned())
}

/// Binds the address, with a queue that is long enough for a burst of clients.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for connections of the previous run to time out. On Windows the option would mean
    // something else.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` fires or its sender is gone, then drains for at most `drain_timeout`.
pub(crate) async fn run(
    listener: TcpListener,
    service: Arc<Service>,
    mut stop: oneshot::Receiver<()>,
    drain_timeout: Duration,
) {
    let connections = GracefulShutdown::new();
    let http = protocol();
    loop {
        let accepted = tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => {
                let connection = serve_connection(&http, stream, client, &service);
                let watched = connections.watch(connection);
                // What can fail here is the client's connection, which is no news.
                tokio::spawn(async move { drop(watched.await) });
            }
            Err(error) => {
                log::host(format_args!("cannot accept a connection: {error}"));
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let drained = async {
        connections.shutdown().await;
        service.idle().await;
    };
    if tokio::time::timeout(drain_timeout, drained).await.is_err() {
        log::host(format_args!("stopped with requests still running after {drain_timeout:?}"));
    }
}

/// HTTP/1.1 with keep-alive and pipelining.
///
/// A client may close its sending side and still get its answer, as scripts around `nc` do. That a client has left for
/// good is then noticed when something is written to it, which is also when the component learns of it: nothing would
/// be gained by noticing earlier.
fn protocol() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_headers(MAX_HEADERS).half_close(true);
    http
}

fn serve_connection(
    http: &http1::Builder,
    stream: TcpStream,
    client: SocketAddr,
    service: &Arc<Service>,
) -> impl GracefulConnection<Output = hyper::Result<()>> + Send + use<> {
    // Without it the end of a small response may wait for the client's acknowledgement of its start. A failure means
    // that the client is gone.
    drop(stream.set_nodelay(true));
    let service = Arc::clone(service);
    http.serve_connection(
        TokioIo::new(stream),
        service_fn(move |request| {
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.serve(request, client).await) }
        }),
    )
}
