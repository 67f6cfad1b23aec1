//! The host as a whole: how its parts are put together, what it tells about itself, and its end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::application::Application;
use crate::app::options::HostOptions;
use crate::guest::engine::EngineError;
use crate::guest::instance::{Blueprint, Instances};
use crate::guest::state::Capabilities;
use crate::guest::{engine, memory_maps};
use crate::host_error::HostError;
use crate::imports::linker;
use crate::outbound::client::Outbound;
use crate::serve::health_checks::HealthChecks;
use crate::serve::service::Service;
use crate::serve::slots::Slots;
use crate::serve::worker::Worker;
use crate::serve::{listener, open_files};
use crate::stderr;
use crate::store::key_value::{KeyValueStore, StoreStats};

/// Instances that may wait for their next request, in all.
const IDLE_INSTANCES: usize = 512;

/// A gateway that is being served. Dropping it stops it without waiting for requests in flight; [`Host::shutdown`]
/// waits.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    store: KeyValueStore,
    slots: Slots,
    checks: Option<HealthChecks>,
    instructions: Option<Arc<AtomicU64>>,
    /// Beside the workers: those of the health checks.
    own: Arc<Instances>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Host {
    /// Loads the manifest and serves it. When this returns, requests are answered.
    ///
    /// # Errors
    ///
    /// [`HostError`], whose message says what to do.
    pub async fn start(options: HostOptions) -> Result<Self, HostError> {
        let application = Application::load(&options)?;
        Self::serve(application, options).await
    }

    /// Serves an application that was loaded with these options.
    ///
    /// # Errors
    ///
    /// As [`Host::start`], except for what loading the application finds.
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
            listener::bind(options.listen).map_err(|error| HostError::Listen { address: options.listen, error })?;
        let address = listener.local_addr().map_err(|error| HostError::Listen { address: options.listen, error })?;

        let store = KeyValueStore::open(options.state_dir.as_deref())?;
        store.seed("default", &options.key_values)?;
        if let Some(poison) = application.allowed_hosts.poison() {
            stderr::host(format_args!("warning: {poison}"));
        }
        let outbound = Outbound::new(application.allowed_hosts, options.nodelay)?;
        let capabilities = Capabilities {
            variables: application.component_variables,
            store_labels: component.key_value_stores.clone(),
            store: store.clone(),
            quiet: options.quiet,
        };
        let room = Room::of(&options);
        let blueprint = prepare(component.source.clone(), &options, &room, capabilities).await?;
        // The health checks run here, beside the workers.
        let own = Arc::new(Instances::new(blueprint.clone(), outbound.unconnected(), 1));
        own.try_one().await.map_err(|error| EngineError::Link(component.source.clone(), error))?;

        let slots = Slots::new(room.requests);
        let start_worker = |_| {
            let blueprint = blueprint.with_store(store.with_own_reader()?);
            let instances = Instances::new(blueprint, outbound.unconnected(), room.idle_per_worker);
            let service = Service {
                instances: Arc::new(instances),
                slots: slots.clone(),
                nodelay: options.nodelay,
                keep_alive: options.keep_alive_timeout,
            };
            Worker::start(service, options.drain_timeout).map_err(HostError::Worker)
        };
        let workers = (0..options.workers.get()).map(start_worker).collect::<Result<_, HostError>>()?;
        let checks = options.health_interval.map(|every| HealthChecks::start(Arc::clone(&own), address, every));
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(listener::run(listener, workers, stopped));
        Ok(Self { address, store, slots, checks, instructions: blueprint.instructions, own, stop, server })
    }

    /// Where it listens, with the port that was taken for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How often the component has read and written the key-value store.
    pub fn stats(&self) -> StoreStats {
        self.store.stats()
    }

    /// Instructions that the component executed for requests that have ended, as wasmtime counts them (its fuel). Zero
    /// without [`HostOptions::meter_instructions`].
    pub fn instructions(&self) -> u64 {
        self.instructions.as_ref().map_or(0, |total| total.load(Ordering::Relaxed))
    }

    /// Instantiates the component this often, one after the other, and lets each instance go unused. Returns the mean time
    /// of both together, zero for no times. This is for benchmarks.
    ///
    /// # Errors
    ///
    /// The component cannot be instantiated.
    pub async fn time_instantiation(&self, times: u32) -> Result<Duration, EngineError> {
        let begun = Instant::now();
        for _ in 0..times {
            self.own.try_one().await.map_err(EngineError::Setup)?;
        }
        Ok(begun.elapsed().checked_div(times).unwrap_or_default())
    }

    /// Waits until no instance runs, so that what the component does after its responses is done. This is for tests.
    pub async fn idle(&self) {
        self.slots.idle().await;
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

/// For how many instances there is room.
struct Room {
    requests: usize,
    idle_per_worker: usize,
    instances: usize,
}

impl Room {
    /// Idle instances take what the requests leave.
    fn of(options: &HostOptions) -> Self {
        let requests = memory_maps::affordable(options.max_concurrency);
        // One more than there are clients: health checks take no place from a client.
        let busy = requests.saturating_add(1);
        let idle_per_worker = match options.instance_reuse.get() {
            1 => 0,
            _ => {
                let spare = memory_maps::room().saturating_sub(busy);
                IDLE_INSTANCES.min(spare).checked_div(options.workers.get()).unwrap_or_default()
            }
        };
        Self {
            requests,
            idle_per_worker,
            instances: busy.saturating_add(idle_per_worker.saturating_mul(options.workers.get())),
        }
    }
}

/// Compiling takes a thread's whole attention.
async fn prepare(
    source: PathBuf,
    options: &HostOptions,
    room: &Room,
    capabilities: Capabilities,
) -> Result<Blueprint, HostError> {
    let (memory_limit, compute_limit) = (options.memory_limit, options.compute_limit);
    let (instances, reuse) = (room.instances, options.instance_reuse.get());
    let metered = options.meter_instructions;
    let prepared = tokio::task::spawn_blocking(move || {
        let engine = engine::shared(instances, memory_limit, metered)?;
        let component = linker::link(&engine::compile(&engine, &source)?, &source)?;
        Ok::<_, EngineError>(Blueprint {
            component,
            capabilities: Arc::new(capabilities),
            memory_limit,
            compute_limit,
            reuse,
            instructions: metered.then(Arc::default),
        })
    });
    match prepared.await {
        Ok(blueprint) => Ok(blueprint?),
        Err(error) => Err(EngineError::Setup(wasmtime::Error::new(error)).into()),
    }
}
