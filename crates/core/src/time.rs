//! Points in time and durations, as values the edge passes in and as the text clients see.

use std::time::Duration;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The time `duration` later.
    pub fn plus(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// As RFC 3339 in UTC with seconds: `2026-02-07T10:00:00Z`. A time after the year 9999 has no such form and is shown as the epoch.
    pub fn to_rfc3339(self) -> String {
        self.format(false)
    }

    /// As RFC 3339 in UTC with milliseconds, for logs.
    pub fn to_rfc3339_millis(self) -> String {
        self.format(true)
    }

    // `chrono` does this too, with more code, in the component and for each request.
    fn format(self, with_millis: bool) -> String {
        let millis = if self.0 < YEAR_10000 { self.0 } else { 0 };
        let (days, of_day) = (millis / DAY, millis % DAY);
        let (year, month, day) = date(days);
        let mut text = String::with_capacity(24);
        push_digits(&mut text, year, 10_000);
        for (separator, number) in [
            ('-', month),
            ('-', day),
            ('T', of_day / 3_600_000),
            (':', of_day / 60_000 % 60),
            (':', of_day / 1_000 % 60),
        ] {
            text.push(separator);
            push_digits(&mut text, number, 100);
        }
        if with_millis {
            text.push('.');
            push_digits(&mut text, of_day % 1_000, 1_000);
        }
        text.push('Z');
        text
    }
}

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;
/// The first moment that needs a year of five digits.
const YEAR_10000: u64 = 253_402_300_800_000;

/// Year, month and day of the proleptic Gregorian calendar, so many days after the Unix epoch; right for years of four digits.
///
/// Days are counted from 1 March of the year 0, where a year ends with its leap day; 400 years have 146,097 days.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days / 146_097, days % 146_097);
    // Leap days are taken out one kind after the other: of 4, of 100, of 400 years.
    let leaps = |days: u64| (days / 36_524).wrapping_sub(days / 1_460).wrapping_sub(days / 146_096);
    let year = of_era.wrapping_add(leaps(of_era)) / 365;
    let before = year.wrapping_mul(365).wrapping_add(year / 4).wrapping_sub(year / 100);
    let of_year = of_era.wrapping_sub(before);
    // From March on, months have 31, 30, 31, 30, 31 days, twice over: 153 days each five.
    let month = of_year.wrapping_mul(5).wrapping_add(2) / 153;
    let day = of_year.wrapping_sub(month.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(1);
    let (month, next) = if month < 10 { (month.wrapping_add(3), 0) } else { (month.wrapping_sub(9), 1) };
    (era.wrapping_mul(400).wrapping_add(year).wrapping_add(next), month, day)
}

/// Writes a number below `limit`, a power of ten, with as many digits as all numbers below it can have.
fn push_digits(out: &mut String, number: u64, limit: u64) {
    let mut unit = limit / 10;
    while unit > 0 {
        let digit = number.checked_div(unit).unwrap_or_default() % 10;
        out.push(char::from(b'0'.wrapping_add(digit as u8)));
        unit /= 10;
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

/// Milliseconds with three decimals, as `server-timing` and the log show them.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// A duration as text: milliseconds with three decimals, rounded. Integers: formatting a float takes a multiple of the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Millis(pub Duration);

impl Millis {
    /// Writes the text behind `out`. The formatting machinery would take more again.
    pub fn push_to(self, out: &mut String) {
        // Whole microseconds, up to 290,000 years; a multiplication that is checked takes several times as long.
        let rounded = u64::from(self.0.subsec_nanos()).saturating_add(500) / 1_000;
        let micros = self.0.as_secs().min(u64::MAX / 2_000_000).wrapping_mul(1_000_000).wrapping_add(rounded);
        out.push_str(itoa::Buffer::new().format(micros / 1_000));
        out.push('.');
        push_digits(out, micros % 1_000, 1_000);
    }
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
    fn dates_are_those_of_the_calendar() {
        // Every 17th hour of eight thousand years, and the first and last moments.
        let steps = (0..YEAR_10000).step_by(61_234_567).chain([YEAR_10000 - 1, 951_782_400_000, 951_868_799_999]);
        for millis in steps {
            let time = chrono::DateTime::from_timestamp_millis(i64::try_from(millis).unwrap()).unwrap();
            assert_eq!(
                Timestamp(millis).to_rfc3339_millis(),
                time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
            );
        }
        assert_eq!(Timestamp(YEAR_10000).to_rfc3339(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn durations_read_like_their_configuration() {
        for (ms, text) in [(30_000, "30s"), (1_500, "1500ms"), (250, "250ms"), (1_000, "1s")] {
            assert_eq!(display_duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(millis(Duration::from_nanos(1_234_567)), 1.235);
        let shown = |duration| {
            let mut text = String::new();
            Millis(duration).push_to(&mut text);
            text
        };
        for (nanos, text) in
            [(0, "0.000"), (499, "0.000"), (500, "0.001"), (1_234_567, "1.235"), (2_000_000_000, "2000.000")]
        {
            assert_eq!(shown(Duration::from_nanos(nanos)), text);
        }
        assert!(shown(Duration::MAX).ends_with(".000"), "the longest is no panic");
    }
}
