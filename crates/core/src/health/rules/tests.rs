//! The table of transitions, and the promise no sequence of outcomes may break.

use super::*;
use crate::health::entry::state;

const START: u64 = 1_770_458_400_000;

fn at(seconds: f64) -> Timestamp {
    Timestamp(START.saturating_add_signed((seconds * 1_000.0) as i64))
}

fn success() -> Outcome {
    Outcome::Success(Duration::from_millis(5))
}

fn down() -> Outcome {
    Outcome::Down("connection refused".into())
}

fn doubtful() -> Outcome {
    Outcome::Doubtful("no response within 30s".into())
}

/// Applies outcomes at their times, and says the entry shortly: `state failures/marks wait`.
fn run(steps: &[(f64, Outcome)]) -> (Option<Entry>, Vec<String>) {
    let mut entry: Option<Entry> = None;
    let mut shown = Vec::new();
    for (seconds, outcome) in steps {
        let now = at(*seconds);
        match after(entry.as_ref(), outcome, now) {
            Some(next) => {
                let wait = next.gate(now).map_or(0, |wait| wait.as_secs());
                shown.push(format!("{} {}/{} {wait}", next.state.as_str(), next.failures, next.marks));
                entry = Some(next);
            }
            None => shown.push("-".into()),
        }
    }
    (entry, shown)
}

#[test]
fn transitions() {
    for (name, steps, expected) in [
        ("first success", vec![(0.0, success())], vec!["healthy 0/0 0"]),
        ("a fresh success writes nothing", vec![(0.0, success()), (29.9, success())], vec!["healthy 0/0 0", "-"]),
        (
            "an expired one is refreshed",
            vec![(0.0, success()), (30.0, success())],
            vec!["healthy 0/0 0", "healthy 0/0 0"],
        ),
        ("refused marks at once", vec![(0.0, success()), (1.0, down())], vec!["healthy 0/0 0", "unhealthy 1/1 1"]),
        ("refused marks an unknown one", vec![(0.0, down())], vec!["unhealthy 1/1 1"]),
        (
            "timeouts mark after three",
            vec![(0.0, success()), (1.0, doubtful()), (2.0, doubtful()), (3.0, doubtful())],
            vec!["healthy 0/0 0", "healthy 1/0 0", "healthy 2/0 0", "unhealthy 3/1 1"],
        ),
        (
            "a success in between starts the count again",
            vec![(0.0, doubtful()), (1.0, doubtful()), (2.0, success()), (3.0, doubtful())],
            vec!["unknown 1/0 0", "unknown 2/0 0", "healthy 0/0 0", "healthy 1/0 0"],
        ),
        ("an application error changes nothing", vec![(0.0, Outcome::Nothing)], vec!["-"]),
        (
            "failures that come together count once",
            vec![(0.0, down()), (0.1, down()), (0.9, doubtful())],
            vec!["unhealthy 1/1 1", "-", "-"],
        ),
        (
            "the pause doubles with each retry",
            vec![
                (0.0, down()),
                (1.0, down()),
                (3.0, down()),
                (7.0, down()),
                (15.0, down()),
                (31.0, down()),
                (61.0, down()),
                (91.0, down()),
            ],
            vec![
                "unhealthy 1/1 1",
                "unhealthy 2/2 2",
                "unhealthy 3/3 4",
                "unhealthy 4/4 8",
                "unhealthy 5/5 16",
                "unhealthy 6/6 30",
                "unhealthy 7/7 30",
                "unhealthy 8/8 30",
            ],
        ),
        (
            "half-open: one success closes it",
            vec![(0.0, down()), (1.0, success()), (2.0, down())],
            vec!["unhealthy 1/1 1", "healthy 0/0 0", "unhealthy 1/1 1"],
        ),
        (
            "half-open: a timeout is enough to go on waiting",
            vec![(0.0, down()), (1.0, doubtful())],
            vec!["unhealthy 1/1 1", "unhealthy 2/2 2"],
        ),
        (
            "a success while gated (sent before) counts",
            vec![(0.0, down()), (0.5, success())],
            vec!["unhealthy 1/1 1", "healthy 0/0 0"],
        ),
    ] {
        assert_eq!(run(&steps).1, expected, "{name}");
    }
}

#[test]
fn the_gate_is_open_when_the_retry_is_due_and_when_the_entry_makes_no_sense() {
    let (entry, _) = run(&[(0.0, down()), (1.0, down())]);
    let entry = entry.expect("written");
    assert_eq!(entry.gate(at(1.0)), Some(Duration::from_secs(2)));
    assert_eq!(entry.gate(at(2.5)), Some(Duration::from_millis(500)));
    assert_eq!(entry.gate(at(3.0)), None, "due");
    assert!(entry.is_due(at(3.0)) && !entry.is_due(at(2.9)));
    assert_eq!(entry.gate(at(-60.0)), None, "the clock jumped back a minute");
    let mut corrupt = entry;
    corrupt.retry_at = Some(u64::MAX);
    corrupt.expires_at = u64::MAX;
    assert_eq!(corrupt.gate(at(2.0)), None, "longer than any pause");
}

#[test]
fn a_doubt_does_not_prolong_a_verdict() {
    let (entry, _) = run(&[(0.0, success()), (20.0, doubtful())]);
    let entry = entry.expect("written");
    assert_eq!(state(Some(&entry), at(29.0)), State::Healthy);
    assert_eq!(state(Some(&entry), at(31.0)), State::Unknown);
    assert!(entry.is_due(at(21.0)), "worth a check at the next occasion");
    let (entry, _) = run(&[(0.0, success()), (40.0, doubtful())]);
    assert_eq!(entry.map(|entry| entry.state), Some(State::Unknown), "the good verdict was over");
}

