//! The gateway's own endpoints: `GET /health` and `GET /backends`.

use super::page::StatusPage;
use super::view::BackendView;
use crate::VERSION;
use crate::fields::field;
use crate::response::reply::Reply;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

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
    fn health_is_exact() {
        assert_eq!(
            health(Timestamp(1_770_458_400_000)).body,
            format!(r#"{{"status":"healthy","version":"{VERSION}","timestamp":"2026-02-07T10:00:00Z"}}"#)
        );
    }
}
