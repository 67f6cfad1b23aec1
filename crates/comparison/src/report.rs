//! The report of a comparison: the answer of the gateway, and what its readers take it apart into.

use gateway_core::backend::reference::{BackendRef, Location};
use gateway_core::response::reply::ErrorBody;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

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

/// What came back in the measured rounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// Rounds in which the backend had its turn.
    pub total: usize,
    /// Those without a whole answer.
    pub failed: usize,
    /// How often each status came.
    pub statuses: BTreeMap<u16, usize>,
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

/// Something in which an answer differs from the reference's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Within the body a JSON Pointer (RFC 6901), empty for all of it, into the reference's document; of an extra item, into this one. A field's name in lower case, or
    /// `status`, where it is neither empty nor begins with a slash.
    pub path: String,
    /// What is different, or why it does not count.
    pub kind: Kind,
    /// The reference's value as raw JSON text, or the text of its field or status; `None` where it has none. Long ones are cut, with an ellipsis.
    pub reference: Option<String>,
    /// This backend's, in the same way.
    pub this: Option<String>,
}

/// What a difference consists in. Those from [`Kind::Varying`] on are set aside: they say nothing about the implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Another status.
    Status,
    /// A field of the response.
    Header,
    /// Another value of the same type.
    Value,
    /// Another type, null included.
    Type,
    /// The reference has it, this one does not.
    Missing,
    /// This one has it, the reference does not.
    Extra,
    /// The same items in another order.
    Order,
    /// It differs between rounds of one backend, too.
    Varying,
    /// UUIDs that map one to one throughout the body, or RFC 3339 times.
    Generated,
    /// The same thing, written in another way.
    Notation,
    /// The client asked not to compare it.
    Ignored,
}

impl Kind {
    /// Whether it is set aside.
    pub fn is_set_aside(self) -> bool {
        self >= Kind::Varying
    }

    /// As the report says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Status => "status",
            Kind::Header => "header",
            Kind::Value => "value",
            Kind::Type => "type",
            Kind::Missing => "missing",
            Kind::Extra => "extra",
            Kind::Order => "order",
            Kind::Varying => "varying",
            Kind::Generated => "generated",
            Kind::Notation => "notation",
            Kind::Ignored => "ignored",
        }
    }
}

/// Both times of an exchange, over all its rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// To the response head.
    pub first_byte_ms: Spread,
    /// To the end of the body.
    pub total_ms: Spread,
    /// Whether a body was too large to be kept, so that the times include its hashing.
    #[serde(default)]
    pub approximate: bool,
}

/// How times are spread, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The shortest.
    pub min: f64,
    /// The middle one, or the mean of the middle two.
    pub median: f64,
    /// The one that 95 of 100 do not exceed (nearest rank).
    pub p95: f64,
}

/// One operation of a patch (RFC 6902 §4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// Where a value is moved from, as a JSON Pointer (RFC 6901).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where, as a JSON Pointer.
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
    /// Takes a value away and puts it elsewhere.
    Move,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether all answers of all backends are identical, equal or equivalent: false where one is different, a round failed or a status changed; `None` where nothing
    /// can be said, as fewer than two answered, or none below 400.
    pub agree: Option<bool>,
    /// Those that are different, or changed their status.
    #[serde(default)]
    pub disagree: Vec<String>,
    /// Those that failed in some round.
    #[serde(default)]
    pub failed: Vec<String>,
    /// The one that is faster than every other; `None` where chance may have decided.
    pub fastest: Option<Fastest>,
    /// Why none is fastest.
    #[serde(default)]
    pub why: Option<String>,
    /// The verdict in words, one sentence each: on agreement first, then on speed.
    #[serde(default)]
    pub words: Vec<String>,
}

/// The backend that is faster than every other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fastest {
    /// Its id.
    pub backend: String,
    /// Where it was looked up.
    pub location: Location,
    /// The next best, as `id@location`.
    pub over: String,
    /// How many times as fast: the median of the ratios of the paired rounds.
    pub ratio: f64,
    /// The lower end of the interval of that ratio.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The confidence of the interval, corrected for the number of backends.
    pub confidence: f64,
}

impl Report {
    /// The report as JSON.
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
