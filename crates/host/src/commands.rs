//! The commands beside `up`. Decisions about backends and settings are those of `gateway-core`; here they are asked before a request does.

pub(crate) mod check;
mod coverage;
pub(crate) mod health;
pub(crate) mod kv;
mod one_request;
pub(crate) mod shootout;
mod snapshot;

/// The store that the gateway opens.
const STORE: &str = "default";

/// `1 error`, `2 errors`.
fn number(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
