//! The comparison for people: a table, the differences in words, who was fastest.
//!
//! Answers of backends are not trusted with a terminal: what is not printable arrives escaped.

use std::fmt::Write;

use gateway_comparison::report::{BodyEquality, Op, Operation, Report, ReportRow};
use gateway_core::text::shorten;

use crate::output::number;

/// Characters of a value shown in a line. The files hold everything.
const MAX_VALUE: usize = 100;

/// Where text is coloured, with the terminal's own colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    pub(super) fn new(on: bool) -> Self {
        Self(on)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    fn bad(self, text: &str) -> String {
        self.with("31", text)
    }
}

pub(super) fn render(report: &Report, origin: &str, paint: Paint) -> String {
    let mut out = String::new();
    let rounds = if report.runs.done == report.runs.asked {
        number(report.runs.done, "round")
    } else {
        format!(
            "{} of {} rounds; the gateway starts none after its request_timeout",
            report.runs.done, report.runs.asked
        )
    };
    let request = format!("{} {}", plain(&report.request.method), plain(&report.request.path));
    line(&mut out, format_args!("{} at {origin}, {rounds}\n", paint.bold(&request)));
    table(&mut out, report, paint);
    differences(&mut out, report, paint);
    summary(&mut out, report, paint);
    out
}

fn table(out: &mut String, report: &Report, paint: Paint) {
    let head = ["backend", "status", "first byte", "total min", "median", "p95", "size", "body"].map(str::to_owned);
    let reference = report.reference().map(ReportRow::label);
    let rows: Vec<_> = report.backends.iter().map(|row| cells(row, reference.as_deref())).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = std::iter::once(&head).chain(&rows).filter_map(|cells| cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    let aligned = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            // Text to the left, figures to the right.
            0 | 7 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    line(out, format_args!("{}", paint.bold(&aligned(&head))));
    for (row, cells) in report.backends.iter().zip(&rows) {
        let text = aligned(cells);
        let bad = row.status.is_none() || report.summary.disagree.contains(&row.label());
        line(out, format_args!("{}", if bad { paint.bad(&text) } else { text }));
    }
}

fn cells(row: &ReportRow, reference: Option<&str>) -> [String; 8] {
    let none = || "–".to_owned();
    let time = |ms: Option<f64>| ms.map_or_else(none, milliseconds);
    let total = row.total();
    let label = row.label();
    let body = match row.body {
        _ if row.status.is_none() => "no answer",
        Some(equality) => equality.as_str(),
        None if reference == Some(&label) => "compared with",
        None => "–",
    };
    [
        plain(&label),
        row.status.map_or_else(none, |status| status.to_string()),
        time(row.first_byte_ms),
        time(total.map(|total| total.min)),
        time(total.map(|total| total.median)),
        time(total.map(|total| total.p95)),
        row.size.map_or_else(none, size),
        body.to_owned(),
    ]
}

fn differences(out: &mut String, report: &Report, paint: Paint) {
    let reference = report.reference();
    let first = reference.map(|row| plain(&row.label())).unwrap_or_default();
    for row in &report.backends {
        let mut lines = Vec::new();
        let status = |row: &ReportRow| row.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        if let Some(error) = &row.error {
            lines.push(format!("{}: {}", plain(&error.body.error), plain(&error.body.message)));
        }
        if let Some(reference) = reference.filter(|reference| row.status.is_some() && reference.status != row.status) {
            lines.push(format!("status: {}, not {}", status(row), status(reference)));
        }
        if row.body == Some(BodyEquality::Different) {
            match &row.patch {
                Some(patch) => {
                    lines.extend(patch.iter().map(|operation| in_words(operation, paint)));
                    if row.patch_complete == Some(false) {
                        lines.push("and more than the gateway lists".to_owned());
                    }
                }
                None => lines.push(format!(
                    "body: {}, sha256 {}",
                    row.size.map_or_else(String::new, size),
                    plain(row.sha256.as_deref().unwrap_or("–"))
                )),
            }
        }
        for header in &row.header_differences {
            let (this, that) = (values(&header.this), values(&header.first));
            lines.push(format!("header {}: {this}, not {that}", plain(&header.name)));
        }
        if row.varies {
            lines.push("its answer changed between rounds".to_owned());
        }
        if row.failed > 0 && row.answered > 0 {
            lines.push(format!("no answer in {} of {} rounds", row.failed, row.failed.saturating_add(row.answered)));
        }
        if lines.is_empty() {
            continue;
        }
        let about = if row.status.is_none() {
            "gave no answer".to_owned()
        } else if !row.header_differences.is_empty() || report.summary.disagree.contains(&row.label()) {
            format!("differs from {first}")
        } else {
            "is not steady".to_owned()
        };
        line(out, format_args!("\n{} {about}:", paint.bold(&plain(&row.label()))));
        for text in lines {
            line(out, format_args!("  {text}"));
        }
    }
    for skipped in &report.skipped {
        let label = plain(&skipped.label());
        line(out, format_args!("\n{} was left out: {}", paint.bold(&label), plain(&skipped.reason)));
    }
}

/// One operation of the patch as a line: what it does, where, and the new value.
fn in_words(operation: &Operation, paint: Paint) -> String {
    let path = if operation.path.is_empty() { "(the whole body)".to_owned() } else { plain(&operation.path) };
    let value = || shorten(&plain(operation.value.as_ref().map_or("null", |value| value.get())), MAX_VALUE);
    match operation.op {
        Op::Add => format!("{} {path}: {}", paint.good("+"), value()),
        Op::Remove => format!("{} {path}", paint.bad("-")),
        Op::Replace => format!("~ {path}: {}", value()),
    }
}

fn values(values: &[String]) -> String {
    if values.is_empty() {
        return "absent".to_owned();
    }
    shorten(&values.iter().map(|value| format!("'{}'", plain(value))).collect::<Vec<_>>().join(" and "), MAX_VALUE)
}

fn summary(out: &mut String, report: &Report, paint: Paint) {
    let summary = &report.summary;
    out.push('\n');
    let median = |row: &&ReportRow| row.total().map(|total| total.median);
    let fastest = report.backends.iter().find(|row| summary.fastest.as_deref() == Some(&row.label()));
    if let Some((row, least)) = fastest.and_then(|row| Some((row, median(&row)?))) {
        let label = paint.bold(&plain(&row.label()));
        let mut slower: Vec<_> = report
            .backends
            .iter()
            .filter(|other| other.label() != row.label() && other.status.is_some_and(|status| status < 500))
            .filter_map(|other| Some((median(&other)?, plain(&other.label()))))
            .collect();
        slower.sort_by(|one, other| one.0.total_cmp(&other.0));
        let factors: Vec<_> = slower
            .iter()
            .filter(|_| least > 0.0)
            .map(|(other, label)| format!("{:.2} times as fast as {label}", other / least))
            .collect();
        let factors = if factors.is_empty() { String::new() } else { format!(": {}", factors.join(", ")) };
        line(out, format_args!("fastest: {label}, {}{factors}", milliseconds(least)));
    }
    let names = |labels: &[String]| labels.iter().map(|label| plain(label)).collect::<Vec<_>>().join(", ");
    if !summary.disagree.is_empty() {
        line(out, format_args!("{}", paint.bad(&format!("disagree: {}", names(&summary.disagree)))));
    }
    if !summary.failed.is_empty() {
        line(out, format_args!("{}", paint.bad(&format!("failed: {}", names(&summary.failed)))));
    }
    if summary.disagree.is_empty() && summary.agree {
        line(out, format_args!("{}", paint.good("all that answered agree")));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

/// `1.40 ms`.
pub(super) fn milliseconds(value: f64) -> String {
    format!("{value:.2} ms")
}

/// In bytes up to 10 KiB, which is where the last digit stops to matter.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// The text without what would steer a terminal: control characters and those that turn the direction of writing.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_unicode());
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
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(plain("a\x1b[31m\u{9b}\u{202e}é\n"), "a\\u{1b}[31m\\u{9b}\\u{202e}é\\u{a}");
    }

    #[test]
    fn paint_is_off_or_ends_what_it_begins() {
        assert_eq!(Paint::new(false).bad("x"), "x");
        assert_eq!(Paint::new(true).bad("x"), "\x1b[31mx\x1b[0m");
    }

    #[test]
    fn sizes() {
        for (bytes, text) in [(0, "0 B"), (10_239, "10239 B"), (10_240, "10 KiB"), (1 << 30, "1024 MiB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
