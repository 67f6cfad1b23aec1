//! The comparison for people: a table of the backends, the differences, what failed, the verdict.
//!
//! The words are those of the report, as on the status page. Answers of backends are not trusted with a terminal: what would steer it is
//! escaped.

mod matrix;
mod screen;
mod table;

use std::fmt::Write;

use gateway_comparison::report::Runs;

use super::differences::Matrix;
use super::outcome::{Outcome, only_equivalent};
use super::reading::{ReadReport, ReadRow};
use super::shown::{failure, milliseconds, plain, size, statuses};
use crate::output::number;

pub(super) use self::screen::{Context, Paint, width};

pub(super) fn render(report: &ReadReport, context: &Context<'_>) -> String {
    let mut out = String::new();
    let request = format!("{} {}", plain(&report.request.method), plain(&report.request.path));
    let request = context.paint.bold(&request);
    line(&mut out, format_args!("{request} at {}, {}\n", context.origin, rounds(report.runs)));
    backends(&mut out, report, context.paint);
    for text in matrix::lines(&Matrix::new(report), report.reference(), context) {
        line(&mut out, format_args!("{text}"));
    }
    remarks(&mut out, report, context.paint);
    verdict(&mut out, report, context);
    out
}

fn rounds(runs: Runs) -> String {
    let all = runs.done == runs.asked;
    let mut text = number(runs.asked, "round");
    if !all {
        text = format!("{} of {text}", runs.done);
    }
    if runs.warmup > 0 {
        text = format!("{text} after {} to warm up", runs.warmup);
    }
    if all { text } else { format!("{text}; the gateway begins none after its request_timeout") }
}

fn backends(out: &mut String, report: &ReadReport, paint: Paint) {
    let head = ["backend", "status", "first byte", "total min", "median", "p95", "size", "equality"];
    let sorted = report.sorted();
    let mut cells = vec![head.map(str::to_owned).to_vec()];
    cells.extend(sorted.iter().map(|row| row_cells(row)));
    // Text to the left, figures to the right.
    let mut lines = table::aligned(&cells, &[1, 2, 3, 4, 5, 6]).into_iter();
    line(out, format_args!("{}", paint.bold(&lines.next().unwrap_or_default())));
    for (row, text) in sorted.iter().zip(lines) {
        let bad = row.status.is_none() || row.answers.failed > 0 || report.verdict.disagrees(row);
        line(out, format_args!("{}", if bad { paint.bad(&text) } else { text }));
    }
    if sorted.iter().any(|row| row.times.is_some_and(|times| times.approximate)) {
        let remark = "~ approximate: the body was so large that it was hashed while it came";
        line(out, format_args!("{}", paint.quiet(remark)));
    }
    let mut first = true;
    for row in sorted {
        let words = words(row);
        if words != row.class() {
            line(out, format_args!("{}{}: {}", if first { "\n" } else { "" }, plain(&row.label()), plain(&words)));
            first = false;
        }
    }
}

fn row_cells(row: &ReadRow) -> Vec<String> {
    let none = || "–".to_owned();
    let approximate = if row.times.is_some_and(|times| times.approximate) { "~" } else { "" };
    let time = |ms: Option<f64>| ms.map_or_else(none, |ms| format!("{approximate}{}", milliseconds(ms)));
    vec![
        plain(&row.label()),
        statuses(row),
        time(row.times.map(|times| times.first_byte_ms.median)),
        time(row.times.map(|times| times.total_ms.min)),
        time(row.median()),
        time(row.times.map(|times| times.total_ms.p95)),
        row.size.map_or_else(none, size),
        plain(row.class()),
    ]
}

/// The gateway's words, with the reason where they do not say it.
fn words(row: &ReadRow) -> String {
    match &row.reason {
        Some(reason) if !row.words().contains(&**reason) => format!("{}: {reason}", row.words()),
        _ => row.words().to_owned(),
    }
}

/// What failed, and what was left out.
fn remarks(out: &mut String, report: &ReadReport, paint: Paint) {
    let mut texts = Vec::new();
    for row in &report.backends {
        let answers = &row.answers;
        if let Some(error) = &row.error {
            let rounds = format!("{} of {}", answers.failed, number(answers.total, "round"));
            texts.push(format!("{} failed in {rounds}: {}", paint.bad(&plain(&row.label())), plain(&failure(error))));
        }
    }
    for skipped in &report.skipped {
        let label = plain(&skipped.label());
        texts.push(format!("{} was left out: {}", paint.bold(&label), plain(&skipped.reason)));
    }
    if !texts.is_empty() {
        line(out, format_args!("\n{}", texts.join("\n")));
    }
}

fn verdict(out: &mut String, report: &ReadReport, context: &Context<'_>) {
    let verdict = &report.verdict;
    let paint = context.paint;
    let words: Vec<_> = match verdict.words.as_slice() {
        [] => vec![in_a_word(report)],
        words => words.iter().map(|words| plain(words)).collect(),
    };
    out.push('\n');
    for (place, words) in words.iter().enumerate() {
        // The first is on agreement.
        let words = match place {
            0 if !verdict.disagree.is_empty() => paint.bad(words),
            0 if verdict.agree == Some(true) => paint.good(words),
            _ => words.clone(),
        };
        line(out, format_args!("{words}"));
    }
    if context.strict && verdict.disagree.is_empty() {
        let rows = report.backends.iter().filter(|row| only_equivalent(row));
        for row in rows {
            let text = format!("{} is {}, which --strict does not accept", plain(&row.label()), plain(row.class()));
            line(out, format_args!("{}", paint.bad(&text)));
        }
    }
}

/// For gateways that find no words.
fn in_a_word(report: &ReadReport) -> String {
    let verdict = &report.verdict;
    let names =
        |labels: &[super::reading::Text]| labels.iter().map(|label| plain(label)).collect::<Vec<_>>().join(", ");
    match Outcome::of(report, false) {
        Outcome::Disagree if verdict.disagree.is_empty() => "disagree".to_owned(),
        Outcome::Disagree => format!("disagree: {}", names(&verdict.disagree)),
        Outcome::Failed => format!("failed: {}", names(&verdict.failed)),
        Outcome::Undecided => "no verdict".to_owned(),
        Outcome::Agree => "agree".to_owned(),
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}
