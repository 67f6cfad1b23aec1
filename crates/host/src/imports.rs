//! What the component imports: `wasi:http` and Spin's variables and key-value stores.

pub(crate) mod capabilities;
pub(crate) mod field_map;
pub(crate) mod linker;
pub(crate) mod outgoing_handler;
pub(crate) mod wasi_http;
