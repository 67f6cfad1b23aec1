//! The answer to a shootout, as JSON.

use super::compare::{HeaderDifference, Verdict};
use super::patch::Operation;
use super::stats::{Spread, spread};
use super::{First, Row};
use crate::backend::Location;
use crate::endpoints::json;
use crate::error::Reply;
use http::Method;
use serde::Serialize;
use serde_json::Value;

/// Rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Runs {
    /// How many were asked for.
    pub asked: usize,
    /// How many were made before the time was up.
    pub done: usize,
}

/// A backend that `*` did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its id.
    pub backend: String,
    /// Where it was looked up.
    #[serde(serialize_with = "location")]
    pub location: Location,
    /// Why.
    pub reason: String,
}

fn location<S: serde::Serializer>(location: &Location, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(location.as_str())
}

#[derive(Serialize)]
struct Report<'a> {
    request: Request<'a>,
    runs: Runs,
    backends: Vec<Line<'a>>,
    skipped: &'a [Skipped],
    summary: Summary,
}

#[derive(Serialize)]
struct Request<'a> {
    method: &'a str,
    path: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    backend: &'a str,
    location: &'a str,
    name: &'a str,
    status: Option<u16>,
    content_type: Option<&'a str>,
    size: Option<u64>,
    sha256: Option<&'a str>,
    first_byte_ms: Option<f64>,
    total_ms: Option<f64>,
    spread: Option<Spreads>,
    answered: usize,
    failed: usize,
    varies: bool,
    header_differences: &'a [HeaderDifference],
    body: Option<&'a str>,
    patch: Option<&'a [Operation]>,
    patch_complete: Option<bool>,
    error: Option<Value>,
}

#[derive(Serialize, Clone, Copy)]
struct Spreads {
    first_byte_ms: Spread,
    total_ms: Spread,
}

#[derive(Serialize)]
struct Summary {
    fastest: Option<String>,
    agree: bool,
    disagree: Vec<String>,
    failed: Vec<String>,
}

pub(super) fn reply(rows: &[Row], method: &Method, path: &str, runs: Runs, skipped: &[Skipped]) -> Reply {
    let backends: Vec<Line<'_>> = rows.iter().map(line).collect();
    json(&Report {
        request: Request { method: method.as_str(), path },
        runs,
        summary: summary(rows),
        backends,
        skipped,
    })
}

fn line(row: &Row) -> Line<'_> {
    let first = row.first.as_ref();
    let verdict = first.and_then(|first| first.verdict.as_ref());
    let patch = match verdict {
        Some(Verdict::Json(patch)) => Some(patch),
        _ => None,
    };
    let spread = spreads(row);
    Line {
        backend: &row.contender.id,
        location: row.contender.location.as_str(),
        name: &row.contender.name,
        status: first.map(|first| first.status),
        content_type: first.and_then(|first| first.content_type.as_deref()),
        size: first.map(|first| first.size),
        sha256: first.and_then(|first| first.sha256.as_deref()),
        first_byte_ms: spread.map(|spread| spread.first_byte_ms.median),
        total_ms: spread.map(|spread| spread.total_ms.median),
        spread,
        answered: row.totals.len(),
        failed: row.failed,
        varies: row.varies,
        header_differences: first.map_or(&[], |first| &first.header_differences),
        body: verdict.map(Verdict::as_str),
        patch: patch.map(|patch| patch.operations.as_slice()),
        patch_complete: patch.map(|patch| patch.complete),
        error: row.error.as_ref().map(crate::error::GatewayError::brief),
    }
}

fn spreads(row: &Row) -> Option<Spreads> {
    Some(Spreads { first_byte_ms: spread(&row.first_bytes)?, total_ms: spread(&row.totals)? })
}

/// The fastest is the one with the least median; an error page is no feat. Those that answered agree unless one of them differs in status or body.
fn summary(rows: &[Row]) -> Summary {
    let labels = |picked: fn(&Row) -> bool| -> Vec<String> {
        rows.iter().filter(|row| picked(row)).map(|row| row.contender.label()).collect()
    };
    let fastest = rows
        .iter()
        .filter(|row| row.first.as_ref().is_some_and(|first| first.status < 500))
        .filter_map(|row| Some((spread(&row.totals)?.median, row)))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, row)| row.contender.label());
    let disagree = labels(|row| row.first.as_ref().is_some_and(|first: &First| first.disagrees));
    Summary {
        fastest,
        agree: disagree.is_empty() && rows.iter().any(|row| row.first.is_some()),
        disagree,
        failed: labels(|row| row.failed > 0),
    }
}
