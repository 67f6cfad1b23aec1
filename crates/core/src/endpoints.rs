//! The gateway's own endpoints: `GET /health` and `GET /backends`.

use crate::VERSION;
use crate::error::Reply;
use crate::fields::field;
use crate::page::StatusPage;
use crate::time::Timestamp;
use crate::view::BackendView;
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct HealthBody<'a> {
    status: &'a str,
    version: &'a str,
    timestamp: String,
}

/// The answer to `GET /health`: the gateway runs. Needs nothing but the time.
pub fn health(now: Timestamp) -> Reply {
    json(&HealthBody { status: "healthy", version: VERSION, timestamp: now.to_rfc3339() })
}

#[derive(Serialize)]
struct BackendsBody<'a> {
    backends: &'a [BackendView],
}

/// The answer to `GET /backends` for programs.
pub fn backends_json(backends: &[BackendView]) -> Reply {
    let mut reply = json(&BackendsBody { backends });
    reply.fields.push(field("vary", "accept"));
    reply
}

/// The answer to `GET /backends` for people.
pub fn backends_page(page: &StatusPage<'_>) -> Reply {
    Reply {
        status: StatusCode::OK,
        fields: vec![
            field("content-type", "text/html; charset=utf-8"),
            field("content-security-policy", page.content_security_policy()),
            field("x-content-type-options", "nosniff"),
            field("referrer-policy", "no-referrer"),
            field("cache-control", "no-store"),
            field("vary", "accept"),
        ],
        body: Some(page.render()),
    }
}

fn json(body: &impl Serialize) -> Reply {
    json_text(serde_json::to_string(body).unwrap_or_else(|_| "{}".into()))
}

/// An answer in JSON, not to be stored.
pub(crate) fn json_text(body: String) -> Reply {
    Reply {
        status: StatusCode::OK,
        fields: vec![field("content-type", "application/json"), field("cache-control", "no-store")],
        body: Some(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_exact() {
        assert_eq!(
            health(Timestamp(1_770_458_400_000)).body.unwrap(),
            format!(r#"{{"status":"healthy","version":"{VERSION}","timestamp":"2026-02-07T10:00:00Z"}}"#)
        );
    }
}
