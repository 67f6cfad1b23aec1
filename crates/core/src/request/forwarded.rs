//! What the gateway tells a backend about the request's origin: `x-forwarded-*` and `via`, and the loop check that `via` makes possible.

use crate::GATEWAY_NAME;
use crate::fields::{Field, field, last_str, list, values};
use std::net::{IpAddr, SocketAddr};

/// Where a request came from, as the host reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, where the host tells it.
    pub client: Option<IpAddr>,
    /// The scheme of the client's URL: `http` or `https`.
    pub scheme: Option<String>,
    /// The host the client addressed.
    pub host: Option<String>,
}

impl Origin {
    /// Reads the origin from the host's own fields, which stand after those a client may have forged.
    ///
    /// `authority` is the request's Host. The scheme is the one of `spin-full-url`, because hosts report `http` for TLS connections too.
    pub fn read(fields: &[Field], authority: Option<String>) -> Self {
        let scheme = last_str(fields, "spin-full-url")
            .and_then(|url| url.split_once("://"))
            .map(|(scheme, _)| scheme.to_ascii_lowercase())
            .filter(|scheme| scheme == "http" || scheme == "https");
        Origin { client: last_str(fields, "spin-client-addr").and_then(parse_address), scheme, host: authority }
    }

    /// The value of `x-forwarded-for` for the backend: what the request already carries, then the client. Empty where there is neither.
    pub(crate) fn forwarded_for(&self, request: &[Field]) -> Vec<u8> {
        let mut chain = Vec::with_capacity(48);
        for value in values(request, "x-forwarded-for").map(<[u8]>::trim_ascii).filter(|value| !value.is_empty()) {
            if !chain.is_empty() {
                chain.extend_from_slice(b", ");
            }
            chain.extend_from_slice(value);
        }
        if let Some(client) = self.client {
            if !chain.is_empty() {
                chain.extend_from_slice(b", ");
            }
            chain.extend_from_slice(client.to_string().as_bytes());
        }
        chain
    }

    /// Adds the fields for the backend. `x-forwarded-for` continues what the request carried; `-proto` and `-host` are the gateway's own
    /// knowledge and replace what a client claims.
    pub(crate) fn push_fields(self, forwarded_for: Vec<u8>, out: &mut Vec<Field>) {
        if !forwarded_for.is_empty() {
            out.push(("x-forwarded-for".to_owned(), forwarded_for));
        }
        out.push(field("x-forwarded-proto", self.scheme.unwrap_or_else(|| "http".to_owned())));
        if let Some(host) = self.host {
            out.push(field("x-forwarded-host", host));
        }
    }
}

/// Protocol and name of the gateway, as `via` has them.
const VIA: &str = "1.1 backend-shootout-gateway";

/// The gateway's own `via` line for a forwarded request (RFC 9110 §7.6.3).
pub fn via() -> Field {
    field("via", VIA)
}

/// Whether the request has passed this gateway before, judged by its `via`.
pub fn is_loop(request: &[Field]) -> bool {
    list(request, "via").any(|element| {
        element
            .split_ascii_whitespace()
            .nth(1)
            .is_some_and(|received_by| received_by.eq_ignore_ascii_case(GATEWAY_NAME))
    })
}

fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| text.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_recognises_its_own_line() {
        assert_eq!(VIA.strip_prefix("1.1 "), Some(GATEWAY_NAME));
        assert!(is_loop(&[via()]));
    }

    fn forwarded(lines: &[(&str, &str)]) -> Vec<String> {
        let request: Vec<_> = lines.iter().map(|(name, value)| field(name, *value)).collect();
        let origin = Origin::read(&request, Some("shop.example:8080".to_owned()));
        let mut fields = Vec::new();
        let chain = origin.forwarded_for(&request);
        origin.push_fields(chain, &mut fields);
        fields.into_iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(&value))).collect()
    }

    #[test]
    fn the_hosts_own_fields_win_over_forged_ones() {
        assert_eq!(
            forwarded(&[
                ("spin-client-addr", "6.6.6.6:1"),
                ("x-forwarded-for", "1.1.1.1"),
                ("x-forwarded-proto", "gopher"),
                ("spin-full-url", "http://evil/"),
                ("x-forwarded-for", "2.2.2.2"),
                ("spin-client-addr", "127.0.0.1:4711"),
                ("spin-full-url", "https://shop.example:8080/"),
            ]),
            [
                "x-forwarded-for: 1.1.1.1, 2.2.2.2, 127.0.0.1",
                "x-forwarded-proto: https",
                "x-forwarded-host: shop.example:8080",
            ]
        );
    }

    #[test]
    fn empty_lines_leave_no_gap_in_the_chain() {
        let lines = [("x-forwarded-for", ""), ("x-forwarded-for", " "), ("spin-client-addr", "127.0.0.1:9")];
        assert_eq!(forwarded(&lines).first().map(String::as_str), Some("x-forwarded-for: 127.0.0.1"));
        let lines = [("x-forwarded-for", ""), ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "")];
        assert_eq!(forwarded(&lines).first().map(String::as_str), Some("x-forwarded-for: 1.1.1.1"));
    }

    #[test]
    fn without_the_hosts_fields_nothing_is_invented() {
        assert_eq!(forwarded(&[]), ["x-forwarded-proto: http", "x-forwarded-host: shop.example:8080"]);
        assert_eq!(
            forwarded(&[("spin-client-addr", "[::1]:9")]).first().map(String::as_str),
            Some("x-forwarded-for: ::1")
        );
        assert_eq!(forwarded(&[("spin-client-addr", "nonsense")]).len(), 2);
    }

    #[test]
    fn loops_are_seen_in_any_position() {
        let check = |value: &str| is_loop(&[field("via", "1.1 first"), field("Via", value)]);
        assert!(check("1.1 backend-shootout-gateway"));
        assert!(check("2 other, HTTP/1.1 Backend-Shootout-Gateway (comment), 1.0 x"));
        assert!(!check("1.1 backend-shootout-gateway.example"));
        assert!(!check("1.1 other (backend-shootout-gateway)"));
        assert!(!check("backend-shootout-gateway"));
        assert!(is_loop(&[via()]));
    }
}
