//! Points in time and durations, as values the edge passes in and as the text clients see.

use chrono::{DateTime, SecondsFormat};
use std::time::Duration;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The time `duration` later.
    pub fn plus(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// As RFC 3339 in UTC with seconds: `2026-02-07T10:00:00Z`.
    pub fn to_rfc3339(self) -> String {
        self.format(SecondsFormat::Secs)
    }

    /// As RFC 3339 in UTC with milliseconds, for logs.
    pub fn to_rfc3339_millis(self) -> String {
        self.format(SecondsFormat::Millis)
    }

    fn format(self, precision: SecondsFormat) -> String {
        i64::try_from(self.0)
            .ok()
            .and_then(DateTime::from_timestamp_millis)
            .unwrap_or(DateTime::UNIX_EPOCH)
            .to_rfc3339_opts(precision, true)
    }
}

/// A duration as people write it in the configuration: `30s`, or `1500ms` where seconds do not divide it.
pub fn display_duration(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_millis())
    }
}

/// Milliseconds, rounded to three decimals.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// Milliseconds with exactly three decimals, rounded: `12.000`.
pub fn fixed_millis(duration: Duration) -> String {
    let rounded = u64::from(duration.subsec_nanos()).saturating_add(500) / 1_000;
    let micros = duration.as_secs().saturating_mul(1_000_000).saturating_add(rounded);
    format!("{}.{:03}", micros / 1_000, micros % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_rfc3339_in_utc() {
        let time = Timestamp(1_770_458_400_123);
        assert_eq!(time.to_rfc3339(), "2026-02-07T10:00:00Z");
        assert_eq!(time.to_rfc3339_millis(), "2026-02-07T10:00:00.123Z");
        assert_eq!(Timestamp(u64::MAX).to_rfc3339(), "1970-01-01T00:00:00Z", "out of range is no panic");
    }

    #[test]
    fn durations_read_like_their_configuration() {
        for (ms, text) in [(30_000, "30s"), (1_500, "1500ms"), (250, "250ms"), (1_000, "1s")] {
            assert_eq!(display_duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(millis(Duration::from_nanos(1_234_567)), 1.235);
        for (nanos, text) in
            [(0, "0.000"), (499, "0.000"), (500, "0.001"), (1_234_567, "1.235"), (2_000_000_000, "2000.000")]
        {
            assert_eq!(fixed_millis(Duration::from_nanos(nanos)), text);
        }
        assert_eq!(fixed_millis(Duration::MAX), "18446744073709551.615", "the longest is not a panic");
    }
}
