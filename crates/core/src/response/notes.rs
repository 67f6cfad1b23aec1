//! The fields of every response: the backend's or the gateway's own, then CORS and the gateway's notes.

use crate::fields::{Field, field};
use crate::request::headers;
use crate::request::request_id::X_REQUEST_ID;
use crate::request::route::{OWN_METHODS, own_endpoint};
use crate::response::cors::{self, AllowedOrigin};
use crate::response::reply::Reply;
use crate::time::fixed_millis;
use http::StatusCode;
use std::time::Duration;

/// How long the parts of an exchange took until the response head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// From the request's arrival to the response head, without the backend's part.
    pub gateway: Duration,
    /// From sending to the backend's response head or failure; `None` where no backend was asked.
    pub backend: Option<Duration>,
}

/// What the gateway notes on a response.
#[derive(Debug, Clone, Copy)]
pub struct Notes<'a> {
    /// The id of the request, for `x-request-id`.
    pub request_id: &'a str,
    /// The backend the request was meant for, once it is known.
    pub backend: Option<&'a str>,
    /// What `server-timing` says.
    pub timing: Timing,
    /// Whose pages may read the response.
    pub allowed_origin: &'a AllowedOrigin,
}

/// How many fields are added to a response, at most.
const ADDED: usize = 12;

/// The fields of a response that comes from a backend.
pub fn relayed(backend: Vec<Field>, notes: &Notes<'_>) -> Vec<Field> {
    let exposed = cors::exposed(&backend, notes.allowed_origin);
    let mut out = headers::from_backend(backend);
    out.reserve(ADDED);
    cors::push_response_fields(exposed, notes.allowed_origin, &mut out);
    note(&mut out, notes);
    out
}

/// The fields of an answer of the gateway's own. Its length is stated, so that HEAD shows it too.
pub fn own(reply: &Reply, notes: &Notes<'_>) -> Vec<Field> {
    let mut out = reply.fields.clone();
    out.reserve(ADDED);
    out.push(field("content-length", reply.body.len().to_string()));
    let exposed = cors::exposed(&out, notes.allowed_origin);
    cors::push_response_fields(exposed, notes.allowed_origin, &mut out);
    note(&mut out, notes);
    out
}

/// The answer to any OPTIONS request: 204 with the fields for a preflight. The methods of a path are known for the gateway's own endpoints alone.
pub fn preflight(request: &[Field], path_and_query: &str, notes: &Notes<'_>) -> (StatusCode, Vec<Field>) {
    let mut out = cors::preflight_fields(request, notes.allowed_origin);
    if own_endpoint(path_and_query).is_some() {
        out.push(field("allow", OWN_METHODS));
    }
    note(&mut out, notes);
    (StatusCode::NO_CONTENT, out)
}

fn note(out: &mut Vec<Field>, notes: &Notes<'_>) {
    // A cache in front must not serve one backend's answer for another's.
    out.push(field("vary", "x-backend, x-backend-location"));
    if let Some(backend) = notes.backend {
        out.push(field("x-gateway-backend", backend));
    }
    out.push(field(X_REQUEST_ID, notes.request_id));
    out.push(field("server-timing", server_timing(&notes.timing)));
    out.push(field("timing-allow-origin", "*"));
}

fn server_timing(timing: &Timing) -> String {
    let gateway = fixed_millis(timing.gateway);
    match timing.backend {
        None => format!("gateway;dur={gateway}"),
        Some(backend) => format!("gateway;dur={gateway}, backend;dur={}", fixed_millis(backend)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{last_str, values};

    const NOTES: Notes<'static> = Notes {
        request_id: "id-1",
        backend: Some("cf-d1"),
        timing: Timing { gateway: Duration::from_micros(150), backend: Some(Duration::from_millis(12)) },
        allowed_origin: &AllowedOrigin::Any,
    };

    #[test]
    fn only_the_gateways_own_endpoints_tell_their_methods() {
        for (path, allow) in [
            ("/health?x=1", Some("GET, HEAD, OPTIONS")),
            ("/backends", Some("GET, HEAD, OPTIONS")),
            ("/tasks", None),
            ("*", None),
        ] {
            assert_eq!(last_str(&preflight(&[], path, &NOTES).1, "allow"), allow, "{path}");
        }
    }

    #[test]
    fn every_response_carries_the_notes() {
        let reply = crate::response::error::GatewayError::Loop.reply();
        for fields in [relayed(vec![], &NOTES), own(&reply, &NOTES), preflight(&[], "/", &NOTES).1] {
            for (name, value) in [
                ("access-control-allow-origin", "*"),
                ("access-control-allow-methods", cors::ALLOW_METHODS),
                ("vary", "x-backend, x-backend-location"),
                ("x-gateway-backend", "cf-d1"),
                ("x-request-id", "id-1"),
                ("server-timing", "gateway;dur=0.150, backend;dur=12.000"),
                ("timing-allow-origin", "*"),
            ] {
                assert_eq!(values(&fields, name).collect::<Vec<_>>(), [value.as_bytes()], "{name}");
            }
        }
    }

    #[test]
    fn the_backends_vary_and_timing_stay() {
        let backend = vec![field("vary", "accept"), field("server-timing", "db;dur=1")];
        let fields = relayed(backend, &NOTES);
        assert_eq!(values(&fields, "vary").count(), 2);
        assert_eq!(values(&fields, "server-timing").next(), Some(&b"db;dur=1"[..]));
    }

    #[test]
    fn own_answers_state_their_length() {
        let reply = crate::response::error::GatewayError::Loop.reply();
        let length = reply.body.len().to_string();
        assert_eq!(last_str(&own(&reply, &NOTES), "content-length"), Some(length.as_str()));
    }
}
