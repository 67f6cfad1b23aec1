//! The table of transitions, and the promises that no sequence of signs may break.

use super::*;
use crate::failure::UpstreamFailure;
use crate::health::entry::state;
use crate::health::outcome::of_failure;

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

fn unclear() -> Outcome {
    Outcome::Unclear("health endpoint answered 404".into())
}

const TRAFFIC: Evidence = Evidence::Traffic;
const CHECK: Evidence = Evidence::Check { endpoint: None, periodic: false };
const PERIODIC: Evidence = Evidence::Check { endpoint: None, periodic: true };
/// A check of a configured endpoint.
const CONFIGURED: Evidence = Evidence::Check { endpoint: Some(7), periodic: false };

/// What is known after a sign of this moment.
fn seen(entry: Option<&Entry>, outcome: Outcome, evidence: Evidence, now: Timestamp) -> Option<Entry> {
    after(entry, &Sign { outcome, at: now, evidence }, now)
}

/// Applies signs at their times, and says the entry shortly: `state failures/marks wait`, with `?` where a check has to decide.
fn play(steps: impl IntoIterator<Item = (f64, Outcome, Evidence)>) -> (Option<Entry>, Vec<String>) {
    let mut entry: Option<Entry> = None;
    let mut shown = Vec::new();
    for (seconds, outcome, evidence) in steps {
        let now = at(seconds);
        match seen(entry.as_ref(), outcome, evidence, now) {
            Some(next) => {
                let wait = next.gate(now).map_or(0, |wait| wait.as_secs());
                let suspect = if is_suspect(&next) { "?" } else { "" };
                shown.push(format!("{} {}/{} {wait}{suspect}", next.state.as_str(), next.failures, next.marks));
                entry = Some(next);
            }
            None => shown.push("-".into()),
        }
    }
    (entry, shown)
}

/// As [`play`], with signs of requests.
fn run(steps: &[(f64, Outcome)]) -> (Option<Entry>, Vec<String>) {
    play(steps.iter().cloned().map(|(seconds, outcome)| (seconds, outcome, TRAFFIC)))
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
            "timeouts make a suspect after three, which is not gated; while it is checked they tell nothing",
            vec![(0.0, success()), (1.0, doubtful()), (2.0, doubtful()), (3.0, doubtful()), (3.1, doubtful())],
            vec!["healthy 0/0 0", "healthy 1/0 0", "healthy 2/0 0", "healthy 3/0 0?", "-"],
        ),
        (
            "a check that never ended is made again",
            vec![(0.0, doubtful()), (0.1, doubtful()), (0.2, doubtful()), (3.1, doubtful()), (3.2, doubtful())],
            vec!["unknown 1/0 0", "unknown 2/0 0", "unknown 3/0 0?", "-", "unknown 4/0 0?"],
        ),
        (
            "a success in between starts the count again",
            vec![(0.0, doubtful()), (1.0, doubtful()), (2.0, success()), (3.0, doubtful())],
            vec!["unknown 1/0 0", "unknown 2/0 0", "healthy 0/0 0", "healthy 1/0 0"],
        ),
        (
            "so does an answer that anything might give",
            vec![(0.0, success()), (1.0, doubtful()), (2.0, unclear()), (3.0, doubtful())],
            vec!["healthy 0/0 0", "healthy 1/0 0", "healthy 0/0 0", "healthy 1/0 0"],
        ),
        ("an answer that anything might give makes nothing healthy", vec![(0.0, unclear())], vec!["-"]),
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
            "half-open: an answer that anything might give opens it, and proves no health",
            vec![(0.0, down()), (1.0, unclear()), (2.0, success())],
            vec!["unhealthy 1/1 1", "unknown 0/0 0", "healthy 0/0 0"],
        ),
        (
            "a success while gated counts",
            vec![(0.0, down()), (0.5, success())],
            vec!["unhealthy 1/1 1", "healthy 0/0 0"],
        ),
    ] {
        assert_eq!(run(&steps).1, expected, "{name}");
    }
}

