//! Minimum, median and 95th percentile of measured times.

use serde::Serialize;
use std::time::Duration;

/// The spread of some times, in milliseconds with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Spread {
    /// The least.
    pub(super) min: f64,
    /// The middle one, or the mean of the middle two.
    pub(super) median: f64,
    /// The one that 95 of 100 do not exceed (nearest rank).
    pub(super) p95: f64,
}

/// The spread of `times`; `None` where there are none.
pub(super) fn spread(times: &[Duration]) -> Option<Spread> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let count = sorted.len();
    let at = |index: usize| sorted.get(index).copied();
    let rank = count.saturating_mul(95).div_ceil(100);
    Some(Spread { min: millis(at(0)?), median: millis(median(&sorted)?), p95: millis(at(rank.saturating_sub(1))?) })
}

/// The median of sorted times.
fn median(sorted: &[Duration]) -> Option<Duration> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get((sorted.len() / 2).saturating_sub(1))?;
    Some(lower.saturating_add(upper) / 2)
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}
