//! The commands, a file and a folder each. Decisions about backends and settings are those of `gateway-core`; here they are asked before
//! a request does.
//!
//! A command names the library, the files beside this one and its own folder, and never another command.

pub(crate) mod check;
pub(crate) mod health;
pub(crate) mod kv;
pub(crate) mod shootout;
pub(crate) mod up;
