//! Sends the component's requests: allowed hosts first, then a pooled connection, with the three timeouts of wasi:http.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::network::allowed_hosts::AllowedHosts;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::header::HeaderName;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

use crate::outbound::connector::{CONNECT_TIMEOUT, ConnectError, Connector, DEFAULT_TIMEOUT, TlsSetupError};
use crate::outbound::idle_body::IdleBody;
use crate::stderr;

/// Connections kept open and unused, per backend, and for how long.
const IDLE_CONNECTIONS: usize = 1024;
const IDLE_TIME: Duration = Duration::from_secs(60);

/// Fields that the host sets itself and a component may not, as in Spin.
static FORBIDDEN: [HeaderName; 9] = DEFAULT_FORBIDDEN_HEADERS;

/// The component's way out. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Outbound(Arc<Connections>);

struct Connections {
    client: Client<Connector, WasiBody>,
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
        Self::with(self.0.connector.clone(), Arc::clone(&self.0.allowed))
    }

    fn with(connector: Connector, allowed: Arc<AllowedHosts>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            // A pooled connection that turns out to be closed before anything was sent is replaced without the
            // component noticing.
            .retry_canceled_requests(true)
            // wasi:http has set it.
            .set_host(false)
            .build(connector.clone());
        Self(Arc::new(Connections { client, connector, allowed }))
    }

    /// Sends a request, if the manifest allows it. The response is there with its head: an upload that is still going on continues on the
    /// connection's own task.
    pub(crate) fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> impl Future<Output = Result<hyper::Response<IdleBody>>> + Send + use<> {
        let connect = options.connect_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let first_byte = options.first_byte_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let between_bytes = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let response =
            self.check(request.uri()).map(|()| CONNECT_TIMEOUT.scope(connect, self.0.client.request(request)));
        async move {
            let response = match tokio::time::timeout(first_byte, response?).await {
                Ok(response) => response.map_err(|error| classify(&error))?,
                Err(_) => return Err(Error::ConnectionReadTimeout),
            };
            Ok(response.map(|body| IdleBody::new(body, between_bytes)))
        }
    }

    /// Refuses what the manifest does not allow, and says on stderr which setting to change.
    fn check(&self, uri: &hyper::Uri) -> Result<()> {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(Error::HttpRequestUriInvalid);
        };
        if self.0.allowed.allows(scheme, host, uri.port_u16()) {
            return Ok(());
        }
        let authority = uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        match self.0.allowed.poison() {
            Some(poison) => stderr::host(format_args!("denied a request to {scheme}://{authority}: {poison}")),
            None => stderr::host(format_args!(
                "denied a request to {scheme}://{authority}: allowed_outbound_hosts of the component does not list it; to allow it, add \
                 \"{scheme}://{authority}\" there"
            )),
        }
        Err(Error::HttpRequestDenied)
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
fn classify(error: &hyper_util::client::legacy::Error) -> Error {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<ConnectError>() {
            return match error {
                ConnectError::Dns(_) => {
                    Error::DnsError { rcode: Some("address not available".to_owned()), info_code: None }
                }
                // The host's own trouble: nothing to hold against the backend.
                ConnectError::Exhausted(_) => Error::ConnectionLimitReached,
                ConnectError::Refused(_) => Error::ConnectionRefused,
                ConnectError::Certificate(_) => Error::TlsCertificateError,
                ConnectError::Tls(_) => Error::TlsProtocolError,
                ConnectError::TimedOut => Error::ConnectionTimeout,
            };
        }
        cause = error.source();
    }
    Error::HttpProtocolError
}
