//! The URL of a backend: parsed once, then joined with request paths byte for byte.

use super::dot_segments;
use crate::authority::host_and_port;
use crate::target::path_of;
use std::fmt;
use thiserror::Error;

/// Whether a backend is reached with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS and a certificate that the host checks.
    Https,
}

impl Scheme {
    /// As URLs write it: `http` or `https`.
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

/// An absolute http(s) URL with a host and an optional base path; no userinfo, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendUrl {
    scheme: Scheme,
    authority: String,
    base_path: String,
}

/// Why a text is not a backend URL. The text itself is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UrlError {
    /// Not a URL at all.
    #[error("is not a valid URL: expected something like http://127.0.0.1:3001")]
    Malformed,
    /// A scheme other than http and https, or none.
    #[error("must start with http:// or https://")]
    Scheme,
    /// No host, or a port that is no number from 1 to 65535.
    #[error("must name a host, with a port from 1 to 65535 where it has one")]
    Host,
    /// `user:password@`; credentials belong into a secret variable.
    #[error("must not contain a user name or password")]
    Userinfo,
    /// A query or a fragment.
    #[error("must not contain a query or a fragment")]
    QueryOrFragment,
}

impl BackendUrl {
    /// Parses a URL. Surrounding white space is ignored.
    ///
    /// # Errors
    /// [`UrlError`] says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some(_) => return Err(UrlError::Scheme),
            None => return Err(UrlError::Malformed),
        };
        if rest.contains(['?', '#']) {
            return Err(UrlError::QueryOrFragment);
        }
        let (authority, base_path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlError::Userinfo);
        }
        if host_and_port(authority).is_none() {
            return Err(UrlError::Host);
        }
        if !base_path.bytes().all(is_path_byte) {
            return Err(UrlError::Malformed);
        }
        Ok(BackendUrl {
            scheme,
            authority: authority.to_ascii_lowercase(),
            base_path: base_path.trim_end_matches('/').to_owned(),
        })
    }

    /// Whether requests to it use TLS.
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

    /// A short name of the whole URL (see [`fingerprint`]).
    pub fn fingerprint(&self) -> u32 {
        fingerprint(&[self.scheme.as_str(), &self.authority, &self.base_path])
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

/// Whether hosts send a byte of a path as it is: what RFC 3986 §3.3 allows, and what is beyond ASCII.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"/%-._~!$&'()*+,;=:@".contains(&byte)
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority, self.base_path)
    }
}

/// A short name of a text in `parts`, to tell it from another one: FNV-1a. Texts that are meant to look alike can be found; nothing is to rest on it.
pub fn fingerprint(parts: &[&str]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    for part in parts {
        for byte in part.bytes() {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        // As a byte between the parts would.
        hash = hash.wrapping_mul(0x0100_0193);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_urls_apart() {
        let of = |url: &str| BackendUrl::parse(url).unwrap().fingerprint();
        assert_eq!(of("http://h:1/api/"), of(" HTTP://H:1/api"), "one URL, written twice");
        let urls =
            ["http://h:1", "http://h:2", "https://h:1", "http://h:1/a", "http://h:1/b", "http://h:1/a/b", "http://h"];
        let all: std::collections::BTreeSet<u32> = urls.map(of).into();
        assert_eq!(all.len(), urls.len());
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
    }

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
            ("http://a%2eb", UrlError::Host),
            ("http://u:secret@h", UrlError::Userinfo),
            ("http://u@h/", UrlError::Userinfo),
            ("http://h/?q=1", UrlError::QueryOrFragment),
            ("http://h/#f", UrlError::QueryOrFragment),
            ("http://a b/", UrlError::Host),
            ("http://h/a b", UrlError::Malformed),
            ("http://h/<x>", UrlError::Malformed),
            ("http://h:0", UrlError::Host),
        ] {
            assert_eq!(BackendUrl::parse(text), Err(error), "{text:?}");
        }
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
