//! The embedded host of the gateway: it runs the component on wasmtime and serves it over HTTP, from the same
//! `spin.toml` as Spin.
//!
//! ```text
//! spin.toml ─ manifest ─ variables, template ─ allowed_hosts ┐
//!                                                            ├─ application ─ engine ─┐
//! request ─ server ─ spin_headers ─ instance (limits, state) ┴────────────────────────┴─ response
//!                                      │ capabilities ─ key_value
//!                                      └ outbound ─ connector, idle_body ─ backend
//! health_checks ─ instance: `GET /backends` now and then, without a client
//! ```
//!
//! In scope: one component on the route `/...`, HTTP/1.1, variables, the key-value store, allowed hosts, limits,
//! draining. Out of scope: TLS towards clients, several components, other triggers; for these there is Spin.
//!
//! Tests use it in-process:
//!
//! ```no_run
//! # async fn example() -> Result<(), gateway_host::HostError> {
//! let mut options = gateway_host::HostOptions::new("spin.toml");
//! options.listen.set_port(0);
//! let host = gateway_host::Host::start(options).await?;
//! println!("http://{}", host.local_addr());
//! host.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod allowed_hosts;
pub mod application;
pub mod build_command;
mod capabilities;
mod connector;
mod early_answer;
mod engine;
mod error;
pub mod example_backend;
mod example_tasks;
mod guest_output;
mod health_checks;
mod idle_body;
mod instance;
mod key_value;
mod limits;
pub mod log;
pub mod manifest;
mod memory_maps;
mod open_files;
mod options;
mod outbound;
mod replies;
mod server;
mod spin_headers;
mod state;
pub mod template;
pub mod variables;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use self::application::Application;
pub use self::engine::EngineError;
pub use self::error::HostError;
pub use self::key_value::{KeyValueStore, StoreError, StoreStats};
pub use self::options::HostOptions;
pub use self::outbound::TlsSetupError;

use self::health_checks::HealthChecks;
use self::instance::Instances;
use self::outbound::Outbound;
use self::server::Service;
use self::state::Capabilities;

/// A gateway that is being served. Dropping it stops it without waiting for requests in flight; [`Host::shutdown`]
/// waits.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    store: KeyValueStore,
    service: Arc<Service>,
    checks: Option<HealthChecks>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Host {
    /// Loads the manifest and serves it. When this returns, requests are answered.
    pub async fn start(options: HostOptions) -> Result<Self, HostError> {
        let application = Application::load(&options)?;
        Self::serve(application, options).await
    }

    /// Serves an application that was loaded with these options.
    pub async fn serve(application: Application, options: HostOptions) -> Result<Self, HostError> {
        open_files::raise_limit();
        let component = &application.manifest.component;
        if !component.source.is_file() {
            return Err(HostError::ComponentMissing {
                path: component.source.clone(),
                can_build: component.build.is_some(),
            });
        }
        // The address first: it is the likeliest failure, and compiling may take a while.
        let listener =
            server::bind(options.listen).map_err(|error| HostError::Listen { address: options.listen, error })?;
        let address = listener.local_addr().map_err(|error| HostError::Listen { address: options.listen, error })?;

        let store = KeyValueStore::open(options.state_dir.as_deref())?;
        store.seed("default", &options.key_values)?;
        if let Some(poison) = application.allowed_hosts.poison() {
            log::host(format_args!("warning: {poison}"));
        }
        let capabilities = Capabilities {
            variables: application.component_variables,
            store_labels: component.key_value_stores.clone(),
            store: store.clone(),
            outbound: Outbound::new(application.allowed_hosts)?,
            quiet: options.quiet,
        };
        let concurrency = memory_maps::affordable(options.max_concurrency);
        let instances = Arc::new(prepare(component.source.clone(), &options, concurrency, capabilities).await?);
        instances.try_one().await.map_err(|error| EngineError::Link(component.source.clone(), error))?;

        let checks = options.health_interval.map(|every| HealthChecks::start(Arc::clone(&instances), address, every));
        let service = Arc::new(Service::new(instances, concurrency));
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(server::run(listener, Arc::clone(&service), stopped, options.drain_timeout));
        Ok(Self { address, store, service, checks, stop, server })
    }

    /// Where it listens; tells the port when port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How often the component read and wrote the key-value store.
    pub fn stats(&self) -> StoreStats {
        self.store.stats()
    }

    /// Waits until no instance runs, so that what the component does after its responses is done. Requests that arrive meanwhile may be turned
    /// away: this is for tests.
    pub async fn idle(&self) {
        self.service.idle().await;
    }

    /// Stops accepting, closes idle connections, and waits for requests in flight and for what the component does after
    /// its responses, for at most the drain timeout.
    pub async fn shutdown(self) {
        drop(self.checks);
        drop(self.stop);
        // It fails only if the server panicked, and then there is nothing to wait for.
        drop(self.server.await);
    }
}

/// Compiling takes a thread's whole attention.
async fn prepare(
    source: PathBuf,
    options: &HostOptions,
    concurrency: usize,
    capabilities: Capabilities,
) -> Result<Instances, HostError> {
    let (memory_limit, compute_limit) = (options.memory_limit, options.compute_limit);
    let prepared = tokio::task::spawn_blocking(move || {
        // One more than there are clients: health checks take nobody's place.
        let engine = engine::shared(concurrency.saturating_add(1), memory_limit)?;
        let component = engine::prepare(&engine, &source)?;
        Ok::<_, EngineError>(Instances {
            engine,
            component,
            capabilities: Arc::new(capabilities),
            memory_limit,
            compute_limit,
        })
    });
    match prepared.await {
        Ok(instances) => Ok(instances?),
        Err(error) => Err(EngineError::Setup(wasmtime::Error::new(error)).into()),
    }
}
