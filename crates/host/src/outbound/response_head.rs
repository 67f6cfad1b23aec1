//! What a backend's response head says about its connection, which ends here: framing, keep-alive, upgrades.

use std::time::Duration;

use hyper::Response;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use wasmtime_wasi_http::Error;

/// How long a connection may wait for its next request where the backend does not say it: less than the 5 s after which common servers close it.
const KEEP: Duration = Duration::from_secs(4);
/// By how much less than the backend says: a request takes time to arrive.
const MARGIN: Duration = Duration::from_secs(1);
/// However long the backend says.
const MAX_KEEP: Duration = Duration::from_secs(75);

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Takes what only this hop needs out of a response head.
///
/// # Errors
/// The backend switches protocols, which nobody asked for, or its body has a transfer coding that is not decoded here.
pub(crate) fn settle<B: Body>(response: &mut Response<B>) -> Result<(), Error> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::HttpUpgradeFailed);
    }
    let has_body = !response.body().is_end_stream();
    let headers = response.headers_mut();
    // `identity` is what servers of the last century call no coding.
    if !headers.contains_key(TRANSFER_ENCODING) || is_alone(headers, b"identity") {
        return Ok(());
    }
    // hyper decodes `chunked` and nothing else: another coding would reach the client unnamed.
    if has_body && !is_alone(headers, b"chunked") {
        let coding = headers.get(TRANSFER_ENCODING).and_then(|coding| coding.to_str().ok()).map(str::to_owned);
        return Err(Error::HttpResponseTransferCoding(coding));
    }
    // The coding overrides a length (RFC 9112 §6.3), which may be any number.
    headers.remove(CONTENT_LENGTH);
    Ok(())
}

/// Whether `coding` is the only one.
fn is_alone(headers: &HeaderMap, coding: &[u8]) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    codings.next().is_some_and(|first| first.as_bytes().eq_ignore_ascii_case(coding)) && codings.next().is_none()
}

/// How long the connection may wait for its next request after this response.
pub(crate) fn keep_for(headers: &HeaderMap) -> Duration {
    match headers.get(KEEP_ALIVE).and_then(announced) {
        Some(time) => time.saturating_sub(MARGIN).min(MAX_KEEP),
        None => KEEP,
    }
}

/// `timeout=5` among the parameters of `keep-alive`.
fn announced(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.split(',').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("timeout").then(|| value.trim().trim_matches('"'))
    })?;
    seconds.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bytes::Bytes;
    use http_body_util::{Empty, Full};

    use super::*;

    fn response<B>(lines: &[(&'static str, &'static str)], body: B) -> Response<B> {
        let mut response = Response::new(body);
        for (name, value) in lines {
            response.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        response
    }

    #[test]
    fn a_coding_overrides_a_length() {
        let body = || Full::new(Bytes::from_static(b"x"));
        let mut both = response(&[("content-length", "10"), ("transfer-encoding", "Chunked")], body());
        settle(&mut both).unwrap();
        assert!(!both.headers().contains_key(CONTENT_LENGTH));
        let mut length = response(&[("content-length", "10")], body());
        settle(&mut length).unwrap();
        assert!(length.headers().contains_key(CONTENT_LENGTH));
        let mut identity = response(&[("content-length", "1"), ("transfer-encoding", "identity")], body());
        settle(&mut identity).unwrap();
        assert!(identity.headers().contains_key(CONTENT_LENGTH), "no coding at all");
    }

    #[test]
    fn other_codings_are_refused_where_there_is_a_body() {
        for lines in [
            &[("transfer-encoding", "gzip, chunked")][..],
            &[("transfer-encoding", "gzip")],
            &[("transfer-encoding", "identity, chunked")],
            &[("transfer-encoding", "chunked, chunked")],
            &[("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "")],
        ] {
            let refused = settle(&mut response(lines, Full::new(Bytes::from_static(b"x"))));
            assert!(matches!(refused, Err(Error::HttpResponseTransferCoding(_))), "{lines:?}");
            assert!(settle(&mut response(lines, Empty::<Bytes>::new())).is_ok(), "an answer to HEAD: {lines:?}");
        }
    }

    #[test]
    fn an_upgrade_that_nobody_asked_for_is_refused() {
        let mut switching = response(&[("upgrade", "websocket")], Empty::<Bytes>::new());
        *switching.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        assert!(matches!(settle(&mut switching), Err(Error::HttpUpgradeFailed)));
    }

    #[test]
    fn connections_are_let_go_before_the_backend_does() {
        let seconds = |value: &'static str| {
            keep_for(response(&[("keep-alive", value)], Empty::<Bytes>::new()).headers()).as_secs()
        };
        assert_eq!(keep_for(&HeaderMap::new()).as_secs(), 4);
        for (value, expected) in [
            ("timeout=5", 4),
            ("timeout=20", 19),
            ("max=100, Timeout = 15", 14),
            ("timeout=\"10\"", 9),
            ("timeout=2", 1),
            ("timeout=1", 0),
            ("timeout=0", 0),
            ("timeout=99999999999", 75),
            ("max=100", 4),
            ("timeout=soon", 4),
            ("timeout=-1", 4),
            ("", 4),
        ] {
            assert_eq!(seconds(value), expected, "{value}");
        }
    }
}
