//! Why the host could not start: one enum that gathers the typed errors of its parts. Each message names the culprit
//! and what to do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::app::application::ApplicationError;
use crate::guest::engine::EngineError;
use crate::outbound::connector::TlsSetupError;
use crate::store::store_error::StoreError;

/// Everything that can keep [`crate::Host::start`] from serving.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The manifest, a variable or a template cannot be used.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// The compiled component is not there.
    #[error("the component {path} does not exist; {hint}", path = .path.display(), hint = component_hint(*.can_build))]
    ComponentMissing {
        /// Where the manifest says it is.
        path: PathBuf,
        /// Whether the manifest says how to build it.
        can_build: bool,
    },
    /// The engine could not be set up, or the component cannot run in this host.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The key-value store could not be opened or seeded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The TLS client could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// A thread to serve requests could not be started.
    #[error("cannot start a thread to serve requests: {0}; start fewer with --workers")]
    Worker(#[source] io::Error),
    /// The address to listen on is taken or not ours.
    #[error("{}", listen_message(.address, .error))]
    Listen {
        /// The address of [`crate::HostOptions::listen`].
        address: SocketAddr,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// How a missing component comes to be.
fn component_hint(can_build: bool) -> &'static str {
    if can_build { "add --build to compile it first" } else { "build it, or correct `source` in the manifest" }
}

/// An address that is taken has a remedy of its own.
fn listen_message(address: &SocketAddr, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::AddrInUse {
        return format!(
            "{address} is in use by another program; stop it, or choose another address with --listen, \
             for example --listen {}:0 for any free port",
            address.ip()
        );
    }
    format!("cannot listen on {address}: {error}; choose another address with --listen")
}
