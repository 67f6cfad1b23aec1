//! Numbers as people read them.

use crate::stats::Spread;

/// `71,852`: a rate or a count.
pub(crate) fn count(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value < 0.0 { format!("-{grouped}") } else { grouped }
}

/// `91 µs`, `1.2 ms`, `2.3 s`, from microseconds.
pub(crate) fn micros(value: f64) -> String {
    match value.abs() {
        size if size < 1_000.0 => format!("{value:.0} µs"),
        size if size < 100_000.0 => format!("{:.1} ms", value / 1e3),
        size if size < 1_000_000.0 => format!("{:.0} ms", value / 1e3),
        _ => format!("{:.1} s", value / 1e6),
    }
}

/// `12 KiB`, `3.4 MiB`, `1.2 GiB`.
pub(crate) fn bytes(value: f64) -> String {
    const KIB: f64 = 1024.0;
    match value.abs() {
        size if size < KIB * KIB => format!("{:.0} KiB", value / KIB),
        size if size < KIB * KIB * KIB => format!("{:.1} MiB", value / (KIB * KIB)),
        _ => format!("{:.2} GiB", value / (KIB * KIB * KIB)),
    }
}

/// `0.24 (0.22–0.26)`: two figures, or more where the value is small.
pub(crate) fn ratio(spread: Spread) -> String {
    self::spread(spread, short)
}

fn short(value: f64) -> String {
    if value.abs() < 0.095 { format!("{value:.3}") } else { format!("{value:.2}") }
}

/// A spread in the unit of `shown`: the median, and the ends where they differ from it.
pub(crate) fn spread(spread: Spread, shown: impl Fn(f64) -> String) -> String {
    let (median, min, max) = (shown(spread.median), shown(spread.min), shown(spread.max));
    if min == max { median } else { format!("{median} ({min}–{max})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (value, shown) in
            [(0.0, "0"), (999.4, "999"), (1000.0, "1,000"), (1234567.0, "1,234,567"), (-1500.0, "-1,500")]
        {
            assert_eq!(count(value), shown);
        }
        for (value, shown) in [(91.0, "91 µs"), (1234.0, "1.2 ms"), (123_456.0, "123 ms"), (2_300_000.0, "2.3 s")] {
            assert_eq!(micros(value), shown);
        }
        for (value, shown) in [(2048.0, "2 KiB"), (3.5 * 1048576.0, "3.5 MiB"), (1073741824.0, "1.00 GiB")] {
            assert_eq!(bytes(value), shown);
        }
        assert_eq!(ratio(Spread { median: 0.244, min: 0.0812, max: 1.0 }), "0.24 (0.081–1.00)");
        assert_eq!(ratio(Spread { median: 0.5, min: 0.5, max: 0.5 }), "0.50");
    }
}
