//! What a request or a check has learnt of a backend, and what to do about it once the response is out.

use super::entry::Entry;
use super::rules::{Outcome, after};
use crate::backend::registry::Backend;
use crate::time::Timestamp;

/// What was learnt of one backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The backend that was asked, or that a request was kept from.
    pub backend: Backend,
    /// The entry that it was known by: the one the request was routed by, or the one that made a check due.
    pub known: Option<Entry>,
    /// What the exchange says about the backend.
    pub outcome: Outcome,
    /// When it happened, by the gateway's clock.
    pub at: Timestamp,
    /// How it came about.
    pub evidence: Evidence,
}

/// How something was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A client's request, which went to the backend anyway.
    Traffic,
    /// An active check for a listing.
    Check,
}

/// What to do about the store.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing: what is known still holds.
    Nothing,
    /// Write this entry as it is.
    Write(Entry),
    /// Read the entry again, and write what the outcome makes of it: of requests that fail together, each sees what the one before has written.
    Apply,
    /// Refresh an expired entry: after a random delay, if no other request has by then, with an active check.
    Refresh,
    /// The request was turned away: see whether the backend is back.
    Recheck,
}

impl Observation {
    /// What to do at `now`, once the response is out.
    pub fn step(&self, now: Timestamp) -> Step {
        let known = self.known.as_ref();
        if self.evidence == Evidence::Check {
            return after(known, &self.outcome, self.at).map_or(Step::Nothing, Step::Write);
        }
        match &self.outcome {
            _ if known.is_some_and(|entry| entry.gate(now).is_some()) => Step::Recheck,
            Outcome::Down(_) | Outcome::Doubtful(_) => Step::Apply,
            Outcome::Success(_) if known.is_some_and(|entry| entry.failures > 0) => Step::Apply,
            Outcome::Success(_) | Outcome::Nothing if known.is_none_or(|entry| !entry.is_fresh(now)) => Step::Refresh,
            Outcome::Success(_) | Outcome::Nothing => Step::Nothing,
        }
    }
}

/// What several exchanges with one backend teach, in short: successes in a row count once, as the last of them.
pub fn in_short(outcomes: impl IntoIterator<Item = Outcome>) -> Vec<Outcome> {
    let mut kept: Vec<Outcome> = Vec::new();
    for outcome in outcomes {
        match (kept.last_mut(), &outcome) {
            (Some(_), Outcome::Nothing) => {}
            (Some(last @ (Outcome::Success(_) | Outcome::Nothing)), Outcome::Success(_)) => *last = outcome,
            (Some(last @ Outcome::Nothing), _) => *last = outcome,
            _ => kept.push(outcome),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::reference::{BackendRef, Location};
    use crate::backend::url::BackendUrl;
    use std::time::Duration;

    const START: Timestamp = Timestamp(1_770_458_400_000);

    fn at(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn good(millis: u64) -> Outcome {
        Outcome::Success(Duration::from_millis(millis))
    }

    fn down() -> Outcome {
        Outcome::Down("connection refused".into())
    }

    fn doubtful() -> Outcome {
        Outcome::Doubtful("no response within 30s".into())
    }

    /// The entry after these outcomes, a second apart.
    fn entry(outcomes: &[Outcome]) -> Option<Entry> {
        let mut entry = None;
        for (second, outcome) in (0..).zip(outcomes) {
            entry = after(entry.as_ref(), outcome, at(second)).or(entry);
        }
        entry
    }

    fn observation(known: Option<Entry>, outcome: Outcome, evidence: Evidence) -> Observation {
        let backend = Backend {
            reference: BackendRef::new("a", Location::Local),
            name: "A".into(),
            url: BackendUrl::parse("http://h:1").unwrap(),
            health_endpoint: None,
        };
        Observation { backend, known, outcome, at: at(5), evidence }
    }

    #[test]
    fn what_happens_after_a_response() {
        let (healthy, gone) = (entry(&[good(5)]), entry(&[down()]));
        let shaky = entry(&[good(5), doubtful()]);
        for (name, known, outcome, seconds, expected) in [
            ("fresh and well", &healthy, good(5), 5, Step::Nothing),
            ("fresh, application error", &healthy, Outcome::Nothing, 5, Step::Nothing),
            ("expired and well", &healthy, good(5), 31, Step::Refresh),
            ("expired, application error", &healthy, Outcome::Nothing, 31, Step::Refresh),
            ("never seen", &None, good(5), 0, Step::Refresh),
            ("failed", &healthy, down(), 5, Step::Apply),
            ("failed, never seen", &None, doubtful(), 5, Step::Apply),
            ("recovered", &gone, good(5), 1, Step::Apply),
            ("recovered late", &gone, good(5), 100, Step::Apply),
            ("steady again", &shaky, good(5), 2, Step::Apply),
            ("turned away", &gone, Outcome::Nothing, 0, Step::Recheck),
        ] {
            let observation = observation(known.clone(), outcome, Evidence::Traffic);
            assert_eq!(observation.step(at(seconds)), expected, "{name}");
        }
    }

    #[test]
    fn a_check_is_written_where_it_changes_something_and_as_of_its_own_time() {
        let check = |known, outcome| observation(known, outcome, Evidence::Check).step(at(100));
        let Step::Write(written) = check(None, good(7)) else { panic!("nothing is written") };
        assert_eq!((written.checked_at, written.latency_ms), (at(5).0, Some(7.0)));
        assert_eq!(check(entry(&[good(5)]), good(7)), Step::Nothing, "known to be well");
        assert_eq!(check(None, Outcome::Nothing), Step::Nothing);
        assert!(matches!(check(entry(&[good(5)]), down()), Step::Write(_)));
    }

    #[test]
    fn successes_in_a_row_teach_once_and_failures_each() {
        assert_eq!(in_short([good(1), good(2), Outcome::Nothing, good(3)]), [good(3)]);
        let mixed = [doubtful(), doubtful(), good(1), doubtful()];
        assert_eq!(in_short(mixed.clone()), mixed);
        assert_eq!(in_short([Outcome::Nothing, Outcome::Nothing]), [Outcome::Nothing]);
        assert_eq!(in_short([Outcome::Nothing, good(1)]), [good(1)]);
        assert_eq!(in_short([]), []);
    }
}
