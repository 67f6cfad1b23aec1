//! Strings by code point, and what they hold that every copy of a program makes anew: UUIDs and times.

use chrono::DateTime;
use std::borrow::Cow;

/// Digits and hyphens of a UUID (RFC 9562 §4).
const UUID_LENGTH: usize = 36;

/// A string as it is written, without its quotes.
pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or_default()
}

/// The content of a string, between its quotes, in UTF-8. Half of a surrogate pair, which JSON can spell, is encoded like any other code point.
pub(crate) fn decoded(content: &[u8]) -> Cow<'_, [u8]> {
    if !content.contains(&b'\\') {
        return Cow::Borrowed(content);
    }
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    // The first half of a pair, until its second is there.
    let mut high: Option<u32> = None;
    loop {
        let unit = escaped_unit(rest);
        if let (Some(first), Some(second @ 0xdc00..0xe000)) = (high, unit) {
            let point = (first & 0x3ff) << 10 | second & 0x3ff;
            push(&mut out, point.saturating_add(0x1_0000));
            high = None;
            rest = rest.get(6..).unwrap_or_default();
            continue;
        }
        if let Some(lone) = high.take() {
            push(&mut out, lone);
        }
        match (unit, rest) {
            (Some(0xd800..0xdc00), _) => high = unit,
            (Some(unit), _) => push(&mut out, unit),
            (None, [b'\\', short, ..]) => {
                out.push(match short {
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => *other,
                });
            }
            (None, [byte, ..]) => out.push(*byte),
            (None, []) => return Cow::Owned(out),
        }
        let length = match (unit, rest) {
            (Some(_), _) => 6,
            (None, [b'\\', ..]) => 2,
            _ => 1,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// Whether a text of JSON has an escape of half a surrogate pair without the other half.
pub(crate) fn has_half_pair(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = rest.get(at..).unwrap_or_default();
        let second = rest.get(6..).and_then(escaped_unit);
        let length = match (escaped_unit(rest), second) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => return true,
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    false
}

/// The value of an escape `\uXXXX` at the beginning of `text`.
fn escaped_unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Appends a code point, half of a pair too, in UTF-8.
#[allow(clippy::cast_possible_truncation, reason = "each byte is masked to its bits")]
fn push(out: &mut Vec<u8>, point: u32) {
    let more = |shift: u32| 0x80 | (point >> shift & 0x3f) as u8;
    match point {
        ..0x80 => out.push(point as u8),
        0x80..0x800 => out.extend([0xc0 | (point >> 6) as u8, more(0)]),
        0x800..0x1_0000 => out.extend([0xe0 | (point >> 12) as u8, more(6), more(0)]),
        _ => out.extend([0xf0 | (point >> 18 & 7) as u8, more(12), more(6), more(0)]),
    }
}

/// The point in time that a string names as RFC 3339 has it, in nanoseconds from 1970, or `None`.
pub(crate) fn time(text: &[u8]) -> Option<i128> {
    let (b'-', b'-', b':') = (text.get(4)?, text.get(7)?, text.get(13)?) else {
        return None;
    };
    let time = DateTime::parse_from_rfc3339(std::str::from_utf8(text).ok()?).ok()?;
    let seconds = i128::from(time.timestamp()).checked_mul(1_000_000_000)?;
    seconds.checked_add(i128::from(time.timestamp_subsec_nanos()))
}

/// The most bytes of a text in which UUIDs are looked for.
const MAX_SEARCHED: usize = 16 * 1024;

/// The UUIDs in a text that are not part of a longer word, each with its place; none in a very long one.
pub(crate) fn uuids(text: &[u8]) -> Vec<(usize, u128)> {
    let mut found = Vec::new();
    let mut at = if text.len() > MAX_SEARCHED { text.len() } else { 0 };
    while let Some(part) = text.get(at..).and_then(|rest| rest.get(..UUID_LENGTH)) {
        let inside = |place: Option<usize>| {
            place.and_then(|place| text.get(place)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-')
        };
        let after = at.saturating_add(UUID_LENGTH);
        // The first hyphen tells most texts from a UUID.
        match (part.get(8) == Some(&b'-')).then(|| uuid(part)).flatten() {
            Some(id) if !inside(at.checked_sub(1)) && !inside(Some(after)) => {
                found.push((at, id));
                at = after;
            }
            _ => at = at.saturating_add(1),
        }
    }
    found
}

fn uuid(text: &[u8]) -> Option<u128> {
    let mut id: u128 = 0;
    for (place, byte) in text.iter().enumerate() {
        match (place, byte) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            _ => id = id << 4 | u128::from(char::from(*byte).to_digit(16)?),
        }
    }
    Some(id)
}

/// How two texts that are not the same differ.
pub(crate) enum Contrast {
    /// They name the same point in time.
    SameTime,
    /// They name two points in time.
    OtherTime,
    /// In their UUIDs alone: these, in pairs.
    Ids(Vec<(u128, u128)>),
    /// In anything else.
    Other,
}

/// Contrasts two texts that are not the same.
pub(crate) fn contrast(one: &[u8], other: &[u8]) -> Contrast {
    if let (Some(one), Some(other)) = (time(one), time(other)) {
        return if one == other { Contrast::SameTime } else { Contrast::OtherTime };
    }
    let (ids, others) = (uuids(one), uuids(other));
    if ids.is_empty() || ids.len() != others.len() || around(one, &ids) != around(other, &others) {
        return Contrast::Other;
    }
    Contrast::Ids(ids.into_iter().zip(others).map(|((_, one), (_, other))| (one, other)).collect())
}

/// The pieces of a text between its UUIDs.
pub(crate) fn around<'a>(text: &'a [u8], ids: &[(usize, u128)]) -> Vec<&'a [u8]> {
    let mut from = 0;
    let mut pieces = Vec::with_capacity(ids.len().saturating_add(1));
    for (at, _) in ids {
        pieces.push(text.get(from..*at).unwrap_or_default());
        from = at.saturating_add(UUID_LENGTH);
    }
    pieces.push(text.get(from..).unwrap_or_default());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        for (content, expected) in [
            ("plain", &b"plain"[..]),
            (r"\u00e9", "é".as_bytes()),
            (r"\ud83d\ude00", "😀".as_bytes()),
            (r"\ud800\udc00", "\u{10000}".as_bytes()),
            (r"\udbff\udfff", "\u{10ffff}".as_bytes()),
            (r#"a\"\\\/\b\f\n\r\tz"#, b"a\"\\/\x08\x0c\n\r\tz"),
            (r"\ud800", &[0xed, 0xa0, 0x80]),
            (r"\ude00x", &[0xed, 0xb8, 0x80, b'x']),
            (r"\ud800\ud83d\ude00", &[0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98, 0x80]),
            (r"\ud800\n", &[0xed, 0xa0, 0x80, b'\n']),
            (r"\u0000", &[0]),
        ] {
            assert_eq!(decoded(content.as_bytes()), expected, "{content}");
        }
    }

    #[test]
    fn times_are_told_by_their_instant() {
        let same = time(b"2026-01-01T00:00:00Z");
        assert!(same.is_some());
        for text in ["2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00+01:00", "2026-01-01t00:00:00z"] {
            assert_eq!(time(text.as_bytes()), same, "{text}");
        }
        assert_ne!(time(b"2026-01-01T00:00:00.001Z"), same);
        for text in ["2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "now", "", "2026-01-01T00:00:00Z!"] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn uuids_are_whole_words() {
        const ID: &str = "550e8400-e29b-41d4-a716-446655440000";
        for (text, places) in [
            (ID.to_owned(), &[0][..]),
            (ID.to_uppercase(), &[0]),
            (format!("/tasks/{ID}/x/{ID}"), &[7, 46]),
            (format!("x{ID}"), &[]),
            (format!("{ID}0"), &[]),
            (format!("{ID}-1"), &[]),
            (ID.replace('e', "g"), &[]),
            ("550e8400e29b41d4a716446655440000".to_owned(), &[]),
            (String::new(), &[]),
        ] {
            let found: Vec<_> = uuids(text.as_bytes()).into_iter().map(|(place, _)| place).collect();
            assert_eq!(found, places, "{text}");
        }
        let text = format!("/tasks/{ID}/x");
        assert_eq!(around(text.as_bytes(), &uuids(text.as_bytes())), [&b"/tasks/"[..], b"/x"]);
    }
}
