//! Minimum, median and 95th percentile of measured times.

use std::time::Duration;

/// Measured times, in ascending order.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<Duration>);

/// How some times are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    /// The shortest of them.
    pub(super) min: Duration,
    /// The middle one, or the mean of the middle two.
    pub(super) median: Duration,
    /// The one that 95 of 100 do not exceed (nearest rank).
    pub(super) p95: Duration,
}

impl Times {
    /// Adds a time at its place in the order.
    pub(super) fn add(&mut self, time: Duration) {
        let place = self.0.partition_point(|other| *other < time);
        self.0.insert(place, time);
    }

    /// Their spread; `None` where there are none.
    pub(super) fn spread(&self) -> Option<Spread> {
        let count = self.0.len();
        let at = |index: usize| self.0.get(index).copied();
        let (lower, upper) = (at(count.saturating_sub(1) / 2)?, at(count / 2)?);
        let rank = count.saturating_mul(95).div_ceil(100);
        Some(Spread {
            min: at(0)?,
            median: lower.saturating_add(upper).checked_div(2)?,
            p95: at(rank.saturating_sub(1))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        let ms = Duration::from_millis;
        let spread = |times: &[Duration]| {
            let mut all = Times::default();
            times.iter().for_each(|time| all.add(*time));
            all.spread().map(|spread| (spread.min, spread.median, spread.p95))
        };
        for (times, expected) in [
            (vec![5], (5_000, 5_000, 5_000)),
            (vec![4, 1], (1_000, 2_500, 4_000)),
            (vec![3, 1, 2], (1_000, 2_000, 3_000)),
            ((1..=20).collect(), (1_000, 10_500, 19_000)),
            ((1..=50).rev().collect(), (1_000, 25_500, 48_000)),
        ] {
            let durations: Vec<_> = times.iter().map(|millis| ms(*millis)).collect();
            let (min, median, p95) = expected;
            let expected = (Duration::from_micros(min), Duration::from_micros(median), Duration::from_micros(p95));
            assert_eq!(spread(&durations), Some(expected), "{times:?}");
        }
        assert_eq!(spread(&[]), None);
    }
}
