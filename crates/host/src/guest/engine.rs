//! The wasmtime engine, shared by all hosts of a process, and the component compiled for it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use wasmtime::component::Component;
use wasmtime::{Cache, Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::guest::instance_limits;
use crate::stderr;

/// Per instance: what a component made of several core modules may need. Only address space is set aside.
const TABLES: u32 = 4;
const CORE_INSTANCES: u32 = 16;
/// Memory of a finished instance that is cleared by writing zeros rather than by giving it back to the system: faults
/// cost more.
const KEEP_MEMORY: usize = 1 << 20;
const KEEP_TABLE: usize = 64 << 10;
const KEEP_STACK: usize = 32 << 10;

/// Why the engine or the component is not ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// wasmtime does not start on this machine.
    #[error("the WebAssembly engine does not start on this machine: {0:#}")]
    Setup(#[source] wasmtime::Error),
    /// The file is not a component, or not one that wasmtime can compile.
    #[error(
        "{path} is not a WebAssembly component this host can compile; build it anew with --build: {1:#}",
        path = .0.display()
    )]
    Compile(PathBuf, #[source] wasmtime::Error),
    /// The component imports something this host does not offer, or exports no HTTP handler.
    #[error(
        "{path} does not fit this host, which offers WASI 0.2, wasi:http, fermyon:spin/variables and fermyon:spin/key-value, and \
         expects wasi:http/incoming-handler: {1:#}",
        path = .0.display()
    )]
    Link(PathBuf, #[source] wasmtime::Error),
}

/// An engine and for how many instances its pool has room.
#[derive(Clone)]
struct SharedEngine {
    engine: Engine,
    room: usize,
    memory: usize,
}

/// The engine for hosts with this concurrency and this memory limit per instance.
///
/// A pool sets aside address space for every instance it may hold, gigabytes each, so that a process can afford only a
/// few pools: hosts share one where it suffices.
///
/// One that meters counts instructions, which makes its code slower: it is not shared with hosts that do not.
pub(crate) fn shared(instances: usize, memory: usize, metered: bool) -> Result<Engine, EngineError> {
    static SHARED: Mutex<Option<SharedEngine>> = Mutex::new(None);
    if metered {
        return create(instances, memory, metered);
    }
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(present) = shared.as_ref().filter(|present| present.room >= instances && present.memory >= memory) {
        return Ok(present.engine.clone());
    }
    let engine = create(instances, memory, metered)?;
    *shared = Some(SharedEngine { engine: engine.clone(), room: instances, memory });
    Ok(engine)
}

fn create(instances: usize, memory: usize, metered: bool) -> Result<Engine, EngineError> {
    let mut config = base_config();
    config.consume_fuel(metered);
    config.allocation_strategy(pool(instances, memory));
    let engine = Engine::new(&config).or_else(|error| {
        stderr::host(format_args!(
            "no room for a pool of {instances} instances, each is allocated on its own, which is slower: {error:#}"
        ));
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config).map_err(EngineError::Setup)
    })?;
    instance_limits::spawn_ticker(&engine).map_err(|error| EngineError::Setup(error.into()))?;
    Ok(engine)
}

fn base_config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.memory_init_cow(true);
    match Cache::from_file(None) {
        Ok(cache) => {
            config.cache(Some(cache));
        }
        Err(error) => stderr::host(format_args!("compiled code is not kept for the next start: {error:#}")),
    }
    config
}

fn pool(instances: usize, memory: usize) -> InstanceAllocationStrategy {
    let count = u32::try_from(instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count)
        .total_stacks(count)
        .total_memories(count)
        .total_tables(count.saturating_mul(TABLES))
        .total_core_instances(count.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_tables_per_component(TABLES)
        .max_memories_per_component(1)
        .max_memory_size(memory)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE)
        .async_stack_keep_resident(KEEP_STACK);
    InstanceAllocationStrategy::Pooling(pool)
}

/// Compiles the component, or takes the compiled code from the cache.
pub(crate) fn compile(engine: &Engine, path: &Path) -> Result<Component, EngineError> {
    Component::from_file(engine, path).map_err(|error| EngineError::Compile(path.to_owned(), error))
}
