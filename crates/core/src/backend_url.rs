//! The URL of a backend: parsed once, then joined with request paths byte for byte.

mod dot_segments;

use crate::route::path_of;
use crate::text::all;
use std::fmt;
use std::net::Ipv6Addr;

/// Whether a backend is reached with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that is meant where a URL names none (RFC 9110 §4.2).
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// An absolute http(s) URL with a host and an optional base path; no userinfo, query or fragment (design §1, Configuration).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendUrl {
    scheme: Scheme,
    authority: String,
    base_path: String,
}

/// Why a text is no backend URL. The text itself is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// Not a URL at all.
    Malformed,
    /// A scheme other than http and https, or none.
    Scheme,
    /// No host, or a port that is no number below 65536.
    Host,
    /// `user:password@`; credentials belong into a secret variable.
    Userinfo,
    /// A query or a fragment.
    QueryOrFragment,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlError::Malformed => "is not a valid URL: expected something like http://127.0.0.1:3001",
            UrlError::Scheme => "must start with http:// or https://",
            UrlError::Host => "must name a host, with a port below 65536 where it has one",
            UrlError::Userinfo => "must not contain a user name or password",
            UrlError::QueryOrFragment => "must not contain a query or a fragment",
        })
    }
}

impl std::error::Error for UrlError {}

/// The longest URL, in bytes, as in the `http` crate.
const LONGEST: usize = 65_534;

/// Whether a registered name may hold this byte (RFC 3986 §3.2.2). Percent codes are left out: what they mean there is up to the resolver.
fn is_in_names(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'..=b',' | b';' | b'=')
}

/// Whether a path may hold this byte: what RFC 3986 §3.3 allows, and beyond it what hosts pass on all the same (UTF-8 and some of ASCII).
fn is_in_paths(byte: u8) -> bool {
    matches!(byte, b'!' | b'"' | b'$'..=b';' | b'=' | b'@'..=b'_' | b'a'..=b'~' | 0x80..)
}

