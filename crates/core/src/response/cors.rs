//! Cross-origin resource sharing (the Fetch standard's CORS protocol). The gateway is open to every origin and decides alone: a backend's own
//! `access-control-*` fields are replaced, what it exposes is merged.

use crate::fields::{Field, field, is_token, list};

/// Methods named in `access-control-allow-methods`.
pub const ALLOW_METHODS: &str = "GET, POST, PUT, DELETE, PATCH, OPTIONS";

/// Request fields that are always allowed.
const ALLOW_HEADERS: &str = "Content-Type, x-backend";

/// The gateway's own response fields that scripts may read.
const EXPOSE_HEADERS: &str = "*, x-gateway-backend, x-request-id, server-timing, proxy-status, retry-after";

/// How long browsers may remember a preflight, in seconds: a day (browsers cut it down to their own limit).
const MAX_AGE: &str = "86400";

/// The most fields a preflight may ask for; browsers send a handful.
const MAX_REQUESTED_FIELDS: usize = 64;

/// The most fields of a backend that are named; `*` exposes the others to requests without credentials.
const MAX_EXPOSED_FIELDS: usize = 64;

/// What an answer to a preflight names at most, in bytes: fields that are too large would trap the component.
const MAX_ALLOWED_BYTES: usize = 16 * 1024;

/// The value of `access-control-expose-headers` for an ordinary response: the gateway's own names, then those that the backend's `fields` expose.
pub fn exposed(fields: &[Field]) -> String {
    let mut exposed = EXPOSE_HEADERS.to_owned();
    for name in list(fields, "access-control-expose-headers").take(MAX_EXPOSED_FIELDS) {
        if exposed.len().saturating_add(name.len()) <= MAX_ALLOWED_BYTES {
            push_unique(&mut exposed, name);
        }
    }
    exposed
}

/// Adds the CORS fields of an ordinary response.
pub fn push_response_fields(exposed: String, out: &mut Vec<Field>) {
    out.extend([
        field("access-control-allow-origin", "*"),
        field("access-control-allow-methods", ALLOW_METHODS),
        field("access-control-allow-headers", ALLOW_HEADERS),
        field("access-control-expose-headers", exposed),
    ]);
}

/// The CORS fields of the answer to a preflight: the fields it asks for are allowed beside the fixed ones.
pub fn preflight_fields(request: &[Field]) -> Vec<Field> {
    let mut allowed = ALLOW_HEADERS.to_owned();
    for name in list(request, "access-control-request-headers").take(MAX_REQUESTED_FIELDS) {
        if allowed.len().saturating_add(name.len()) <= MAX_ALLOWED_BYTES {
            push_unique(&mut allowed, name);
        }
    }
    vec![
        field("access-control-allow-origin", "*"),
        field("access-control-allow-methods", ALLOW_METHODS),
        field("access-control-allow-headers", allowed),
        field("access-control-max-age", MAX_AGE),
    ]
}

fn push_unique(names: &mut String, name: &str) {
    if is_token(name) && !names.split(',').any(|other| other.trim_ascii_start().eq_ignore_ascii_case(name)) {
        names.push_str(", ");
        names.push_str(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::last_str;

    #[test]
    fn a_preflight_gets_what_it_asks_for_once_each() {
        let request = [
            field("access-control-request-headers", "content-type, X-Backend, x-backend-location,authorization"),
            field("access-control-request-headers", "authorization, bad name, \"x\""),
        ];
        let fields = preflight_fields(&request);
        assert_eq!(
            last_str(&fields, "access-control-allow-headers"),
            Some("Content-Type, x-backend, x-backend-location, authorization")
        );
        assert_eq!(last_str(&fields, "access-control-max-age"), Some("86400"));
        assert_eq!(last_str(&preflight_fields(&[]), "access-control-allow-headers"), Some("Content-Type, x-backend"));
    }

    #[test]
    fn a_preflight_of_any_size_gets_an_answer_that_hosts_take() {
        let huge = "x".repeat(100_000);
        let asked = format!("{huge}, authorization, {huge}");
        let fields = preflight_fields(&[field("access-control-request-headers", asked)]);
        assert_eq!(last_str(&fields, "access-control-allow-headers"), Some("Content-Type, x-backend, authorization"));
    }

    #[test]
    fn what_a_backend_exposes_is_merged() {
        let backend = [field("Access-Control-Expose-Headers", "X-Total, x-request-id, etag")];
        assert_eq!(
            exposed(&backend),
            "*, x-gateway-backend, x-request-id, server-timing, proxy-status, retry-after, X-Total, etag"
        );
        let many = (0..30_000).map(|n| format!("x-{n}")).collect::<Vec<_>>().join(",");
        assert!(exposed(&[field("access-control-expose-headers", many)]).len() < 1_000, "a long list costs nothing");
        let mut fields = Vec::new();
        push_response_fields(exposed(&[]), &mut fields);
        assert_eq!(fields.iter().filter(|(name, _)| name == "access-control-allow-origin").count(), 1);
    }
}
