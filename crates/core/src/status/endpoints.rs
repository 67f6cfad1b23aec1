//! The gateway's own endpoints: `GET /health` and `GET /backends`.

use crate::VERSION;
use crate::fields::field;
use crate::json::Json;
use crate::response::reply::Reply;
use crate::status::page::StatusPage;
use crate::status::view::BackendView;
use crate::time::Timestamp;
use http::StatusCode;

/// The answer to `GET /health`: the gateway runs. Needs nothing but the time.
pub fn health(now: Timestamp) -> Reply {
    let mut body = Json::with_capacity(128);
    body.open('{');
    body.name("status").text(Some("healthy"));
    body.name("version").text(Some(VERSION));
    body.name("timestamp").text(Some(&now.to_rfc3339()));
    body.close('}');
    json(body)
}

/// The answer to `GET /backends` for programs.
pub fn backends_json(backends: &[BackendView]) -> Reply {
    let mut body = Json::default();
    body.open('{');
    body.name("backends").open('[');
    for backend in backends {
        backend.write(&mut body);
    }
    body.close(']');
    body.close('}');
    let mut reply = json(body);
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

/// An answer in JSON, not to be stored.
pub(crate) fn json(body: Json) -> Reply {
    Reply {
        status: StatusCode::OK,
        fields: vec![field("content-type", "application/json"), field("cache-control", "no-store")],
        body: Some(body.finish()),
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
