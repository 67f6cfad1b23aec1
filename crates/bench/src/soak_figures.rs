//! What a long run found: its samples, the verdict on them, and both as a table for people.

use std::fmt::Write as _;

use serde::Serialize;

use crate::soak_clients::RATE;
use crate::units;

/// What memory may gain over the second half, as a share of itself, and still be called flat: the noise of allocators.
const FLAT: f64 = 0.05;

/// One look at the gateway's processes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Sample {
    /// Since the start.
    pub(crate) seconds: u64,
    /// Memory in bytes.
    pub(crate) resident: u64,
    /// Open descriptors.
    pub(crate) descriptors: u64,
    /// Threads.
    pub(crate) threads: u64,
}

/// What a run found.
#[derive(Debug, Serialize)]
pub(crate) struct SoakFigures {
    /// How long it was to last.
    pub(crate) minutes: f64,
    /// Those that ended, well or not.
    pub(crate) requests: u64,
    /// Those that failed.
    pub(crate) errors: u64,
    /// What the first of them said.
    pub(crate) first_error: Option<String>,
    /// What memory gained over the second half by its fitted line, as a share of its mean.
    pub(crate) growth: f64,
    /// The verdict.
    pub(crate) is_flat: bool,
    /// In order of time.
    pub(crate) samples: Vec<Sample>,
}

impl SoakFigures {
    /// Counts a request that ended.
    pub(crate) fn count(&mut self, ended: anyhow::Result<()>) {
        self.requests = self.requests.saturating_add(1);
        if let Err(error) = ended {
            self.errors = self.errors.saturating_add(1);
            self.first_error.get_or_insert_with(|| format!("{error:#}"));
        }
    }

    /// Looks at the second half of the samples and decides. The first half is for caches and pools to fill.
    pub(crate) fn judge(&mut self) {
        let second = self.samples.get(self.samples.len() / 2..).unwrap_or_default();
        let points: Vec<(f64, f64)> =
            second.iter().map(|sample| (sample.seconds as f64, sample.resident as f64)).collect();
        self.growth = growth(&points);
        // Open requests come and go; what leaks, goes up from one quarter to the next.
        let (third, fourth) = second.split_at(second.len() / 2);
        let least = |part: &[Sample], of: fn(&Sample) -> u64| part.iter().map(of).min().unwrap_or_default();
        let grows = |of: fn(&Sample) -> u64, slack: u64| least(fourth, of) > least(third, of).saturating_add(slack);
        self.is_flat =
            self.growth <= FLAT && !grows(|sample| sample.descriptors, 8) && !grows(|sample| sample.threads, 0);
    }

    /// The figures for people.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!(
            "# A long run\n\n`cargo bench-gateway --soak {:.0}` on this machine: {} requests, {RATE} per second, of ten kinds, three of them clients that \
             leave in the middle; {} failed. A fresh instance per request.\n\nOver the second half, memory changed by {:+.1} % by its fitted line: **{}**.\n\n\
             | after | memory | descriptors | threads |\n| ---: | ---: | ---: | ---: |\n",
            self.minutes,
            units::count(self.requests as f64),
            self.errors,
            self.growth * 100.0,
            if self.is_flat { "flat" } else { "not flat" },
        );
        let step = (self.samples.len() / 12).max(1);
        let first = self.samples.first();
        for sample in first.into_iter().chain(self.samples.iter().skip(step.saturating_sub(1)).step_by(step)) {
            let minutes = sample.seconds as f64 / 60.0;
            let memory = units::bytes(sample.resident as f64);
            // Writing to a string cannot fail.
            _ = writeln!(text, "| {minutes:.1} min | {memory} | {} | {} |", sample.descriptors, sample.threads);
        }
        text
    }
}

/// What the fitted line gains from the first point to the last, as a share of the mean.
fn growth(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 0.0 };
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if variance == 0.0 || y == 0.0 { 0.0 } else { covariance / variance * (last.0 - first.0) / y }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails loudly")]

    use super::*;

    fn judged(resident: impl Fn(u64) -> u64, descriptors: impl Fn(u64) -> u64) -> bool {
        let samples =
            (0..60).map(|n| Sample { seconds: n * 30, resident: resident(n), descriptors: descriptors(n), threads: 5 });
        let mut figures = SoakFigures {
            minutes: 30.0,
            requests: 1,
            errors: 0,
            first_error: None,
            growth: 0.0,
            is_flat: false,
            samples: samples.collect(),
        };
        figures.judge();
        figures.is_flat
    }

    #[test]
    fn what_grows_is_noticed_and_what_settles_is_not() {
        let noise = |n: u64| 50_000_000 + n % 7 * 100_000;
        assert!(judged(noise, |n| 100 + n % 20));
        assert!(judged(|n| 50_000_000 - 20_000_000 / (n + 1), |_| 100), "it settles");
        assert!(!judged(|n| 50_000_000 + n * 200_000, |_| 100), "memory");
        assert!(!judged(noise, |n| 100 + n), "descriptors");
    }

    #[test]
    fn the_fitted_line() {
        assert!((growth(&[(0.0, 100.0), (1.0, 110.0), (2.0, 120.0)]) - 20.0 / 110.0).abs() < 1e-9);
        assert_eq!(growth(&[]), 0.0);
        assert_eq!(growth(&[(1.0, 5.0)]), 0.0);
    }
}
