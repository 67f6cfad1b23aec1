//! Backends: what one is, where it is, and where its configuration comes from.

pub mod cloud;
pub mod credentials;
mod dot_segments;
pub mod entry;
pub mod known;
pub mod local;
pub mod reference;
pub mod registry;
pub mod settings;
pub mod url;
