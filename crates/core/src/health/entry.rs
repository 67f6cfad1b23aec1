//! What the store holds of a backend's health.

use crate::backend::reference::Location;
use crate::limits::{CHECK_TIMEOUT, LONGEST_BACKOFF};
use crate::time::Timestamp;
use std::time::Duration;

/// A verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// The last check or answer was good.
    Healthy,
    /// The backend is down; requests wait for `retry_at`.
    Unhealthy,
    /// Nobody knows: requests go through.
    #[default]
    Unknown,
}

impl State {
    /// As shown in `/backends` and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Healthy => "healthy",
            State::Unhealthy => "unhealthy",
            State::Unknown => "unknown",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [State::Healthy, State::Unhealthy, State::Unknown].into_iter().find(|state| state.as_str() == text)
    }
}

/// What the store holds of a backend. Times are milliseconds since the Unix epoch; the expiry stands in the value because stores have none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    /// The verdict.
    pub state: State,
    /// When it was found.
    pub checked_at: u64,
    /// Until when it holds.
    pub expires_at: u64,
    /// How long the last good check or answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Why it is unhealthy.
    pub reason: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// How often in a row it was marked unhealthy; sets the pause.
    pub marks: u32,
    /// When an unhealthy backend is tried again.
    pub retry_at: Option<u64>,
    /// When requests that are turned away may check it again in the background.
    pub check_at: Option<u64>,
    /// The last latencies, oldest first.
    pub latencies: Vec<f64>,
}

/// What the key of an entry begins with; location and id follow.
pub const HEALTH_KEY: &str = "health:";

/// The key of a backend's entry.
pub fn key(location: Location, id: &str) -> String {
    [HEALTH_KEY, location.as_str(), ":", id].concat()
}

impl Entry {
    /// Whether the verdict still holds. One from the future (a clock that jumped back) does not.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.0 < self.expires_at && self.checked_at <= now.0.saturating_add(millis(CHECK_TIMEOUT))
    }

    /// How long requests have to wait, where the backend is gated.
    pub fn gate(&self, now: Timestamp) -> Option<Duration> {
        let retry_at = self.retry_at.filter(|_| self.state == State::Unhealthy && self.is_fresh(now))?;
        let wait = Duration::from_millis(retry_at.saturating_sub(now.0));
        (!wait.is_zero() && wait <= LONGEST_BACKOFF).then_some(wait)
    }

    /// Whether a listing should check the backend: its entry has expired, a retry is due, or its last sign was a doubtful one.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.is_fresh(now) || (self.failures > 0 && self.gate(now).is_none())
    }
}

/// The verdict a request is routed by.
pub fn state(entry: Option<&Entry>, now: Timestamp) -> State {
    entry.filter(|entry| entry.is_fresh(now)).map_or(State::Unknown, |entry| entry.state)
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
