//! What a request or a check has learnt of a backend, and what to do about it once the response is out.

use super::entry::{Entry, State};
use super::outcome::{Evidence, Outcome, Sign};
use super::rules::after;
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
    pub sign: Sign,
}

/// What to do about the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: what is known still holds.
    Nothing,
    /// Read the entry again, and write what the sign makes of it: of requests that fail together, each sees what the one before has written.
    Apply,
    /// Refresh an expired entry: after a random delay, if no other request has by then, with an active check.
    Refresh,
    /// See whether the backend is back: the request was turned away, or it was a retry that told nothing.
    Recheck,
}

impl Observation {
    /// What to do at `now`, once the response is out.
    pub fn step(&self, now: Timestamp) -> Step {
        let known = self.known.as_ref();
        let fresh = known.filter(|entry| entry.is_fresh(now));
        let Sign { outcome, evidence, .. } = &self.sign;
        if *evidence != Evidence::Traffic {
            return if after(known, &self.sign, now).is_some() { Step::Apply } else { Step::Nothing };
        }
        match outcome {
            _ if known.is_some_and(|entry| entry.gate(now).is_some()) => Step::Recheck,
            Outcome::Down(_) | Outcome::Doubtful(_) => Step::Apply,
            Outcome::Success(_) | Outcome::Unclear(_)
                if known.is_some_and(|entry| entry.failures > 0 && entry.declared_by.is_none()) =>
            {
                Step::Apply
            }
            _ if fresh.is_none() => Step::Refresh,
            Outcome::Success(_) if fresh.is_some_and(|entry| entry.state != State::Healthy) => Step::Apply,
            Outcome::Nothing if fresh.is_some_and(|entry| entry.retry_at.is_some()) => Step::Recheck,
            _ => Step::Nothing,
        }
    }

    /// The body of the answer broke off: it proves nothing, though its head was good.
    pub fn broke_off(&mut self) {
        self.sign.outcome = Outcome::Nothing;
    }
}

