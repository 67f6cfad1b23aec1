//! Opens connections to backends: name lookup, TCP, TLS, within the time that the request in hand allows for it.
//!
//! The client is shared by all requests and each request brings its own timeout. The client asks for a connection while
//! it is polled by that request, so the timeout travels as a task-local value, read once when the connection is begun.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use crate::outbound::early_answer::EarlyAnswer;

tokio::task_local! {
    /// How long a connection begun by this task may take.
    pub(crate) static CONNECT_TIMEOUT: Duration;
}

/// What a request without options gets, as in Spin.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name has no address.
    #[error("name lookup failed: {0}")]
    Dns(#[source] io::Error),
    /// Nothing listens there, or it cannot be reached.
    #[error("connection failed: {0}")]
    Refused(#[source] BoxError),
    /// This machine has no descriptor, port or memory left for it.
    #[error("this machine has no room for another connection: {0}")]
    Exhausted(#[source] BoxError),
    /// The certificate is not to be trusted.
    #[error("certificate not accepted: {0}")]
    Certificate(#[source] rustls::Error),
    /// The TLS handshake failed otherwise.
    #[error("TLS handshake failed: {0}")]
    Tls(#[source] BoxError),
    /// It took too long.
    #[error("connecting took too long")]
    TimedOut,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The TLS client cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the TLS client does not start: {0}")]
pub struct TlsSetupError(#[source] rustls::Error);

/// Opens connections for the client.
#[derive(Clone)]
pub(crate) struct Connector(HttpsConnector<HttpConnector<Resolver>>);

impl Connector {
    /// HTTP/1.1 over TCP, and over TLS with the root certificates of Mozilla.
    pub(crate) fn new(nodelay: bool) -> Result<Self, TlsSetupError> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        tcp.enforce_http(false);
        tcp.set_nodelay(nodelay);
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(TlsSetupError)?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self(tls))
    }
}

impl Service<Uri> for Connector {
    type Response = EarlyAnswer<<HttpsConnector<HttpConnector<Resolver>> as Service<Uri>>::Response>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.0.poll_ready(cx).map_err(classify)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let timeout = CONNECT_TIMEOUT.try_with(|timeout| *timeout).unwrap_or(DEFAULT_TIMEOUT);
        let connecting = self.0.call(uri);
        Box::pin(async move {
            match tokio::time::timeout(timeout, connecting).await {
                Ok(connected) => connected.map(EarlyAnswer::new).map_err(classify),
                Err(_) => Err(ConnectError::TimedOut),
            }
        })
    }
}

/// The TLS layer reports its own failures as an [`io::Error`]; those of lookup and TCP come in a type of the client,
/// with their cause inside.
fn classify(error: BoxError) -> ConnectError {
    let error = match error.downcast::<io::Error>() {
        Ok(error) => return classify_tls(*error),
        Err(error) => error,
    };
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error.as_ref());
    while let Some(error) = cause {
        if let Some(Unresolved(error)) = error.downcast_ref() {
            return ConnectError::Dns(io::Error::new(error.kind(), error.to_string()));
        }
        if error.downcast_ref().is_some_and(is_exhaustion) {
            return ConnectError::Exhausted(error.to_string().into());
        }
        cause = error.source();
    }
    ConnectError::Refused(error)
}

#[cfg(unix)]
fn is_exhaustion(error: &io::Error) -> bool {
    use rustix::io::Errno;

    let out_of = [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|error| out_of.contains(&error))
}

#[cfg(not(unix))]
fn is_exhaustion(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
}

fn classify_tls(error: io::Error) -> ConnectError {
    let mut layer = &error;
    while let Some(inner) = layer.get_ref() {
        if let Some(found @ rustls::Error::InvalidCertificate(_)) = inner.downcast_ref() {
            return ConnectError::Certificate(found.clone());
        }
        match inner.downcast_ref() {
            Some(inner) => layer = inner,
            None => break,
        }
    }
    ConnectError::Tls(error.into())
}

/// The system's resolver, whose failures differ from others in their type.
#[derive(Clone)]
pub(crate) struct Resolver(GaiResolver);

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Unresolved(io::Error);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unresolved>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        self.0.poll_ready(cx).map_err(Unresolved)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let lookup = self.0.call(name);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = lookup.await.map_err(Unresolved)?.collect();
            if addresses.is_empty() {
                return Err(Unresolved(io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address")));
            }
            Ok(addresses.into_iter())
        })
    }
}
