//! Which fields pass through the gateway, in either direction: everything but what belongs to one connection only.

use crate::fields::{Field, is_host_note, list, values};
use crate::request::forwarded::{Claim, Origin, claim, via};
use crate::request::request_id::X_REQUEST_ID;
use std::borrow::Cow;

/// A name in lower case, which it is already on every known host.
pub fn lower(name: &str) -> Cow<'_, str> {
    if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.to_ascii_lowercase())
    }
}

/// Whether a field belongs to one hop only (RFC 9110 §7.6.1, with `keep-alive`, `proxy-connection` and `http2-settings` from the practice of
/// HTTP/1), or is one that hosts do not let a component set. Most hosts remove `connection` before the component sees it; what it nominates can
/// only be removed where it is visible (see [`nominated`]).
pub fn belongs_to_hop(lower: &str) -> bool {
    matches!(
        lower,
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// The fields that `connection` declares to be for this hop only.
fn nominated(fields: &[Field]) -> Vec<String> {
    list(fields, "connection").map(str::to_ascii_lowercase).collect()
}

/// The fields of the request to the backend.
///
/// Kept in order with duplicates, and where they are: all but hop-by-hop fields, `spin-*` (the host's notes for the component), `host` (set from the URL),
/// `expect` (the host has answered it) and `content-length`, which the caller adds again when the body is sent with it. `forwarded` and `x-forwarded-*` are kept
/// from a believed peer alone; four of them the gateway sets.
pub fn to_backend(mut fields: Vec<Field>, origin: Origin, request_id: &str, content_length: Option<u64>) -> Vec<Field> {
    let forwarded_for = origin.forwarded_for(&fields);
    let nominated = nominated(&fields);
    fields.retain(|(name, _)| {
        if is_host_note(name) {
            return false;
        }
        let name = &*lower(name);
        let passes = match claim(name) {
            None => true,
            Some(Claim::PeersWord) => origin.believed,
            Some(Claim::Replaced | Claim::Disguised) => false,
        };
        passes
            && !(belongs_to_hop(name)
                || is_replaced_upstream(name)
                || nominated.iter().any(|nominated| name == nominated))
    });
    if let Some(length) = content_length {
        fields.push(("content-length".to_owned(), length.to_string().into_bytes()));
    }
    origin.push_fields(forwarded_for, &mut fields);
    fields.push(via());
    fields.push((X_REQUEST_ID.to_owned(), request_id.as_bytes().to_vec()));
    fields
}

fn is_replaced_upstream(lower: &str) -> bool {
    matches!(lower, "host" | "expect" | "content-length" | X_REQUEST_ID)
}

/// The backend's fields that reach the client: all but hop-by-hop ones and those the gateway sets itself (`access-control-*` among them).
pub fn from_backend(mut response: Vec<Field>) -> Vec<Field> {
    let nominated = nominated(&response);
    // A transfer coding overrides a length (see `body::response_length`), which then says nothing true.
    let mut length_seen = values(&response, "transfer-encoding").next().is_some();
    response.retain(|(name, _)| {
        let name = &*lower(name);
        // Hosts refuse a second content-length; two that differ never get this far (see `body::content_length`).
        let repeated_length = name == "content-length" && std::mem::replace(&mut length_seen, true);
        !(repeated_length
            || belongs_to_hop(name)
            || name.starts_with("access-control-")
            || is_replaced_downstream(name)
            || nominated.iter().any(|nominated| name == nominated))
    });
    response
}

fn is_replaced_downstream(lower: &str) -> bool {
    matches!(lower, X_REQUEST_ID | "x-gateway-backend" | "timing-allow-origin")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::field;

    fn lines(fields: &[Field]) -> Vec<String> {
        fields.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect()
    }

    #[test]
    fn requests_keep_order_and_duplicates_and_lose_what_belongs_to_a_hop() {
        let request = [
            field("accept", "a"),
            field("Connection", "close, X-Private"),
            field("x-private", "1"),
            field("te", "trailers"),
            field("Transfer-Encoding", "chunked"),
            field("proxy-authorization", "secret"),
            field("keep-alive", "1"),
            field("upgrade", "h2c"),
            field("http2-settings", "x"),
            field("spin-client-addr", "127.0.0.1:9"),
            field("Spin-Future-Field", "x"),
            field("spinach", "kept"),
            field("host", "h"),
            field("expect", "100-continue"),
            field("content-length", "4"),
            field("x-backend", "bun-sqlite"),
            field("cookie", "a=1"),
            field("accept", "b"),
            field("via", "1.0 edge"),
            field("traceparent", "00-x"),
            field("x-request-id", "not valid!"),
            ("x-raw".to_owned(), vec![0xff, 0x41]),
            field("é", "odd names are kept"),
        ];
        let origin = Origin::read(&request, Some("h".to_owned()));
        assert_eq!(
            lines(&to_backend(request.to_vec(), origin, "id-1", Some(4))),
            [
                "accept: a",
                "spinach: kept",
                "x-backend: bun-sqlite",
                "cookie: a=1",
                "accept: b",
                "via: 1.0 edge",
                "traceparent: 00-x",
                "x-raw: \u{fffd}A",
                "é: odd names are kept",
                "content-length: 4",
                "x-forwarded-for: 127.0.0.1",
                "x-forwarded-proto: http",
                "x-forwarded-host: h",
                "x-forwarded-port: 80",
                "via: 1.1 backend-shootout-gateway",
                "x-request-id: id-1",
            ]
        );
    }

    #[test]
    fn what_tells_an_origin_passes_from_a_believed_peer_alone() {
        let request = [
            field("Forwarded", "host=evil.example"),
            field("x-forwarded-port", "666"),
            field("X-Forwarded-SSL", "on"),
            field("x-forwarded-scheme", "https"),
            field("x-forwarded-prefix", "/evil"),
            field("x-forwarded-server", "evil.example"),
            field("X_Forwarded_Host", "evil.example"),
            field("x-forwarded_for", "6.6.6.6"),
            field("x-forward", "kept"),
            field("x_other", "kept"),
        ];
        let names = |origin: Origin| -> Vec<String> {
            let fields = to_backend(request.to_vec(), origin, "id-1", None);
            fields
                .into_iter()
                .filter(|(name, _)| name.contains("orward") || name == "x_other")
                .map(|(name, _)| name)
                .collect()
        };
        let own = ["x-forward", "x_other", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"];
        let origin = Origin::read(&request, Some("h".to_owned()));
        assert_eq!(names(origin.clone()), own);
        let kept = ["Forwarded", "X-Forwarded-SSL", "x-forwarded-scheme", "x-forwarded-prefix", "x-forwarded-server"];
        assert_eq!(names(origin.believing(&request)), kept.iter().chain(&own).copied().collect::<Vec<_>>());
    }

    #[test]
    fn responses_keep_both_cookies_and_lose_cors_of_the_backend() {
        let response = vec![
            field("set-cookie", "a=1"),
            field("content-length", "3"),
            field("content-length", "3"),
            field("Access-Control-Allow-Origin", "https://only.example"),
            field("access-control-allow-credentials", "true"),
            field("connection", "keep-alive, x-hop"),
            field("x-hop", "1"),
            field("trailer", "x"),
            field("proxy-authenticate", "Basic"),
            field("x-gateway-backend", "forged"),
            field("x-request-id", "echo"),
            field("server-timing", "db;dur=5"),
            field("set-cookie", "b=2"),
        ];
        assert_eq!(
            lines(&from_backend(response)),
            ["set-cookie: a=1", "content-length: 3", "server-timing: db;dur=5", "set-cookie: b=2"]
        );
    }
    #[test]
    fn a_length_that_a_coding_overrides_goes() {
        let response = vec![field("content-length", "10"), field("transfer-encoding", "chunked"), field("etag", "x")];
        assert_eq!(lines(&from_backend(response)), ["etag: x"]);
    }
}
