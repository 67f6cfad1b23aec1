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
