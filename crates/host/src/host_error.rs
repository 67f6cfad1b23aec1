//! Why the host could not start: one enum that gathers the typed errors of its parts. Each message names the culprit
//! and what to do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::allowed_hosts::AllowedHostsError;
use crate::app::expansion::TemplateError;
use crate::app::manifest::ManifestError;
use crate::app::variables::VariableError;
use crate::guest::engine::EngineError;
use crate::outbound::client::TlsSetupError;
use crate::store::key_value::StoreError;

/// Everything that can keep [`crate::Host::start`] from serving.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The manifest is missing, unreadable, or asks for something this host does not offer.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A variable is unknown, misnamed, or has no value.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A `{{ template }}` in the manifest cannot be expanded.
    #[error("{setting}: {error}")]
    Template {
        /// The setting that holds the template, such as `component.gateway.variables.environment`.
        setting: String,
        /// What is wrong with it.
        #[source]
        error: TemplateError,
    },
    /// An entry of `allowed_outbound_hosts` is empty or malformed.
    #[error(transparent)]
    AllowedHosts(#[from] AllowedHostsError),
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
        /// The address asked for.
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
