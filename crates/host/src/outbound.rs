//! The way out: which hosts the component may reach, and the connections to them.

pub(crate) mod backend_stream;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod connector;
pub(crate) mod idle_body;
pub(crate) mod pool;
pub(crate) mod response_head;
pub(crate) mod trusted_roots;
