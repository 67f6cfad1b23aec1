//! What a comparison comes to: its report, made of the rows.

use super::equality::Verdict;
use super::measure::Spread;
use super::report::{Asked, BodyEquality, Failure, Report, ReportRow, Runs, Skipped, SpreadMs, Spreads, Summary};
use super::tally::{Comparison, First, Row};
use crate::response::error::GatewayError;
use crate::time::millis;
use http::Method;

/// Why no backend is left, in words.
pub fn reasons(skipped: &[Skipped]) -> String {
    if skipped.is_empty() {
        return "none is configured".to_owned();
    }
    let reasons: Vec<_> = skipped.iter().map(|skipped| format!("{} ({})", skipped.backend, skipped.reason)).collect();
    reasons.join(", ")
}

/// The report on a comparison.
pub fn report(comparison: Comparison, method: &Method, path: &str, runs: Runs, skipped: Vec<Skipped>) -> Report {
    let summary = summary(&comparison.rows);
    Report {
        request: Asked { method: method.to_string(), path: path.to_owned() },
        runs,
        backends: comparison.rows.into_iter().map(row).collect(),
        skipped,
        summary,
    }
}

fn row(row: Row) -> ReportRow {
    let Row { contender, first, first_bytes, totals, failed, varies, error } = row;
    let spread = match (first_bytes.spread(), totals.spread()) {
        (Some(first_byte), Some(total)) => {
            Some(Spreads { first_byte_ms: in_millis(first_byte), total_ms: in_millis(total) })
        }
        _ => None,
    };
    let told = ReportRow {
        backend: contender.backend.id,
        location: contender.backend.location,
        name: contender.name,
        first_byte_ms: spread.map(|spread| spread.first_byte_ms.median),
        total_ms: spread.map(|spread| spread.total_ms.median),
        spread,
        answered: totals.count(),
        failed,
        varies,
        error: error.as_ref().map(failure),
        ..ReportRow::default()
    };
    let Some(first) = first else { return told };
    let (body, patch) = match first.verdict {
        None => (None, None),
        Some(Verdict::Same) => (Some(BodyEquality::Same), None),
        Some(Verdict::Equal) => (Some(BodyEquality::Equal), None),
        Some(Verdict::Different) => (Some(BodyEquality::Different), None),
        Some(Verdict::NotCompared) => (Some(BodyEquality::NotCompared), None),
        Some(Verdict::Json(patch)) => (Some(BodyEquality::Different), Some(patch)),
    };
    ReportRow {
        status: Some(first.status),
        content_type: first.content_type,
        size: Some(first.size),
        sha256: first.sha256,
        header_differences: first.header_differences,
        body,
        patch_complete: patch.as_ref().map(|patch| patch.complete),
        patch: patch.map(|patch| patch.operations),
        ..told
    }
}

fn failure(error: &GatewayError) -> Failure {
    let mut body = error.body();
    body.reason = Some(error.to_string());
    Failure { status: error.status().code().as_u16(), body }
}

fn in_millis(spread: Spread) -> SpreadMs {
    SpreadMs { min: millis(spread.min), median: millis(spread.median), p95: millis(spread.p95) }
}

/// The fastest is the one with the least median; an error page does not count. Those that answered agree unless one of them differs in status or
/// body.
fn summary(rows: &[Row]) -> Summary {
    let median = |row: &Row| match &row.first {
        Some(First { status: ..500, .. }) => row.totals.spread().map(|spread| spread.median),
        _ => None,
    };
    let timed = rows.iter().filter_map(|row| Some((median(row)?, row)));
    let fastest = timed.min_by_key(|(median, _)| *median).map(|(_, row)| row.contender.backend.to_string());
    let disagrees = |row: &&Row| row.first.as_ref().is_some_and(|first| first.disagrees);
    let labels = |picked: &dyn Fn(&&Row) -> bool| -> Vec<String> {
        rows.iter().filter(picked).map(|row| row.contender.backend.to_string()).collect()
    };
    Summary {
        fastest,
        agree: rows.iter().any(|row| row.first.is_some()) && !rows.iter().any(|row| disagrees(&row)),
        disagree: labels(&disagrees),
        failed: labels(&|row| row.failed > 0),
    }
}
