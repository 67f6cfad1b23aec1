//! The longest common subsequence of two sequences.

/// The most cells of the table. Longer sequences have no common one here, and are paired by equal values alone.
const MAX_CELLS: usize = 1_000_000;

/// How the table is left: towards the shorter beginnings of both sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Both,
    First,
    Second,
}

/// The pairs of indices of the longest common subsequence, rising; empty where the sequences are too long for it.
pub(super) fn common(one: &[u64], other: &[u64]) -> Vec<(usize, usize)> {
    let width = other.len();
    if one.is_empty() || width == 0 || one.len().saturating_mul(width) > MAX_CELLS {
        return Vec::new();
    }
    let mut steps: Vec<Step> = Vec::with_capacity(one.len().saturating_mul(width));
    // Lengths for the row above, one cell to the left of it first.
    let mut above: Vec<u32> = vec![0; width.saturating_add(1)];
    for first in one {
        let mut left = 0;
        let mut corner = 0;
        for (second, up) in other.iter().zip(above.iter_mut().skip(1)) {
            let (length, step) = match () {
                () if first == second => (u32::saturating_add(corner, 1), Step::Both),
                () if *up >= left => (*up, Step::First),
                () => (left, Step::Second),
            };
            steps.push(step);
            corner = std::mem::replace(up, length);
            left = length;
        }
    }
    let mut pairs = Vec::new();
    let (mut first, mut second) = (one.len(), width);
    while let (Some(row), Some(column)) = (first.checked_sub(1), second.checked_sub(1)) {
        let step = steps.get(row.saturating_mul(width).saturating_add(column)).copied().unwrap_or(Step::Both);
        if step == Step::Both {
            pairs.push((row, column));
        }
        if step != Step::Second {
            first = row;
        }
        if step != Step::First {
            second = column;
        }
    }
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_one_is_found() {
        for (one, other, length) in [
            (&b"abcabba"[..], &b"cbabac"[..], 4),
            (b"", b"a", 0),
            (b"abc", b"abc", 3),
            (b"abc", b"xyz", 0),
            (b"0001", b"001", 3),
            (b"0102", b"102", 3),
        ] {
            let numbers = |text: &[u8]| text.iter().map(|byte| u64::from(*byte)).collect::<Vec<_>>();
            let pairs = common(&numbers(one), &numbers(other));
            assert_eq!(pairs.len(), length, "{one:?} {other:?}");
            assert!(pairs.iter().all(|(first, second)| one[*first] == other[*second]), "{pairs:?}");
            assert!(pairs.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1), "{pairs:?}");
        }
        assert!(common(&vec![1; 1_001], &vec![1; 1_000]).is_empty(), "too long");
    }
}
