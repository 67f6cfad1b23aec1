//! Configuration: the host's variables.

#[cfg(feature = "plain-wasi")]
mod environment;
#[cfg(not(feature = "plain-wasi"))]
mod spin;

#[cfg(feature = "plain-wasi")]
pub(crate) use environment::{EnvironmentVariables as HostVariables, value};
#[cfg(not(feature = "plain-wasi"))]
pub(crate) use spin::SpinVariables as HostVariables;
