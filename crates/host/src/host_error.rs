//! Why the host could not start: one enum that gathers the typed errors of its parts. Each message names the culprit
//! and what to do.

use std::fmt;
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
#[derive(Debug)]
#[non_exhaustive]
pub enum HostError {
    /// The manifest is missing, unreadable, or asks for something this host does not offer.
    Manifest(ManifestError),
    /// A variable is unknown, misnamed, or has no value.
    Variable(VariableError),
    /// A `{{ template }}` in the manifest cannot be expanded.
    Template {
        /// The setting that holds the template, such as `component.gateway.variables.environment`.
        setting: String,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// An entry of `allowed_outbound_hosts` is empty or malformed.
    AllowedHosts(AllowedHostsError),
    /// The compiled component is not there.
    ComponentMissing {
        /// Where the manifest says it is.
        path: PathBuf,
        /// Whether the manifest says how to build it.
        can_build: bool,
    },
    /// The engine could not be set up, or the component cannot run in this host.
    Engine(EngineError),
    /// The key-value store could not be opened or seeded.
    Store(StoreError),
    /// The TLS client could not be set up.
    Tls(TlsSetupError),
    /// A thread to serve requests could not be started.
    Worker(io::Error),
    /// The address to listen on is taken or not ours.
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(error) => error.fmt(f),
            Self::Variable(error) => error.fmt(f),
            Self::Template { setting, error } => write!(f, "{setting}: {error}"),
            Self::AllowedHosts(error) => error.fmt(f),
            Self::ComponentMissing { path, can_build } => {
                write!(f, "the component {} does not exist; ", path.display())?;
                if *can_build {
                    f.write_str("add --build to compile it first")
                } else {
                    f.write_str("build it, or correct `source` in the manifest")
                }
            }
            Self::Engine(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Worker(error) => {
                write!(f, "cannot start a thread to serve requests: {error}; start fewer with --workers")
            }
            Self::Listen { address, error } if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "{address} is in use by another program; stop it, or choose another address with --listen, \
                 for example --listen {}:0 for any free port",
                address.ip()
            ),
            Self::Listen { address, error } => {
                write!(f, "cannot listen on {address}: {error}; choose another address with --listen")
            }
        }
    }
}

impl std::error::Error for HostError {}

macro_rules! wraps {
    ($($variant:ident($error:ty)),* $(,)?) => {
        $(impl From<$error> for HostError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

wraps! {
    Manifest(ManifestError),
    Variable(VariableError),
    AllowedHosts(AllowedHostsError),
    Engine(EngineError),
    Store(StoreError),
    Tls(TlsSetupError),
}
