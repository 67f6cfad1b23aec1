//! The field `proxy-status` (RFC 9209): which part of the way failed, for programs.

use crate::GATEWAY_NAME;

/// A `proxy-status` value (RFC 9209 §2) with `details` as a structured-field string (RFC 8941 §3.3.3).
///
/// Configuration can be of any length, and a response whose fields are too large would trap the component; the body has the whole text.
pub(super) fn proxy_status(error: &str, details: &str) -> String {
    const MAX_CHARACTERS: usize = 1_024;
    let mut value = format!("{GATEWAY_NAME}; error={error}; details=\"");
    for c in details.chars().take(MAX_CHARACTERS) {
        match c {
            '"' | '\\' => value.extend(['\\', c]),
            ' '..='~' => value.push(c),
            _ => value.push('?'),
        }
    }
    value.push('"');
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_stay_inside_their_quotes_and_are_bounded() {
        assert_eq!(
            proxy_status("e", "a\"b\\c\r\n\u{e9}"),
            "backend-shootout-gateway; error=e; details=\"a\\\"b\\\\c???\""
        );
        assert!(proxy_status("e", &"\\".repeat(200_000)).len() < 2_200);
    }
}
