//! The report of a comparison: the answer of the gateway, and what its readers take it apart into.

use crate::backend::reference::{BackendRef, Location};
use crate::response::reply::ErrorBody;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The whole report. Readers ignore members that a later gateway adds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The request that every backend got.
    pub request: Asked,
    /// How often each backend was asked.
    pub runs: Runs,
    /// One row for each backend, in the order in which they were named.
    pub backends: Vec<ReportRow>,
    /// Those that `*` did not take.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
    /// What follows from it.
    pub summary: Summary,
}

/// The request that every backend got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// GET or HEAD, in capitals.
    pub method: String,
    /// Path and query as the client sent them.
    pub path: String,
}

/// Rounds; each asks every backend once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// How many were asked for.
    pub asked: usize,
    /// How many were made before the time was up.
    pub done: usize,
}

/// One backend. Status, fields and body are those of its first answer; `None` where there was none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportRow {
    /// The id that was named.
    pub backend: String,
    /// Where it was looked up.
    pub location: Location,
    /// Shown to people; the id where none is configured.
    pub name: String,
    /// The status of its first answer.
    pub status: Option<u16>,
    /// The value of `content-type`.
    pub content_type: Option<String>,
    /// Bytes of the body.
    pub size: Option<u64>,
    /// SHA-256 of the body in hex digits; `None` where there is none by method or status.
    pub sha256: Option<String>,
    /// Median of the times to the response head, in milliseconds.
    pub first_byte_ms: Option<f64>,
    /// Median of the times to the end of the body, in milliseconds.
    pub total_ms: Option<f64>,
    /// Both times in more detail.
    pub spread: Option<Spreads>,
    /// Rounds that were answered whole.
    pub answered: usize,
    /// Rounds that were not.
    pub failed: usize,
    /// Whether status or body changed between rounds.
    pub varies: bool,
    /// Fields that differ from the reference's, sorted by name.
    pub header_differences: Vec<HeaderDifference>,
    /// The body beside the reference's; `None` for the reference itself, and where neither has one.
    pub body: Option<BodyEquality>,
    /// What turns the reference's JSON into this one's (RFC 6902).
    pub patch: Option<Vec<Operation>>,
    /// Whether the patch is all of it.
    pub patch_complete: Option<bool>,
    /// Its first failure; `None` where every round was answered.
    pub error: Option<Failure>,
}

/// How two bodies compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyEquality {
    /// Byte for byte the same.
    #[serde(rename = "same")]
    Same,
    /// JSON of the same value.
    #[serde(rename = "equal")]
    Equal,
    /// Anything else that differs.
    #[serde(rename = "different")]
    Different,
    /// Not the same bytes, and too large to look closer.
    #[serde(rename = "not compared")]
    NotCompared,
}

impl BodyEquality {
    /// As the report says it.
    pub fn as_str(self) -> &'static str {
        match self {
            BodyEquality::Same => "same",
            BodyEquality::Equal => "equal",
            BodyEquality::Different => "different",
            BodyEquality::NotCompared => "not compared",
        }
    }
}

/// Both times of an exchange, over all its rounds, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spreads {
    /// To the response head.
    pub first_byte_ms: SpreadMs,
    /// To the end of the body.
    pub total_ms: SpreadMs,
}

/// How times are spread, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpreadMs {
    /// The shortest.
    pub min: f64,
    /// The middle one, or the mean of the middle two.
    pub median: f64,
    /// The one that 95 of 100 do not exceed.
    pub p95: f64,
}

/// A field that two answers do not have alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderDifference {
    /// Its name in lower case.
    pub name: String,
    /// The values of the reference, line by line; empty where it has none.
    #[serde(default)]
    pub first: Vec<String>,
    /// The values of this row, in the same way.
    #[serde(default)]
    pub this: Vec<String>,
}

/// One operation of a patch (RFC 6902 §4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    /// Whether it adds, removes or replaces.
    pub op: Op,
    /// Where, as a JSON Pointer (RFC 6901).
    pub path: String,
    /// The value to put there, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Puts a value where none is.
    Add,
    /// Takes the value away.
    Remove,
    /// Puts another value in the place of one.
    Replace,
}

/// Why a backend gave no whole answer: what it would have been alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Failure {
    /// The status of that answer.
    pub status: u16,
    /// The body of that answer, always with a reason.
    #[serde(flatten)]
    pub body: ErrorBody,
}

/// A backend that `*` did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The id of a configured backend.
    pub backend: String,
    /// Where it was looked up.
    pub location: Location,
    /// Why it was left out, such as "known to be down".
    pub reason: String,
}

/// What follows from the rows; backends are named `id@location`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The one with the least median of whole times, below a status of 500.
    pub fastest: Option<String>,
    /// Whether those that answered gave the same status and body; false where none did.
    pub agree: bool,
    /// Those that did not.
    #[serde(default)]
    pub disagree: Vec<String>,
    /// Those that failed in some round.
    #[serde(default)]
    pub failed: Vec<String>,
}

impl Report {
    /// The row that the others are compared with: that of the first answer of all. It alone has an answer and says nothing about its body.
    pub fn reference(&self) -> Option<&ReportRow> {
        self.backends.iter().find(|row| row.status.is_some() && row.body.is_none())
    }
}

impl ReportRow {
    /// `id@location`.
    pub fn label(&self) -> String {
        BackendRef::new(&*self.backend, self.location).to_string()
    }

    /// The spread of the whole time; of a single value where the report has only that.
    pub fn total(&self) -> Option<SpreadMs> {
        let single = self.total_ms.map(|ms| SpreadMs { min: ms, median: ms, p95: ms });
        self.spread.map(|spread| spread.total_ms).or(single)
    }
}

impl Skipped {
    /// `id@location`.
    pub fn label(&self) -> String {
        BackendRef::new(&*self.backend, self.location).to_string()
    }

    /// A backend that was left out for `reason`.
    pub fn new(backend: BackendRef, reason: String) -> Self {
        Skipped { backend: backend.id, location: backend.location, reason }
    }
}
