//! The verdict on simulated servers: how often it comes where there is nothing to see, and how often where there is.
#![allow(clippy::arithmetic_side_effects, reason = "a test fails loudly")]

use super::*;
use crate::rounds::order;
use std::time::Duration;

fn ms(times: &[f64]) -> Vec<Duration> {
    times.iter().map(|time| Duration::from_secs_f64(time / 1e3)).collect()
}

/// Random numbers that are the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    /// At least 0, below 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of mean 0 and deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }
}

/// What disturbs the times of a simulated machine.
#[derive(Debug, Clone, Copy, Default)]
struct Noise {
    /// The deviation of ordinary times, as a part of them.
    spread: f64,
    /// How many of the exchanges are outliers, and by how much they are longer on average, as a part of the time.
    outliers: (f64, f64),
    /// How much slower everything has become at the end of the comparison.
    drift: f64,
    /// How much longer the first exchange of a round takes.
    first: f64,
    /// How often a burst begins, in which all is slower for about eight exchanges.
    bursts: f64,
}

/// As on a machine with two cores and others at work: one of eight exchanges is put off by the scheduler.
const SERVER: Noise = Noise { spread: 0.03, outliers: (0.12, 0.8), drift: 0.0, first: 0.0, bursts: 0.0 };

/// Machines, and how often one of two equal backends may be called the fastest on them.
const MACHINES: [(&str, Noise, f64); 7] = [
    ("even", Noise { spread: 0.02, outliers: (0.0, 0.0), ..SERVER }, 0.01),
    ("a server", SERVER, 0.015),
    ("a very noisy one", Noise { spread: 0.4, ..SERVER }, 0.025),
    ("slower and slower", Noise { drift: 1.0, ..SERVER }, 0.015),
    ("the first of a round is slower", Noise { first: 0.1, ..SERVER }, 0.015),
    ("the same with hardly any noise", Noise { spread: 0.001, outliers: (0.0, 0.0), first: 0.02, ..SERVER }, 0.0),
    ("bursts", Noise { bursts: 0.02, ..SERVER }, 0.025),
];

/// The times of backends that take `base` milliseconds each, asked in the order of a comparison.
fn measured(random: &mut Random, base: &[f64], rounds: usize, noise: Noise) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::new(); base.len()];
    let mut burst = 0;
    for round in 0..rounds {
        for (place, backend) in order(base.len(), round).into_iter().enumerate() {
            let mut factor =
                (noise.spread * random.normal()).exp() * (1.0 + noise.drift * round as f64 / rounds as f64);
            if random.uniform() < noise.outliers.0 {
                factor += noise.outliers.1 * random.exponential();
            }
            if place == 0 {
                factor += noise.first;
            }
            if random.uniform() < noise.bursts {
                burst = 1 + (random.exponential() * 8.0) as usize;
            }
            if burst > 0 {
                burst -= 1;
                factor += random.exponential();
            }
            times[backend].push(Duration::from_secs_f64(base[backend] * factor / 1e3));
        }
    }
    times
}

/// In how many of `comparisons` each backend is called the fastest, as a part of them.
fn called(base: &[f64], rounds: usize, noise: Noise, comparisons: u32) -> Vec<f64> {
    let mut random = Random(rounds as u64);
    let mut called = vec![0_u32; base.len()];
    for _ in 0..comparisons {
        if let Ok(winner) = fastest(&measured(&mut random, base, rounds, noise)) {
            called[winner.place] += 1;
        }
    }
    called.into_iter().map(|times| f64::from(times) / f64::from(comparisons)).collect()
}

#[test]
fn one_server_under_several_ids_is_hardly_ever_called_fastest() {
    for (name, noise, most) in MACHINES {
        for (backends, comparisons) in [(2, 2_000), (3, 1_000), (7, 100)] {
            for rounds in [6, 7, 8, 10, 20, 49, 50] {
                let called: f64 = called(&vec![2.0; backends], rounds, noise, comparisons).iter().sum();
                assert!(called <= most, "{name}: {called} of comparisons of {backends} backends, {rounds} rounds");
            }
        }
    }
}

#[test]
fn slower_ones_beside_them_make_no_winner_of_two_that_are_equal() {
    let called = called(&[2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 9.0], 50, SERVER, 300);
    assert!(called.iter().sum::<f64>() <= 0.01, "{called:?}");
}

/// Place and luck of a process: a difference, but none of the program.
#[test]
fn some_thousandths_are_no_difference() {
    let noise = Noise { spread: 0.001, outliers: (0.0, 0.0), ..SERVER };
    assert_eq!(called(&[2.0, 2.008], 50, noise, 100), [0.0, 0.0]);
    assert_eq!(called(&[2.0, 2.020], 50, noise, 100), [1.0, 0.0]);
}

#[test]
fn a_tenth_more_is_found_in_fifty_rounds() {
    for (name, noise, _) in [MACHINES[0], MACHINES[1], MACHINES[3]] {
        for base in [&[2.0, 2.2][..], &[2.2, 2.2, 2.2, 2.0, 2.2, 2.2, 2.2]] {
            let place = base.iter().position(|time| *time < 2.2).unwrap();
            let called = called(base, 50, noise, 200);
            assert!(called[place] >= 0.98, "{name}: {called:?}");
        }
    }
}

