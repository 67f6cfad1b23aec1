//! Sends the component's requests: allowed hosts first, then a connection, kept or new, with the three timeouts of wasi:http.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gateway_core::network::allowed_hosts::AllowedHosts;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderName;
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response, Uri};
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

use crate::outbound::connection::{Connection, Failure};
use crate::outbound::connector::{ConnectError, Connector, TlsSetupError};
use crate::outbound::idle_body::IdleBody;
use crate::outbound::pool::{Lease, Pool, origin};
use crate::outbound::response_head;
use crate::stderr;

/// What a request without options gets, as in Spin.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// Fields that the host sets itself and a component may not, as in Spin.
static FORBIDDEN: [HeaderName; 9] = DEFAULT_FORBIDDEN_HEADERS;

/// The way out of one instance of the component.
#[derive(Clone)]
pub(crate) struct Outbound {
    connections: Arc<Connections>,
    /// A kept connection has failed this instance: its next request goes out on a new one, where sending it again can help.
    distrusts_kept: Arc<AtomicBool>,
}

struct Connections {
    kept: Pool,
    connector: Connector,
    allowed: Arc<AllowedHosts>,
}

impl Outbound {
    /// With these rules and no connection yet; `nodelay` switches Nagle's algorithm off.
    pub(crate) fn new(allowed: AllowedHosts, nodelay: bool) -> Result<Self, TlsSetupError> {
        Ok(Self::with(Connector::new(nodelay)?, Arc::new(allowed)))
    }

    /// With the same rules, and connections of its own.
    pub(crate) fn unconnected(&self) -> Self {
        Self::with(self.connections.connector.clone(), Arc::clone(&self.connections.allowed))
    }

    /// For another instance, with the same connections.
    pub(crate) fn for_instance(&self) -> Self {
        Self { connections: Arc::clone(&self.connections), distrusts_kept: Arc::default() }
    }

    fn with(connector: Connector, allowed: Arc<AllowedHosts>) -> Self {
        let connections = Connections { kept: Pool::default(), connector, allowed };
        Self { connections: Arc::new(connections), distrusts_kept: Arc::default() }
    }

    /// Sends a request, if the manifest allows it. The response is there with its head: an upload that is still going on continues on the
    /// connection's own task.
    pub(crate) fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> impl Future<Output = Result<Response<IdleBody>>> + Send + use<> {
        let connect = options.connect_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let first_byte = options.first_byte_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let between_bytes = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let allowed = self.check(request.uri());
        let Self { connections, distrusts_kept } = self.clone();
        async move {
            allowed?;
            let exchange = connections.exchange(request, connect, &distrusts_kept);
            let (mut response, mut lease) = match tokio::time::timeout(first_byte, exchange).await {
                Ok(answered) => answered?,
                Err(_) => return Err(Error::ConnectionReadTimeout),
            };
            response_head::settle(&mut response)?;
            lease.keep_for = response_head::keep_for(response.headers());
            Ok(response.map(|body| IdleBody::new(body, between_bytes, lease)))
        }
    }

    /// Refuses what the manifest does not allow, and says on stderr which setting to change.
    fn check(&self, uri: &Uri) -> Result<()> {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(Error::HttpRequestUriInvalid);
        };
        if self.connections.allowed.allows(scheme, host, uri.port_u16()) {
            return Ok(());
        }
        let authority = uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        match self.connections.allowed.poison() {
            Some(poison) => stderr::host(format_args!("denied a request to {scheme}://{authority}: {poison}")),
            None => stderr::host(format_args!(
                "denied a request to {scheme}://{authority}: allowed_outbound_hosts of the component does not list it; to allow it, add \
                 \"{scheme}://{authority}\" there"
            )),
        }
        Err(Error::HttpRequestDenied)
    }
}

impl Connections {
    /// On a kept connection where there is one. One that turns out to be closed before anything was sent is replaced without the component noticing.
    async fn exchange(
        &self,
        mut request: Request<WasiBody>,
        connect: Duration,
        distrusts_kept: &AtomicBool,
    ) -> Result<(Response<Incoming>, Lease)> {
        let origin = origin(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
        let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let uri = std::mem::replace(request.uri_mut(), Uri::from(path));
        let mut kept = match distrusts_kept.swap(false, Ordering::Relaxed) {
            true => None,
            false => self.kept.take(&origin),
        };
        loop {
            let is_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.connect(uri.clone(), connect).await?,
            };
            request = match connection.send(request).await {
                Ok(response) => {
                    let lease = Lease { connection, pool: self.kept.clone(), origin, keep_for: Duration::ZERO };
                    return Ok((response, lease));
                }
                Err(Failure::Unsent(request)) if is_kept => *request,
                Err(Failure::Unsent(_) | Failure::Unanswered) => {
                    distrusts_kept.store(is_kept, Ordering::Relaxed);
                    return Err(Error::ConnectionTerminated);
                }
                Err(Failure::Invalid(error)) => return Err(invalid(&error)),
            };
            kept = self.kept.take(&origin);
        }
    }

    async fn connect(&self, uri: Uri, limit: Duration) -> Result<Connection> {
        let socket = self.connector.connect(uri, limit).await.map_err(|error| unconnected(&error))?;
        Connection::over(socket).await.map_err(|_| Error::ConnectionTerminated)
    }
}

impl WasiHttpHooks for Outbound {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    /// Not used by the interface that this host offers: its `outgoing_handler` asks for the same without the boxes.
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answer>> + Send> {
        let response = self.send(request, options.unwrap_or_default());
        Box::new(async move {
            let response = response.await?.map(BodyExt::boxed_unsync);
            Ok((response, Box::new(std::future::ready(Ok(()))) as Box<_>))
        })
    }
}

/// Whether the host sets a field itself, and a component may not. It is asked about each field of each message: the provided version of
/// the hook allocates a closure and builds the list every time.
pub(crate) fn is_forbidden(name: &HeaderName) -> bool {
    FORBIDDEN.contains(name)
}

/// A response, and a future for what remains to be done about it: nothing.
type Answer = (hyper::Response<WasiBody>, Box<dyn Future<Output = Result<()>> + Send>);

/// The error codes that Spin gives for the same failures.
fn unconnected(error: &ConnectError) -> Error {
    match error {
        ConnectError::Dns(_) => Error::DnsError { rcode: Some("address not available".to_owned()), info_code: None },
        // The host's own trouble: nothing to hold against the backend.
        ConnectError::Exhausted(_) => Error::ConnectionLimitReached,
        ConnectError::Refused(_) => Error::ConnectionRefused,
        ConnectError::Certificate(_) => Error::TlsCertificateError,
        ConnectError::Tls(_) => Error::TlsProtocolError,
        ConnectError::TimedOut => Error::ConnectionTimeout,
    }
}

/// An answer that began. Not `HttpProtocolError`: other hosts give that also where no answer began, and then the component may send a request again.
fn invalid(error: &hyper::Error) -> Error {
    if error.is_parse_too_large() {
        return Error::HttpResponseHeaderSectionSize(None);
    }
    Error::HttpResponseIncomplete
}
