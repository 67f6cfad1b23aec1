//! URLs, paths, and names of files.

use crate::input::{decoded, text_lines};
use gateway_core::backend::url::BackendUrl;
use gateway_core::file_name;

/// Scheme and authority in lower case, and the base path without slashes at its end, of a text that was accepted.
fn taken_apart(text: &str) -> (String, String, String) {
    let text = text.trim();
    let at = text.find("://").expect("a scheme");
    let rest = &text[at + 3..];
    let end = rest.find('/').unwrap_or(rest.len());
    let mut base = &rest[end..];
    while let Some(shorter) = base.strip_suffix('/') {
        base = shorter;
    }
    (text[..at].to_ascii_lowercase(), rest[..end].to_ascii_lowercase(), base.to_owned())
}

/// How a URL is shown that was written as `text`.
pub(crate) fn normal(text: &str) -> String {
    let (scheme, authority, base) = taken_apart(text);
    format!("{scheme}://{authority}{base}")
}

/// Whether `text` is a URL that nobody would refuse.
fn is_plain(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://").or(text.strip_prefix("https://")) else {
        return false;
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "1"));
    let simple = |text: &str, others: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c));
    let port_is_one = !port.is_empty() && port.len() < 6 && port.bytes().all(|byte| byte.is_ascii_digit());
    !host.is_empty()
        && simple(host, "-.")
        && simple(path, "/-._~")
        && port_is_one
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A URL.
pub fn backend_url(data: &[u8]) {
    let Some([text]) = text_lines(data) else { return };
    let Ok(url) = BackendUrl::parse(text) else {
        assert!(!is_plain(text), "{text:?} is refused");
        return;
    };
    let (scheme, authority, base) = taken_apart(text);
    assert!(scheme == "http" || scheme == "https", "{text:?}");
    assert!(!authority.contains(['@', ' ', '?', '#', '\\', '%']), "{text:?} names {authority:?}");
    assert!(!base.contains(['?', '#']) && !base.chars().any(|c| c.is_ascii_control() || c == ' '), "{text:?}");
    assert_eq!((url.scheme().as_str(), url.authority()), (scheme.as_str(), authority.as_str()));
    assert_eq!(url.origin(), format!("{scheme}://{authority}"));
    assert_eq!(url.to_string(), normal(text));
    // The host is everything up to the port, the brackets of an IPv6 address included.
    let (host, port) = match authority.rfind(':').filter(|at| !authority[*at..].contains(']')) {
        Some(at) => (&authority[..at], authority[at + 1..].parse::<u16>().expect("a port")),
        None => (authority.as_str(), if scheme == "http" { 80 } else { 443 }),
    };
    assert!(!host.is_empty(), "{text:?}");
    assert_eq!((url.host(), url.port()), (host, port), "{text:?}");
    // White space of Unicode in front of a last slash stands at the end without it.
    let shown = url.to_string();
    assert!(shown.trim() != shown || BackendUrl::parse(&shown) == Ok(url), "{shown:?}");
}

/// How a server may read a path.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// Drops `;…` of a segment before it decodes.
    parameters_first: bool,
    /// Drops `;…` of a segment after it decoded.
    parameters_last: bool,
    /// Decodes percent codes before it looks for separators.
    decodes_first: bool,
    /// Decodes percent codes of a segment.
    decodes_segments: bool,
    /// `\` separates.
    backslash: bool,
    /// Ends a segment at NUL.
    nul: bool,
}

impl Reading {
    /// All that differ.
    fn all() -> impl Iterator<Item = Self> {
        (0..64_u8)
            .map(|bits| Reading {
                parameters_first: bits & 1 != 0,
                parameters_last: bits & 2 != 0,
                decodes_first: bits & 4 != 0,
                decodes_segments: bits & 8 != 0,
                backslash: bits & 16 != 0,
                nul: bits & 32 != 0,
            })
            // Twice is another matter: no backend should.
            .filter(|reading| !(reading.decodes_first && reading.decodes_segments))
    }

    /// Whether it understands a path as one above its beginning.
    fn leaves(self, path: &[u8]) -> bool {
        let cut = |segment: &[u8]| segment.split(|byte| *byte == b';').next().unwrap_or_default().to_vec();
        let mut text = path.to_vec();
        if self.parameters_first {
            text = text.split(|byte| *byte == b'/').map(cut).collect::<Vec<_>>().join(&b'/');
        }
        if self.decodes_first {
            text = decoded(&text);
        }
        let mut open: usize = 0;
        for segment in text.split(|byte| *byte == b'/' || (self.backslash && *byte == b'\\')) {
            let mut segment = segment.to_vec();
            if self.decodes_segments {
                segment = decoded(&segment);
            }
            if self.parameters_last {
                segment = cut(&segment);
            }
            if self.nul {
                segment = segment.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
            }
            match segment.as_slice() {
                b"" | b"." => {}
                b".." if open == 0 => return true,
                b".." => open -= 1,
                _ => open += 1,
            }
        }
        false
    }
}

/// Line 1: a URL. Line 2: path and query of a request.
pub fn url_join(data: &[u8]) {
    let Some([url_text, target]) = text_lines(data) else {
        return;
    };
    let Ok(url) = BackendUrl::parse(url_text) else { return };
    let (_, _, base) = taken_apart(url_text);
    let mut expected = base.clone();
    if !target.starts_with('/') {
        expected.push('/');
    }
    expected.push_str(target);
    assert_eq!(url.join(target), expected);

    let path = target.split('?').next().unwrap_or_default();
    if base.is_empty() {
        assert!(!url.is_left_by(target), "there is nothing to leave");
    } else if url.is_left_by(target) {
        assert!(decoded(path.as_bytes()).windows(2).any(|two| two == b".."), "{path:?} has no dots");
    } else if let Some(reading) = Reading::all().find(|reading| reading.leaves(path.as_bytes())) {
        panic!("{path:?} leads above {base:?} for {reading:?}");
    }
}

/// Line 1: a key. Line 2: a name of a file.
pub fn file_name(data: &[u8]) {
    let Some([key, name]) = text_lines(data) else { return };
    let made = file_name::of_key(key);
    let stem = made.strip_suffix(".json").expect("its extension");
    let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_%ABCDEF".contains(c);
    assert!(stem.chars().all(safe), "{made:?}");
    // Capitals stand in codes only, so that no two names differ by case alone.
    let without_codes: String =
        stem.split('%').enumerate().map(|(at, part)| &part[if at == 0 { 0 } else { 2 }..]).collect();
    assert!(!without_codes.contains(|c: char| c.is_ascii_uppercase()), "{made:?}");
    assert_eq!(decoded(stem.as_bytes()), key.as_bytes());
    assert_eq!(file_name::to_key(&made).as_deref(), Some(key));
    if let Some(key) = file_name::to_key(name) {
        assert_eq!(file_name::of_key(&key), name, "a file that no key leads to");
    }
}
