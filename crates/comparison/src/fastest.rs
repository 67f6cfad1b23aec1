//! Which backend is fastest, where chance can be ruled out.

use std::time::Duration;
use thiserror::Error;

/// The confidence of the interval, corrected for the number of backends.
pub const CONFIDENCE: f64 = 0.95;

/// The fewest rounds after which a verdict is possible.
pub const MIN_ROUNDS: usize = 6;

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
    /// So few rounds prove nothing.
    #[error("fewer than {MIN_ROUNDS} rounds")]
    TooFewRounds,
    /// The interval of some pair holds 1.
    #[error("no difference seen")]
    NoDifference,
    /// Fewer than two answered every round as they should.
    #[error("no two comparable answers")]
    NoTwo,
}

/// Looks for the fastest of `contenders`: for each its times, round by round, as many for each.
///
/// # Errors
/// [`Undecided`] says why there is none.
pub fn fastest(contenders: &[Vec<Duration>]) -> Result<Winner, Undecided> {
    match contenders {
        [] | [_] => Err(Undecided::NoTwo),
        [first, ..] if first.len() < MIN_ROUNDS => Err(Undecided::TooFewRounds),
        _ => Err(Undecided::NoDifference),
    }
}
