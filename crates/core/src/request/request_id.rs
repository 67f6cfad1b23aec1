//! The id that follows a request through client, gateway, backend and logs.

use crate::fields::{Field, values};

/// The field that carries it.
pub const X_REQUEST_ID: &str = "x-request-id";

/// Keeps the client's `x-request-id` where it is valid: given once, 1 to 128 letters, digits or `-_.:/+=@~`. That covers UUIDs, ULIDs,
/// base64 and trace ids, and nothing that could break a log line.
pub fn inbound(fields: &[Field]) -> Option<String> {
    let mut lines = values(fields, X_REQUEST_ID);
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return None;
    };
    // A list of several has a comma, which no valid id holds.
    let id = std::str::from_utf8(line).ok()?.trim();
    is_valid(id).then(|| id.to_owned())
}

/// Makes an id from 128 random bits, in the form of a version 4 UUID (RFC 9562 §5.4).
pub fn from_random(high: u64, low: u64) -> String {
    let high = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

fn is_valid(id: &str) -> bool {
    let is_in_ids =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=' | b'@' | b'~');
    (1..=128).contains(&id.len()) && id.bytes().all(is_in_ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::field;

    #[test]
    fn keeps_valid_ids_only() {
        let check = |lines: &[&str]| {
            let fields: Vec<_> = lines.iter().map(|line| field("X-Request-Id", *line)).collect();
            inbound(&fields)
        };
        assert_eq!(check(&["abc-123"]).as_deref(), Some("abc-123"));
        let long = "x".repeat(129);
        for bad in [&[][..], &[""], &["a b"], &["a,b"], &["é"], &["a\"b"], &[long.as_str()], &["a", "a"]] {
            assert_eq!(check(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn made_ids_are_version_4_uuids() {
        assert_eq!(from_random(0, 0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(from_random(u64::MAX, u64::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(inbound(&[field("x-request-id", from_random(7, 9))]), Some(from_random(7, 9)));
    }
}