/// An interval for each of the others: all of them together are to be as sure as one.
#[test]
fn all_intervals_of_seven_backends_hold_the_truth_together() {
    let mut random = Random(1);
    let (mut missed, comparisons) = (0_u32, 2_000);
    for _ in 0..comparisons {
        let times = measured(&mut random, &[2.0; 7], 50, SERVER);
        let proof = Proof::new(times.len(), 50).unwrap();
        let misses = |theirs: &Vec<Duration>| {
            let [low, _, high] = proof.interval(&times[0], theirs).unwrap();
            low > 1.0 || high < 1.0
        };
        missed += u32::from(times[1..].iter().any(misses));
    }
    let missed = f64::from(missed) / f64::from(comparisons);
    assert!(missed <= 1.0 - CONFIDENCE, "{missed}");
}

#[test]
fn the_winner_is_compared_with_the_next_best() {
    let [slow, fast, near] = [&[9.0; 10], &[2.0; 10], &[3.0; 10]].map(|times| ms(times));
    let winner = Winner { place: 1, over: 2, ratio: 1.5, low: 1.5, high: 1.5 };
    assert_eq!(fastest(&[slow, fast, near]), Ok(winner));
}

#[test]
fn the_interval_is_made_of_the_ratios() {
    let ours = ms(&[1.0; 20]);
    let theirs = ms(&(0..20).rev().map(|round| 1.1 + f64::from(round) / 10.0).collect::<Vec<_>>());
    let winner = fastest(&[ours, theirs]).unwrap();
    // The fifth from below, the mean of the middle two, and the fifth from above.
    for (value, expected) in [(winner.low, 1.5), (winner.ratio, 2.05), (winner.high, 2.6)] {
        assert!((value - expected).abs() < 1e-9, "{winner:?}");
    }
}

#[test]
fn ranks_are_those_of_the_sign_test() {
    // The critical values of printed tables, two-sided, plus one.
    for (rounds, error, expected) in [
        (5, 0.05, 0),
        (6, 0.05, 1),
        (8, 0.05, 1),
        (9, 0.05, 2),
        (20, 0.05, 6),
        (50, 0.05, 18),
        (50, 0.01, 16),
        (7, 0.01, 0),
        (8, 0.01, 1),
    ] {
        assert_eq!(rank(rounds, error), expected, "{rounds} rounds, {error}");
    }
    assert_eq!(rank(0, 0.05), 0);
}

#[test]
fn with_more_backends_it_takes_more_rounds() {
    for (backends, rounds) in [(2, 6), (3, 7), (4, 7), (7, 8), (16, 10)] {
        let mut contenders = vec![vec![Duration::from_millis(2); rounds]; backends];
        contenders[0] = vec![Duration::from_millis(1); rounds];
        assert_eq!(fastest(&contenders).map(|winner| winner.place), Ok(0), "{backends}");
        contenders.iter_mut().for_each(|times| _ = times.pop());
        assert_eq!(fastest(&contenders), Err(Undecided::TooFewRounds(rounds)), "{backends}");
    }
    assert_eq!(Undecided::TooFewRounds(6).to_string(), "fewer than 6 rounds");
}

/// Six rounds won by one of two equal backends are seen in three comparisons of a hundred.
#[test]
fn so_few_rounds_prove_something_only_where_times_do_not_overlap() {
    let ours = [1.0, 2.0, 1.0, 1.0, 1.0, 1.0];
    let theirs = |first| ms(&[first, 3.0, 3.0, 3.0, 3.0, 3.0]);
    assert_eq!(fastest(&[ms(&ours), theirs(1.9)]), Err(Undecided::NoDifference));
    assert_eq!(fastest(&[ms(&ours), theirs(2.0)]), Err(Undecided::NoDifference));
    assert_eq!(fastest(&[ms(&ours), theirs(2.1)]).map(|winner| winner.place), Ok(0));
    let seventh = |times: Vec<Duration>, time| [times, ms(&[time])].concat();
    assert!(fastest(&[seventh(ms(&ours), 1.0), seventh(theirs(1.9), 3.0)]).is_ok());
}

#[test]
fn ties_and_a_clock_that_stands_still_decide_nothing() {
    let zero = vec![Duration::ZERO; 50];
    let some = vec![Duration::from_millis(3); 50];
    for contenders in [[&zero, &zero], [&some, &some], [&zero, &some], [&some, &zero]] {
        assert_eq!(fastest(&contenders.map(Clone::clone)), Err(Undecided::NoDifference));
    }
    // 33 wins, 17 ties: ties count against.
    let mut mostly = some.clone();
    mostly[..33].fill(Duration::from_millis(2));
    assert_eq!(fastest(&[mostly.clone(), some.clone()]), Err(Undecided::NoDifference));
    mostly[33] = Duration::from_millis(2);
    let winner = fastest(&[some, mostly]).unwrap();
    assert!(winner.place == 1 && winner.ratio.is_finite() && winner.high.is_finite());
}

#[test]
fn where_there_is_nothing_to_compare() {
    let one = vec![Duration::from_millis(1); 50];
    for contenders in [&[][..], &[one]] {
        assert_eq!(fastest(contenders), Err(Undecided::NoTwo));
    }
    assert_eq!(fastest(&[vec![], vec![]]), Err(Undecided::TooFewRounds(6)));
}

#[test]
fn rounds_beyond_the_most_there_are_change_nothing() {
    let random = &mut Random(2);
    let times = measured(random, &[2.0, 2.2], MAX_RUNS + 2_000, SERVER);
    let first: Vec<_> = times.iter().map(|times| times[..MAX_RUNS].to_vec()).collect();
    assert_eq!(fastest(&times), fastest(&first));
}
