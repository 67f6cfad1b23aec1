//! The gateway's own endpoints: `GET /health` and `GET /backends`.

use super::page::StatusPage;
use super::view::BackendView;
use crate::VERSION;
use crate::fields::{Field, field, values};
use crate::response::reply::Reply;
use crate::target::path_of;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The field of a request for `/backends` that is made every 30 s. It makes the gateway renew entries about health that expire soon, and remove those of
/// backends that are no longer configured. Any value.
pub const PERIODIC: &str = "x-gateway-periodic";

/// Whether a request is the periodic one.
pub fn is_periodic(path_and_query: &str, fields: &[Field]) -> bool {
    path_of(path_and_query) == "/backends" && values(fields, PERIODIC).next().is_some()
}

/// The answer to `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayHealth {
    /// `healthy`: a gateway that answers is.
    pub status: String,
    /// The component's version.
    pub version: String,
    /// When it answered, as RFC 3339.
    #[serde(default)]
    pub timestamp: String,
}

/// The answer to `GET /backends` for programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// Every configured backend, sorted by id.
    pub backends: Vec<BackendView>,
}

/// Answers `GET /health`. Needs nothing but the time.
pub fn health(now: Timestamp) -> Reply {
    Reply::json(&GatewayHealth {
        status: "healthy".to_owned(),
        version: VERSION.to_owned(),
        timestamp: now.to_rfc3339(),
    })
}

/// Answers `GET /backends` for programs.
pub fn backends_json(listing: &Listing) -> Reply {
    let mut reply = Reply::json(listing);
    reply.fields.push(field("vary", "accept"));
    reply
}

/// Answers `GET /backends` for people.
pub fn backends_page(page: &StatusPage<'_>) -> Reply {
    let mut reply = Reply::ok("text/html; charset=utf-8", page.render());
    reply.fields.extend([
        field("content-security-policy", page.content_security_policy()),
        field("x-content-type-options", "nosniff"),
        field("referrer-policy", "no-referrer"),
        field("vary", "accept"),
    ]);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_periodic_request_says_so_itself() {
        let periodic = [field("X-Gateway-Periodic", "1")];
        assert!(is_periodic("/backends", &periodic) && is_periodic("/backends?x", &periodic));
        assert!(!is_periodic("/backends", &[field("accept", "text/html")]) && !is_periodic("/tasks", &periodic));
    }

    #[test]
    fn health_is_exact() {
        assert_eq!(
            health(Timestamp(1_770_458_400_000)).body,
            format!(r#"{{"status":"healthy","version":"{VERSION}","timestamp":"2026-02-07T10:00:00Z"}}"#)
        );
    }
}
