//! The way out: which hosts the component may reach, and the pooled connections to them.

pub(crate) mod client;
pub(crate) mod connector;
pub(crate) mod early_answer;
pub(crate) mod idle_body;
