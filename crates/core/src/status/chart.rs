//! A latency history as a line of points.

/// The most values of a latency history that are drawn.
const CHART_VALUES: usize = 20;

/// A latency history as points in a box of 120 by 32: the newest value at the right, zero at the bottom. `page.js`
/// draws the same.
#[derive(Default)]
pub(super) struct Chart {
    pub(super) label: String,
    pub(super) line: String,
    pub(super) area: String,
    pub(super) last_y: String,
}

impl Chart {
    pub(super) fn new(latencies: &[f64]) -> Self {
        let mut values: Vec<f64> =
            latencies.iter().rev().copied().filter(|v| v.is_finite() && *v >= 0.0).take(CHART_VALUES).collect();
        values.reverse();
        let Some(last) = values.last() else {
            return Self { last_y: "30".into(), ..Self::default() };
        };
        let max = values.iter().copied().fold(0.0, f64::max);
        let min = values.iter().copied().fold(max, f64::min);
        let y = |value: f64| {
            let tenths = scaled(30.0 - if max > 0.0 { value / max } else { 0.0 } * 26.0, 10.0);
            if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { decimal(tenths, 10) }
        };
        // The places of the newest values, as many as there are.
        let places: Vec<usize> = (2..=116).step_by(6).collect();
        let places = places.iter().skip(CHART_VALUES.saturating_sub(values.len()));
        let left = places.clone().next().copied().unwrap_or(116);
        let points: Vec<_> = places.zip(&values).map(|(x, value)| format!("{x},{}", y(*value))).collect();
        let line = points.join(" ");
        let (low, high) = (milliseconds(min), milliseconds(max));
        let label = match values.len() {
            1 => format!("latency of the last check: {high} ms"),
            count => format!("latency of the last {count} checks: {low} to {high} ms"),
        };
        Self { label, area: format!("{left},30 {line} 116,30"), line, last_y: y(*last) }
    }
}

/// `value` times `factor` as a whole number, halves up like the script does. No floating-point number is ever
/// formatted: that code is large.
fn scaled(value: f64, factor: f64) -> u64 {
    (value * factor + 0.5) as u64
}

/// Tenths or hundredths (`unit` is 10 or 100) as a decimal number.
fn decimal(number: u64, unit: u64) -> String {
    let (whole, rest) = (number.checked_div(unit).unwrap_or(0), number.checked_rem(unit).unwrap_or(0));
    if unit == 10 { format!("{whole}.{rest}") } else { format!("{whole}.{rest:02}") }
}

/// A duration as text: two decimals below 0.1, one below 100, none above.
pub(super) fn milliseconds(value: f64) -> String {
    if value < 0.1 {
        decimal(scaled(value, 100.0), 100)
    } else if value < 100.0 {
        decimal(scaled(value, 10.0), 10)
    } else {
        scaled(value, 1.0).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts() {
        let drawn = |values: &[f64]| {
            let chart = Chart::new(values);
            (chart.line, chart.label)
        };
        assert_eq!(drawn(&[]), (String::new(), String::new()));
        assert_eq!(drawn(&[2.0]), ("116,4".into(), "latency of the last check: 2.0 ms".into()));
        assert_eq!(drawn(&[0.0, 0.0]).0, "110,30 116,30", "no division by zero");
        assert_eq!(drawn(&[f64::NAN, f64::INFINITY, -1.0, 5.0]).0, "116,4", "only what can be drawn");
        let many: Vec<f64> = (1..=30).map(f64::from).collect();
        let (line, label) = drawn(&many);
        assert_eq!(line.split(' ').count(), 20);
        assert!(line.starts_with("2,"), "{line}");
        assert_eq!(label, "latency of the last 20 checks: 11.0 to 30.0 ms");
    }

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
        ] {
            assert_eq!(milliseconds(value), text);
        }
    }
}
