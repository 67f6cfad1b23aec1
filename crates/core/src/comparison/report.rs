//! The answer to a shootout, as JSON.

use super::equality::Verdict;
use super::measure::Spread;
use super::tally::{First, Row, Shootout};
use crate::backend::reference::Location;
use crate::json::Json;
use crate::response::reply::Reply;
use crate::status::endpoints::json;
use http::Method;

/// Rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
    /// How many were asked for.
    pub asked: usize,
    /// How many were made before the time was up.
    pub done: usize,
}

/// A backend that `*` did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its id.
    pub backend: String,
    /// Where it was looked up.
    pub location: Location,
    /// Why.
    pub reason: String,
}

/// The answer to the client.
pub fn reply(comparison: &Shootout, method: &Method, path: &str, runs: Runs, skipped: &[Skipped]) -> Reply {
    let rows = &comparison.rows;
    let mut out = Json::default();
    out.open('{');
    out.name("request").open('{');
    out.name("method").text(Some(method.as_str()));
    out.name("path").text(Some(path));
    out.close('}');
    out.name("runs").open('{');
    out.name("asked").count(runs.asked as u64);
    out.name("done").count(runs.done as u64);
    out.close('}');
    out.name("backends").open('[');
    for row in rows {
        line(&mut out, row);
    }
    out.close(']');
    out.name("skipped").open('[');
    for Skipped { backend, location, reason } in skipped {
        out.open('{');
        out.name("backend").text(Some(backend));
        out.name("location").text(Some(location.as_str()));
        out.name("reason").text(Some(reason));
        out.close('}');
    }
    out.close(']');
    summary(out.name("summary"), rows);
    out.close('}');
    json(out)
}

fn line(out: &mut Json, row: &Row) {
    let first = row.first.as_ref();
    let verdict = first.and_then(|first| first.verdict.as_ref());
    let patch = match verdict {
        Some(Verdict::Json(patch)) => Some(patch),
        _ => None,
    };
    let (first_bytes, totals) = (row.first_bytes.spread(), row.totals.spread());
    out.open('{');
    out.name("backend").text(Some(&row.contender.id));
    out.name("location").text(Some(row.contender.location.as_str()));
    out.name("name").text(Some(&row.contender.name));
    count(out.name("status"), first.map(|first| first.status.into()));
    out.name("content_type").text(first.and_then(|first| first.content_type.as_deref()));
    count(out.name("size"), first.map(|first| first.size));
    out.name("sha256").text(first.and_then(|first| first.sha256.as_deref()));
    out.name("first_byte_ms").millis(first_bytes.map(|spread| spread.median));
    out.name("total_ms").millis(totals.map(|spread| spread.median));
    out.name("spread");
    match (first_bytes, totals) {
        (Some(first_bytes), Some(totals)) => {
            out.open('{');
            spread(out.name("first_byte_ms"), first_bytes);
            spread(out.name("total_ms"), totals);
            out.close('}');
        }
        _ => out.text(None),
    }
    out.name("answered").count(row.totals.count() as u64);
    out.name("failed").count(row.failed as u64);
    out.name("varies").raw(flag(row.varies));
    out.name("header_differences").open('[');
    for difference in first.map_or(&[][..], |first| &first.header_differences) {
        out.open('{');
        out.name("name").text(Some(&difference.name));
        out.name("first").texts(difference.first.iter().map(String::as_str));
        out.name("this").texts(difference.this.iter().map(String::as_str));
        out.close('}');
    }
    out.close(']');
    out.name("body").text(verdict.map(Verdict::as_str));
    out.name("patch");
    match patch {
        None => out.text(None),
        Some(patch) => {
            out.open('[');
            for operation in &patch.operations {
                out.open('{');
                out.name("op").text(Some(operation.op));
                out.name("path").text(Some(&operation.path));
                if let Some(value) = &operation.value {
                    out.name("value").raw(value);
                }
                out.close('}');
            }
            out.close(']');
        }
    }
    out.name("patch_complete").raw(patch.map_or("null", |patch| flag(patch.complete)));
    out.name("error");
    match &row.error {
        None => out.text(None),
        Some(error) => out.raw(&error.brief()),
    }
    out.close('}');
}

fn spread(out: &mut Json, spread: Spread) {
    out.open('{');
    out.name("min").millis(Some(spread.min));
    out.name("median").millis(Some(spread.median));
    out.name("p95").millis(Some(spread.p95));
    out.close('}');
}

fn count(out: &mut Json, count: Option<u64>) {
    match count {
        Some(count) => out.count(count),
        None => out.raw("null"),
    }
}

fn flag(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// The fastest is the one with the least median; an error page is no feat. Those that answered agree unless one of them differs in status or body.
fn summary(out: &mut Json, rows: &[Row]) {
    let mut fastest: Option<(Spread, &Row)> = None;
    for row in rows {
        if let (Some(First { status: ..500, .. }), Some(spread)) = (&row.first, row.totals.spread())
            && fastest.is_none_or(|(best, _)| spread.median < best.median)
        {
            fastest = Some((spread, row));
        }
    }
    let disagrees = |row: &Row| row.first.as_ref().is_some_and(|first| first.disagrees);
    let agree = rows.iter().any(|row| row.first.is_some()) && !rows.iter().any(disagrees);
    out.open('{');
    out.name("fastest").text(fastest.map(|(_, row)| row.contender.label()).as_deref());
    out.name("agree").raw(flag(agree));
    labels(out.name("disagree"), rows, disagrees);
    labels(out.name("failed"), rows, |row| row.failed > 0);
    out.close('}');
}

fn labels(out: &mut Json, rows: &[Row], picked: fn(&Row) -> bool) {
    out.open('[');
    for row in rows {
        if picked(row) {
            out.text(Some(&row.contender.label()));
        }
    }
    out.close(']');
}