impl BackendUrl {
    /// Parses a URL. Surrounding white space is ignored.
    ///
    /// # Errors
    /// [`UrlError`] says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let Some((scheme, rest)) =
            text.split_once(':').and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?)))
        else {
            return Err(UrlError::Malformed);
        };
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => Scheme::Http,
            _ if scheme.eq_ignore_ascii_case("https") => Scheme::Https,
            _ => return Err(UrlError::Scheme),
        };
        if !all(rest.as_bytes(), |byte| (byte != b'?') & (byte != b'#')) {
            return Err(UrlError::QueryOrFragment);
        }
        let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
        if !all(authority.as_bytes(), |byte| byte != b'@') {
            return Err(UrlError::Userinfo);
        }
        let port = match authority.strip_prefix('[') {
            Some(address) => {
                let (address, port) = address.split_once(']').ok_or(UrlError::Host)?;
                address.parse::<Ipv6Addr>().map_err(|_| UrlError::Host)?;
                if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(UrlError::Host)?) }
            }
            None => {
                let (host, port) =
                    authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
                if host.is_empty() || !all(host.as_bytes(), |byte| (byte != b'[') & (byte != b']')) {
                    return Err(UrlError::Host);
                }
                if !all(host.as_bytes(), is_in_names) {
                    return Err(UrlError::Malformed);
                }
                port
            }
        };
        // A number may be parsed with a sign, which no port has; where host and port are told apart, it would hide an internal host.
        if port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit()) || port.parse::<u16>().is_err()) {
            return Err(UrlError::Host);
        }
        if text.len() > LONGEST || !all(path.as_bytes(), is_in_paths) {
            return Err(UrlError::Malformed);
        }
        Ok(BackendUrl {
            scheme,
            authority: authority.to_ascii_lowercase(),
            base_path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Host and, where given, port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host without the port.
    pub fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }

    /// The port that is connected to: the one in the URL, otherwise the scheme's.
    pub fn port(&self) -> u16 {
        let written = self.authority.strip_prefix(self.host()).and_then(|rest| rest.strip_prefix(':'));
        written.and_then(|port| port.parse().ok()).unwrap_or(self.scheme.default_port())
    }

    /// `scheme://host[:port]`, without the base path.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority)
    }

    /// Path and query of a request to this backend: the base path, then `path_and_query` byte for byte, with exactly the slashes that were
    /// there and one at the seam.
    pub fn join(&self, path_and_query: &str) -> String {
        let separator = if path_and_query.starts_with('/') { "" } else { "/" };
        [&self.base_path, separator, path_and_query].concat()
    }

    /// Whether a backend could take the request's path for one above the base path. Without a base path there is nothing to leave.
    pub fn is_left_by(&self, path_and_query: &str) -> bool {
        !self.base_path.is_empty() && dot_segments::climb(path_of(path_and_query))
    }
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority, self.base_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_and_normalises() {
        for (text, shown, host) in [
            ("http://127.0.0.1:3001", "http://127.0.0.1:3001", "127.0.0.1"),
            (" HTTPS://API.example.dev/ ", "https://api.example.dev", "api.example.dev"),
            ("http://h:1/api/v1/", "http://h:1/api/v1", "h"),
            ("http://[::1]:8080/x", "http://[::1]:8080/x", "[::1]"),
            ("http://[::1]", "http://[::1]", "[::1]"),
        ] {
            let url = BackendUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown, "{text}");
            assert_eq!(url.host(), host, "{text}");
        }
        for (text, port) in [
            ("http://h", 80),
            ("https://h/x", 443),
            ("https://h:8443", 8443),
            ("http://[::1]", 80),
            ("http://[::1]:8080/x", 8080),
        ] {
            assert_eq!(BackendUrl::parse(text).unwrap().port(), port, "{text}");
        }
    }

    #[test]
    fn refuses_with_the_rule_that_is_broken() {
        for (text, error) in [
            ("", UrlError::Malformed),
            ("127.0.0.1:3001", UrlError::Malformed),
            ("ftp://h", UrlError::Scheme),
            ("http://", UrlError::Host),
            ("http:///x", UrlError::Host),
            ("http://:80", UrlError::Host),
            ("http://h:99999", UrlError::Host),
            ("http://127.0.0.1:+80", UrlError::Host),
            ("http://h:", UrlError::Host),
            ("http://[h]/", UrlError::Host),
            ("http://[%2f]:8080", UrlError::Host),
            ("http://r::[::1]:80", UrlError::Host),
            ("http://a%2eb", UrlError::Malformed),
            ("http://u:secret@h", UrlError::Userinfo),
            ("http://u@h/", UrlError::Userinfo),
            ("http://h/?q=1", UrlError::QueryOrFragment),
            ("http://h/#f", UrlError::QueryOrFragment),
            ("http://a b/", UrlError::Malformed),
        ] {
            assert_eq!(BackendUrl::parse(text), Err(error), "{text:?}");
        }
    }

    /// The same, worked out with the `http` crate's reading of URLs.
    fn by_uri(text: &str) -> Option<(String, String)> {
        let text = text.trim();
        let rest = text.split_once("://")?.1;
        let uri: http::Uri = text.parse().ok().filter(|_| !rest.contains(['?', '#']))?;
        uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
        let authority = uri.authority()?;
        let host_and_port = rest.split('/').next().filter(|authority| !authority.contains('@'))?;
        let port = host_and_port.strip_prefix(authority.host())?;
        let is_host = match authority.host().strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()),
            None => !authority.host().is_empty() && !host_and_port.contains(['[', ']', '%']),
        };
        // The crate finds the port of `[::1]x:80`, too.
        let digits = port.strip_prefix(':').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let is_port = port.is_empty() || (authority.port_u16().is_some() && digits.is_some());
        (is_host && is_port)
            .then(|| (authority.as_str().to_ascii_lowercase(), uri.path().trim_end_matches('/').to_owned()))
    }

    #[test]
    fn what_the_http_crate_takes_for_a_url_is_one_and_means_the_same() {
        let bases = [
            "http://h",
            "HTTPS://Host.example:8443/base/path/",
            "http://[::1]",
            "http://[2001:db8::1]:80/x//",
            "http://127.0.0.1:3001",
            "http://h:065535/",
            "http://r::[::1]:80",
            "http://[1:2:3:4:5:6:7:8]:9:10",
        ];
        let mut valid = 0;
        let mut check = |text: &str| {
            let parsed = BackendUrl::parse(text).ok().map(|url| (url.authority, url.base_path));
            assert_eq!(parsed, by_uri(text), "{text:?}");
            valid += u32::from(parsed.is_some());
        };
        for base in bases {
            check(base);
            for at in 0..=base.len() {
                let (before, after) = base.split_at(at);
                let rest = after.get(1..).unwrap_or_default();
                check(before);
                for c in (0..=0x180).filter_map(char::from_u32) {
                    check(&format!("{before}{c}{after}"));
                    check(&format!("{before}{c}{rest}"));
                    check(&format!("{before}{c}:{rest}"));
                    check(&format!("{before}[{c}]{rest}"));
                }
            }
        }
        check(&format!("http://h/{}", "x".repeat(65_534 - 9)));
        check(&format!("http://h/{}", "x".repeat(65_535 - 9)));
        assert!(valid > 5_000, "{valid}");
    }

    #[test]
    fn a_base_path_is_left_by_paths_alone_and_only_where_there_is_one() {
        for (base, path, left) in [
            ("http://h", "/../x", false),
            ("http://h/", "/%2e%2e/x", false),
            ("http://h/api", "/../x", true),
            ("http://h/api/v1/", "/../x", true),
            ("http://h/api", "/a/../x", false),
            ("http://h/api", "/a?x=/../..", false),
            ("http://h/api", "/a?/../../..", false),
        ] {
            assert_eq!(BackendUrl::parse(base).unwrap().is_left_by(path), left, "{base} + {path}");
        }
    }

    #[test]
    fn joins_byte_for_byte_with_one_slash_at_the_seam() {
        for (base, path, joined) in [
            ("http://h", "/tasks", "/tasks"),
            ("http://h/", "/tasks", "/tasks"),
            ("http://h", "/", "/"),
            ("http://h/api", "/", "/api/"),
            ("http://h/api/", "/tasks/?a=b/c&d=%2F", "/api/tasks/?a=b/c&d=%2F"),
            ("http://h/api", "//double//", "/api//double//"),
            ("http://h", "/%2e%2E/a%00b?", "/%2e%2E/a%00b?"),
            ("http://h/api", "?q", "/api/?q"),
        ] {
            assert_eq!(BackendUrl::parse(base).unwrap().join(path), joined, "{base} + {path}");
        }
    }
}