#[test]
fn checks_decide() {
    let suspect = || (0..3).map(|second| (f64::from(second), doubtful(), TRAFFIC));
    let after_suspicion = |outcome, evidence| play(suspect().chain([(2.1, outcome, evidence)]));
    for (name, outcome, evidence, expected) in [
        ("well: the count starts again", success(), CHECK, "healthy 0/0 0"),
        ("something answers: so does it", unclear(), CHECK, "unknown 0/0 0"),
        ("failed: only now it is gated", down(), CHECK, "unhealthy 4/1 1"),
        ("failed, configured", down(), CONFIGURED, "unhealthy 4/1 1"),
        ("the check could not be made: the gateway fails open", Outcome::Nothing, CHECK, "-"),
    ] {
        assert_eq!(after_suspicion(outcome, evidence).1[3], expected, "{name}");
    }

    for (name, steps, expected) in [
        ("one failed check is enough", vec![(0.0, success(), TRAFFIC), (1.0, down(), CHECK)], "unhealthy 1/1 1"),
        ("where there is nothing, an unclear one is unknown", vec![(0.0, unclear(), CHECK)], "unknown 0/0 0"),
        (
            "where the verdict is a good one, it stays",
            vec![(0.0, success(), TRAFFIC), (1.0, unclear(), CHECK)],
            "healthy 0/0 0",
        ),
        (
            "and is not prolonged",
            vec![(0.0, success(), TRAFFIC), (1.0, unclear(), CHECK), (30.5, unclear(), CHECK)],
            "unknown 0/0 0",
        ),
        ("the second one tells nothing new", vec![(0.0, unclear(), CHECK), (1.0, unclear(), CHECK)], "-"),
        (
            "an unclear check of a backend that refused opens the gate: something answers again",
            vec![(0.0, down(), TRAFFIC), (0.5, unclear(), CHECK)],
            "unknown 0/0 0",
        ),
        ("a loop is not gated", vec![(0.0, Outcome::Loop, CHECK)], "unhealthy 0/0 0"),
        (
            "a loop is over with a success",
            vec![(0.0, Outcome::Loop, CHECK), (1.0, success(), TRAFFIC)],
            "healthy 0/0 0",
        ),
    ] {
        assert_eq!(play(steps).1.last().map(String::as_str), Some(expected), "{name}");
    }
}

#[test]
fn a_name_that_is_not_resolved_in_time_counts_like_a_timeout() {
    let late = || of_failure(&UpstreamFailure::DnsTimeout(Duration::from_secs(2)));
    let (_, shown) = run(&[(0.0, success()), (1.0, late()), (2.0, late()), (3.0, late())]);
    assert_eq!(shown, ["healthy 0/0 0", "healthy 1/0 0", "healthy 2/0 0", "healthy 3/0 0?"]);
    let (_, shown) = run(&[(0.0, of_failure(&UpstreamFailure::Dns))]);
    assert_eq!(shown, ["unhealthy 1/1 1"], "a name that does not exist is down at once");
}

/// What became of a suspect is spared and tried again like any other.
#[test]
fn a_suspect_whose_check_failed_backs_off_and_is_checked_once_a_second() {
    let doubts = (0..3).map(|second| (f64::from(second), doubtful(), TRAFFIC));
    let (entry, shown) = play(doubts.chain([(3.0, down(), CHECK)]));
    assert_eq!(shown.last().map(String::as_str), Some("unhealthy 4/1 1"));
    let (mut entry, mut now) = (entry.expect("written"), at(3.0));
    for pause in [1, 2, 4, 8, 16, 30, 30] {
        assert_eq!(entry.gate(now), Some(Duration::from_secs(pause)));
        let mut checks = 0;
        for _ in 0..pause * 10 {
            if let Some(claimed) = claim_recheck(&entry, now) {
                checks += 1;
                entry = seen(Some(&claimed), down(), CHECK, now).unwrap_or(claimed);
            }
            now = now.plus(Duration::from_millis(100));
        }
        assert_eq!(checks, pause - 1, "one a second, the first after a second");
        assert_eq!(entry.gate(now), None, "half-open: requests try again");
        entry = seen(Some(&entry), doubtful(), TRAFFIC, now).expect("one failure is enough");
        if is_suspect(&entry) {
            // With the longest pause the verdict is over as well, so that a check decides once more.
            entry = seen(Some(&entry), down(), CHECK, now).expect("the check fails");
        }
    }
}

