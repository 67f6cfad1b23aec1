//! Medians and spreads: one number for many rounds, and how far to trust it.

use serde::Serialize;

/// The middle of a series and its ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// The median; of an even number of values, the mean of the middle two.
    pub(crate) median: f64,
    /// The smallest value.
    pub(crate) min: f64,
    /// The largest value.
    pub(crate) max: f64,
}

impl Spread {
    /// The spread of the finite ones among these values; `None` where there are none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
        Some(Self { median: f64::midpoint(lower, upper), min, max })
    }
}

/// The values of two series that were taken in the same rounds, combined pair by pair.
///
/// A round without its counterpart is left out: a ratio between different minutes says nothing on a machine that others use too.
pub(crate) fn paired(
    ours: &[(usize, f64)],
    theirs: &[(usize, f64)],
    combine: impl Fn(f64, f64) -> f64,
) -> Option<Spread> {
    Spread::of(ours.iter().filter_map(|(round, our)| {
        let (_, their) = theirs.iter().find(|(other, _)| other == round)?;
        Some(combine(*our, *their))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let check = |values: &[f64], expected: Option<(f64, f64, f64)>| {
            let spread = Spread::of(values.iter().copied());
            assert_eq!(spread.map(|spread| (spread.median, spread.min, spread.max)), expected, "{values:?}");
        };
        check(&[], None);
        check(&[f64::NAN, f64::INFINITY], None);
        check(&[3.0], Some((3.0, 3.0, 3.0)));
        check(&[9.0, 1.0, 4.0], Some((4.0, 1.0, 9.0)));
        check(&[10.0, 2.0, 4.0, 1.0], Some((3.0, 1.0, 10.0)));
    }

    #[test]
    fn ratios_are_made_within_a_round() {
        // The second round ran on a machine half as fast: the ratio does not notice.
        let gateway = [(0, 500.0), (1, 240.0), (2, 500.0)];
        let nginx = [(1, 500.0), (0, 1000.0), (3, 9.0)];
        let ratio = paired(&gateway, &nginx, |ours, theirs| ours / theirs);
        assert_eq!(ratio, Some(Spread { median: 0.49, min: 0.48, max: 0.5 }));
        assert_eq!(paired(&gateway, &[], |ours, theirs| ours / theirs), None);
        assert_eq!(paired(&[(0, 1.0)], &[(0, 0.0)], |ours, theirs| ours / theirs), None, "no infinite ratios");
    }
}
