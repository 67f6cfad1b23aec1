//! Who comes in: the address, connections spread over workers, which requests may pass, and their answers.

pub(crate) mod client_stream;
pub(crate) mod conversation;
pub(crate) mod exchange;
pub(crate) mod health_checks;
pub(crate) mod listener;
pub(crate) mod newcomers;
pub(crate) mod open_files;
pub(crate) mod replies;
pub(crate) mod request_rules;
pub(crate) mod service;
pub(crate) mod slots;
pub(crate) mod spin_headers;
pub(crate) mod worker;
