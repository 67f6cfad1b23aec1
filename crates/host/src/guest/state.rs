//! What one instance carries with it: its WASI context, its limits, and the capabilities of the application.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::StoreLimits;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::guest::instance_limits;
use crate::guest::output::GuestOutput;
use crate::outbound::client::Outbound;
use crate::store::key_value::KeyValueStore;

/// What all instances of an application share.
#[derive(Clone)]
pub(crate) struct Capabilities {
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) store_labels: Vec<String>,
    pub(crate) store: KeyValueStore,
    /// Whether the component's output is discarded.
    pub(crate) quiet: bool,
}

/// The data of a wasmtime store.
pub(crate) struct State {
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) limits: StoreLimits,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    pub(crate) outbound: Outbound,
}

impl State {
    /// For a fresh instance. It has no files, no environment, no sockets.
    pub(crate) fn new(capabilities: &Arc<Capabilities>, outbound: &Outbound, memory_limit: usize) -> Self {
        let mut wasi = WasiCtx::builder();
        if !capabilities.quiet {
            let output = GuestOutput::default();
            wasi.stdout(output.clone()).stderr(output);
        }
        Self {
            limits: instance_limits::memory(memory_limit),
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: outbound.for_instance(),
            capabilities: Arc::clone(capabilities),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}
