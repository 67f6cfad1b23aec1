//! Decisions about message bodies: whether there is one, and how its length is told. The bytes themselves never come here.

use crate::fields::{Field, values};
use http::{Method, StatusCode};

/// `content-length` that contradicts itself or is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidLength;

/// Reads `content-length`; several fields, or one that lists several, are fine as long as all say the same (RFC 9110 §8.6).
///
/// # Errors
/// Not a number, or numbers that differ.
pub fn content_length(fields: &[Field]) -> Result<Option<u64>, InvalidLength> {
    let mut length = None;
    for value in values(fields, "content-length") {
        for element in value.split(|b| *b == b',') {
            let text = element.trim_ascii();
            if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
                return Err(InvalidLength);
            }
            let number =
                std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok()).ok_or(InvalidLength)?;
            if length.is_some_and(|other| other != number) {
                return Err(InvalidLength);
            }
            length = Some(number);
        }
    }
    Ok(length)
}

/// The length of a response's body, where its fields tell it. A transfer coding overrides a length (RFC 9112 §6.3); most hosts decode it and hide
/// its field, and then nothing tells that there was one.
///
/// # Errors
/// The length is not valid, or the coding is another than `chunked` alone, which hosts do not decode.
pub fn response_length(fields: &[Field]) -> Result<Option<u64>, InvalidLength> {
    let mut codings = values(fields, "transfer-encoding");
    match (codings.next(), codings.next()) {
        (None, _) => content_length(fields),
        (Some(coding), None) if coding.trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(None),
        _ => Err(InvalidLength),
    }
}

/// The length to tell a backend of a request without a body. A server may insist on one where the method means to carry content, and then the length
/// is zero (RFC 9110 §8.6).
pub fn empty_length(method: &Method) -> Option<u64> {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH).then_some(0)
}

/// Whether hosts can send a body of unknown length with this method. With GET, HEAD and CONNECT they silently send none (hyper, as used by
/// Spin and wasmtime), so such a request must be refused rather than lose its body.
pub fn can_be_chunked(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::CONNECT)
}

/// Whether a response to `method` with `status` has a body at all (RFC 9112 §6.3). Where it has none, the outgoing body must not even be
/// opened: hosts would compare its length with a `content-length` that describes something else.
pub fn response_has_body(method: &Method, status: StatusCode) -> bool {
    *method != Method::HEAD
        && !status.is_informational()
        && status != StatusCode::NO_CONTENT
        && status != StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::field;

    #[test]
    fn lengths() {
        let check = |lines: &[&str]| {
            let fields: Vec<_> = lines.iter().map(|line| field("content-length", *line)).collect();
            content_length(&fields)
        };
        assert_eq!(check(&[]), Ok(None));
        assert_eq!(check(&["0"]), Ok(Some(0)));
        assert_eq!(check(&["7", " 7 "]), Ok(Some(7)));
        assert_eq!(check(&["7, 7"]), Ok(Some(7)));
        for bad in [&["7", "8"][..], &["7,8"], &["+7"], &["-1"], &[""], &["0x1"], &["7,"], &["99999999999999999999999"]]
        {
            assert_eq!(check(bad), Err(InvalidLength), "{bad:?}");
        }
    }

    #[test]
    fn a_transfer_coding_overrides_a_length() {
        let check = |lines: &[(&str, &str)]| {
            let fields: Vec<_> = lines.iter().map(|(name, value)| field(name, *value)).collect();
            response_length(&fields)
        };
        assert_eq!(check(&[("content-length", "10")]), Ok(Some(10)));
        assert_eq!(check(&[("content-length", "10"), ("transfer-encoding", "chunked")]), Ok(None));
        assert_eq!(
            check(&[("Transfer-Encoding", " Chunked "), ("content-length", "x")]),
            Ok(None),
            "it does not count"
        );
        for coding in ["gzip, chunked", "gzip", "identity", "chunked, chunked", ""] {
            assert_eq!(check(&[("transfer-encoding", coding)]), Err(InvalidLength), "{coding}");
        }
        assert_eq!(check(&[("transfer-encoding", "chunked"), ("transfer-encoding", "gzip")]), Err(InvalidLength));
    }

    #[test]
    fn a_length_of_zero_is_told_where_the_method_means_to_carry_content() {
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            assert_eq!(empty_length(&method), Some(0), "{method}");
        }
        for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
            assert_eq!(empty_length(&method), None, "{method}");
        }
    }

    #[test]
    fn responses_without_a_body() {
        for (method, status, expected) in [
            (Method::GET, 200, true),
            (Method::HEAD, 200, false),
            (Method::GET, 204, false),
            (Method::GET, 304, false),
            (Method::GET, 101, false),
            (Method::POST, 205, true),
            (Method::GET, 404, true),
        ] {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            assert_eq!(response_has_body(&method, status), expected, "{method} {status}");
        }
    }
}
