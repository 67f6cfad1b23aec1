//! The one line a request leaves in the log: JSON, without header values, query or credentials.

use crate::backend::reference::Location;
use crate::health::entry::State;
use crate::target::path_of;
use crate::time::{self, Timestamp};
use serde::{Serialize, Serializer};
use std::time::Duration;

/// What is told of a request, in the order of the line.
#[derive(Debug, Clone, Serialize)]
pub struct LogLine<'a> {
    /// When the request arrived.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// The id that response and backend got as well.
    pub request_id: &'a str,
    /// The method as it came.
    pub method: &'a str,
    /// Its path; a query is cut off.
    #[serde(serialize_with = "without_query")]
    pub path: &'a str,
    /// The backend, where one was chosen.
    pub backend: Option<&'a str>,
    /// The registry, where one was chosen.
    pub location: Option<Location>,
    /// The status that was sent.
    pub status: u16,
    /// From arrival to the end of the response.
    #[serde(serialize_with = "millis")]
    pub duration_ms: Duration,
    /// From sending to the backend's response head or failure.
    #[serde(serialize_with = "maybe_millis")]
    pub backend_ms: Option<Duration>,
    /// The health verdict the request was routed by.
    pub health: Option<State>,
    /// What went wrong, if anything.
    pub error: Option<&'a str>,
}

impl LogLine<'_> {
    /// The line, with its line feed, to be written in one piece.
    pub fn to_text(&self) -> String {
        // No member can fail to be written.
        let mut text = serde_json::to_string(self).unwrap_or_default();
        if !text.is_ascii() || text.contains('\u{7f}') {
            text = with_escaped_controls(&text);
        }
        text.push('\n');
        text
    }
}

fn rfc3339<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&time.to_rfc3339_millis())
}

fn without_query<S: Serializer>(path: &str, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(path_of(path))
}

fn millis<S: Serializer>(duration: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_f64(time::millis(*duration))
}

fn maybe_millis<S: Serializer>(duration: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    duration.map(time::millis).serialize(out)
}

/// JSON escapes the control characters of ASCII; terminals obey DEL and those of Unicode as well, and some tools end a line at U+2028 and U+2029.
fn with_escaped_controls(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_without_the_query() {
        let entry = LogLine {
            time: Timestamp(1_770_458_400_123),
            request_id: "id",
            method: "GET",
            path: "/a\"b?token=secret",
            backend: Some("cf-d1"),
            location: Some(Location::Cloud),
            status: 503,
            duration_ms: Duration::from_micros(1_500),
            backend_ms: None,
            health: Some(State::Unknown),
            error: Some("connection refused"),
        };
        assert_eq!(
            entry.to_text(),
            concat!(
                r#"{"time":"2026-02-07T10:00:00.123Z","request_id":"id","method":"GET","path":"/a\"b","backend":"cf-d1","location":"cloud","#,
                r#""status":503,"duration_ms":1.5,"backend_ms":null,"health":"unknown","error":"connection refused"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn nothing_in_a_line_moves_a_terminal_or_ends_it() {
        let entry = LogLine {
            time: Timestamp(0),
            request_id: "id",
            method: "GET",
            path: "/\u{7f}\u{9b}31m\u{2028}ü",
            backend: None,
            location: None,
            status: 200,
            duration_ms: Duration::ZERO,
            backend_ms: None,
            health: None,
            error: None,
        };
        assert!(entry.to_text().contains(r#""path":"/\u007f\u009b31m\u2028ü""#), "{}", entry.to_text());
    }
}
