//! Whether the dot segments of a path lead above its beginning.
//!
//! Backends differ in how they read a path: before or after decoding it, with `%2f` and `\` as separators (servers that decode first; Windows) or
//! without, with empty segments merged or kept, with path parameters (`..;x`) dropped or not. The path is judged by the reading that leads highest.

use percent_encoding::percent_decode_str;

/// Whether some server may understand `path`, which has no query, as a path above where it starts.
pub(super) fn climb(path: &str) -> bool {
    // Nearly every path.
    if !path.bytes().any(|byte| byte == b'%') && !path.as_bytes().windows(2).any(|two| two == b"..") {
        return false;
    }
    let mut depth: i32 = 0;
    for segment in path.split('/') {
        // Every reading of the segment counts, even one that no server combines with its reading of the others.
        let (mut end, mut lowest) = (i32::MAX, 0);
        let without_parameters = segment.split(';').next().unwrap_or_default();
        for text in [segment, without_parameters, &with_closed_separators(segment)] {
            let text: Vec<u8> = percent_decode_str(text).collect();
            for separators in [&b""[..], b"/", b"\\", b"/\\"] {
                let mut sum: i32 = 0;
                for part in text.split(|byte| separators.contains(byte)) {
                    sum = sum.saturating_add(step(part));
                    lowest = lowest.min(sum);
                }
                end = end.min(sum);
            }
        }
        if depth.saturating_add(lowest) < 0 {
            return true;
        }
        depth = depth.saturating_add(end);
    }
    false
}

/// The segment with a letter for each encoded separator: as it is read where only those that are written out separate.
fn with_closed_separators(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after.get(..2).unwrap_or_default();
        let separates = code.eq_ignore_ascii_case("2f") || code.eq_ignore_ascii_case("5c");
        out.push(if separates { 'x' } else { '%' });
        rest = if separates { after.get(2..).unwrap_or_default() } else { after };
    }
    out.push_str(rest);
    out
}

/// How far a decoded segment leads down. Empty segments count as nothing: some servers merge slashes.
fn step(segment: &[u8]) -> i32 {
    match segment.split(|byte| matches!(byte, b';' | 0)).next() {
        None | Some(b"" | b".") => 0,
        Some(b"..") => -1,
        Some(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_above() {
        for path in [
            "/..",
            "/../",
            "/../x",
            "/./../x",
            "//../x",
            "/a/../../x",
            "/a//../../x",
            "/a/b/../../../x",
            "/%2e%2e/x",
            "/%2E%2e/x",
            "/.%2e/x",
            "/%2e./x",
            "/%2e/../x",
            "/..;/x",
            "/..;a=b/x",
            "/..%3b/x",
            "/..%00/x",
            "/..%2fx",
            "/..%2Fx",
            "/..\\x",
            "/..%5cx",
            "/%2e%2e%2fx",
            "/%2e%2e%5Cx",
            "/x%2f..%2f..%2fy",
            "/x%2fy/../../z",
            "/x\\y/../../z",
            "/x%2f..%2fy/../..",
            "/a/..%2f../x",
            "/;/../x",
            // Where only one of the two separators is one, a name with the other is a single segment.
            "/a%5cb%2f..%2f..%2fx",
            "/a%2fb\\..\\..\\x",
            "/a%5cb\\..\\..",
            // Parameters may be dropped before or after decoding.
            "/a/b/..%2f..;x%2fy%2fz/..",
            "..",
            "*/../..",
        ] {
            assert!(climb(path), "{path}");
        }
    }

    #[test]
    fn what_stays_below() {
        for path in [
            "",
            "/",
            "//",
            "/.",
            "/a/..",
            "/a/../x",
            "/a/%2e%2e/x",
            "/a/b/../../x",
            "/a;v=1/../x",
            "/a%2f../x",
            "/...",
            "/..a",
            "/a..",
            "/..a/x",
            "/.../x",
            "/.well-known/x",
            "/%2e",
            "/%2f",
            "/a%2fb",
            "/a%00",
            "/%zz",
            "/%",
            "/x/..;/y",
        ] {
            assert!(!climb(path), "{path}");
        }
    }
}
