//! A connection's requests: who may come in, and the way to an instance.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;

use crate::guest::instance::Instances;
use crate::serve::client_stream::ClientStream;
use crate::serve::conversation::{Answer, Conversation, RequestBody};
use crate::serve::exchange::{self, ResponseBody};
use crate::serve::newcomers::Newcomer;
use crate::serve::replies;
use crate::serve::request_rules;
use crate::serve::slots::Slots;
use crate::serve::spin_headers;

/// Header fields of one request. Browsers behind several proxies come close to hyper's own 100.
const MAX_HEADERS: usize = 256;
/// Bytes of a body that is probably here with its head.
const SMALL_BODY: u64 = 64 << 10;
/// The reason of a status without one.
const NO_REASON: ReasonPhrase = ReasonPhrase::from_static(b"");

/// What requests need, on any connection of a worker.
pub(crate) struct Service {
    pub(crate) instances: Arc<Instances>,
    pub(crate) slots: Slots,
    /// Switches Nagle's algorithm off on connections of clients.
    pub(crate) nodelay: bool,
    /// How long a connection may wait for its next request.
    pub(crate) keep_alive: Duration,
}

/// A client's connection, as its requests see it.
struct Client {
    address: SocketAddr,
    /// Where it has connected to.
    local: Option<SocketAddr>,
    conversation: Conversation,
    newcomer: Newcomer,
}

impl Service {
    /// Waits until no instance runs, on any worker.
    pub(crate) async fn idle(&self) {
        self.slots.idle().await;
    }

    async fn serve(
        &self,
        mut request: Request<RequestBody>,
        client: &Client,
        answer: Answer,
    ) -> Response<ResponseBody> {
        let authority = match request_rules::check(&mut request, client.local) {
            Ok(authority) => authority,
            Err(refused) => return replies::refused(refused).map(|reply| ResponseBody::host(reply, answer)),
        };
        let Some(slot) = self.slots.take() else {
            return replies::overloaded().map(|reply| ResponseBody::host(reply, answer));
        };
        let (version, may_stay_unread) = (request.version(), may_stay_unread(&request));
        let uri = request.uri().clone();
        spin_headers::append(request.headers_mut(), &uri, &authority, client.address);
        let mut response = exchange::answer(Arc::clone(&self.instances), request, slot, answer).await;
        if response.status().canonical_reason().is_none() {
            // hyper would write `<none>`.
            response.extensions_mut().insert(NO_REASON);
        }
        // HTTP/1.0 has no chunks: the end of the connection is that of a body of unknown length. hyper keeps no connection after an answer of that
        // version.
        let is_sized = response.headers().contains_key(CONTENT_LENGTH) || response.body().is_end_stream();
        let ends_it = version == Version::HTTP_10 && !is_sized;
        if ends_it {
            *response.version_mut() = Version::HTTP_10;
        }
        if ends_it || (may_stay_unread && !client.conversation.is_read()) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Whether the connection cannot go on after an answer that comes before the end of the body: what remains may be too much to wait for, or may never
/// be sent (RFC 9110 §10.1.1). The client should know.
fn may_stay_unread(request: &Request<RequestBody>) -> bool {
    let large = request.body().size_hint().upper().is_none_or(|length| length > SMALL_BODY);
    large || request.headers().contains_key(EXPECT)
}

/// HTTP/1.1 with keep-alive and pipelining.
///
/// A client may close its sending side and still get its answer, as scripts around `nc` do. That a client has left for
/// good is then noticed when something is written to it, which is also when the component learns of it: nothing would
/// be gained by noticing earlier.
pub(crate) fn protocol() -> http1::Builder {
    let mut http = http1::Builder::new();
    // The stream has the time limits, see `ClientStream`.
    http.header_read_timeout(None).max_headers(MAX_HEADERS).half_close(true);
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
    let conversation = Conversation::default();
    let local = stream.local_addr().ok();
    let stream = ClientStream::new(stream, conversation.clone(), service.keep_alive);
    let client = Arc::new(Client { address: client, local, conversation, newcomer });
    http.serve_connection(
        TokioIo::new(stream),
        service_fn(move |request: Request<Incoming>| {
            client.newcomer.brought();
            let answer = client.conversation.begin();
            let request = request.map(|body| RequestBody::new(body, &client.conversation));
            let (service, client) = (Arc::clone(&service), Arc::clone(&client));
            async move { Ok::<_, Infallible>(service.serve(request, &client, answer).await) }
        }),
    )
}
