//! The report as this command reads it: what `gateway_comparison::report` writes, with room for what gateways of other versions write.
//!
//! Texts that are not valid Unicode stay as they are written, classes that a later gateway adds keep their name, unknown members are left
//! out. The patch is not read: the differences say the same.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use gateway_comparison::report::{Answers, Equality, Kind, Runs, Times};
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{DeserializeOwned, IgnoredAny, IntoDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The whole report.
#[derive(Debug, Deserialize)]
pub(super) struct ReadReport {
    pub(super) request: ReadRequest,
    pub(super) runs: Runs,
    pub(super) backends: Vec<ReadRow>,
    #[serde(default)]
    pub(super) skipped: Vec<ReadSkipped>,
    pub(super) verdict: ReadVerdict,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReadRequest {
    pub(super) method: Text,
    pub(super) path: Text,
}

/// One backend.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReadRow {
    backend: Text,
    location: Text,
    pub(super) answers: Answers,
    pub(super) status: Option<u16>,
    pub(super) content_type: Option<Text>,
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<Text>,
    pub(super) times: Option<Times>,
    pub(super) equality: Option<Class<Equality>>,
    pub(super) reason: Option<Text>,
    /// Empty where the gateway gives none.
    words: Text,
    pub(super) differences: Vec<ReadDifference>,
    /// `Some(false)` where there are more.
    pub(super) differences_complete: Option<bool>,
    pub(super) error: Option<ReadFailure>,
}

/// Where an answer differs from the reference's.
#[derive(Debug, Deserialize)]
pub(super) struct ReadDifference {
    #[serde(default)]
    pub(super) path: Text,
    pub(super) kind: Class<Kind>,
    #[serde(default)]
    pub(super) reference: Option<Text>,
    #[serde(default)]
    pub(super) this: Option<Text>,
}

/// The first failure of a backend.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReadFailure {
    pub(super) error: Text,
    pub(super) message: Text,
    pub(super) reason: Option<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReadSkipped {
    backend: Text,
    location: Text,
    #[serde(default)]
    pub(super) reason: Text,
}

/// What follows. Backends are named `id@location`.
#[derive(Debug, Deserialize)]
pub(super) struct ReadVerdict {
    pub(super) agree: Option<bool>,
    #[serde(default)]
    pub(super) disagree: Vec<Text>,
    #[serde(default)]
    pub(super) failed: Vec<Text>,
    #[serde(default)]
    fastest: Option<ReadFastest>,
    #[serde(default)]
    pub(super) words: Vec<Text>,
}

#[derive(Debug, Deserialize)]
struct ReadFastest {
    backend: Text,
    location: Text,
}

/// Why a body is not a report.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is something else.
    Foreign,
    /// A report of a gateway from before there was a `verdict`.
    Older,
    /// A report, but one that this command does not understand.
    Unknown(serde_json::Error),
}

/// Takes the body of an answer apart.
pub(super) fn read(body: &[u8]) -> Result<ReadReport, Unread> {
    let body = String::from_utf8_lossy(body);
    let members: BTreeMap<String, IgnoredAny> = serde_json::from_str(&body).map_err(|_| Unread::Foreign)?;
    let has = |name| members.contains_key(name);
    match (has("backends"), has("verdict"), has("summary")) {
        (true, true, _) => serde_json::from_str(&body).map_err(Unread::Unknown),
        (true, false, true) => Err(Unread::Older),
        _ => Err(Unread::Foreign),
    }
}

impl ReadReport {
    /// The row that the others are compared with; `None` where nothing was answered.
    pub(super) fn reference(&self) -> Option<&ReadRow> {
        self.backends.iter().find(|row| row.is(Equality::Reference))
    }

    /// The rows by their median, those without times last.
    pub(super) fn sorted(&self) -> Vec<&ReadRow> {
        let mut rows: Vec<_> = self.backends.iter().collect();
        rows.sort_by(|one, other| match (one.median(), other.median()) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        rows
    }
}

impl ReadRow {
    /// `id@location`.
    pub(super) fn label(&self) -> String {
        format!("{}@{}", &*self.backend, &*self.location)
    }

    pub(super) fn backend(&self) -> &str {
        &self.backend
    }

    pub(super) fn location(&self) -> &str {
        &self.location
    }

    pub(super) fn is(&self, equality: Equality) -> bool {
        matches!(&self.equality, Some(Class::Known(known)) if *known == equality)
    }

    /// The median of its whole times, in milliseconds.
    pub(super) fn median(&self) -> Option<f64> {
        self.times.map(|times| times.total_ms.median)
    }

    /// Its class, in a word or two.
    pub(super) fn class(&self) -> &str {
        match &self.equality {
            Some(equality) => equality.as_str(),
            None if self.status.is_none() => "no answer",
            None => "no reference",
        }
    }

    /// The gateway's words about it, its class where there are none.
    pub(super) fn words(&self) -> &str {
        if self.words.is_empty() { self.class() } else { &self.words }
    }
}

impl ReadSkipped {
    /// `id@location`.
    pub(super) fn label(&self) -> String {
        format!("{}@{}", &*self.backend, &*self.location)
    }
}

impl ReadVerdict {
    /// Whether it calls this row the fastest.
    pub(super) fn is_fastest(&self, row: &ReadRow) -> bool {
        self.fastest.as_ref().is_some_and(|fastest| fastest.backend == row.backend && fastest.location == row.location)
    }