#[test]
fn what_a_check_says_of_its_endpoint_is_kept_until_the_next_check() {
    let note = |steps: Vec<(f64, Outcome, Evidence)>| play(steps).0.and_then(|entry| entry.note);
    let said = Some("health endpoint answered 404".to_owned());
    assert_eq!(note(vec![(0.0, success(), TRAFFIC), (1.0, unclear(), CHECK)]), said, "beside a good verdict");
    assert_eq!(note(vec![(0.0, unclear(), CHECK), (1.0, success(), TRAFFIC)]), said, "traffic does not know better");
    assert_eq!(note(vec![(0.0, unclear(), CHECK), (40.0, doubtful(), TRAFFIC)]), said);
    assert_eq!(note(vec![(0.0, unclear(), CHECK), (1.0, success(), CHECK)]), None);
    let (entry, _) = play([(0.0, success(), TRAFFIC), (1.0, unclear(), CHECK)]);
    assert_eq!(seen(entry.as_ref(), unclear(), CHECK, at(2.0)), None, "it is written once");
    assert_eq!(entry.map(|entry| entry.expires_at), Some(at(30.0).0));
}

#[test]
fn an_outage_that_a_configured_endpoint_declared_is_ended_by_that_endpoint_alone() {
    let (entry, _) = play([(0.0, success(), TRAFFIC), (1.0, down(), CONFIGURED)]);
    let declared = entry.expect("written");
    for (seconds, gate) in [(1.0, 1_000), (1.5, 500), (2.0, 1_000), (20.0, 1_000), (30.9, 1_000)] {
        assert_eq!(declared.gate(at(seconds)), Some(Duration::from_millis(gate)), "after {seconds} s");
    }
    assert_eq!(declared.gate(at(31.0)), None, "the verdict is over");
    for seconds in [1.5, 2.0, 20.0, 100.0] {
        for outcome in [success(), unclear()] {
            assert_eq!(seen(Some(&declared), outcome, TRAFFIC, at(seconds)), None, "traffic after {seconds} s");
        }
    }
    let claimed = claim(Some(&declared), at(40.0));
    assert_eq!(seen(Some(&claimed), success(), TRAFFIC, at(41.0)), None, "while another request checks");
    assert_eq!(seen(Some(&declared), unclear(), CONFIGURED, at(20.0)), None, "it stays as it is");
    let healthy = seen(Some(&declared), success(), CONFIGURED, at(1.2)).expect("the endpoint ends it");
    assert_eq!((healthy.state, healthy.declared_by), (State::Healthy, None));
    // Once the verdict is over, an endpoint that tells nothing declares nothing either.
    for over in [&declared, &claimed] {
        let unknown = seen(Some(over), unclear(), CONFIGURED, at(41.0)).expect("written");
        assert_eq!((unknown.state, unknown.declared_by), (State::Unknown, None));
    }

    // Asked while requests wait, it goes on or takes over; the pause grows only once it is over.
    let due = claim_recheck(&declared, at(2.0)).expect("due");
    let again = seen(Some(&due), down(), CONFIGURED, at(2.0)).expect("the pause was over");
    assert_eq!((again.marks, again.pause(at(2.0))), (2, Some(Duration::from_secs(2))));
    let (refused, _) = run(&[(0.0, down())]);
    let taken = seen(refused.as_ref(), down(), CONFIGURED, at(0.5)).expect("written");
    assert_eq!((taken.declared_by, taken.marks, taken.retry_at), (Some(7), 1, Some(at(1.0).0)));
    assert_eq!(seen(Some(&taken), down(), CONFIGURED, at(0.6)), None, "no news");
}

