//! How signs change what is known of a backend's health: pure functions of an entry, a sign and the time.
//!
//! ```text
//!              success                         success
//!            ┌────────┐                 ┌──────────────────────┐
//!            ▼        │                 ▼                      │
//! unknown ─► healthy ─┴─ down ────────► unhealthy ── retry-at ─► half-open
//!    │          │        check fails ─► (gated)     ▲          │
//!    └──────────┴─ 3 doubts ─► suspect              └─ failure ┘  the next retry-at is twice as far away
//! ```
//!
//! A suspect is still routed: one check of its health endpoint decides, so that one URL that makes a backend break off takes it from nobody. An outage
//! that a configured health endpoint declared is ended by that endpoint alone.
//!
//! An entry lives in the key-value store, where other instances read it. There is no compare-and-set: two instances that judge the same failure at
//! the same time write the same entry, and [`after`] is written so that this is harmless. A sign older than what an entry says changes nothing.

use super::entry::{Entry, State};
use super::outcome::{Evidence, LOOP, Outcome, Sign};
use crate::limits::{
    CHECK_TIMEOUT, HEALTH_TTL, MAX_BACKOFF, MAX_LATENCIES, RECHECK_INTERVAL, RENEWAL_GRACE, RENEWAL_LEAD,
};
use crate::time::Timestamp;
use std::time::Duration;

/// Timeouts and resets make a backend suspect after this many in a row.
const SOFT_FAILURES: u32 = 3;
/// The first pause before an unhealthy backend is tried again; doubled with each failure in a row.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// For how long a check belongs to the request that has taken it upon itself.
const CHECK_TAKEN: Duration = CHECK_TIMEOUT.saturating_add(Duration::from_secs(1));

/// The entry after `sign`, at `now`, or `None` where nothing needs to be written.
///
/// Written is a change, and a refresh once the entry has expired. A failure that happened while the backend was already known to be down and not yet
/// due again tells nothing new, so that requests which fail together count once. Neither does a doubt while a check is on its way.
///
/// Where the entry [is suspect](is_suspect), the one whose sign made it so has to check the backend.
pub fn after(entry: Option<&Entry>, sign: &Sign, now: Timestamp) -> Option<Entry> {
    // An entry from the future (a clock that jumped back) is as good as none.
    let last = entry.filter(|entry| entry.checked_at <= now.plus(CHECK_TIMEOUT).0);
    if last.is_some_and(|last| is_older(sign.at, Timestamp(last.checked_at), now)) {
        return None;
    }
    let known = Known { last, latencies: latencies(entry), sign };
    match &sign.outcome {
        Outcome::Nothing => None,
        Outcome::Success(latency) => known.healthy(*latency),
        Outcome::Unclear(_) => known.unclear(),
        Outcome::Loop => Some(known.looping()),
        Outcome::Down(reason) => known.failed(reason, true),
        Outcome::Doubtful(reason) => known.failed(reason, false),
    }
}

/// Whether a check has to decide: timeouts or resets in a row, and nothing else is known.
pub fn is_suspect(entry: &Entry) -> bool {
    entry.state != State::Unhealthy && entry.failures >= SOFT_FAILURES
}

/// The entry with which a request takes the background check of a backend that is down upon itself; `None` where none is due.
///
/// However far away the next retry is, a backend that is asked for is checked once a second, so that its return is noticed within two.
pub fn claim_recheck(entry: &Entry, now: Timestamp) -> Option<Entry> {
    let due = entry.is_down(now) && entry.retry_at.is_some() && entry.check_at.is_none_or(|check_at| check_at <= now.0);
    due.then(|| Entry { check_at: Some(now.plus(RECHECK_INTERVAL).0), ..entry.clone() })
}

/// Marks an expired entry as being looked after, for as long as an active check may take.
pub fn claim(entry: Option<&Entry>, now: Timestamp) -> Entry {
    Entry {
        state: State::Unknown,
        checked_at: now.0,
        expires_at: now.plus(CHECK_TAKEN).0,
        ..entry.cloned().unwrap_or_default()
    }
}

/// Whether a sign of `at` is older than what was seen at `known`.
fn is_older(at: Timestamp, known: Timestamp, now: Timestamp) -> bool {
    // Where clocks disagree a little, a sign of this moment counts.
    if known > now { at.plus(CHECK_TIMEOUT) < now } else { at < known }
}

/// What a sign meets.
struct Known<'a> {
    last: Option<&'a Entry>,
    latencies: Vec<f64>,
    sign: &'a Sign,
}

impl<'a> Known<'a> {
    /// An entry for `state`, as of the sign.
    fn entry(self, state: State) -> Entry {
        Entry {
            state,
            checked_at: self.sign.at.0,
            expires_at: self.expires_at(),
            latency_ms: self.last.and_then(|last| last.latency_ms),
            note: self.note(),
            latencies: self.latencies,
            ..Entry::default()
        }
    }

