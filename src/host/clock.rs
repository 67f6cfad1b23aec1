//! The host's clocks.

use crate::host::bindings::{monotonic_clock, wall_clock};
use gateway_core::time::Timestamp;
use std::time::Duration;

/// A point on the monotonic clock, in nanoseconds; for durations and deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(pub(crate) u64);

impl Instant {
    /// Now.
    pub(crate) fn now() -> Self {
        Instant(monotonic_clock::now())
    }

    /// The point `duration` from now.
    pub(crate) fn after(duration: Duration) -> Self {
        Self::now().plus(duration)
    }

    /// The point `duration` after this one.
    pub(crate) fn plus(self, duration: Duration) -> Self {
        Instant(self.0.saturating_add(nanos(duration)))
    }

    /// The time from `earlier` to this point; zero where the clock went back.
    pub(crate) fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration as WASI counts it.
pub(crate) fn nanos(duration: Duration) -> u64 {
    // Up to 580 years; a multiplication of 128 bits would take several times as long.
    let seconds = duration.as_secs().min(u64::MAX / 1_000_000_000 - 1);
    seconds.wrapping_mul(1_000_000_000).wrapping_add(u64::from(duration.subsec_nanos()))
}

/// The time of day.
pub(crate) fn timestamp() -> Timestamp {
    let now = wall_clock::now();
    let seconds = now.seconds.min(u64::MAX / 1_000 - 1);
    Timestamp(seconds.wrapping_mul(1_000).wrapping_add(u64::from(now.nanoseconds / 1_000_000)))
}
