//! One request to several backends, compared: `x-backend: bun-sqlite,cf-d1` or `x-backend: *`.
//!
//! ```text
//! route::select ── check_method, runs ── order of each round ──► exchanges (the component's affair)
//!                                                                   │ one answer or error each
//!                          report ◄── Shootout (compare, patch) ◄───┘
//! ```
//!
//! In scope: who is asked when, what of the answers is compared, and how it is told. Out of scope: sending, reading, clocks.

use super::report::Skipped;
use crate::fields::{Field, field, values};
use crate::health::rules::Outcome;
use crate::request::route::X_BACKEND;
use crate::response::error::GatewayError;
use http::Method;

/// How often each backend is asked: 1 to 50, default 1.
pub const X_SHOOTOUT_RUNS: &str = "x-shootout-runs";
const MOST_RUNS: usize = 50;

/// What a request with a body is told.
pub const HAS_A_BODY: GatewayError =
    GatewayError::BadRequest("Only a request without a body can go to several backends at once");

/// Whether a request with this method may be carried out several times.
///
/// # Errors
/// It could write, and would do so once for each backend.
pub fn check_method(method: &Method) -> Result<(), GatewayError> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    Err(GatewayError::BadRequest(
        "Only GET and HEAD can go to several backends at once: anything else could be written several times",
    ))
}

/// How many rounds are asked for; one where the field is absent.
///
/// # Errors
/// No number from 1 to 50, or lines that differ.
pub fn runs(fields: &[Field]) -> Result<usize, GatewayError> {
    let mut lines = values(fields, X_SHOOTOUT_RUNS);
    let Some(first) = lines.next() else {
        return Ok(1);
    };
    std::str::from_utf8(first)
        .ok()
        .map(str::trim)
        .filter(|text| lines.all(|other| other == first) && text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .filter(|runs| (1..=MOST_RUNS).contains(runs))
        .ok_or(GatewayError::BadRequest("x-shootout-runs must be a number from 1 to 50"))
}

/// The order in which `backends` backends are asked in `round`, both counted from zero: each round begins one further.
pub fn order(backends: usize, round: usize) -> impl Iterator<Item = usize> {
    let first = round.checked_rem(backends).unwrap_or_default();
    (first..backends).chain(0..first)
}

/// The fields for the backend `id`, of those it would get if it were asked alone: its own id, no runs, and no encoding, which would hide what
/// there is to compare.
pub fn to_backend(mut fields: Vec<Field>, id: &str) -> Vec<Field> {
    let replaced = [X_BACKEND, X_SHOOTOUT_RUNS, "accept-encoding"];
    fields.retain(|(name, _)| !replaced.iter().any(|replaced| name.eq_ignore_ascii_case(replaced)));
    fields.push(field("accept-encoding", "identity"));
    fields.push(field(X_BACKEND, id));
    fields
}

/// What a backend's exchanges teach about its health, in short: successes in a row count once, as the last of them.
pub fn lessons(outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let mut lessons: Vec<Outcome> = Vec::new();
    for outcome in outcomes {
        match (lessons.last_mut(), &outcome) {
            (Some(_), Outcome::Nothing) => {}
            (Some(last @ (Outcome::Success(_) | Outcome::Nothing)), Outcome::Success(_)) => *last = outcome,
            (Some(last @ Outcome::Nothing), _) => *last = outcome,
            _ => lessons.push(outcome),
        }
    }
    lessons
}

/// Why nobody is left, in words.
pub fn reasons(skipped: &[Skipped]) -> String {
    let mut text = String::new();
    for Skipped { backend, reason, .. } in skipped {
        text.push_str(if text.is_empty() { "" } else { ", " });
        for part in [backend, " (", reason, ")"] {
            text.push_str(part);
        }
    }
    if text.is_empty() { "none is configured".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MOST_BACKENDS;
    use std::time::Duration;

    #[test]
    fn runs_are_one_to_fifty() {
        let check =
            |lines: &[&str]| runs(&lines.iter().map(|line| field("X-Shootout-Runs", *line)).collect::<Vec<_>>());
        assert_eq!(check(&[]), Ok(1));
        assert_eq!(check(&["1"]), Ok(1));
        assert_eq!(check(&[" 50 "]), Ok(50));
        assert_eq!(check(&["7", "7"]), Ok(7));
        for bad in [
            &["0"][..],
            &["51"],
            &["-1"],
            &["+2"],
            &["x"],
            &[""],
            &["1.5"],
            &["2,2"],
            &["1", "2"],
            &["9".repeat(99).as_str()],
        ] {
            let Err(GatewayError::BadRequest(message)) = check(bad) else { panic!("{bad:?} is accepted") };
            assert!(message.contains("1 to 50"), "{message}");
        }
    }

    #[test]
    fn only_methods_that_do_not_write_are_sent_several_times() {
        for (method, fine) in
            [("GET", true), ("HEAD", true), ("POST", false), ("PUT", false), ("DELETE", false), ("QUERY", false)]
        {
            assert_eq!(check_method(&Method::from_bytes(method.as_bytes()).unwrap()).is_ok(), fine, "{method}");
        }
    }

    #[test]
    fn each_round_begins_one_further() {
        assert_eq!(order(3, 0).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(order(3, 1).collect::<Vec<_>>(), [1, 2, 0]);
        assert_eq!(order(3, 5).collect::<Vec<_>>(), [2, 0, 1]);
        assert_eq!(order(0, 5).count(), 0);
        // Over as many rounds as there are backends, each is once at each place.
        for backends in 1..=MOST_BACKENDS {
            for place in 0..backends {
                let mut seen: Vec<_> = (0..backends).map(|round| order(backends, round).nth(place).unwrap()).collect();
                seen.sort_unstable();
                assert_eq!(seen, (0..backends).collect::<Vec<_>>(), "place {place} of {backends}");
            }
        }
    }

    #[test]
    fn each_backend_is_asked_for_itself_and_uncompressed() {
        let request = vec![
            field("Accept-Encoding", "gzip"),
            field("x-backend", "a,b"),
            field("x-shootout-runs", "3"),
            field("x-other", "1"),
        ];
        let expected = [field("x-other", "1"), field("accept-encoding", "identity"), field("x-backend", "b")];
        assert_eq!(to_backend(request, "b"), expected);
    }

    #[test]
    fn successes_in_a_row_teach_once_and_failures_each() {
        let good = |millis| Outcome::Success(Duration::from_millis(millis));
        let bad = || Outcome::Doubtful("silent".into());
        assert_eq!(lessons(vec![good(1), good(2), Outcome::Nothing, good(3)]), [good(3)]);
        assert_eq!(lessons(vec![bad(), bad(), good(1), bad()]), [bad(), bad(), good(1), bad()]);
        assert_eq!(lessons(vec![Outcome::Nothing, Outcome::Nothing]), [Outcome::Nothing]);
        assert_eq!(lessons(vec![Outcome::Nothing, good(1)]), [good(1)]);
    }
}
