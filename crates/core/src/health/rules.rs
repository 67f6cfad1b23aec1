//! What is known of a backend's health, and how it changes: pure functions of an entry, an outcome and the time.
//!
//! ```text
//!              success                      success
//!            ┌────────┐              ┌──────────────────────┐
//!            ▼        │              ▼                      │
//! unknown ─► healthy ─┴─ failures ─► unhealthy ── retry-at ─► half-open
//!    │                  (1 or 3)     (gated)     ▲          │
//!    └──────── failures ─────────────────┘       └─ failure ┘  the next retry-at is twice as far away
//! ```
//!
//! An entry lives in the key-value store, where other instances read it. There is no compare-and-set: two instances that judge the same failure at
//! the same time write the same entry, and [`after`] is written so that this is harmless.

use super::entry::{Entry, State};
use crate::failure::UpstreamFailure;
use crate::limits::{CHECK_TIMEOUT, HEALTH_TTL, MAX_BACKOFF, MAX_LATENCIES};
use crate::time::Timestamp;
use std::time::Duration;

/// The health endpoint where none is configured.
pub const DEFAULT_ENDPOINT: &str = "/health";

/// How often requests that are turned away check the backend in the background.
const RECHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Timeouts and resets mark a backend after this many in a row.
const SOFT_FAILURES: u32 = 3;
/// The first pause before an unhealthy backend is tried again; doubled with each failure in a row.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// What a request or a check says about a backend.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It answered well, in this time.
    Success(Duration),
    /// It cannot be reached, or says itself that it is unwell: down at once.
    Down(String),
    /// It was silent or broke off: down after three in a row.
    Doubtful(String),
    /// Nothing: an error of the application's own, of the client, or of the gateway's configuration.
    Nothing,
}

/// What a failed exchange says about the backend.
pub fn of_failure(failure: &UpstreamFailure) -> Outcome {
    match failure {
        UpstreamFailure::ConnectionRefused
        | UpstreamFailure::Dns
        | UpstreamFailure::Tls
        | UpstreamFailure::TlsCertificate => Outcome::Down(failure.to_string()),
        UpstreamFailure::ConnectionTerminated
        | UpstreamFailure::ConnectTimeout(_)
        | UpstreamFailure::DnsTimeout(_)
        | UpstreamFailure::ResponseTimeout(_)
        | UpstreamFailure::Protocol
        | UpstreamFailure::Unanswered => Outcome::Doubtful(failure.to_string()),
        UpstreamFailure::ResponseHeadTooLarge
        | UpstreamFailure::Denied { .. }
        | UpstreamFailure::ConnectionLimit
        | UpstreamFailure::UploadStalled(_)
        | UpstreamFailure::Gated { .. }
        | UpstreamFailure::Host(_) => Outcome::Nothing,
    }
}

/// What a proxied answer says about the backend: below 500 it is well; a 5xx is the application's own affair.
pub fn of_answer(status: http::StatusCode, latency: Duration) -> Outcome {
    if status.is_server_error() { Outcome::Nothing } else { Outcome::Success(latency) }
}

/// What the answer to an active check says: 2xx is good at a configured endpoint, below 500 at the default one.
pub fn of_check(status: http::StatusCode, configured: bool, latency: Duration) -> Outcome {
    let good = if configured { status.is_success() } else { !status.is_server_error() };
    if good {
        Outcome::Success(latency)
    } else {
        Outcome::Down(format!("health endpoint answered {}", status.as_u16()))
    }
}

/// The entry after `outcome`, or `None` where nothing needs to be written.
///
/// Written is a change, and a refresh once the entry has expired. A failure that happened while the backend was already known to be down and not yet
/// due again tells nothing new, so that requests which fail together count once.
pub fn after(entry: Option<&Entry>, outcome: &Outcome, now: Timestamp) -> Option<Entry> {
    match outcome {
        Outcome::Nothing => None,
        Outcome::Success(latency) => {
            let known =
                entry.is_some_and(|entry| entry.is_fresh(now) && entry.state == State::Healthy && entry.failures == 0);
            (!known).then(|| healthy(entry, *latency, now))
        }
        Outcome::Down(reason) => failed(entry, reason, true, now),
        Outcome::Doubtful(reason) => failed(entry, reason, false, now),
    }
}

/// The entry with which a request that was turned away takes the background check upon itself; `None` where none is due.
///
/// However far away the next retry is, a backend that is asked for is checked once a second, so that its return is noticed within two.
pub fn claim_recheck(entry: &Entry, now: Timestamp) -> Option<Entry> {
    let due = entry.gate(now).is_some() && entry.check_at.is_none_or(|check_at| check_at <= now.0);
    due.then(|| Entry { check_at: Some(now.plus(RECHECK_INTERVAL).0), ..entry.clone() })
}

/// Marks an expired entry as being looked after, for as long as an active check may take.
pub fn claim(entry: Option<&Entry>, now: Timestamp) -> Entry {
    Entry {
        state: State::Unknown,
        checked_at: now.0,
        expires_at: now.plus(CHECK_TIMEOUT).0.saturating_add(1_000),
        ..entry.cloned().unwrap_or_default()
    }
}

fn healthy(entry: Option<&Entry>, latency: Duration, now: Timestamp) -> Entry {
    let latency = crate::time::millis(latency);
    let mut latencies = latencies(entry);
    latencies.push(latency);
    let surplus = latencies.len().saturating_sub(MAX_LATENCIES);
    latencies.drain(..surplus);
    Entry {
        state: State::Healthy,
        checked_at: now.0,
        expires_at: now.plus(HEALTH_TTL).0,
        latency_ms: Some(latency),
        latencies,
        ..Entry::default()
    }
}

fn failed(entry: Option<&Entry>, reason: &str, at_once: bool, now: Timestamp) -> Option<Entry> {
    let fresh = entry.filter(|entry| entry.is_fresh(now));
    if fresh.is_some_and(|entry| entry.gate(now).is_some()) {
        return None;
    }
    // A backend that was down when its entry expired has not recovered by that: the pause goes on growing.
    let last = entry.filter(|entry| entry.checked_at <= now.plus(CHECK_TIMEOUT).0);
    let was_down = last.is_some_and(|entry| entry.state == State::Unhealthy);
    let failures = last.map_or(0, |entry| entry.failures).saturating_add(1);
    let down = at_once || was_down || failures >= SOFT_FAILURES;
    let marks = last.map_or(0, |entry| entry.marks).saturating_add(u32::from(down));
    let (state, checked_at, expires_at) = match fresh {
        _ if down => (State::Unhealthy, now.0, now.plus(HEALTH_TTL).0),
        // A doubt changes no verdict, but does not prolong one either.
        Some(fresh) => (fresh.state, fresh.checked_at, fresh.expires_at),
        None => (State::Unknown, now.0, now.plus(HEALTH_TTL).0),
    };
    Some(Entry {
        state,
        checked_at,
        expires_at,
        latency_ms: last.and_then(|entry| entry.latency_ms),
        reason: Some(reason.to_owned()),
        failures,
        marks,
        retry_at: down.then(|| now.plus(backoff(marks)).0),
        check_at: down.then(|| now.plus(RECHECK_INTERVAL).0),
        latencies: latencies(entry),
    })
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
