//! `fields.from-list` of `wasi:http/types`: a whole list of header fields at once, which is how the gateway makes each of its messages.
//!
//! wasmtime-wasi-http appends one field after the other to a map that grows. This map has its size from the beginning.

use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use wasmtime::component::Resource;
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::bindings::http::types::HeaderError;

use crate::guest::state::State;
use crate::outbound::client;

/// Memory that the fields of one message may take, in bytes, each name and value with the size of its handle.
pub(crate) const LIMIT: usize = 128 << 10;

/// Names and values, in the order in which the component gives them.
pub(crate) type List = Vec<(String, Vec<u8>)>;

/// Why there is no map.
#[derive(Debug, PartialEq, Eq)]
enum FieldError {
    Syntax,
    Forbidden,
    /// More than [`LIMIT`] allows, which ends the component.
    TooLarge,
}

/// Makes the resource. An outer error ends the component.
pub(crate) fn from_list(state: &mut State, list: List) -> wasmtime::Result<Result<Resource<FieldMap>, HeaderError>> {
    let map = match collect(list) {
        Ok(map) => map,
        Err(FieldError::Syntax) => return Ok(Err(HeaderError::InvalidSyntax)),
        Err(FieldError::Forbidden) => return Ok(Err(HeaderError::Forbidden)),
        Err(FieldError::TooLarge) => {
            return Err(wasmtime::Error::msg(format!("the fields of a message take more than {LIMIT} bytes")));
        }
    };
    let mut fields = FieldMap::new_immutable(&mut state.outbound, map);
    fields.set_mutable(LIMIT);
    Ok(Ok(state.table.push(fields)?))
}

/// The list as a map, in its order.
fn collect(list: List) -> Result<HeaderMap, FieldError> {
    // No more than could stay below the limit.
    let capacity = list.len().min(LIMIT.checked_div(size_of::<HeaderValue>()).unwrap_or_default());
    let mut map = HeaderMap::try_with_capacity(capacity).map_err(|_| FieldError::TooLarge)?;
    let mut size: usize = 0;
    for (name, value) in list {
        let name: HeaderName = name.parse().map_err(|_| FieldError::Syntax)?;
        if client::is_forbidden(&name) {
            return Err(FieldError::Forbidden);
        }
        let value = if name == CONTENT_LENGTH {
            // Two of them would leave open where the message ends.
            if map.contains_key(&name) {
                return Err(FieldError::Syntax);
            }
            HeaderValue::from(length(&value).ok_or(FieldError::Syntax)?)
        } else {
            HeaderValue::try_from(value).map_err(|_| FieldError::Syntax)?
        };
        let name_size = name.as_str().len().saturating_add(size_of::<HeaderName>());
        size = size.saturating_add(value.len()).saturating_add(size_of::<HeaderValue>());
        let known = map.try_append(name, value).map_err(|_| FieldError::TooLarge)?;
        if !known {
            size = size.saturating_add(name_size);
        }
        if size > LIMIT {
            return Err(FieldError::TooLarge);
        }
    }
    Ok(map)
}

/// What a content-length says: digits and nothing else (RFC 9110 §8.6).
pub(crate) fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn collected(list: &[(&str, &str)]) -> Result<Vec<(String, String)>, FieldError> {
        let list = list.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        collect(list).map(|map| map.iter().map(|(name, value)| (name.to_string(), text(value))).collect())
    }

    #[test]
    fn order_and_duplicates_stay() {
        let list = [("b", "1"), ("Set-Cookie", "x=1"), ("a", "2"), ("set-cookie", "y=2"), ("content-length", "010")];
        let expected = [("b", "1"), ("set-cookie", "x=1"), ("set-cookie", "y=2"), ("a", "2"), ("content-length", "10")];
        assert_eq!(collected(&list).unwrap(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(collected(&[]), Ok(Vec::new()));
    }

    #[test]
    fn what_no_message_may_carry_is_refused() {
        for (list, expected) in [
            (&[("a b", "1")][..], FieldError::Syntax),
            (&[("", "1")], FieldError::Syntax),
            (&[("a", "1\r\nb: 2")], FieldError::Syntax),
            (&[("content-length", "")], FieldError::Syntax),
            (&[("content-length", "+1")], FieldError::Syntax),
            (&[("content-length", "1, 1")], FieldError::Syntax),
            (&[("content-length", "18446744073709551616")], FieldError::Syntax),
            (&[("content-length", "1"), ("Content-Length", "1")], FieldError::Syntax),
            (&[("a", "1"), ("Host", "h")], FieldError::Forbidden),
            (&[("transfer-encoding", "chunked")], FieldError::Forbidden),
            (&[("Keep-Alive", "timeout=5")], FieldError::Forbidden),
        ] {
            assert_eq!(collected(list), Err(expected), "{list:?}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let half = "x".repeat(LIMIT / 2);
        assert!(collected(&[("a", &half)]).is_ok());
        assert_eq!(collected(&[("a", &half), ("a", &half)]), Err(FieldError::TooLarge));
        let many: Vec<_> = (0..LIMIT / size_of::<HeaderValue>()).map(|_| ("a", "")).collect();
        assert_eq!(collected(&many), Err(FieldError::TooLarge), "empty values cost memory too");
    }
}