/// What several exchanges with one backend teach, in short: answers in a row count once, as the last good one of them.
pub fn in_short(seen: impl IntoIterator<Item = (Outcome, Timestamp)>) -> Vec<(Outcome, Timestamp)> {
    let mut kept: Vec<(Outcome, Timestamp)> = Vec::new();
    for next in seen {
        match (kept.last_mut(), &next.0) {
            (Some(_), Outcome::Nothing) | (Some((Outcome::Success(_), _)), Outcome::Unclear(_)) => {}
            (
                Some(last @ (Outcome::Success(_) | Outcome::Unclear(_), _)),
                Outcome::Success(_) | Outcome::Unclear(_),
            )
            | (Some(last @ (Outcome::Nothing, _)), _) => *last = next,
            _ => kept.push(next),
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
    const CHECK: Evidence = Evidence::Check { endpoint: None, periodic: false };
    const CONFIGURED: Evidence = Evidence::Check { endpoint: Some(7), periodic: false };

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

    fn unclear() -> Outcome {
        Outcome::Unclear("health endpoint answered 404".into())
    }

    /// The entry after these signs, a second apart.
    fn entry(outcomes: &[Outcome], evidence: Evidence) -> Option<Entry> {
        let mut entry = None;
        for (second, outcome) in (0..).zip(outcomes) {
            let sign = Sign { outcome: outcome.clone(), at: at(second), evidence };
            entry = after(entry.as_ref(), &sign, at(second)).or(entry);
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
        Observation { backend, known, sign: Sign { outcome, at: at(5), evidence } }
    }

    #[test]
    fn what_happens_after_a_response() {
        let traffic = |outcomes: &[Outcome]| entry(outcomes, Evidence::Traffic);
        let (healthy, gone) = (traffic(&[good(5)]), traffic(&[down()]));
        let shaky = traffic(&[good(5), doubtful()]);
        let unknown = entry(&[unclear()], CHECK);
        let declared = entry(&[down()], CONFIGURED);
        let looping = entry(&[Outcome::Loop], CHECK);
        for (name, known, outcome, seconds, expected) in [
            ("fresh and well", &healthy, good(5), 5, Step::Nothing),
            ("fresh, application error", &healthy, Outcome::Nothing, 5, Step::Nothing),
            ("fresh, not found", &healthy, unclear(), 5, Step::Nothing),
            ("expired and well", &healthy, good(5), 31, Step::Refresh),
            ("expired, application error", &healthy, Outcome::Nothing, 31, Step::Refresh),
            ("expired, not found", &healthy, unclear(), 31, Step::Refresh),
            ("never seen", &None, good(5), 0, Step::Refresh),
            ("failed", &healthy, down(), 5, Step::Apply),
            ("failed, never seen", &None, doubtful(), 5, Step::Apply),
            ("recovered", &gone, good(5), 1, Step::Apply),
            ("recovered late", &gone, good(5), 100, Step::Apply),
            ("something answers again", &gone, unclear(), 1, Step::Apply),
            ("half-open, application error: a check has to tell", &gone, Outcome::Nothing, 1, Step::Recheck),
            ("steady again", &shaky, good(5), 2, Step::Apply),
            ("unknown and well", &unknown, good(5), 2, Step::Apply),
            ("unknown, not found", &unknown, unclear(), 2, Step::Nothing),
            ("turned away", &gone, Outcome::Nothing, 0, Step::Recheck),
            ("turned away by what an endpoint declared", &declared, Outcome::Nothing, 20, Step::Recheck),
            ("well, but an endpoint declared otherwise", &declared, good(5), 100, Step::Refresh),
            ("a loop", &looping, Outcome::Nothing, 2, Step::Nothing),
        ] {
            let observation = observation(known.clone(), outcome, Evidence::Traffic);
            assert_eq!(observation.step(at(seconds)), expected, "{name}");
        }
    }

    #[test]
    fn a_check_is_written_where_it_changes_something() {
        let check = |known, outcome| observation(known, outcome, CHECK).step(at(100));
        let healthy = entry(&[good(5)], CHECK);
        assert_eq!(check(None, good(7)), Step::Apply);
        assert_eq!(check(healthy.clone(), good(7)), Step::Nothing, "known to be well");
        assert_eq!(check(None, Outcome::Nothing), Step::Nothing);
        assert_eq!(check(None, unclear()), Step::Apply);
        assert_eq!(check(healthy, down()), Step::Apply);
    }

    #[test]
    fn a_body_that_broke_off_is_no_success() {
        let mut observation = observation(entry(&[down()], Evidence::Traffic), good(5), Evidence::Traffic);
        assert_eq!(observation.step(at(100)), Step::Apply);
        observation.broke_off();
        assert_eq!(observation.step(at(100)), Step::Refresh, "a check has to tell");
    }

    #[test]
    fn answers_in_a_row_teach_once_and_failures_each() {
        let short = |outcomes: &[Outcome]| -> Vec<Outcome> {
            let seen = in_short(outcomes.iter().cloned().zip((0..).map(at)));
            seen.into_iter().map(|(outcome, _)| outcome).collect()
        };
        assert_eq!(short(&[good(1), good(2), Outcome::Nothing, good(3)]), [good(3)]);
        let mixed = [doubtful(), doubtful(), good(1), doubtful()];
        assert_eq!(short(&mixed), mixed);
        assert_eq!(short(&[Outcome::Nothing, Outcome::Nothing]), [Outcome::Nothing]);
        assert_eq!(short(&[Outcome::Nothing, good(1)]), [good(1)]);
        assert_eq!(short(&[unclear(), unclear(), good(1), unclear()]), [good(1)]);
        assert_eq!(short(&[]), []);
        assert_eq!(in_short([(good(1), at(1)), (good(2), at(2))]), [(good(2), at(2))], "as of its own time");
    }
}
