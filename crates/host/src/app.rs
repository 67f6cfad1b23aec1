//! The application: its manifest, the values of its variables, and the options that the host is started with.

pub(crate) mod application;
pub mod expansion;
pub mod manifest;
pub(crate) mod options;
pub mod variables;
