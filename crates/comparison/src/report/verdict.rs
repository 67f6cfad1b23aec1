//! What follows from the rows.

use gateway_core::backend::reference::Location;
use serde::{Deserialize, Serialize};

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
