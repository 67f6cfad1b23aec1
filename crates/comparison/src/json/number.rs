//! Numbers by exact value, however long they are: `1`, `1.0` and `1e0` are one number, `10000000000000000000000001` and `10000000000000000000000000` two.

use std::iter::Chain;
use std::slice::Iter;

/// A number as JSON writes it: digits times a power of ten, in only one way for each value.
pub(crate) struct Decimal<'a> {
    negative: bool,
    /// The digits before and after the point, without zeros at either end.
    digits: [&'a [u8]; 2],
    /// The power of ten of the last digit.
    exponent: i128,
}

impl<'a> Decimal<'a> {
    /// Reads a number of the JSON grammar; `None` where its exponent has more than 38 digits.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = split(text, |byte| matches!(byte, b'e' | b'E'));
        let (whole, fraction) = split(mantissa, |byte| byte == b'.');
        let exponent: i128 = match exponent {
            [] => 0,
            text => std::str::from_utf8(text).ok()?.parse().ok()?,
        };
        let whole = without_leading_zeros(whole);
        let fraction = without_trailing_zeros(fraction);
        let dropped = i128::try_from(fraction.len()).ok()?;
        let (digits, exponent) = match (whole, fraction) {
            ([], []) => return Some(Decimal { negative: false, digits: [&[], &[]], exponent: 0 }),
            (whole, []) => {
                let significant = without_trailing_zeros(whole);
                let zeros = whole.len().saturating_sub(significant.len());
                ([significant, &[]], exponent.checked_add(i128::try_from(zeros).ok()?)?)
            }
            ([], fraction) => ([without_leading_zeros(fraction), &[]], exponent.checked_sub(dropped)?),
            (whole, fraction) => ([whole, fraction], exponent.checked_sub(dropped)?),
        };
        Some(Decimal { negative, digits, exponent })
    }

    fn digits(&self) -> Chain<Iter<'a, u8>, Iter<'a, u8>> {
        let [first, second] = self.digits;
        first.iter().chain(second)
    }

    /// Takes the value into a hash: alike for numbers that are equal.
    pub(crate) fn hash(&self, mut add: impl FnMut(&[u8])) {
        add(&[u8::from(self.negative)]);
        add(&self.exponent.to_le_bytes());
        let digits: Vec<u8> = self.digits().copied().collect();
        add(&digits);
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.negative == other.negative && self.exponent == other.exponent && self.digits().eq(other.digits())
    }
}

/// Whether two numbers are equal. Where an exponent is too long to be read, they are equal if they are written alike.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    one == other || matches!((Decimal::read(one), Decimal::read(other)), (Some(one), Some(other)) if one == other)
}

/// Whether 64 bits of floating point hold a number, if not exactly: its whole part has less than 308 digits. What is no number is in range.
pub(crate) fn is_in_range(text: &[u8]) -> bool {
    Decimal::read(text).is_none_or(|number| {
        let digits = i128::try_from(number.digits().count()).unwrap_or(i128::MAX);
        number.exponent.saturating_add(digits) < 308
    })
}

fn split(text: &[u8], at: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let mut parts = text.splitn(2, |byte| at(*byte));
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

fn without_trailing_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    digits.get(..digits.len().saturating_sub(zeros)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        Decimal::read(text.as_bytes()).unwrap().hash(|more| bytes.extend_from_slice(more));
        bytes
    }

    #[test]
    fn equal_values_in_other_notations() {
        for (one, other) in [
            ("1", "1.0"),
            ("1", "1e0"),
            ("1", "1.000E+0"),
            ("100", "1e2"),
            ("100", "10.0e1"),
            ("0.5", "5e-1"),
            ("0.050", "0.5e-1"),
            ("10.5", "10.50"),
            ("-0", "0"),
            ("0", "0e99999999999"),
            ("0.000", "-0.0e-5"),
            ("1e400", "10e399"),
            ("12345678901234567890123456789", "12345678901234567890123456789.0"),
            ("-1.20e3", "-1200"),
            ("1002.00300", "1002003e-3"),
        ] {
            assert!(equal(one.as_bytes(), other.as_bytes()), "{one} = {other}");
            assert_eq!(hashed(one), hashed(other), "{one} {other}");
        }
    }

    #[test]
    fn other_values() {
        for (one, other) in [
            ("1", "-1"),
            ("1", "10"),
            ("0.1", "0.10000000000000000000000000000001"),
            ("10000000000000000000000001", "10000000000000000000000000"),
            ("1e400", "1e401"),
            ("9007199254740993", "9007199254740992"),
            ("101", "11"),
            ("1.01", "1.1"),
            ("0", "1e-400"),
        ] {
            assert!(!equal(one.as_bytes(), other.as_bytes()), "{one} and {other}");
            assert_ne!(hashed(one), hashed(other), "{one} {other}");
        }
        let long = format!("1e{}", "9".repeat(60));
        assert!(equal(long.as_bytes(), long.as_bytes()) && !equal(long.as_bytes(), b"1e9"));
    }
}