/// Four requests a second to a backend whose other paths answer well, for ten minutes: none is let through while the endpoint says that it is down.
#[test]
fn a_declared_outage_has_no_gap_while_it_is_asked_for() {
    let mut entry = play([(0.0, down(), CONFIGURED)]).0.expect("written");
    for quarter in 1..2_400_u32 {
        let now = at(f64::from(quarter) / 4.0);
        assert!(entry.gate(now).is_some(), "open after {quarter} quarters of a second: {entry:?}");
        if let Some(claimed) = claim_recheck(&entry, now) {
            entry = seen(Some(&claimed), down(), CONFIGURED, now).unwrap_or(claimed);
        }
    }
    assert_eq!(entry.pause(at(600.0)).map(|pause| pause <= MAX_BACKOFF), Some(true), "the pauses have grown");
}

#[test]
fn the_periodic_survey_renews_entries_before_they_expire() {
    let at_start = |outcome: Outcome| play([(0.0, outcome, PERIODIC)]).0.expect("written");
    for (outcome, shown) in [(success(), State::Healthy), (down(), State::Unhealthy), (unclear(), State::Unknown)] {
        let mut entry = at_start(outcome.clone());
        // The surveys begin every 30 s; their checks take up to 2.3 s, each time another one.
        for round in 1..10_u32 {
            let begun = f64::from(round) * 30.0;
            assert!(entry.is_due(at(begun), true), "{outcome:?} in round {round}");
            let checked = at(begun + f64::from(round % 3) * 1.1);
            assert!(entry.is_fresh(checked), "{outcome:?} in round {round}");
            entry = seen(Some(&entry), outcome.clone(), PERIODIC, checked).unwrap_or(entry);
            assert_eq!((entry.state, entry.checked_at), (shown, checked.0), "{outcome:?} in round {round}");
        }
    }
    let entry = at_start(success());
    assert!(!entry.is_due(at(29.0), false) && entry.is_due(at(30.0), false), "others ask when it is 30 s old");
    assert!(!entry.is_due(at(20.0), true), "and the survey not at once");
    // A failing one that is paused is renewed, and the pause stays as it was.
    let (entry, _) = play([0.0, 1.0, 3.0, 7.0, 15.0, 31.0].map(|seconds| (seconds, down(), TRAFFIC)));
    let entry = entry.expect("written");
    assert_eq!(seen(Some(&entry), down(), CHECK, at(60.0)), None, "a check for a request");
    let renewed = seen(Some(&entry), down(), PERIODIC, at(60.0)).expect("renewed");
    assert_eq!((renewed.retry_at, renewed.marks, renewed.expires_at), (Some(at(61.0).0), 6, at(95.0).0));
}

#[test]
fn a_sign_older_than_the_entry_changes_nothing() {
    // The head of a stream came before two resets and the check that failed; its body ended after them.
    let (entry, shown) = play([
        (1.0, doubtful(), TRAFFIC),
        (2.0, doubtful(), TRAFFIC),
        (3.0, doubtful(), TRAFFIC),
        (3.1, down(), CHECK),
    ]);
    assert_eq!(shown.last().map(String::as_str), Some("unhealthy 4/1 1"));
    let late = Sign { outcome: success(), at: at(0.5), evidence: TRAFFIC };
    assert_eq!(after(entry.as_ref(), &late, at(3.5)), None);
    // It does not end doubts that are newer, either.
    let (entry, _) = run(&[(1.0, doubtful()), (2.0, doubtful())]);
    assert_eq!(after(entry.as_ref(), &late, at(3.5)), None);
    // What nothing contradicts holds, but no longer than from its own time on.
    let healthy = after(None, &late, at(3.5)).expect("written");
    assert_eq!((healthy.checked_at, healthy.expires_at), (at(0.5).0, at(30.5).0));
    // Clocks may disagree a little: what happens now counts, what was seen long ago does not.
    let (ahead, _) = run(&[(4.0, down())]);
    assert_eq!(after(ahead.as_ref(), &late, at(3.5)), None);
    assert!(after(ahead.as_ref(), &Sign { outcome: success(), at: at(3.4), evidence: TRAFFIC }, at(3.5)).is_some());
    // An entry from the future is as good as none, whatever is newer.
    let (future, _) = run(&[(100.0, down())]);
    assert!(after(future.as_ref(), &Sign { outcome: success(), at: at(1.0), evidence: TRAFFIC }, at(1.0)).is_some());
}