    pub(super) fn disagrees(&self, row: &ReadRow) -> bool {
        self.disagree.iter().any(|label| **label == row.label())
    }
}

/// A text. What is not a valid string, such as half of a surrogate pair, is kept as it is written in the JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "Box<RawValue>")]
pub(super) struct Text(String);

impl From<Box<RawValue>> for Text {
    fn from(raw: Box<RawValue>) -> Self {
        Text(serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned()))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// One of a closed list, or what a later gateway added to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class<T> {
    Known(T),
    Other(Text),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Class<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let known: StrDeserializer<'_, ValueError> = (*text).into_deserializer();
        Ok(T::deserialize(known).map_or(Class::Other(text), Class::Known))
    }
}

impl Class<Equality> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Class::Known(equality) => equality.as_str(),
            Class::Other(text) => text,
        }
    }
}

impl Class<Kind> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Class::Known(kind) => kind.as_str(),
            Class::Other(text) => text,
        }
    }

    /// Whether the difference says nothing about the implementation. One of an unknown kind may.
    pub(super) fn is_set_aside(&self) -> bool {
        matches!(self, Class::Known(kind) if kind.is_set_aside())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_comparison::report::{
        Asked, Difference, Failure, Fastest, Op, Operation, Report, ReportRow, Skipped, Spread, Verdict,
    };
    use gateway_core::backend::reference::{BackendRef, Location};
    use gateway_core::response::reply::ErrorBody;

    /// A report with everything in it, as the gateway's own types write it.
    fn written() -> Report {
        let spread = |ms| Spread { min: ms, median: ms + 1.0, p95: ms + 2.0 };
        let row = ReportRow {
            backend: "b".into(),
            location: Location::Cloud,
            name: "B".into(),
            answers: Answers { total: 3, failed: 1, statuses: [200, 200].into_iter().collect() },
            status: Some(200),
            content_type: Some("application/json".into()),
            size: Some(7),
            sha256: Some("ab".into()),
            times: Some(Times { first_byte_ms: spread(1.0), total_ms: spread(4.0), approximate: true }),
            equality: Some(Equality::NotCompared),
            reason: Some("too large".into()),
            words: "w".into(),
            differences: vec![Difference {
                path: "/a".into(),
                kind: Kind::Order,
                reference: Some("1".into()),
                this: Some("2".into()),
            }],
            differences_complete: true,
            patch: Some(vec![Operation {
                op: Op::Move,
                from: Some("/b".into()),
                path: "/a".into(),
                value: Some(RawValue::from_string("1e400".into()).unwrap()),
            }]),
            patch_complete: Some(true),
            error: Some(Failure {
                status: 503,
                body: ErrorBody {
                    error: "E".into(),
                    message: "m".into(),
                    reason: Some("r".into()),
                    ..ErrorBody::default()
                },
            }),
        };
        Report {
            request: Asked { method: "HEAD".into(), path: "/p".into() },
            runs: Runs { asked: 3, warmup: 1, done: 2 },
            backends: vec![row],
            skipped: vec![Skipped::new(BackendRef::new("s", Location::Local), "down".into())],
            verdict: Verdict {
                agree: Some(false),
                disagree: vec!["b@cloud".into()],
                failed: vec!["b@cloud".into()],
                fastest: Some(Fastest {
                    backend: "b".into(),
                    location: Location::Cloud,
                    over: "a@local".into(),
                    ratio: 2.0,
                    low: 1.5,
                    high: 3.0,
                    confidence: 0.95,
                }),
                why: None,
                words: vec!["v".into()],
            },
        }
    }

    #[test]
    fn what_the_gateway_writes_is_read_whole() {
        let report = read(&serde_json::to_vec(&written()).unwrap()).unwrap();
        assert_eq!((&*report.request.method, &*report.request.path), ("HEAD", "/p"));
        assert_eq!(report.runs, written().runs);
        let (row, expected) = (&report.backends[0], &written().backends[0]);
        assert_eq!((row.label(), row.words(), row.class()), ("b@cloud".into(), "w", "not compared"));
        assert_eq!((&row.answers, row.status, row.times), (&expected.answers, expected.status, expected.times));
        assert_eq!(row.content_type.as_deref(), expected.content_type.as_deref());
        assert_eq!((row.size, row.sha256.as_deref()), (expected.size, expected.sha256.as_deref()));
        assert_eq!((row.reason.as_deref(), row.differences_complete), (Some("too large"), Some(true)));
        let difference = &row.differences[0];
        assert_eq!((&*difference.path, &difference.kind), ("/a", &Class::Known(Kind::Order)));
        assert_eq!((difference.reference.as_deref(), difference.this.as_deref()), (Some("1"), Some("2")));
        let error = row.error.as_ref().unwrap();
        assert_eq!((&*error.error, &*error.message, error.reason.as_deref()), ("E", "m", Some("r")));
        assert_eq!((report.skipped[0].label(), &*report.skipped[0].reason), ("s@local".into(), "down"));
        let verdict = &report.verdict;
        assert_eq!((verdict.agree, &*verdict.words[0], &*verdict.failed[0]), (Some(false), "v", "b@cloud"));
        assert!(verdict.is_fastest(row) && verdict.disagrees(row));
    }

    #[test]
    fn every_class_of_the_gateway_is_known() {
        use Equality::{Different, Equal, Equivalent, Identical, NotCompared, Reference};
        for equality in [Reference, Identical, Equal, Equivalent, Different, NotCompared] {
            let read: Class<Equality> = serde_json::from_value(serde_json::json!(equality)).unwrap();
            assert_eq!((&read, read.as_str()), (&Class::Known(equality), equality.as_str()));
        }
        let later: Class<Equality> = serde_json::from_str(r#""similar""#).unwrap();
        assert_eq!(later.as_str(), "similar");
    }
}
