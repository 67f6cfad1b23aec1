//! The gateway's own endpoints, for programs and for people.

pub mod accept;
mod chart;
pub mod endpoints;
pub mod page;
mod readable;
mod template;
pub mod view;
