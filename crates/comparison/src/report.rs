//! The report of a comparison: the answer of the gateway, and what its readers take it apart into.

mod answers;
mod difference;
mod verdict;

pub use self::answers::{Answers, Spread, Statuses, Times};
pub use self::difference::{Difference, Kind, Op, Operation};
pub use self::verdict::{Fastest, Verdict};
use gateway_core::backend::reference::{BackendRef, Location};
use gateway_core::response::reply::ErrorBody;
use serde::{Deserialize, Serialize};

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
    pub verdict: Verdict,
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
    /// How many measured rounds were asked for.
    pub asked: usize,
    /// How many rounds were made before them, which count for nothing.
    #[serde(default)]
    pub warmup: usize,
    /// How many measured rounds were begun before the time was up.
    pub done: usize,
}

/// One backend.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportRow {
    /// The id that was named.
    pub backend: String,
    /// Where it was looked up.
    pub location: Location,
    /// Shown to people; the id where none is configured.
    pub name: String,
    /// What came back in the measured rounds.
    pub answers: Answers,
    /// The most frequent status, of several the lowest; `None` where no round was answered.
    pub status: Option<u16>,
    /// The value of `content-type` in the first measured answer.
    pub content_type: Option<String>,
    /// Bytes of the body of the first measured answer, as they came.
    pub size: Option<u64>,
    /// SHA-256 of that body in hex digits; `None` where there is none by method or status.
    pub sha256: Option<String>,
    /// Over the whole answers below 500; `None` where there are none.
    pub times: Option<Times>,
    /// How its answers compare with the reference's; `None` where it or the reference never answered.
    pub equality: Option<Equality>,
    /// Why it is [`Equality::NotCompared`].
    pub reason: Option<String>,
    /// What `equality` comes to, in words: "equal but for 3 generated ids and 6 times".
    pub words: String,
    /// Where its answers differ, the set-aside differences among them, in the order of the reference's document.
    pub differences: Vec<Difference>,
    /// Whether `differences` are all of them.
    pub differences_complete: bool,
    /// What turns the reference's JSON into this one's (RFC 6902), where their values differ.
    pub patch: Option<Vec<Operation>>,
    /// Whether the patch is all of it.
    pub patch_complete: Option<bool>,
    /// Its first failure; `None` where every round was answered.
    pub error: Option<Failure>,
}

/// How answers compare with those of the reference, over all measured rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Equality {
    /// It is the reference.
    Reference,
    /// The same status, compared fields and bytes.
    Identical,
    /// The same JSON value.
    Equal,
    /// Equal but for what says nothing about the implementation.
    Equivalent,
    /// Anything else.
    Different,
    /// Neither agreement nor disagreement.
    #[serde(rename = "not compared")]
    NotCompared,
}

impl Equality {
    /// As the report says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Equality::Reference => "reference",
            Equality::Identical => "identical",
            Equality::Equal => "equal",
            Equality::Equivalent => "equivalent",
            Equality::Different => "different",
            Equality::NotCompared => "not compared",
        }
    }
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

impl Report {
    /// The report as JSON.
    #[inline(never)]
    pub fn to_json(&self) -> String {
        // Texts, numbers and lists, none of which can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The row that the others are compared with; `None` where nothing was answered.
    pub fn reference(&self) -> Option<&ReportRow> {
        self.backends.iter().find(|row| row.equality == Some(Equality::Reference))
    }
}

impl ReportRow {
    /// `id@location`.
    pub fn label(&self) -> String {
        BackendRef::new(&*self.backend, self.location).to_string()
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
