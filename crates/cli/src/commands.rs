//! The commands beside `up`. Decisions about backends and settings are those of `gateway-core`; here they are asked before a request does.

pub(crate) mod check;
pub(crate) mod health;
pub(crate) mod kv;
pub(crate) mod shootout;
pub(crate) mod up;
