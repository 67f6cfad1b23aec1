//! The commands beside `up`. Decisions about backends and settings are those of `gateway-core`; here they are asked before a request does.

pub(crate) mod check;
pub(crate) mod health;
pub(crate) mod kv;
pub(crate) mod shootout;
pub(crate) mod up;

/// The store that the gateway opens.
pub(crate) const STORE: &str = "default";

/// `1 error`, `2 errors`.
pub(crate) fn number(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