#[test]
fn while_gated_one_check_a_second_is_due() {
    let (entry, _) = run(&[(0.0, down()), (1.0, down()), (3.0, down()), (7.0, down())]);
    let entry = entry.expect("written");
    assert_eq!(claim_recheck(&entry, at(7.5)), None, "too early");
    let claimed = claim_recheck(&entry, at(8.0)).expect("due");
    assert_eq!(claim_recheck(&claimed, at(8.9)), None, "another request is at it");
    assert!(claim_recheck(&claimed, at(9.0)).is_some());
    assert_eq!(claimed.gate(at(8.0)), entry.gate(at(8.0)), "requests wait as before");
    assert_eq!(claim_recheck(&entry, at(15.0)), None, "not gated any more");
    // What the check finds: still down is no news, up again is.
    assert_eq!(after(Some(&claimed), &down(), at(8.1)), None);
    assert_eq!(after(Some(&claimed), &success(), at(8.1)).map(|entry| entry.state), Some(State::Healthy));
}

#[test]
fn a_claim_is_fresh_for_the_time_of_a_check_and_no_verdict() {
    let (entry, _) = run(&[(0.0, success())]);
    let claimed = claim(entry.as_ref(), at(40.0));
    assert!(claimed.is_fresh(at(41.0)) && !claimed.is_fresh(at(44.0)));
    assert_eq!(state(Some(&claimed), at(41.0)), State::Unknown);
    assert_eq!(claimed.latencies, [5.0]);
}

#[test]
fn only_what_is_fresh_is_a_verdict() {
    let (entry, _) = run(&[(0.0, success())]);
    assert_eq!(state(entry.as_ref(), at(29.0)), State::Healthy);
    assert_eq!(state(entry.as_ref(), at(30.0)), State::Unknown);
    assert_eq!(state(None, at(0.0)), State::Unknown);
}

#[test]
fn at_most_twenty_latencies_are_kept() {
    let steps: Vec<_> =
        (0..50_u32).map(|n| (f64::from(n) * 31.0, Outcome::Success(Duration::from_millis(n.into())))).collect();
    let entry = run(&steps).0.expect("written");
    assert_eq!(entry.latencies.len(), 20);
    assert_eq!((entry.latencies[0], entry.latencies[19], entry.latency_ms), (30.0, 49.0, Some(49.0)));
}

#[test]
fn answers_and_checks() {
    let status = |code| http::StatusCode::from_u16(code).expect("a status");
    let time = Duration::from_millis(1);
    assert_eq!(of_answer(status(404), time), Outcome::Success(time));
    assert_eq!(of_answer(status(500), time), Outcome::Nothing);
    assert_eq!(of_check(status(404), false, time), Outcome::Success(time));
    assert_eq!(of_check(status(301), false, time), Outcome::Success(time));
    for (code, configured) in [(404, true), (301, true), (500, false), (503, true)] {
        assert!(matches!(of_check(status(code), configured, time), Outcome::Down(_)), "{code} {configured}");
    }
}

/// Pseudo-random numbers, the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.checked_rem(limit).unwrap_or_default()
    }
}

/// Whatever happened before: a live backend is never gated for more than 30 s, and a dead one gets at most three requests before it is.
#[test]
fn no_history_gates_a_live_backend_for_long_or_leaves_a_dead_one_open() {
    for seed in 1..=5_000_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut entry: Option<Entry> = None;
        let mut now = START;
        for _ in 0..random.below(40) {
            now += random.below(40_000);
            // Now and then the clock jumps back, or an entry is lost or damaged.
            match random.below(20) {
                0 => now -= random.below(120_000),
                1 => entry = None,
                2 => {
                    if let Some(entry) = &mut entry {
                        entry.retry_at = Some(random.below(u64::MAX));
                        entry.expires_at = random.below(u64::MAX);
                        entry.failures = u32::MAX;
                        entry.marks = u32::MAX;
                    }
                }
                _ => {}
            }
            let outcome = match random.below(4) {
                0 => success(),
                1 => down(),
                2 => doubtful(),
                _ => Outcome::Nothing,
            };
            if let Some(next) = after(entry.as_ref(), &outcome, Timestamp(now)) {
                entry = Some(next);
            }
        }

        // From here the backend lives. The gate opens within 30 s, and the first answer closes the matter.
        let waited = entry.as_ref().and_then(|entry| entry.gate(Timestamp(now))).unwrap_or_default();
        assert!(waited <= Duration::from_secs(30), "seed {seed}: {entry:?}");
        let then = Timestamp(now).plus(waited);
        assert_eq!(entry.as_ref().and_then(|entry| entry.gate(then)), None, "seed {seed}: {entry:?}");
        let alive = after(entry.as_ref(), &success(), then).or_else(|| entry.clone());
        assert_eq!(alive.as_ref().and_then(|entry| entry.gate(then)), None, "seed {seed}");

        // From here it is dead. At most three requests reach it before it is gated.
        for outcome in [down(), doubtful()] {
            let mut entry = alive.clone();
            let mut reached = 0;
            let mut time = then.0;
            while entry.as_ref().and_then(|entry| entry.gate(Timestamp(time))).is_none() {
                reached += 1;
                assert!(reached <= 3, "seed {seed}: {entry:?}");
                time += 100;
                if let Some(next) = after(entry.as_ref(), &outcome, Timestamp(time)) {
                    entry = Some(next);
                }
            }
        }
    }
}

#[test]
fn a_history_of_any_length_is_cut_to_what_is_kept() {
    let long = Entry { latencies: (0..1_000).map(f64::from).collect(), ..Entry::default() };
    let down = after(Some(&long), &Outcome::Down("refused".into()), Timestamp(1_000)).unwrap();
    assert_eq!(down.latencies, long.latencies[980..]);
}
