//! The latency history as a small line chart: its geometry, in a box of 120 by 32. `page.js` draws the same numbers when
//! it refreshes the table.

/// How many latencies are drawn, the newest ones.
const MAX_POINTS: usize = 20;
/// The x of the newest latency, and how far left of it the one before is.
const RIGHT: f64 = 116.0;
const STEP: f64 = 6.0;
/// The y of zero, and how far above it the largest latency is.
const BOTTOM: f64 = 30.0;
const HEIGHT: f64 = 26.0;

/// A chart. Without a latency, `line` and `area` are empty and the numbers are those of an empty axis.
#[derive(Debug)]
pub(super) struct Chart {
    /// The points of the line for SVG, the oldest first: `110,12.5 116,4`.
    pub(super) line: String,
    /// The points of the area between the line and the bottom.
    pub(super) area: String,
    /// The y of the newest latency, as in `line`.
    pub(super) last_y: String,
    /// How many latencies are drawn.
    pub(super) count: usize,
    /// The smallest of them.
    pub(super) min: f64,
    /// The largest of them.
    pub(super) max: f64,
}

impl Chart {
    /// Draws `latencies`, the oldest first. Negative, infinite and undefined ones are left out.
    pub(super) fn new(latencies: &[f64]) -> Self {
        let drawable = latencies.iter().rev().copied().filter(|latency| latency.is_finite() && *latency >= 0.0);
        let newest_first: Vec<f64> = drawable.take(MAX_POINTS).collect();
        let max = newest_first.iter().copied().fold(0.0, f64::max);
        let min = newest_first.iter().copied().fold(max, f64::min);
        let shown = |number| {
            let text = decimal(number, 10);
            text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
        };
        let y = |latency| shown(BOTTOM - if max > 0.0 { latency / max } else { 0.0 } * HEIGHT);

        let (mut points, mut left) = (Vec::new(), String::new());
        for (age, latency) in (0_u8..).zip(&newest_first) {
            left = shown(RIGHT - STEP * f64::from(age));
            points.push(format!("{left},{}", y(*latency)));
        }
        points.reverse();
        let line = points.join(" ");
        let (right, bottom) = (shown(RIGHT), shown(BOTTOM));
        let area = if line.is_empty() { String::new() } else { format!("{left},{bottom} {line} {right},{bottom}") };
        let last_y = newest_first.first().map_or(bottom, |latency| y(*latency));
        Self { line, area, last_y, count: newest_first.len(), min, max }
    }
}

/// `number` to the nearest multiple of 1/`parts`, which are 1, 10 or 100, halves rounded up as `Math.round` does in `page.js`. For numbers that are not
/// negative. By integers: what formats `f64` takes 18 KB of the component.
pub(super) fn decimal(number: f64, parts: u32) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates, and is not negative")]
    let scaled = (number * f64::from(parts)).round() as u64;
    let parts = u64::from(parts);
    let (whole, rest) = (scaled.checked_div(parts).unwrap_or_default(), scaled.checked_rem(parts).unwrap_or_default());
    match parts {
        1 => whole.to_string(),
        10 => format!("{whole}.{rest}"),
        _ => format!("{whole}.{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (latencies, line, why) in [
            (&[][..], "", "nothing to draw"),
            (&[2.0], "116,4", "the largest is at the top"),
            (&[0.0, 0.0], "110,30 116,30", "no division by zero"),
            (&[0.8, 3.2, 1.84], "104,23.5 110,4 116,15.1", "the newest is at the right"),
            (&[1.0, 0.0, 104.0], "104,29.8 110,30 116,4", "29.75 is rounded up"),
            (&[f64::NAN, f64::INFINITY, -1.0, 5.0], "116,4", "only what can be drawn"),
        ] {
            assert_eq!(Chart::new(latencies).line, line, "{why}: {latencies:?}");
        }
    }

    #[test]
    fn the_oldest_are_left_out() {
        let many: Vec<f64> = (1..=30).map(f64::from).collect();
        let chart = Chart::new(&many);
        assert_eq!((chart.count, chart.min, chart.max), (20, 11.0, 30.0));
        assert_eq!(chart.line.split(' ').count(), 20);
        assert!(chart.line.starts_with("2,"), "{}", chart.line);
    }

    #[test]
    fn areas_end_at_the_bottom() {
        let chart = Chart::new(&[1.0, 2.0]);
        assert_eq!((chart.area.as_str(), chart.last_y.as_str()), ("110,30 110,17 116,4 116,30", "4"));
        let empty = Chart::new(&[]);
        assert_eq!((empty.area.as_str(), empty.last_y.as_str()), ("", "30"));
    }
}
