//! The templates of the status page: what they show, and how they become HTML. They are `templates/page.html` and
//! `templates/row.html` of this crate; Askama compiles them, so a wrong name in one of them does not build.
//!
//! Backends and the store are not trusted. Askama escapes every value but those marked `safe`, which are the page's own
//! style and script. Then the whole page passes [`Printable`], which lets no control character through.

use super::chart::Chart;
use super::readable;
use super::view::BackendView;
use askama::Template;
use miniz_oxide::inflate::decompress_to_vec;
use std::fmt;

/// Style and script, as the build script packs them.
const CSS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/page.css.deflate"));
const JS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/page.js.deflate"));

/// What the build script has packed can be unpacked.
fn unpacked(packed: &[u8]) -> String {
    let text = decompress_to_vec(packed).unwrap_or_default();
    String::from_utf8(text).unwrap_or_default()
}

/// The values of `page.html`.
#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page<'a> {
    pub(super) environment: &'a str,
    pub(super) version: &'a str,
    pub(super) generated_at: &'a str,
    pub(super) nonce: &'a str,
    pub(super) rows: Vec<Row<'a>>,
}

impl Page<'_> {
    /// The page as HTML.
    pub(super) fn html(&self) -> String {
        let mut out = Printable(String::with_capacity(Self::SIZE_HINT));
        // Fails where the writer or a value fails, and none of them does.
        let _ = self.render_into(&mut out);
        out.0
    }

    fn css(&self) -> String {
        unpacked(CSS)
    }

    fn js(&self) -> String {
        unpacked(JS)
    }

    fn healthy(&self) -> usize {
        self.rows.iter().filter(|row| row.health == "healthy").count()
    }

    fn summary(&self) -> String {
        match self.rows.len() {
            0 => "no backend configured".to_owned(),
            total => format!("{} of {total} healthy", self.healthy()),
        }
    }

    /// The class of the summary, which colours it.
    fn overall(&self) -> &'static str {
        match (self.healthy(), self.rows.len()) {
            (_, 0) => "unknown",
            (healthy, total) if healthy == total => "all",
            (0, _) => "none",
            _ => "some",
        }
    }

    /// The ids of the backends that can be asked. Those with a malformed URL cannot.
    fn usable(&self) -> Vec<&str> {
        self.rows.iter().filter(|row| row.url.is_some()).map(|row| row.id).collect()
    }
}

/// The values of `row.html`: one backend.
pub(super) struct Row<'a> {
    id: &'a str,
    name: &'a str,
    location: &'a str,
    health: &'a str,
    latency_ms: Option<f64>,
    chart: Chart,
    last_check: Option<&'a str>,
    url: Option<&'a str>,
    reason: &'a str,
}

impl<'a> Row<'a> {
    pub(super) fn new(backend: &'a BackendView) -> Self {
        Self {
            id: &backend.id,
            name: &backend.name,
            location: backend.location.as_str(),
            health: backend.health.as_str(),
            latency_ms: backend.latency_ms,
            chart: Chart::new(&backend.latencies_ms),
            last_check: backend.last_check.as_deref(),
            url: backend.url.as_deref(),
            reason: backend.reason.as_deref().unwrap_or_default(),
        }
    }

    /// The row that the script copies for a backend that appears later.
    fn blank() -> Self {
        Self {
            id: "",
            name: "",
            location: "",
            health: "unknown",
            latency_ms: None,
            chart: Chart::new(&[]),
            last_check: None,
            url: None,
            reason: "",
        }
    }

    /// The class and the symbol of the health.
    fn badge(&self) -> &'static str {
        match self.health {
            "healthy" => "healthy",
            "unhealthy" => "unhealthy",
            _ => "unknown",
        }
    }

    fn latency(&self) -> String {
        self.latency_ms.map_or_else(|| "–".to_owned(), |latency| format!("{} ms", readable::milliseconds(latency)))
    }
}

/// Whether a URL becomes a link. `javascript:` and all else but HTTP stay text.
pub(super) fn is_web_address(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) && url.len() > scheme.len()
    })
}

/// The page as it is written. Control characters, which HTML forbids, become U+FFFD; tab and line feed stay. Line and
/// paragraph separators become references, because some tools take them for the end of a line.
struct Printable(String);

impl fmt::Write for Printable {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let replaced = |c: char| matches!(c, '\u{2028}' | '\u{2029}') || (c.is_control() && !matches!(c, '\t' | '\n'));
        for part in text.split_inclusive(replaced) {
            let kept = part.trim_end_matches(replaced);
            self.0.push_str(kept);
            self.0.push_str(match part.get(kept.len()..) {
                None | Some("") => "",
                Some("\u{2028}") => "&#8232;",
                Some("\u{2029}") => "&#8233;",
                Some(_) => "\u{fffd}",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn what_cannot_be_printed_is_replaced() {
        for (text, expected) in [
            ("", ""),
            ("plain – text\t\n", "plain – text\t\n"),
            ("\u{0}a\r\u{7f}\u{85}", "\u{fffd}a\u{fffd}\u{fffd}\u{fffd}"),
            ("a\u{2028}\u{2029}b", "a&#8232;&#8233;b"),
        ] {
            let mut out = Printable(String::new());
            out.write_str(text).unwrap();
            assert_eq!(out.0, expected, "{text:?}");
        }
    }
}
