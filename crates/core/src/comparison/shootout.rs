//! One request to several backends, compared: `x-backend: bun-sqlite,cf-d1` or `x-backend: *`.
//!
//! ```text
//! route::select ── check_method, runs ── order of each round ──► exchanges (the component's affair)
//!                                                                   │ one answer or error each
//!                          report ◄── Shootout (compare, patch) ◄───┘
//! ```
//!
//! In scope: who is asked when, what of the answers is compared, and how it is told. Out of scope: sending, reading, clocks.

#[cfg(test)]
mod tests;

use super::body::Body;
use super::equality::{self, HeaderDifference, Reference, Verdict};
use super::measure::Times;
use super::report::{self, Runs, Skipped};
use crate::backend::known::Location;
use crate::fields::{Field, field, last_str, values};
use crate::health::rules::Outcome;
use crate::request::route::X_BACKEND;
use crate::response::error::{GatewayError, Reply};
use http::Method;
use std::time::Duration;

/// How often each backend is asked: 1 to 50, default 1.
pub const X_SHOOTOUT_RUNS: &str = "x-shootout-runs";
/// The most backends of one shootout.
pub const MOST_BACKENDS: usize = 16;
/// Exchanges that run at once: hosts like Cloudflare's allow six connections for each request.
pub const AT_ONCE: usize = 6;
/// Bodies that are larger, in bytes, are hashed as they stream, and neither kept nor compared by content.
pub const LARGEST_KEPT: usize = 1024 * 1024;

const MOST_RUNS: usize = 50;

/// What a request with a body is told.
pub const HAS_A_BODY: GatewayError =
    GatewayError::BadRequest("Only a request without a body can go to several backends at once");

/// Whether a request with this method may be carried out several times.
///
/// # Errors
/// It could write, and would do so once for each backend.
pub fn check_method(method: &Method) -> Result<(), GatewayError> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    Err(GatewayError::BadRequest(
        "Only GET and HEAD can go to several backends at once: anything else could be written several times",
    ))
}

/// How many rounds are asked for; one where the field is absent.
///
/// # Errors
/// No number from 1 to 50, or lines that differ.
pub fn runs(fields: &[Field]) -> Result<usize, GatewayError> {
    let mut lines = values(fields, X_SHOOTOUT_RUNS);
    let Some(first) = lines.next() else {
        return Ok(1);
    };
    std::str::from_utf8(first)
        .ok()
        .map(str::trim)
        .filter(|text| lines.all(|other| other == first) && text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .filter(|runs| (1..=MOST_RUNS).contains(runs))
        .ok_or(GatewayError::BadRequest("x-shootout-runs must be a number from 1 to 50"))
}

/// The order in which `backends` backends are asked in `round`, both counted from zero: each round begins one further.
pub fn order(backends: usize, round: usize) -> impl Iterator<Item = usize> {
    let first = round.checked_rem(backends).unwrap_or_default();
    (first..backends).chain(0..first)
}

/// The fields for the backend `id`, of those it would get if it were asked alone: its own id, no runs, and no encoding, which would hide what
/// there is to compare.
pub fn to_backend(mut fields: Vec<Field>, id: &str) -> Vec<Field> {
    let replaced = [X_BACKEND, X_SHOOTOUT_RUNS, "accept-encoding"];
    fields.retain(|(name, _)| !replaced.iter().any(|replaced| name.eq_ignore_ascii_case(replaced)));
    fields.push(field("accept-encoding", "identity"));
    fields.push(field(X_BACKEND, id));
    fields
}

/// What a backend's exchanges teach about its health, in short: successes in a row count once, as the last of them.
pub fn lessons(outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let mut lessons: Vec<Outcome> = Vec::new();
    for outcome in outcomes {
        match (lessons.last_mut(), &outcome) {
            (Some(_), Outcome::Nothing) => {}
            (Some(last @ (Outcome::Success(_) | Outcome::Nothing)), Outcome::Success(_)) => *last = outcome,
            (Some(last @ Outcome::Nothing), _) => *last = outcome,
            _ => lessons.push(outcome),
        }
    }
    lessons
}

/// Why nobody is left, in words.
pub fn reasons(skipped: &[Skipped]) -> String {
    let mut text = String::new();
    for Skipped { backend, reason, .. } in skipped {
        text.push_str(if text.is_empty() { "" } else { ", " });
        for part in [backend, " (", reason, ")"] {
            text.push_str(part);
        }
    }
    if text.is_empty() { "none is configured".to_owned() } else { text }
}

/// A backend that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contender {
    /// Its id.
    pub id: String,
    /// Where it was looked up.
    pub location: Location,
    /// For people.
    pub name: String,
}

