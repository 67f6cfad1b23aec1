//! What hyper lets through and HTTP does not: requests that another server in front may understand differently are refused before the component
//! sees them, and their connection is closed.
//!
//! hyper itself refuses contradicting or odd lengths, other final codings than `chunked`, folded and malformed lines, and control characters. Of
//! a request with both `content-length` and `transfer-encoding` it follows the latter and closes the connection (RFC 9112 §6.1).

use hyper::header::{HOST, HeaderMap, TRANSFER_ENCODING};
use hyper::http::uri::Authority;
use hyper::{Method, Uri};

/// Why a request is refused; the sentence for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

const NO_HOST: Refused = Refused("The request has no valid Host header");
const HOSTS: Refused = Refused("The request has several Host headers");
const CODING: Refused = Refused("The request has another transfer-encoding than 'chunked' alone");
const TARGET: Refused = Refused("The request target is neither a path nor an http URL without a user name");

/// The host that the client asked for, of a request that may pass.
///
/// # Errors
/// The rule that is broken.
pub(crate) fn check(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<String, Refused> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next()
        && (!coding.as_bytes().eq_ignore_ascii_case(b"chunked") || codings.next().is_some())
    {
        return Err(CODING);
    }
    // RFC 9112 §3.2: exactly one valid Host, even where the target names a host itself, which then counts.
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).ok_or(NO_HOST)?;
    if hosts.next().is_some() {
        return Err(HOSTS);
    }
    let valid = |text: &str| !text.contains('@') && text.parse::<Authority>().is_ok();
    match (uri.scheme_str(), uri.authority()) {
        (None, None) => {}
        // Absolute form.
        (Some("http" | "https"), Some(authority)) if valid(authority.as_str()) => {
            return Ok(authority.as_str().to_owned());
        }
        // Authority form is for CONNECT, which the component answers.
        (None, Some(_)) if *method == Method::CONNECT => {}
        _ => return Err(TARGET),
    }
    if valid(host) { Ok(host.to_owned()) } else { Err(NO_HOST) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn checked(method: &str, target: &str, lines: &[(&'static str, &'static str)]) -> Result<String, Refused> {
        let headers = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        check(&method.parse().unwrap(), &target.parse().unwrap(), &headers)
    }

    #[test]
    fn hosts() {
        for (lines, expected) in [
            (&[("host", "g:3000")][..], Ok("g:3000")),
            (&[("host", "[::1]:3000")], Ok("[::1]:3000")),
            (&[], Err(NO_HOST)),
            (&[("host", "")], Err(NO_HOST)),
            (&[("host", "a, b")], Err(NO_HOST)),
            (&[("host", "a/b")], Err(NO_HOST)),
            (&[("host", "u@a")], Err(NO_HOST)),
            (&[("host", "a b")], Err(NO_HOST)),
            (&[("host", "a"), ("host", "b")], Err(HOSTS)),
            (&[("host", "a"), ("host", "a")], Err(HOSTS)),
        ] {
            assert_eq!(checked("GET", "/", lines), expected.map(str::to_owned), "{lines:?}");
        }
    }

    #[test]
    fn targets() {
        for (method, target, expected) in [
            ("GET", "/x", Ok("g")),
            ("OPTIONS", "*", Ok("g")),
            ("GET", "http://other.example:80/x", Ok("other.example:80")),
            ("GET", "https://other.example", Ok("other.example")),
            ("GET", "ftp://other.example/x", Err(TARGET)),
            ("GET", "http://user:pass@other.example/x", Err(TARGET)),
            ("GET", "other.example:80", Err(TARGET)),
            ("CONNECT", "other.example:80", Ok("g")),
        ] {
            let got = checked(method, target, &[("host", "g")]);
            assert_eq!(got, expected.map(str::to_owned), "{method} {target}");
        }
        assert_eq!(checked("GET", "http://other.example/", &[]), Err(NO_HOST), "Host is required all the same");
    }

    #[test]
    fn codings() {
        for (lines, allowed) in [
            (&["chunked"][..], true),
            (&["Chunked"], true),
            (&["gzip, chunked"], false),
            (&["chunked, chunked"], false),
            (&["chunked", "chunked"], false),
            (&["identity", "chunked"], false),
            (&[""], false),
        ] {
            let lines: Vec<_> =
                [("host", "g")].into_iter().chain(lines.iter().map(|value| ("transfer-encoding", *value))).collect();
            assert_eq!(checked("POST", "/", &lines).is_ok(), allowed, "{lines:?}");
        }
    }
}
