//! Properties of the core that hold for every input, one function for each fuzz target.
//!
//! What is expected is worked out here, by other means than in the core and as plainly as possible; speed does not matter. Inputs are lines of text,
//! so that a seed can be read and written by hand, except where [`arbitrary`] makes values of several types out of bytes. A property
//! panics where it does not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a property fails by a panic")]

mod answers;
mod configuration;
mod input;
mod messages;
mod networks;
mod urls;

pub use answers::{error_reply, log_line, status_page};
pub use configuration::{cloud_registry, duration, extra_backends, health_entry, local_registry};
pub use messages::{
    accept, content_length, field_size, forwarded, preflight, request_headers, request_id, response_headers, route,
};
pub use networks::{allowed_hosts, internal_host};
pub use urls::{backend_url, file_name, url_join};

/// A property, under the name of its fuzz target.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 22] = [
    ("accept", accept),
    ("allowed_hosts", allowed_hosts),
    ("backend_url", backend_url),
    ("cloud_registry", cloud_registry),
    ("content_length", content_length),
    ("duration", duration),
    ("error_reply", error_reply),
    ("extra_backends", extra_backends),
    ("field_size", field_size),
    ("file_name", file_name),
    ("forwarded", forwarded),
    ("health_entry", health_entry),
    ("internal_host", internal_host),
    ("local_registry", local_registry),
    ("log_line", log_line),
    ("preflight", preflight),
    ("request_headers", request_headers),
    ("request_id", request_id),
    ("response_headers", response_headers),
    ("route", route),
    ("status_page", status_page),
    ("url_join", url_join),
];