impl Contender {
    /// `id@location`.
    pub fn label(&self) -> String {
        format!("{}@{}", self.id, self.location.as_str())
    }
}

/// An answer that came whole.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The backend's fields.
    pub fields: Vec<Field>,
    /// The body; `None` where there is none by method or status.
    pub body: Option<Body>,
    /// From the start to the response head.
    pub first_byte: Duration,
    /// From the start to the end of the body.
    pub total: Duration,
}

/// The comparison, as it grows with each answer.
pub struct Shootout {
    rows: Vec<Row>,
    reference: Option<Reference>,
}

pub(super) struct Row {
    pub(super) contender: Contender,
    pub(super) first: Option<First>,
    pub(super) first_bytes: Times,
    pub(super) totals: Times,
    pub(super) failed: usize,
    pub(super) varies: bool,
    /// The first failure.
    pub(super) error: Option<GatewayError>,
}

/// What is told of a row's first answer.
pub(super) struct First {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) size: u64,
    pub(super) sha256: Option<String>,
    pub(super) header_differences: Vec<HeaderDifference>,
    pub(super) verdict: Option<Verdict>,
    pub(super) disagrees: bool,
}

impl Shootout {
    /// Nobody has answered yet.
    pub fn new(contenders: impl IntoIterator<Item = Contender>) -> Self {
        let row = |contender| Row {
            contender,
            first: None,
            first_bytes: Times::default(),
            totals: Times::default(),
            failed: 0,
            varies: false,
            error: None,
        };
        Shootout { rows: contenders.into_iter().map(row).collect(), reference: None }
    }

    /// Whether the body of the next answer of `row` is compared: that of its first one is.
    pub fn wants_body(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(|row| row.first.is_none())
    }

    /// Takes in what became of an exchange of `row`. The first answer of all is the reference, so those of a round come in the order of the rows.
    pub fn add(&mut self, row: usize, result: Result<Answered, GatewayError>) {
        let Some(row) = self.rows.get_mut(row) else {
            return;
        };
        let answered = match result {
            Ok(answered) => answered,
            Err(error) => {
                row.failed = row.failed.saturating_add(1);
                row.error.get_or_insert(error);
                return;
            }
        };
        row.first_bytes.add(answered.first_byte);
        row.totals.add(answered.total);
        let sha256 = answered.body.as_ref().map(Body::sha256);
        match &row.first {
            Some(first) => row.varies |= first.status != answered.status || first.sha256 != sha256,
            None => row.first = Some(First::new(answered, sha256, &mut self.reference)),
        }
    }

    /// The answer to the client.
    pub fn report(&self, method: &Method, path_and_query: &str, runs: Runs, skipped: &[Skipped]) -> Reply {
        report::reply(&self.rows, method, path_and_query, runs, skipped)
    }
}

impl First {
    fn new(answered: Answered, sha256: Option<String>, reference: &mut Option<Reference>) -> Self {
        let Answered { status, fields, body, .. } = answered;
        let content_type = last_str(&fields, "content-type").map(equality::bounded);
        let size = body.as_ref().map_or(0, Body::size);
        let (header_differences, verdict, disagrees) = match reference {
            None => {
                *reference = Some(Reference::new(status, fields, body));
                (Vec::new(), None, false)
            }
            Some(reference) => {
                let verdict = reference.compare(body);
                let disagrees = status != reference.status || verdict.as_ref().is_some_and(|verdict| !verdict.agrees());
                (reference.header_differences(&fields), verdict, disagrees)
            }
        };
        First { status, content_type, size, sha256, header_differences, verdict, disagrees }
    }
}
