//! Opens connections to backends: name lookup, TCP, TLS, within the time that the request in hand allows for it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use rustls::ClientConfig;
use tower_service::Service;

use crate::outbound::backend_stream::Socket;
use crate::outbound::trusted_roots::{self, RootsError};

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
#[non_exhaustive]
pub enum TlsSetupError {
    /// Its cryptography is not complete.
    #[error("the TLS client does not start: {0}")]
    Client(#[source] rustls::Error),
    /// The certificates that it should trust cannot be read.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

/// Opens connections for the client.
#[derive(Clone)]
pub(crate) struct Connector(HttpsConnector<HttpConnector<Resolver>>);

impl Connector {
    /// HTTP/1.1 over TCP, and over TLS with the root certificates of Mozilla and of this machine.
    pub(crate) fn new(nodelay: bool) -> Result<Self, TlsSetupError> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        tcp.enforce_http(false);
        tcp.set_nodelay(nodelay);
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsSetupError::Client)?
            .with_root_certificates(trusted_roots::load()?)
            .with_no_client_auth();
        let tls =
            HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(tcp);
        Ok(Self(tls))
    }

    /// Connects to the host of an absolute URL, within `limit`.
    pub(crate) async fn connect(&self, uri: Uri, limit: Duration) -> Result<Socket, ConnectError> {
        // Always ready: it holds nothing that could run out.
        match tokio::time::timeout(limit, self.0.clone().call(uri)).await {
            Ok(connected) => connected.map_err(classify),
            Err(_) => Err(ConnectError::TimedOut),
        }
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
