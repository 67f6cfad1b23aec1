//! Instances of the component: created, used for one request or for several in turn, kept for the next or let go.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body;
use hyper::{Request, Response};
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

use crate::guest::instance_limits::{ComputeMeter, Metered};
use crate::guest::state::{Capabilities, State};
use crate::outbound::client::Outbound;
use crate::store::key_value::KeyValueStore;

/// What the component answers with, or why it does not.
pub(crate) type Head = Result<Response<WasiBody>, ErrorCode>;

/// The component, ready to be instantiated, and what every instance gets.
#[derive(Clone)]
pub(crate) struct Blueprint {
    pub(crate) component: ProxyPre<State>,
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) memory_limit: usize,
    pub(crate) compute_limit: Duration,
    /// Requests that one instance may serve.
    pub(crate) reuse: u32,
    /// Instructions executed so far, by all instances, where the engine counts them.
    pub(crate) instructions: Option<Arc<AtomicU64>>,
}

impl Blueprint {
    /// The same, with instances that use the stores through this handle.
    pub(crate) fn with_store(&self, store: KeyValueStore) -> Self {
        let capabilities = Capabilities { store, ..Capabilities::clone(&self.capabilities) };
        Self { capabilities: Arc::new(capabilities), ..self.clone() }
    }
}

/// The instances of one worker: those that idle; the others belong to their requests.
pub(crate) struct Instances {
    blueprint: Blueprint,
    outbound: Outbound,
    /// The last one used comes first: its memory is warm.
    idle: Mutex<Vec<Instance>>,
    /// How many may idle; none where each serves one request.
    keep: usize,
}

impl fmt::Debug for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instances").field("keep", &self.keep).finish_non_exhaustive()
    }
}

/// One instance, from its first request on.
struct Instance {
    store: Store<State>,
    proxy: Option<Proxy>,
    meter: Arc<ComputeMeter>,
    served: u32,
    /// Whether the engine counts instructions.
    counts: bool,
}

impl Instances {
    /// None so far. Their connections are those of `outbound`; at most `keep` of them wait for the next request.
    pub(crate) fn new(blueprint: Blueprint, outbound: Outbound, keep: usize) -> Self {
        Self { blueprint, outbound, idle: Mutex::default(), keep }
    }

    /// Instantiates once, so that a component that cannot be instantiated is noticed at the start.
    pub(crate) async fn try_one(&self) -> wasmtime::Result<()> {
        let mut instance = self.create();
        instance.refuel();
        let meter = Arc::clone(&instance.meter);
        let instantiated = async { self.blueprint.component.instantiate_async(&mut instance.store).await.map(drop) };
        Metered::new(pin!(instantiated), meter).await
    }

    /// Runs a request to its end in an instance. Dropping the future ends both before.
    pub(crate) async fn run<B>(
        &self,
        request: Request<B>,
        sender: oneshot::Sender<Head>,
        failed: &AtomicBool,
    ) -> wasmtime::Result<()>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let mut instance = self.take();
        let ended = instance.serve(&self.blueprint.component, request, sender).await;
        if let Some(total) = &self.blueprint.instructions {
            total.fetch_add(instance.instructions(), Ordering::Relaxed);
        }
        match &ended {
            Ok(()) => self.give_back(instance),
            // Before the instance goes: with it, the body ends.
            Err(_) => failed.store(true, Ordering::Release),
        }
        ended
    }

    fn take(&self) -> Instance {
        let idle = self.idle().pop();
        idle.unwrap_or_else(|| self.create())
    }

    fn create(&self) -> Instance {
        let Blueprint { component, capabilities, memory_limit, compute_limit, instructions, .. } = &self.blueprint;
        let state = State::new(capabilities, &self.outbound, *memory_limit);
        let mut store = Store::new(component.engine(), state);
        store.limiter(|state| &mut state.limits);
        let meter = ComputeMeter::install(&mut store, *compute_limit);
        Instance { store, proxy: None, meter, served: 0, counts: instructions.is_some() }
    }

    /// Keeps the instance for a later request, if it may serve one.
    ///
    /// What it left in the store, such as the handle of its stderr, goes with it after its last request: the number of
    /// requests bounds it.
    fn give_back(&self, instance: Instance) {
        if instance.served >= self.blueprint.reuse {
            return;
        }
        let mut idle = self.idle();
        if idle.len() < self.keep {
            idle.push(instance);
        }
    }

    /// A vector is never left half changed.
    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instance {
    /// An engine that counts instructions stops at the end of the fuel. Only there: for others it is an error, and making
    /// one takes longer than a request.
    fn refuel(&mut self) {
        if self.counts {
            drop(self.store.set_fuel(u64::MAX));
        }
    }

    /// Instructions executed for the request that was served last.
    fn instructions(&self) -> u64 {
        self.store.get_fuel().map_or(0, |left| u64::MAX.saturating_sub(left))
    }

    async fn serve<B>(
        &mut self,
        component: &ProxyPre<State>,
        request: Request<B>,
        sender: oneshot::Sender<Head>,
    ) -> wasmtime::Result<()>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        self.served = self.served.saturating_add(1);
        self.refuel();
        self.meter.begin(&mut self.store);
        let meter = Arc::clone(&self.meter);
        let request = self.store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
        let outparam = self.store.data_mut().http().new_response_outparam(sender)?;
        let call = async {
            let proxy = match &mut self.proxy {
                Some(proxy) => proxy,
                none => none.insert(component.instantiate_async(&mut self.store).await?),
            };
            proxy.wasi_http_incoming_handler().call_handle(&mut self.store, request, outparam).await
        };
        Metered::new(pin!(call), meter).await
    }
}
