//! What the client gets: fields of every response, errors, and the line in the log.

pub mod cors;
pub mod error;
pub mod log;
pub mod notes;
mod proxy_status;
pub mod reply;
