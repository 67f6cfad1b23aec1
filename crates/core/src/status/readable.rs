//! How values read on the page. `page.js` writes them the same way when it refreshes the table.

use crate::status::chart::{Chart, decimal};

/// A duration in milliseconds, without the unit: two decimals below 0.1, one below 100, none above. Halves are rounded
/// up.
pub(super) fn milliseconds(value: f64) -> String {
    let parts = match value {
        ..0.1 => 100,
        ..100.0 => 10,
        _ => 1,
    };
    decimal(value, parts)
}

/// What a chart shows, for those who cannot see it. Empty where nothing is drawn.
pub(super) fn chart_label(chart: &Chart) -> String {
    let (min, max) = (milliseconds(chart.min), milliseconds(chart.max));
    match chart.count {
        0 => String::new(),
        1 => format!("latency of the last check: {max} ms"),
        count => format!("latency of the last {count} checks: {min} to {max} ms"),
    }
}

/// `2026-02-07T10:00:00.123Z` as `2026-02-07 10:00:00 UTC`. Anything but RFC 3339 in UTC stays as it is.
pub(super) fn time(rfc3339: &str) -> String {
    rfc3339.strip_suffix('Z').and_then(|rest| rest.split_once('T')).map_or_else(
        || rfc3339.to_owned(),
        |(date, time)| {
            let seconds = time.split_once('.').map_or(time, |(seconds, _)| seconds);
            format!("{date} {seconds} UTC")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (value, text) in [
            (0.0, "0.00"),
            (0.034, "0.03"),
            (0.1, "0.1"),
            (0.25, "0.3"),
            (9.96, "10.0"),
            (99.9, "99.9"),
            (1234.4, "1234"),
            (1234.5, "1235"),
        ] {
            assert_eq!(milliseconds(value), text);
        }
    }

    #[test]
    fn labels() {
        let label = |values: &[f64]| chart_label(&Chart::new(values));
        assert_eq!(label(&[]), "");
        assert_eq!(label(&[2.0]), "latency of the last check: 2.0 ms");
        let many: Vec<f64> = (1..=30).map(f64::from).collect();
        assert_eq!(label(&many), "latency of the last 20 checks: 11.0 to 30.0 ms");
    }

    #[test]
    fn times() {
        assert_eq!(time("2026-02-07T10:00:00Z"), "2026-02-07 10:00:00 UTC");
        assert_eq!(time("2026-02-07T10:00:00+01:00"), "2026-02-07T10:00:00+01:00");
        assert_eq!(time("soon"), "soon");
    }
}
