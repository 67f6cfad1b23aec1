//! The command `up`, in its order: look through the configuration, load, build, example backend, host, banner, wait, drain.

mod banner;
mod build_command;
mod signals;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway_core::backend::reference::Location;
use gateway_core::config::ENVIRONMENT;
use gateway_example_backend::ExampleBackend;
use gateway_host::{Application, ApplicationError, Host, HostError, HostOptions, KeyValueStore, stderr};
use hyper::Uri;
use tokio::net::TcpStream;
use tokio::task::JoinError;

use self::banner::{Banner, KvCommand};
use self::build_command::BuildError;
use self::signals::Signals;
use crate::argument_values::{Pair, PairValue};
use crate::arguments::{DEFAULT_MANIFEST, Up};
use crate::examination::findings::Findings;
use crate::examination::{self, Component, Subject};
use crate::output::{print, remark};
use crate::settings::{self, SettingsError};
use crate::snapshot::{Snapshot, read_by_gateway};

/// The variable with the URL of the backend that requests without `x-backend` go to.
const DEFAULT_BACKEND_VARIABLE: &str = "backend_bun_sqlite_url";

/// How long to wait for an answer on the port of the default backend.
const LOOK: Duration = Duration::from_millis(500);

/// Why the host does not serve, or did not end in good order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpError {
    /// The flags have no usable values.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The file of `--key-value key=@file` cannot be read.
    #[error("--key-value {key}: cannot read {file}: {error}", file = .file.display())]
    KeyValueFile {
        key: String,
        file: PathBuf,
        #[source]
        error: io::Error,
    },
    /// The configuration has problems that would fail every request; they have been printed.
    #[error("the gateway was not started; correct what is said above and start it again")]
    Configuration,
    /// Manifest and variables make no application.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// The component was not built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The thread that built the component panicked.
    #[error(transparent)]
    BuildThread(#[from] JoinError),
    /// Without signals, nothing would end the host in good order.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
    /// The host does not start.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A second signal came before the requests in flight had ended.
    #[error("stopped by a second signal, requests in flight were cut off")]
    CutOff,
}

pub(crate) async fn run(arguments: Up) -> Result<(), UpError> {
    let options = options(&arguments)?;
    // Before the build: a wrong variable should not cost a minute.
    examine(&arguments, &options)?;
    let application = Application::load(&options)?;
    if arguments.build > 0 {
        let manifest = application.manifest.clone();
        tokio::task::spawn_blocking(move || build_command::run(&manifest)).await??;
    }
    let example = match arguments.no_example {
        true => None,
        false => start_example(&application, &options).await,
    };
    let state_dir = options.state_dir.clone();
    // Before the banner: its reader may signal at once.
    let mut signals = Signals::listen().map_err(UpError::Signals)?;
    let host = Host::serve(application.clone(), options).await?;
    if !arguments.quiet {
        let banner = Banner {
            application: &application,
            stored: &stored(state_dir.as_deref()),
            address: host.local_addr(),
            example: example.as_ref().map(ExampleBackend::local_addr),
            kv: kv_command(&arguments),
        };
        print(banner.to_string());
    }

    signals.next().await;
    if !arguments.quiet {
        print("Stopping: requests in flight are finished first; press Ctrl+C again to end at once.\n");
    }
    tokio::select! {
        () = host.shutdown() => Ok(()),
        () = signals.next() => Err(UpError::CutOff),
    }
}

/// What `check` looks at. Problems go to stderr.
fn examine(arguments: &Up, options: &HostOptions) -> Result<(), UpError> {
    let mut findings = Findings::default();
    let subject = Subject {
        from: &arguments.from,
        variables: &arguments.variables,
        state_dir: options.state_dir.as_deref(),
        listen: arguments.listen,
        seeds: &options.key_values,
        component: if arguments.build > 0 { Component::IsBuilt } else { Component::Needed },
    };
    examination::examine(&subject, &mut findings);
    remark(if arguments.quiet { findings.fatal_ones() } else { findings.at_start() });
    if findings.fatalities() > 0 { Err(UpError::Configuration) } else { Ok(()) }
}

