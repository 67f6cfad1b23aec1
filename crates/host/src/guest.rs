//! The component at run time: the engine that compiles it, its instances, what each of them carries and may use.

pub(crate) mod engine;
pub(crate) mod instance;
pub(crate) mod instance_limits;
pub(crate) mod memory_maps;
pub(crate) mod output;
pub(crate) mod state;
