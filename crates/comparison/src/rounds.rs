//! In which order backends are asked, and how long each exchange may take: one at a time, so that none disturbs another.

use std::time::Duration;

/// The most that is kept free for each backend whose turn in the round is still to come.
const MAX_RESERVE: Duration = Duration::from_secs(1);

/// The order in which `backends` backends are asked in `round`, both counted from zero: each round begins one further, and every second one runs
/// backwards, so that each backend comes before any other as often as after it.
pub fn order(backends: usize, round: usize) -> Vec<usize> {
    let first = round.checked_rem(backends).unwrap_or_default();
    let mut order: Vec<usize> = (first..backends).chain(0..first).collect();
    if round.checked_rem(2) == Some(1) {
        // Still beginning with `first`.
        order.rotate_left(usize::from(backends > 0));
        order.reverse();
    }
    order
}

/// How long an exchange may take: what is `left` of the whole comparison's time, but for a little for each of the `waiting` backends whose turn
/// in this round is still to come, so that one that hangs does not take it from all.
pub fn share(left: Duration, waiting: usize) -> Duration {
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    // No more than half goes to those who wait.
    let reserve = MAX_RESERVE.min(left.checked_div(waiting.saturating_mul(2)).unwrap_or_default());
    left.saturating_sub(reserve.saturating_mul(waiting))
}

/// Whether another round may begin with this much time `left`: it has to end in time even if each of its exchanges takes as long as in the `longest` round so
/// far. A round that is cut off would make failures of answers that are only slow.
pub fn may_begin(left: Duration, longest: Duration) -> bool {
    // An exchange gets at least half of what is left, see `share`.
    !left.is_zero() && left >= longest.saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_core::limits::MAX_COMPARED_BACKENDS;

    #[test]
    fn each_round_begins_with_another_and_every_second_runs_backwards() {
        assert_eq!(order(3, 0), [0, 1, 2]);
        assert_eq!(order(3, 1), [1, 0, 2]);
        assert_eq!(order(3, 2), [2, 0, 1]);
        assert_eq!(order(3, 3), [0, 2, 1]);
        assert_eq!(order(2, 0), [0, 1]);
        assert_eq!(order(2, 1), [1, 0]);
        assert!(order(0, 5).is_empty());
        assert_eq!(order(1, 1), [0]);
    }

    #[test]
    fn over_a_cycle_of_rounds_no_place_is_better() {
        for backends in 2..=MAX_COMPARED_BACKENDS {
            let rounds: Vec<_> = (0..backends.saturating_mul(2)).map(|round| order(backends, round)).collect();
            let place = |round: &[usize], backend| round.iter().position(|other| *other == backend).unwrap();
            for one in 0..backends {
                let begins = rounds.iter().filter(|round| round[0] == one).count();
                assert_eq!(begins, 2, "{one} of {backends}");
                for other in (0..backends).filter(|other| *other != one) {
                    let before = rounds.iter().filter(|round| place(round, one) < place(round, other)).count();
                    assert_eq!(before, backends, "{one} before {other} of {backends}");
                }
            }
        }
    }

    #[test]
    fn the_last_gets_all_and_the_others_leave_a_little() {
        let seconds = Duration::from_secs;
        for (left, waiting, expected) in [
            (seconds(30), 0, seconds(30)),
            (seconds(30), 6, seconds(24)),
            (seconds(2), 1, seconds(1)),
            (seconds(8), 15, seconds(4)),
            (Duration::ZERO, 3, Duration::ZERO),
        ] {
            let share = share(left, waiting);
            assert!(share.abs_diff(expected) < Duration::from_micros(1), "{left:?}, {waiting}: {share:?}");
        }
    }
    #[test]
    fn a_round_that_may_begin_is_not_cut_off_where_answers_take_as_long_as_before() {
        let millis = Duration::from_millis;
        assert!(may_begin(millis(1), Duration::ZERO) && !may_begin(Duration::ZERO, Duration::ZERO));
        for exchanges in [&[700, 700][..], &[1, 1_400], &[1_400, 1], &[10; 16], &[3_000; 7], &[1, 2, 3, 400]] {
            let longest = millis(exchanges.iter().sum());
            assert!(!may_begin(longest.saturating_mul(2).saturating_sub(millis(1)), longest), "{exchanges:?}");
            let mut left = longest.saturating_mul(2);
            assert!(may_begin(left, longest), "{exchanges:?}");
            for (waiting, takes) in (0..exchanges.len()).rev().zip(exchanges) {
                assert!(share(left, waiting) >= millis(*takes), "{exchanges:?}");
                left = left.saturating_sub(millis(*takes));
            }
        }
    }
}
