//! Which backend is fastest, where chance can be ruled out.
//!
//! Two backends are compared round by round, by the ratio of their times, and in all by the median of these ratios. The interval of that median lies between two of
//! the ratios: the `k`-th smallest and the `k`-th largest. It misses the true median only if a fair coin, thrown once a round, falls on one of its sides fewer than
//! `k` times (the sign test, turned round). So it holds for times of any distribution, whatever their outliers, and for a machine that becomes slower meanwhile. Backends
//! take turns in who comes first, so that their place in a round favours none. `docs/decisions/verdict-on-speed.md` says what was measured and what else was tried.

use gateway_core::limits::MAX_RUNS;
use std::time::Duration;
use thiserror::Error;

/// The confidence of the interval, corrected for the number of backends.
pub const CONFIDENCE: f64 = 0.95;

/// What the low end of the interval reaches at least. The verdict is shown with two digits after the point, and "1.00" is no difference; place, memory
/// layout and luck of a process make one program faster than itself by some thousandths.
const LEAST: f64 = 1.005;

/// The backend that is faster than every other; places are those among the contenders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Winner {
    /// The fastest.
    pub place: usize,
    /// The next best.
    pub over: usize,
    /// How many times as fast as the next best: the median of the ratios of the paired rounds.
    pub ratio: f64,
    /// The lower end of the interval of that ratio, above 1.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Why none is fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Undecided {
    /// So few rounds prove nothing; with more backends it takes more of them.
    #[error("fewer than {0} rounds")]
    TooFewRounds(usize),
    /// The interval of some pair holds 1, or nearly so.
    #[error("no difference seen")]
    NoDifference,
    /// Fewer than two answered every round as they should.
    #[error("no two comparable answers")]
    NoTwo,
}

/// Looks for the fastest of `contenders`: for each its times, round by round, as many for each; what goes beyond [`MAX_RUNS`] does not count.
///
/// # Errors
/// [`Undecided`] says why there is none.
pub fn fastest(contenders: &[Vec<Duration>]) -> Result<Winner, Undecided> {
    let rounds = contenders.iter().map(Vec::len).min().unwrap_or_default();
    let proof = Proof::new(contenders.len(), rounds.min(MAX_RUNS))?;
    (0..contenders.len()).find_map(|place| proof.winner(contenders, place)).ok_or(Undecided::NoDifference)
}

/// What it takes to call one backend faster than another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Proof {
    /// Which of the ratios, counted from either side, ends the interval.
    rank: usize,
    /// Whether the times must not even overlap.
    apart: bool,
}

impl Proof {
    /// For so many contenders and rounds. Any of the contenders can be the one that chance favours, so each gets its part of the error.
    fn new(contenders: usize, rounds: usize) -> Result<Self, Undecided> {
        let error = 1.0 - CONFIDENCE;
        let others = contenders.checked_sub(1).filter(|others| *others > 0).ok_or(Undecided::NoTwo)?;
        let (all, others) = (error / contenders as f64, error / others as f64);
        match (rank(rounds, all), rank(rounds, others)) {
            (0, 0) => Err(Undecided::TooFewRounds((0..).find(|rounds| rank(*rounds, others) > 0).unwrap_or_default())),
            // The interval is as wide as the ratios, and yet not quite sure: what it lacks comes from the times themselves.
            (0, _) => Ok(Proof { rank: 1, apart: true }),
            (rank, _) => Ok(Proof { rank, apart: false }),
        }
    }

    /// The contender at `place`, if it is faster than every other.
    fn winner(self, contenders: &[Vec<Duration>], place: usize) -> Option<Winner> {
        let ours = contenders.get(place)?;
        let mut best: Option<Winner> = None;
        for (over, theirs) in contenders.iter().enumerate().filter(|(over, _)| *over != place) {
            let [low, ratio, high] = self.interval(ours, theirs)?;
            if low < LEAST || self.apart && ours.iter().max() >= theirs.iter().min() {
                return None;
            }
            if best.is_none_or(|best| ratio < best.ratio) {
                best = Some(Winner { place, over, ratio, low, high });
            }
        }
        best
    }

    /// How many times as fast as `theirs` our times are: the median of the ratios between the ends of its interval.
    fn interval(self, ours: &[Duration], theirs: &[Duration]) -> Option<[f64; 3]> {
        let mut ratios: Vec<f64> = Vec::with_capacity(ours.len());
        for (ours, theirs) in ours.iter().zip(theirs).take(MAX_RUNS) {
            // Where the clock did not move, nobody was faster.
            let still = ours.is_zero() || theirs.is_zero();
            let ratio = if still { 1.0 } else { theirs.div_duration_f64(*ours) };
            ratios.insert(ratios.partition_point(|other| *other < ratio), ratio);
        }
        let from_below = |rank: usize| ratios.get(rank.checked_sub(1)?).copied();
        let from_above = |rank: usize| ratios.get(ratios.len().checked_sub(rank)?).copied();
        let middle = ratios.len().div_ceil(2);
        Some([from_below(self.rank)?, f64::midpoint(from_below(middle)?, from_above(middle)?), from_above(self.rank)?])
    }
}

/// The largest `k` for which a fair coin, thrown `rounds` times, falls on one of its sides fewer than `k` times with a probability of at most `error`.
fn rank(rounds: usize, error: f64) -> usize {
    // The probability that a side comes exactly `k` times, for both sides together.
    let mut exactly = (0..rounds).fold(2.0, |probability, _| probability / 2.0);
    let mut fewer = 0.0;
    let mut k: usize = 0;
    loop {
        fewer += exactly;
        if fewer > error {
            return k;
        }
        let left = rounds.saturating_sub(k) as f64;
        k = k.saturating_add(1);
        exactly *= left / k as f64;
    }
}

#[cfg(test)]
mod tests;