#[test]
fn the_gate_is_open_when_the_retry_is_due_and_when_the_entry_makes_no_sense() {
    let (entry, _) = run(&[(0.0, down()), (1.0, down())]);
    let entry = entry.expect("written");
    assert_eq!(entry.gate(at(1.0)), Some(Duration::from_secs(2)));
    assert_eq!(entry.gate(at(2.5)), Some(Duration::from_millis(500)));
    assert_eq!(entry.gate(at(3.0)), None, "due");
    assert!(entry.is_due(at(3.0), false) && !entry.is_due(at(2.9), false));
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
    assert!(entry.is_due(at(21.0), false), "worth a check at the next occasion");
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
    assert!(claim_recheck(&entry, at(15.0)).is_some(), "half-open: a request that tells nothing has it checked");
    assert_eq!(claim_recheck(&entry, at(37.0)), None, "nothing is known any more");
    // What the check finds: still down is no news, up again is.
    assert_eq!(seen(Some(&claimed), down(), CHECK, at(8.1)), None);
    assert_eq!(seen(Some(&claimed), success(), CHECK, at(8.1)).map(|entry| entry.state), Some(State::Healthy));
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
fn a_bad_verdict_is_the_last_one_until_a_better_one_comes_however_old_it_is() {
    for (name, steps, expected) in [
        ("healthy", vec![(0.0, success())], false),
        ("doubts are no verdict", vec![(0.0, doubtful()), (1.0, doubtful())], false),
        ("down", vec![(0.0, success()), (1.0, down())], true),
        ("back", vec![(0.0, down()), (2.0, success())], false),
    ] {
        let entry = run(&steps).0.expect("written");
        assert_eq!(entry.was_down(), expected, "{name}");
        assert_eq!(claim(Some(&entry), at(90.0)).was_down(), expected, "{name}: a check is on its way");
    }
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

/// Any sign.
fn any(random: &mut Random) -> (Outcome, Evidence) {
    let outcome = match random.below(6) {
        0 => success(),
        1 => down(),
        2 => doubtful(),
        3 => unclear(),
        4 => Outcome::Loop,
        _ => Outcome::Nothing,
    };
    let evidence = match (random.below(5), &outcome) {
        (0, _) => CHECK,
        (1, _) => PERIODIC,
        (2, _) => CONFIGURED,
        (3, _) => Evidence::Check { endpoint: Some(7), periodic: true },
        // Only a check finds a loop.
        (_, Outcome::Loop) => CHECK,
        _ => TRAFFIC,
    };
    (outcome, evidence)
}

/// Whatever happened before: a live backend is not gated for more than 30 s, or beyond the next check, and a dead one gets at most three requests before a
/// check gates it.
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
                        entry.check_at = Some(random.below(u64::MAX));
                        entry.failures = u32::MAX;
                        entry.marks = u32::MAX;
                    }
                }
                _ => {}
            }
            let (outcome, evidence) = any(&mut random);
            if let Some(next) = seen(entry.as_ref(), outcome, evidence, Timestamp(now)) {
                entry = Some(next);
            }
        }

        // From here the backend lives. The gate opens within 30 s, and the first answer closes the matter; where a configured endpoint declared the outage, its
        // next check does.
        let known = entry.clone().filter(|entry| entry.checked_at <= now + 2_000);
        let declared = known.as_ref().is_some_and(|entry| entry.declared_by.is_some());
        let waited = entry.as_ref().and_then(|entry| entry.gate(Timestamp(now))).unwrap_or_default();
        assert!(waited <= Duration::from_secs(30), "seed {seed}: {entry:?}");
        let then = Timestamp(now).plus(waited);
        if !declared {
            assert_eq!(entry.as_ref().and_then(|entry| entry.gate(then)), None, "seed {seed}: {entry:?}");
        }
        let evidence = if declared { CONFIGURED } else { TRAFFIC };
        let alive = seen(entry.as_ref(), success(), evidence, then).or_else(|| entry.clone());
        assert_eq!(alive.as_ref().and_then(|entry| entry.gate(then)), None, "seed {seed}");
        // Even without a check a declared outage is over when its verdict is.
        let over = Timestamp(now).plus(Duration::from_secs(37));
        assert_eq!(known.and_then(|entry| entry.gate(over)), None, "seed {seed}");

        // From here it is dead. At most three requests reach it before it is gated, by the check of the third if not by itself.
        for outcome in [down(), doubtful()] {
            let mut entry = alive.clone();
            let mut reached = 0;
            let mut time = then.0;
            while entry.as_ref().and_then(|entry| entry.gate(Timestamp(time))).is_none() {
                reached += 1;
                assert!(reached <= 3, "seed {seed}: {entry:?}");
                time += 100;
                entry = seen(entry.as_ref(), outcome.clone(), TRAFFIC, Timestamp(time)).or(entry);
                if entry.as_ref().is_some_and(is_suspect) {
                    time += 100;
                    entry = seen(entry.as_ref(), down(), CHECK, Timestamp(time)).or(entry);
                }
            }
        }
    }
}