    /// The last entry, where its verdict holds.
    fn fresh(&self) -> Option<&'a Entry> {
        self.last.filter(|last| last.is_fresh(self.sign.at))
    }

    /// Whether the verdict holds: for the periodic survey until the next one is through, and for the endpoint that declared an outage, which nothing else
    /// prolongs, beyond its next checks.
    fn holds(&self) -> bool {
        let renews = |last: &Entry| self.sign.evidence.is_periodic() || (self.is_check() && last.declared_by.is_some());
        let lead = |last: &Entry| if renews(last) { RENEWAL_LEAD } else { Duration::ZERO };
        self.last.is_some_and(|last| last.is_fresh(self.sign.at.plus(lead(last))))
    }

    /// Until when a verdict of now holds.
    fn expires_at(&self) -> u64 {
        let grace = if self.sign.evidence.is_periodic() { RENEWAL_GRACE } else { Duration::ZERO };
        self.sign.at.plus(HEALTH_TTL).plus(grace).0
    }

    fn is_check(&self) -> bool {
        self.sign.evidence != Evidence::Traffic
    }

    /// What the last check said of the endpoint: only a check changes that.
    fn note(&self) -> Option<String> {
        match &self.sign.outcome {
            Outcome::Unclear(reason) if self.is_check() => Some(reason.clone()),
            Outcome::Success(_) if self.is_check() => None,
            _ => self.last.and_then(|last| last.note.clone()),
        }
    }

    fn healthy(self, latency: Duration) -> Option<Entry> {
        if !self.is_check() && self.last.is_some_and(|last| last.declared_by.is_some()) {
            return None;
        }
        let is_known = |last: &Entry| last.state == State::Healthy && last.failures == 0 && last.note == self.note();
        if self.last.is_some_and(is_known) && self.holds() {
            return None;
        }
        let mut entry = self.entry(State::Healthy);
        let latency = crate::time::millis(latency);
        entry.latency_ms = Some(latency);
        entry.latencies.push(latency);
        let surplus = entry.latencies.len().saturating_sub(MAX_LATENCIES);
        entry.latencies.drain(..surplus);
        Some(entry)
    }

    /// Something answers, and nothing else is known. That ends doubts, and outages in which nothing answered; it makes nothing healthy.
    fn unclear(self) -> Option<Entry> {
        let Some(last) = self.fresh() else {
            return self.is_check().then(|| self.entry(State::Unknown));
        };
        let is_good = last.state == State::Healthy;
        let is_known = last.failures == 0 && last.note == self.note() && (is_good || self.holds());
        let is_declared = last.declared_by.is_some() && (last.state == State::Unhealthy || !self.is_check());
        if is_declared || is_known {
            return None;
        }
        // What it does not prove it does not prolong.
        let expires_at = last.expires_at;
        Some(if is_good { Entry { expires_at, ..self.entry(State::Healthy) } } else { self.entry(State::Unknown) })
    }

    fn looping(self) -> Entry {
        Entry { reason: Some(LOOP.to_owned()), ..self.entry(State::Unhealthy) }
    }

    fn failed(self, reason: &str, at_once: bool) -> Option<Entry> {
        let at = self.sign.at;
        let fresh = self.fresh();
        let declared_by = match self.sign.evidence {
            Evidence::Check { endpoint: Some(endpoint), .. } => Some(endpoint),
            _ => self.last.and_then(|last| last.declared_by),
        };
        if let Some(paused) = fresh.filter(|last| last.pause(at).is_some()) {
            // The pause goes on. A configured endpoint takes the outage over and renews it, as does the periodic survey.
            let changes = at_once && (declared_by != paused.declared_by || !self.holds());
            let expires_at = self.expires_at().max(paused.expires_at);
            let (checked_at, reason) = (at.0, Some(reason.to_owned()));
            return changes.then(|| Entry { checked_at, expires_at, reason, declared_by, ..paused.clone() });
        }
        let down = at_once || fresh.is_some_and(|last| last.state == State::Unhealthy);
        let checked = |last: &Entry| last.check_at.is_some_and(|until| at.0 < until && until <= at.plus(CHECK_TAKEN).0);
        if !down && self.last.is_some_and(checked) {
            return None;
        }
        let failures = self.last.map_or(0, |last| last.failures).saturating_add(1);
        // A backend that was down when its entry expired has not recovered by that: the pause goes on growing.
        let marks = self.last.map_or(0, |last| last.marks).saturating_add(u32::from(down));
        // A doubt changes no verdict, but does not prolong one either.
        let (state, expires_at) = match fresh {
            _ if down => (State::Unhealthy, self.expires_at()),
            Some(fresh) => (fresh.state, fresh.expires_at),
            None => (State::Unknown, self.expires_at()),
        };
        let next_check = if down { Some(RECHECK_INTERVAL) } else { (failures >= SOFT_FAILURES).then_some(CHECK_TAKEN) };
        Some(Entry {
            expires_at,
            reason: Some(reason.to_owned()),
            failures,
            marks,
            retry_at: down.then(|| at.plus(backoff(marks)).0),
            check_at: next_check.map(|wait| at.plus(wait).0),
            declared_by,
            ..self.entry(state)
        })
    }
}

/// The history outlives the entry: it is of interest even when the verdict is over. Whoever wrote the entry, it does not grow beyond what is kept.
fn latencies(entry: Option<&Entry>) -> Vec<f64> {
    let latencies = entry.map(|entry| entry.latencies.as_slice()).unwrap_or_default();
    latencies.get(latencies.len().saturating_sub(MAX_LATENCIES)..).unwrap_or_default().to_vec()
}

/// The pause after the `marks`-th mark in a row: 1, 2, 4, 8, 16, 30, 30 … seconds.
fn backoff(marks: u32) -> Duration {
    let doublings = marks.saturating_sub(1).min(16);
    FIRST_BACKOFF.saturating_mul(1 << doublings).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests;
