//! What is known of a backend's health, and how it changes.

pub mod entry;
pub mod observation;
pub mod outcome;
pub mod rules;
