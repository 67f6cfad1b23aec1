//! Whether the dot segments of a path lead above its beginning.
//!
//! Backends differ in how they read a path: before or after decoding it, with `%2f` and `\` as separators (servers that decode first; Windows) or
//! without, with empty segments merged or kept, with path parameters (`..;x`) dropped or not. The path is judged by the reading that leads highest.

use percent_encoding::percent_decode_str;

/// Whether some server may understand `path`, which has no query, as a path above where it starts.
pub(super) fn climb(path: &str) -> bool {
    let mut depth: i32 = 0;
    for segment in path.split('/') {
        let text: Vec<u8> = percent_decode_str(segment).collect();
        let whole = step(&text);
        let (mut parts, mut lowest) = (0_i32, 0_i32);
        for part in text.split(|byte| matches!(byte, b'/' | b'\\')) {
            parts = parts.saturating_add(step(part));
            lowest = lowest.min(parts);
        }
        if depth.saturating_add(lowest.min(whole)) < 0 {
            return true;
        }
        depth = depth.saturating_add(parts.min(whole));
    }
    false
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
