//! The gateway's comparison as values. Fields that a later gateway adds are ignored.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) request: Asked,
    pub(super) runs: Runs,
    pub(super) backends: Vec<Row>,
    #[serde(default)]
    pub(super) skipped: Vec<Skipped>,
    pub(super) summary: Summary,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Runs {
    pub(super) asked: u32,
    pub(super) done: u32,
}

/// One backend. Times are in milliseconds, the two at the top medians.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    pub(super) backend: String,
    pub(super) location: String,
    pub(super) status: Option<u16>,
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<String>,
    pub(super) first_byte_ms: Option<f64>,
    pub(super) total_ms: Option<f64>,
    pub(super) spread: Option<Spreads>,
    pub(super) answered: u32,
    pub(super) failed: u32,
    pub(super) varies: bool,
    pub(super) header_differences: Vec<HeaderDifference>,
    pub(super) body: Option<String>,
    pub(super) patch: Option<Vec<Operation>>,
    pub(super) patch_complete: Option<bool>,
    pub(super) error: Option<Failure>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Spreads {
    pub(super) first_byte_ms: Spread,
    pub(super) total_ms: Spread,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Spread {
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) p95: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct HeaderDifference {
    pub(super) name: String,
    #[serde(default)]
    pub(super) first: Vec<String>,
    #[serde(default)]
    pub(super) this: Vec<String>,
}

/// RFC 6902 §4.
#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    pub(super) op: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) value: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    pub(super) error: String,
    #[serde(default)]
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Skipped {
    pub(super) backend: String,
    pub(super) location: String,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub(super) fastest: Option<String>,
    pub(super) agree: bool,
    #[serde(default)]
    pub(super) disagree: Vec<String>,
    #[serde(default)]
    pub(super) failed: Vec<String>,
}

/// What the exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Everybody answered every time, and agrees.
    Agree,
    /// Answers differ.
    Disagree,
    /// Somebody gave no answer at least once; the others agree.
    Failed,
}

impl Report {
    pub(super) fn parse(body: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(body)
    }

    pub(super) fn verdict(&self) -> Verdict {
        let failed = !self.summary.failed.is_empty() || self.backends.iter().any(|row| row.failed > 0);
        if !self.summary.disagree.is_empty() {
            Verdict::Disagree
        } else if failed {
            Verdict::Failed
        } else if self.summary.agree {
            Verdict::Agree
        } else {
            Verdict::Disagree
        }
    }

    /// The row that others are compared with: the first answer of all, which is not always that of the first row that
    /// answered some time. It alone has no verdict on its body.
    pub(super) fn reference(&self) -> Option<&Row> {
        self.backends.iter().find(|row| row.status.is_some() && row.body.is_none())
    }
}

impl Row {
    /// `bun-sqlite@local`.
    pub(super) fn label(&self) -> String {
        label(&self.backend, &self.location)
    }

    /// The spread of the whole time; of a single value where the gateway tells no spread.
    pub(super) fn total(&self) -> Option<Spread> {
        let single = self.total_ms.map(|ms| Spread { min: ms, median: ms, p95: ms });
        self.spread.as_ref().map(|spread| spread.total_ms).or(single)
    }
}

pub(super) fn label(backend: &str, location: &str) -> String {
    format!("{backend}@{location}")
}