/// What the store holds, for the banner. Where it cannot be read the host has failed already.
fn stored(folder: Option<&Path>) -> Snapshot {
    let store = folder.and_then(|folder| KeyValueStore::open_read_only(folder).ok().flatten());
    store.and_then(|store| Snapshot::read(&store).ok()).unwrap_or_default()
}

/// How `kv set` is called for this application: as this command was.
fn kv_command(arguments: &Up) -> KvCommand {
    let mut flags = String::new();
    if arguments.from != Path::new(DEFAULT_MANIFEST) {
        flags.push_str(&format!(" --from {}", arguments.from.display()));
    }
    if let Some(folder) = &arguments.state_dir {
        flags.push_str(&format!(" --state-dir {}", folder.display()));
    }
    // The alias of cargo always builds.
    KvCommand { program: if arguments.build > 0 { "cargo up --" } else { "gateway-host" }, flags }
}

fn options(arguments: &Up) -> Result<HostOptions, UpError> {
    let mut options = HostOptions::new(&arguments.from);
    options.listen = arguments.listen;
    options.read_environment = true;
    options.quiet = arguments.quiet;
    options.max_concurrency = arguments.max_concurrency;
    options.instance_reuse = arguments.instance_reuse;
    options.keep_alive_timeout = arguments.keep_alive_timeout;
    options.workers = arguments.workers.unwrap_or(options.workers);
    options.health_interval = Some(arguments.health_interval).filter(|interval| !interval.is_zero());
    options.variables = settings::variables(&arguments.variables)?;
    for Pair { name, value } in &arguments.key_values {
        let value = match value {
            PairValue::Text(text) => text.clone().into_bytes(),
            PairValue::File(file) => std::fs::read(file).map_err(|error| UpError::KeyValueFile {
                key: name.clone(),
                file: file.clone(),
                error,
            })?,
        };
        options.key_values.push((name.clone(), value));
    }
    options.state_dir = Some(settings::state_dir(&arguments.from, arguments.state_dir.as_deref())?);
    Ok(options)
}

/// Starts the example backend where the default backend should be on this machine, if requests are meant to go there and nothing listens.
/// A failure to start it is logged, and the gateway goes on.
async fn start_example(application: &Application, options: &HostOptions) -> Option<ExampleBackend> {
    let environment = read_by_gateway(&application.component_variables).remove(ENVIRONMENT);
    if environment.is_some_and(|value| value.trim() == Location::Cloud.as_str()) {
        return None;
    }
    let address = loopback(application.variables.get(DEFAULT_BACKEND_VARIABLE)?)?;
    // The gateway's own, where it would keep the gateway from listening.
    if address == options.listen {
        return None;
    }
    if let Ok(Ok(_)) = tokio::time::timeout(LOOK, TcpStream::connect(address)).await {
        return None;
    }
    match ExampleBackend::start(address, options.state_dir.as_deref(), |message| stderr::host(message)).await {
        Ok(backend) => Some(backend),
        Err(error) => {
            stderr::host(error);
            None
        }
    }
}

/// The address of an `http` URL on this machine.
fn loopback(url: &str) -> Option<SocketAddr> {
    let uri: Uri = url.parse().ok()?;
    if uri.scheme_str() != Some("http") {
        return None;
    }
    let ip = match uri.host()?.trim_matches(['[', ']']) {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        host => host.parse().ok()?,
    };
    ip.is_loopback().then(|| SocketAddr::new(ip, uri.port_u16().unwrap_or(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine() {
        let cases = [
            ("http://127.0.0.1:3001", Some("127.0.0.1:3001")),
            ("http://localhost:3001/base", Some("127.0.0.1:3001")),
            ("http://[::1]:3001", Some("[::1]:3001")),
            ("http://127.0.0.1", Some("127.0.0.1:80")),
            ("https://127.0.0.1:3001", None),
            ("http://10.0.0.1:3001", None),
            ("http://backend:3001", None),
            ("", None),
        ];
        for (url, expected) in cases {
            assert_eq!(loopback(url).map(|address| address.to_string()).as_deref(), expected, "{url}");
        }
    }
}
