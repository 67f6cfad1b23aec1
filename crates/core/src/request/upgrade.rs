//! Requests that want to leave HTTP. WASI HTTP has no upgrades, so no host lets one through.

use crate::fields::{Field, list, values};

/// Whether the client cannot do with an answer in HTTP: the handshake of a WebSocket (RFC 6455 §4.1), or an `upgrade` to another protocol.
///
/// Most hosts hide `upgrade`, but none hides the key of the handshake. An `upgrade` to `h2c`, another version of HTTP or TLS is an offer, which
/// clients such as `curl --http2` make with any request; a server may ignore it (RFC 9110 §7.8).
pub fn leaves_http(fields: &[Field]) -> bool {
    values(fields, "sec-websocket-key").next().is_some()
        || list(fields, "upgrade").any(|protocol| !is_http(protocol.split('/').next().unwrap_or_default()))
}

fn is_http(name: &str) -> bool {
    ["", "h2c", "http", "tls"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::field;

    #[test]
    fn only_what_cannot_be_answered_in_http() {
        for (name, value, expected) in [
            ("upgrade", "websocket", true),
            ("Upgrade", "WebSocket", true),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", true),
            ("upgrade", "h2c, websocket", true),
            ("upgrade", "SPDY/3.1", true),
            ("upgrade", "tcp", true),
            ("upgrade", "h2c", false),
            ("upgrade", "HTTP/2.0, TLS/1.2", false),
            ("upgrade", "", false),
            ("upgrade-insecure-requests", "1", false),
            ("sec-websocket-version", "13", false),
        ] {
            assert_eq!(leaves_http(&[field("accept", "*/*"), field(name, value)]), expected, "{name}: {value}");
        }
        assert!(!leaves_http(&[]));
    }
}
