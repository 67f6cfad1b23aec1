//! The command `up`, in its order: build, load, example backend, host, banner, wait, drain.

mod banner;
mod build_command;
mod signals;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway_example_backend::ExampleBackend;
use gateway_host::{Application, ApplicationError, Host, HostError, HostOptions, stderr};
use hyper::Uri;
use tokio::net::TcpStream;
use tokio::task::JoinError;

use self::banner::{Banner, DEFAULT_BACKEND_VARIABLE};
use self::build_command::BuildError;
use self::signals::Signals;
use crate::argument_values::{Pair, PairValue};
use crate::arguments::Up;
use crate::output::print;
use crate::settings::{self, SettingsError};

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
    let application = Application::load(&options)?;
    if arguments.build > 0 {
        let manifest = application.manifest.clone();
        tokio::task::spawn_blocking(move || build_command::run(&manifest)).await??;
    }
    let example = match arguments.no_example {
        true => None,
        false => start_example(&application, options.state_dir.as_deref()).await,
    };
    // Before the banner: its reader may signal at once.
    let mut signals = Signals::listen().map_err(UpError::Signals)?;
    let host = Host::serve(application.clone(), options).await?;
    if !arguments.quiet {
        let banner = Banner {
            application: &application,
            address: host.local_addr(),
            example: example.as_ref().map(ExampleBackend::local_addr),
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

/// Starts the example backend where the default backend should be on this machine, if nothing listens there. A
/// failure to start it is logged, and the gateway goes on.
async fn start_example(application: &Application, state_dir: Option<&Path>) -> Option<ExampleBackend> {
    let address = loopback(application.variables.get(DEFAULT_BACKEND_VARIABLE)?)?;
    if let Ok(Ok(_)) = tokio::time::timeout(LOOK, TcpStream::connect(address)).await {
        return None;
    }
    match ExampleBackend::start(address, state_dir, |message| stderr::host(message)).await {
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
