//! What hyper lets through and HTTP does not: requests that another server in front may understand differently are refused before the component
//! sees them, and their connection is closed.
//!
//! hyper itself refuses contradicting or odd lengths, other final codings than `chunked`, folded and malformed lines, and control characters. Of
//! a request with both `content-length` and `transfer-encoding` it follows the latter and closes the connection (RFC 9112 §6.1).

use std::net::SocketAddr;

use hyper::header::{HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::http::uri::Authority;
use hyper::{Method, Request, Version};

/// Why a request is refused; the sentence for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

const NO_HOST: Refused = Refused("The request has no valid Host header");
const HOSTS: Refused = Refused("The request has several Host headers");
const CODING: Refused = Refused("The request has another transfer-encoding than 'chunked' alone");
const TARGET: Refused = Refused("The request target is neither a path nor an http URL without a user name");

/// The host that the client asked for, of a request that may pass. `local` is the address that it has connected to: HTTP/1.0 knows no Host, and
/// probes leave it out (RFC 9112 §3.2 asks for it in HTTP/1.1 alone), so that one is added.
///
/// # Errors
/// The rule that is broken.
pub(crate) fn check<B>(request: &mut Request<B>, local: Option<SocketAddr>) -> Result<String, Refused> {
    if request.version() == Version::HTTP_10
        && !request.headers().contains_key(HOST)
        && let Some(host) = local.and_then(|local| HeaderValue::try_from(local.to_string()).ok())
    {
        request.headers_mut().insert(HOST, host);
    }
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
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

    use super::*;

    fn request(method: &str, target: &str, lines: &[(&'static str, &'static str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri(target).body(()).unwrap();
        for (name, value) in lines {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        request
    }

    fn checked(method: &str, target: &str, lines: &[(&'static str, &'static str)]) -> Result<String, Refused> {
        check(&mut request(method, target, lines), Some("127.0.0.1:3000".parse().unwrap()))
    }

    #[test]
    fn http_1_0_needs_no_host() {
        let old = |lines: &[(&'static str, &'static str)]| {
            let mut request = request("GET", "/health", lines);
            *request.version_mut() = Version::HTTP_10;
            check(&mut request, Some("[::1]:3000".parse().unwrap()))
        };
        assert_eq!(old(&[]), Ok("[::1]:3000".to_owned()));
        assert_eq!(old(&[("host", "g")]), Ok("g".to_owned()));
        assert_eq!(old(&[("host", "")]), Err(NO_HOST), "where there is one it has to be valid");
        assert_eq!(old(&[("host", "a"), ("host", "b")]), Err(HOSTS));
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
