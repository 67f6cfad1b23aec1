//! A connection's requests: who may come in, and the way to an instance.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;

use crate::guest::instance::Instances;
use crate::serve::exchange::{self, ResponseBody};
use crate::serve::newcomers::Newcomer;
use crate::serve::replies;
use crate::serve::request_rules;
use crate::serve::slots::Slots;
use crate::serve::spin_headers;

/// How long a client may take for the head of a request, and how long a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Header fields of one request. Browsers behind several proxies come close to hyper's own 100.
const MAX_HEADERS: usize = 256;

/// What requests need, on any connection of a worker.
pub(crate) struct Service {
    instances: Arc<Instances>,
    slots: Slots,
    nodelay: bool,
}

impl Service {
    /// `nodelay` switches Nagle's algorithm off on connections of clients.
    pub(crate) fn new(instances: Arc<Instances>, slots: Slots, nodelay: bool) -> Self {
        Self { instances, slots, nodelay }
    }

    /// Waits until no instance runs, on any worker.
    pub(crate) async fn idle(&self) {
        self.slots.idle().await;
    }

    async fn serve(&self, mut request: Request<Incoming>, client: SocketAddr) -> Response<ResponseBody> {
        let authority = match request_rules::check(request.method(), request.uri(), request.headers()) {
            Ok(authority) => authority,
            Err(refused) => return replies::refused(refused).map(ResponseBody::Host),
        };
        let Some(slot) = self.slots.take() else {
            return replies::overloaded().map(ResponseBody::Host);
        };
        let uri = request.uri().clone();
        spin_headers::append(request.headers_mut(), &uri, &authority, client);
        exchange::answer(Arc::clone(&self.instances), request, slot).await
    }
}

/// HTTP/1.1 with keep-alive and pipelining.
///
/// A client may close its sending side and still get its answer, as scripts around `nc` do. That a client has left for
/// good is then noticed when something is written to it, which is also when the component learns of it: nothing would
/// be gained by noticing earlier.
pub(crate) fn protocol() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_headers(MAX_HEADERS).half_close(true);
    http
}

pub(crate) fn serve_connection(
    http: &http1::Builder,
    stream: TcpStream,
    client: SocketAddr,
    service: &Arc<Service>,
    newcomer: Newcomer,
) -> impl GracefulConnection<Output = hyper::Result<()>> + Send + use<> {
    // Without it the end of a response may wait for the client's acknowledgement of its start. A failure means that the
    // client is gone.
    drop(stream.set_nodelay(service.nodelay));
    let service = Arc::clone(service);
    http.serve_connection(
        TokioIo::new(stream),
        service_fn(move |request| {
            newcomer.brought();
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.serve(request, client).await) }
        }),
    )
}
