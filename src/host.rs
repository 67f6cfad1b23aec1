//! The host's capabilities, one file each; nothing else touches what WASI or Spin offer.

pub(crate) mod bindings;
pub(crate) mod clock;
pub(crate) mod entropy;
pub(crate) mod log_output;
#[cfg(feature = "plain-wasi")]
mod manifest;
pub(crate) mod origin;
pub(crate) mod outgoing_handler;
pub(crate) mod pump;
pub(crate) mod store;
pub(crate) mod variables;
pub(crate) mod wait;
