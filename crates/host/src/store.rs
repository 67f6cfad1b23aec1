//! The key-value stores on disk or in memory, and what was read from them a moment ago.

pub(crate) mod database;
pub(crate) mod key_value;
pub(crate) mod recent_reads;
pub(crate) mod store_error;
