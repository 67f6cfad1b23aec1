//! Sorted lists in the place of maps and sets: each type that the standard library sorts, or keeps in a map, would add 5 to 8 KB to the component.

/// Sorts pairs of numbers, the one thing that is sorted here.
pub(crate) fn sort(pairs: &mut [(u64, u64)]) {
    pairs.sort_unstable();
}

/// The pairs of a sorted list that begin with `first`.
pub(crate) fn beginning_with(pairs: &[(u64, u64)], first: u64) -> &[(u64, u64)] {
    let start = pairs.partition_point(|pair| pair.0 < first);
    let rest = pairs.get(start..).unwrap_or_default();
    rest.get(..rest.partition_point(|pair| pair.0 == first)).unwrap_or_default()
}

/// Puts a text into a sorted list, unless it is there.
pub(crate) fn insert(texts: &mut Vec<String>, text: String) {
    if let Err(place) = texts.binary_search(&text) {
        texts.insert(place, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_by_their_first() {
        let mut pairs = vec![(3, 1), (1, 2), (3, 0), (2, 9)];
        sort(&mut pairs);
        assert_eq!(beginning_with(&pairs, 3), [(3, 0), (3, 1)]);
        assert_eq!(beginning_with(&pairs, 4), []);
        assert_eq!(beginning_with(&[], 4), []);
    }

    #[test]
    fn texts_stand_once_and_in_order() {
        let mut texts = Vec::new();
        ["b", "a", "b"].into_iter().for_each(|text| insert(&mut texts, text.to_owned()));
        assert_eq!(texts, ["a", "b"]);
    }
}
