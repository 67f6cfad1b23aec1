//! Requests to backends, handed to the host. Spin enforces `allowed_outbound_hosts`; elsewhere the component does, where its requests leave it.

#[cfg(feature = "plain-wasi")]
mod checked;

#[cfg(not(feature = "plain-wasi"))]
pub(crate) use crate::host::bindings::outgoing_handler::handle;
#[cfg(feature = "plain-wasi")]
pub(crate) use checked::handle;
