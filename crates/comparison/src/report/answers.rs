//! What came back from a backend: how often, with which status, and when.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// What came back in the measured rounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// Rounds in which the backend had its turn.
    pub total: usize,
    /// Those without a whole answer.
    pub failed: usize,
    /// How often each status came.
    pub statuses: Statuses,
}

/// How often each status came, in ascending order; an object in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, usize)>);

impl Statuses {
    /// Counts an answer.
    pub(crate) fn add(&mut self, status: u16) {
        match self.0.iter_mut().find(|(other, _)| *other == status) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.0.insert(self.0.partition_point(|(other, _)| *other < status), (status, 1)),
        }
    }

    /// Each status with its count.
    pub fn iter(&self) -> impl Iterator<Item = (u16, usize)> {
        self.0.iter().copied()
    }

    /// The status of all answers; `None` where there were none, or several.
    pub fn only(&self) -> Option<u16> {
        match self.0.as_slice() {
            [(status, _)] => Some(*status),
            _ => None,
        }
    }

    /// Whether it changed between rounds.
    pub fn changed(&self) -> bool {
        self.0.len() > 1
    }

    /// The most frequent one, of several the lowest.
    pub fn most_frequent(&self) -> Option<u16> {
        let most = self.0.iter().map(|(_, count)| *count).max()?;
        self.0.iter().find(|(_, count)| *count == most).map(|(status, _)| *status)
    }
}

impl FromIterator<u16> for Statuses {
    fn from_iter<T: IntoIterator<Item = u16>>(statuses: T) -> Self {
        let mut all = Statuses::default();
        statuses.into_iter().for_each(|status| all.add(status));
        all
    }
}

impl Serialize for Statuses {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Ok(Statuses(BTreeMap::deserialize(input)?.into_iter().collect()))
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
