//! The one line a request leaves in the log: JSON, without header values, query or credentials (design §1, Logging).

use crate::json::Json;
use crate::time::Timestamp;
use std::time::Duration;

/// What is told of a request.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// When it arrived.
    pub time: Timestamp,
    /// Its id.
    pub request_id: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Its path; a query is cut off.
    pub path: &'a str,
    /// The backend, where one was chosen.
    pub backend: Option<&'a str>,
    /// The registry, where one was chosen.
    pub location: Option<&'a str>,
    /// The status that was sent.
    pub status: u16,
    /// From arrival to the end of the response.
    pub total: Duration,
    /// From sending to the backend's response head or failure.
    pub backend_time: Option<Duration>,
    /// The health verdict the request was routed by.
    pub health: Option<&'a str>,
    /// What went wrong, if anything.
    pub error: Option<&'a str>,
}

/// The line, with its line feed, to be written in one piece.
pub fn line(entry: &Entry<'_>) -> String {
    let path = crate::target::path_of(entry.path);
    let mut line = Json::with_capacity(512);
    line.open('{');
    line.name("time").text(Some(&entry.time.to_rfc3339_millis()));
    line.name("request_id").text(Some(entry.request_id));
    line.name("method").text(Some(entry.method));
    line.name("path").text(Some(path));
    line.name("backend").text(entry.backend);
    line.name("location").text(entry.location);
    line.name("status").count(entry.status.into());
    line.name("duration_ms").millis(Some(entry.total));
    line.name("backend_ms").millis(entry.backend_time);
    line.name("health").text(entry.health);
    line.name("error").text(entry.error);
    line.close('}');
    let mut text = line.finish();
    // An id and a method are ASCII by what they are.
    let told = [Some(path), entry.backend, entry.error];
    if told.into_iter().flatten().any(|text| text.bytes().any(|byte| byte >= 0x7f)) {
        text = with_escaped_controls(&text);
    }
    text.push('\n');
    text
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
        let entry = Entry {
            time: Timestamp(1_770_458_400_123),
            request_id: "id",
            method: "GET",
            path: "/a\"b?token=secret",
            backend: Some("cf-d1"),
            location: Some("cloud"),
            status: 503,
            total: Duration::from_micros(1_500),
            backend_time: None,
            health: Some("unknown"),
            error: Some("connection refused"),
        };
        assert_eq!(
            line(&entry),
            concat!(
                r#"{"time":"2026-02-07T10:00:00.123Z","request_id":"id","method":"GET","path":"/a\"b","backend":"cf-d1","location":"cloud","#,
                r#""status":503,"duration_ms":1.5,"backend_ms":null,"health":"unknown","error":"connection refused"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn nothing_in_a_line_moves_a_terminal_or_ends_it() {
        let entry = Entry {
            time: Timestamp(0),
            request_id: "id",
            method: "GET",
            path: "/\u{7f}\u{9b}31m\u{2028}ü",
            backend: None,
            location: None,
            status: 200,
            total: Duration::ZERO,
            backend_time: None,
            health: None,
            error: None,
        };
        assert!(line(&entry).contains(r#""path":"/\u007f\u009b31m\u2028ü""#), "{}", line(&entry));
    }
}
