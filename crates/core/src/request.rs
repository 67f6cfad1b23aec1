//! What becomes of a request: which backend, which fields, which body.

pub mod body;
pub mod forwarded;
pub mod headers;
pub mod label;
pub mod local_backends;
pub mod request_id;
pub mod route;
pub mod upgrade;
