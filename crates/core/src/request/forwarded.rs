//! What the gateway tells a backend about the request's origin: `x-forwarded-*` and `via`, and the loop check that `via` makes possible.

use crate::GATEWAY_NAME;
use crate::authority::{host_and_port, port};
use crate::fields::{Field, field, last_str, list, values};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED: &str = "x-forwarded-";

/// Where a request came from, as the host reports it, or a proxy in front that is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, where the host tells it.
    pub client: Option<IpAddr>,
    /// The scheme of the client's URL: `http` or `https`.
    pub scheme: Option<String>,
    /// The host the client addressed, with its port where that is not the scheme's own.
    pub host: Option<String>,
    /// The port the client addressed, where a believed proxy tells it.
    pub port: Option<u16>,
    /// Whether the peer is believed.
    pub believed: bool,
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
        Origin {
            client: last_str(fields, "spin-client-addr").and_then(parse_address),
            scheme,
            host: authority,
            ..Origin::default()
        }
    }

    /// The origin as the peer tells it, who is believed: its `x-forwarded-proto`, `-host` and `-port`, each where it is well-formed. Of a list, which several proxies
    /// in a row may make, the first element is what the client asked for.
    #[must_use]
    pub fn believing(self, fields: &[Field]) -> Self {
        let first = |name| list(fields, name).next();
        let scheme = first("x-forwarded-proto")
            .map(str::to_ascii_lowercase)
            .filter(|scheme| scheme == "http" || scheme == "https");
        let host = first("x-forwarded-host").filter(|host| host_and_port(host).is_some()).map(str::to_owned);
        let port = first("x-forwarded-port").and_then(port);
        Origin { client: self.client, scheme: scheme.or(self.scheme), host: host.or(self.host), port, believed: true }
    }

    /// The URL of the gateway's root as the client addressed it, without a trailing slash; `None` where the host is not known.
    pub fn url(&self) -> Option<String> {
        let scheme = self.scheme.as_deref().unwrap_or("http");
        self.host.as_deref().map(|host| [scheme, "://", host].concat())
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

    /// Adds the fields for the backend, in place of those of the request.
    pub(crate) fn push_fields(self, forwarded_for: Vec<u8>, out: &mut Vec<Field>) {
        if !forwarded_for.is_empty() {
            out.push(("x-forwarded-for".to_owned(), forwarded_for));
        }
        let scheme = self.scheme.unwrap_or_else(|| "http".to_owned());
        let own_port = if scheme == "https" { 443 } else { 80 };
        let named = self.host.as_deref().and_then(host_and_port).and_then(|(_, port)| port);
        out.push(field("x-forwarded-proto", scheme));
        if let Some(host) = self.host {
            out.push(field("x-forwarded-host", host));
        }
        out.push(field("x-forwarded-port", self.port.or(named).unwrap_or(own_port).to_string()));
    }
}

/// What becomes of a field of the request that tells an origin, in the notation of `name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The gateway sets it.
    Replaced,
    /// Kept if the peer is believed.
    PeersWord,
    /// Written with underscores, which servers that speak CGI, WSGI or Rack take for the field itself.
    Disguised,
}

/// Whether a field of the request claims an origin; `None` for all others. `lower` is its name in lower case.
pub(crate) fn claim(lower: &str) -> Option<Claim> {
    match lower {
        "x-forwarded-for" | "x-forwarded-proto" | "x-forwarded-host" | "x-forwarded-port" => Some(Claim::Replaced),
        "forwarded" => Some(Claim::PeersWord),
        _ if lower.starts_with(X_FORWARDED) => Some(Claim::PeersWord),
        _ if lower.contains('_') && lower.replace('_', "-").starts_with(X_FORWARDED) => Some(Claim::Disguised),
        _ => None,
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
        told("shop.example:8080", lines, |origin, _| origin)
    }

    fn told(host: &str, lines: &[(&str, &str)], judge: impl Fn(Origin, &[Field]) -> Origin) -> Vec<String> {
        let request: Vec<_> = lines.iter().map(|(name, value)| field(name, *value)).collect();
        let origin = judge(Origin::read(&request, Some(host.to_owned())), &request);
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
                "x-forwarded-port: 8080",
            ]
        );
    }

    #[test]
    fn a_believed_peer_is_taken_by_its_word_where_that_is_well_formed() {
        for (host, lines, expected) in [
            // Behind TLS that keeps the Host.
            ("shop.example", &[("x-forwarded-proto", "https")][..], "https shop.example 443"),
            (
                "shop.example",
                &[("X-Forwarded-Proto", "HTTPS"), ("x-forwarded-port", "8443")],
                "https shop.example 8443",
            ),
            // Behind one that does not.
            (
                "127.0.0.1:3000",
                &[("x-forwarded-proto", "https"), ("x-forwarded-host", "shop.example")],
                "https shop.example 443",
            ),
            ("g:1", &[("x-forwarded-host", "shop.example:8443")], "http shop.example:8443 8443"),
            ("g:1", &[("x-forwarded-host", "[2001:db8::1]:8443")], "http [2001:db8::1]:8443 8443"),
            (
                "g:1",
                &[("x-forwarded-proto", "https, http"), ("x-forwarded-host", "a.example, g:1")],
                "https a.example 443",
            ),
            // What is not well-formed is replaced.
            ("g:1", &[("x-forwarded-proto", "gopher"), ("x-forwarded-port", "0")], "http g:1 1"),
            ("g:1", &[("x-forwarded-proto", ""), ("x-forwarded-port", "65536")], "http g:1 1"),
            ("g:1", &[("x-forwarded-host", "u@evil.example"), ("x-forwarded-port", "+80")], "http g:1 1"),
            ("g:1", &[("x-forwarded-host", "evil.example/x")], "http g:1 1"),
            ("g", &[("x-forwarded-host", "a:b"), ("x-forwarded-port", "8080x")], "http g 80"),
        ] {
            let shown = told(host, lines, Origin::believing);
            let values: Vec<_> =
                shown.iter().filter_map(|line| line.split_once(": ").map(|(_, value)| value)).collect();
            assert_eq!(values.join(" "), expected, "{host} {lines:?}");
        }
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
        assert_eq!(
            forwarded(&[]),
            ["x-forwarded-proto: http", "x-forwarded-host: shop.example:8080", "x-forwarded-port: 8080"]
        );
        assert_eq!(
            forwarded(&[("spin-client-addr", "[::1]:9")]).first().map(String::as_str),
            Some("x-forwarded-for: ::1")
        );
        assert_eq!(forwarded(&[("spin-client-addr", "nonsense")]).len(), 3);
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
