//! What the keys hold, in short.

use std::fmt::Write;
use std::time::Duration;

use gateway_core::backend::cloud::BACKEND_KEY;
use gateway_core::health::entry::{Entry, HEALTH_KEY};
use gateway_core::time::Timestamp;
use serde::Serialize;

use crate::backend_entry;
use crate::output::number;
use crate::snapshot::Snapshot;

/// One key, as `--json` shows it.
#[derive(Debug, Serialize)]
struct Line<'a> {
    key: &'a str,
    bytes: usize,
    #[serde(flatten)]
    content: Content,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Content {
    /// Paths of URLs are left out, as in `/backends`: in the cloud they may be secret.
    Backend {
        name: String,
        origin: String,
    },
    Health {
        state: &'static str,
        checked_at: String,
        fresh: bool,
        #[serde(skip)]
        age: Duration,
    },
    Malformed {
        reason: String,
    },
    Other,
}

/// A JSON array of all keys.
pub(super) fn json(snapshot: &Snapshot, now: Timestamp) -> String {
    let lines: Vec<_> = lines(snapshot, now).collect();
    let mut text = serde_json::to_string_pretty(&lines).unwrap_or_default();
    text.push('\n');
    text
}

/// A line for each key.
pub(super) fn text(snapshot: &Snapshot, now: Timestamp) -> String {
    let lines: Vec<_> = lines(snapshot, now).map(|line| (printable(line.key), line)).collect();
    let width = lines.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (key, line) in &lines {
        let summary = match &line.content {
            Content::Backend { name, origin } => format!("{}  {origin}", printable(name)),
            Content::Health { state, age, fresh, .. } => {
                format!("{state}  {} ago{}", display(*age), if *fresh { "" } else { ", expired" })
            }
            Content::Malformed { reason } => format!("malformed: {}", printable(reason)),
            Content::Other => number(line.bytes, "byte"),
        };
        // A String takes everything.
        let _ = writeln!(text, "{key:width$}  {summary}");
    }
    text
}

fn lines(snapshot: &Snapshot, now: Timestamp) -> impl Iterator<Item = Line<'_>> {
    snapshot.0.iter().map(move |(key, value)| Line { key, bytes: value.len(), content: content(key, value, now) })
}

fn content(key: &str, value: &[u8], now: Timestamp) -> Content {
    if key.starts_with(BACKEND_KEY) {
        return match backend_entry::parse(key, value) {
            Ok(backend) => Content::Backend { origin: backend.url.origin(), name: backend.name },
            Err(reason) => Content::Malformed { reason },
        };
    }
    if key.starts_with(HEALTH_KEY) {
        return match Entry::parse(value) {
            Some(entry) => Content::Health {
                state: entry.state.as_str(),
                checked_at: Timestamp(entry.checked_at).to_rfc3339(),
                fresh: entry.is_fresh(now),
                age: Duration::from_millis(now.0.saturating_sub(entry.checked_at)),
            },
            None => Content::Malformed { reason: "this is no health entry; the gateway ignores it".to_owned() },
        };
    }
    Content::Other
}

/// In the largest unit that is not zero.
fn display(age: Duration) -> String {
    let seconds = age.as_secs();
    for (length, unit) in [(86_400, "d"), (3_600, "h"), (60, "min")] {
        if let Some(number) = seconds.checked_div(length).filter(|number| *number > 0) {
            return format!("{number} {unit}");
        }
    }
    format!("{seconds} s")
}

/// Keys and names are anybody's; control characters in them are not for a terminal.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

    use super::*;

    const NOW: Timestamp = Timestamp(1_770_458_400_000);

    fn snapshot() -> Snapshot {
        let health = |checked_at: u64| {
            format!(r#"{{"state":"healthy","checked_at":{checked_at},"expires_at":{}}}"#, checked_at + 30_000)
        };
        let values = [
            ("backend:x", r#"{"id":"x","name":"X","url":"https://h.example/secret"}"#.to_owned()),
            ("backend:y", "?".to_owned()),
            ("health:cloud:x", health(NOW.0 - 12_000)),
            ("health:cloud:y", health(NOW.0 - 7_200_000)),
            ("health:cloud:z", "?".to_owned()),
            ("a\u{1b}[2J", "12345".to_owned()),
        ];
        Snapshot(values.into_iter().map(|(key, value)| (key.to_owned(), value.into_bytes())).collect())
    }

    #[test]
    fn for_people() {
        let text = text(&snapshot(), NOW);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "a\\u{1b}[2J      5 bytes");
        assert_eq!(lines[1], "backend:x       X  https://h.example");
        assert!(
            lines[2].starts_with("backend:y       malformed: key 'backend:y' of the key-value store is not"),
            "{text}"
        );
        assert_eq!(lines[3], "health:cloud:x  healthy  12 s ago");
        assert_eq!(lines[4], "health:cloud:y  healthy  2 h ago, expired");
        assert!(lines[5].contains("malformed: this is no health entry"), "{text}");
    }

    #[test]
    fn for_machines() {
        let value: serde_json::Value = serde_json::from_str(&json(&snapshot(), NOW)).unwrap();
        assert_eq!(
            value[1],
            serde_json::json!({"key":"backend:x","bytes":54,"kind":"backend","name":"X","origin":"https://h.example"})
        );
        assert_eq!(
            value[3],
            serde_json::json!({"key":"health:cloud:x","bytes":value[3]["bytes"],"kind":"health","state":"healthy",
                "checked_at":"2026-02-07T09:59:48Z","fresh":true})
        );
        assert_eq!(value[0]["kind"], "other");
        assert_eq!(value[2]["kind"], "malformed");
        assert_eq!(json(&Snapshot::default(), NOW), "[]\n");
        assert_eq!(super::text(&Snapshot::default(), NOW), "");
    }
}