/// Signs that reach the store in another order than they were seen: what is known is never older than before, and of two verdicts the newer one stands.
#[test]
fn no_order_of_arrival_lets_an_older_sign_win() {
    for seed in 1..=5_000_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut signs: Vec<Sign> = Vec::new();
        let mut time = START;
        for _ in 0..random.below(20) {
            time += 1 + random.below(2_000);
            let (outcome, evidence) = any(&mut random);
            signs.push(Sign { outcome, at: Timestamp(time), evidence });
        }
        let now = Timestamp(time);
        for left in (1..signs.len()).rev() {
            let other = usize::try_from(random.below(left as u64 + 1)).expect("small");
            signs.swap(left, other);
        }
        let mut entry: Option<Entry> = None;
        // Of what was taken, the newest.
        let mut newest: Option<Sign> = None;
        for sign in signs {
            let next = after(entry.as_ref(), &sign, now);
            let known = entry.as_ref().map_or(0, |entry| entry.checked_at);
            if let Some(next) = next {
                assert!(sign.at.0 >= known, "seed {seed}: {sign:?} overrides what was seen at {known}");
                assert_eq!(next.checked_at, sign.at.0, "seed {seed}: it is as old as its sign");
                entry = Some(next);
                newest = Some(sign);
            }
        }
        if let (Some(entry), Some(Sign { outcome: Outcome::Success(_), at, .. })) = (entry, newest) {
            assert_eq!((entry.state, entry.checked_at, entry.failures), (State::Healthy, at.0, 0), "seed {seed}");
        }
    }
}

#[test]
fn a_history_of_any_length_is_cut_to_what_is_kept() {
    let long = Entry { latencies: (0..1_000).map(f64::from).collect(), ..Entry::default() };
    let down = seen(Some(&long), down(), TRAFFIC, Timestamp(1_000)).unwrap();
    assert_eq!(down.latencies, long.latencies[980..]);
}
