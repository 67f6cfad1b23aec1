//! "Did you mean …?"

// Insertions, removals and replacements of characters that lead from one word to the other.
use strsim::levenshtein as distance;

/// Mistakes that still count as one and the same word.
const MAX_MISTAKES: usize = 3;

/// The candidate that `word` is most likely a mistyped form of.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = MAX_MISTAKES.min(word.chars().count().checked_div(3).unwrap_or_default());
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("url", "ulr", 2)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn only_what_is_near() {
        let names = ["backend_bun_sqlite_url", "backend_cf_d1_url", "environment"];
        let nearest = |word| nearest(word, names.into_iter());
        assert_eq!(nearest("backend_bun-sqlite_url"), Some("backend_bun_sqlite_url"));
        assert_eq!(nearest("enviroment"), Some("environment"));
        assert_eq!(nearest("backend_go_chi_url"), None);
        assert_eq!(nearest("x"), None);
    }
}
