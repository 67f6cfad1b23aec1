//! The gateway's own endpoints, for programs and for people.

pub mod endpoints;
pub mod page;
pub mod view;
