//! What differs between rounds of one backend: a difference there says nothing about another backend.

use crate::report::Kind;
use gateway_core::text::shorten;

/// The most places that are remembered.
const MAX_PLACES: usize = 1_000;
/// The most characters of a value that is told.
const MAX_CHARACTERS: usize = 256;

/// The places in which later answers of a backend differ from its first one.
#[derive(Debug, Default)]
pub(crate) struct Varying {
    /// Sorted by pattern.
    places: Vec<(String, Change)>,
    /// Whether there are more than can be remembered.
    pub(crate) too_many: bool,
}

/// How something changed between rounds.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The path of the first change; of items of arrays the others may stand for themselves.
    pub(crate) path: String,
    /// Whether several paths changed that differ in indices alone: then all such paths vary.
    several: bool,
    /// How, the first time.
    pub(crate) kind: Kind,
    /// Whether something was there in one round and not, or of another type, in another.
    pub(crate) is_structural: bool,
    /// The value in the first answer, as it is written.
    pub(crate) first: Option<String>,
    /// The value in a later one.
    pub(crate) later: Option<String>,
}

impl Varying {
    /// Takes in a difference between two rounds.
    pub(crate) fn note(&mut self, path: &str, kind: Kind, first: Option<&[u8]>, later: Option<&[u8]>) {
        if kind == Kind::Ignored {
            return;
        }
        let is_structural = matches!(kind, Kind::Type | Kind::Missing | Kind::Extra);
        let pattern = pattern(path);
        let place = self.places.partition_point(|(other, _)| *other < pattern);
        if let Some((other, change)) = self.places.get_mut(place)
            && *other == pattern
        {
            change.several |= change.path != path;
            change.is_structural |= is_structural;
            return;
        }
        if self.places.len() >= MAX_PLACES {
            self.too_many = true;
            return;
        }
        let (first, later) = (first.map(shown), later.map(shown));
        let change = Change { path: path.to_owned(), several: false, kind, is_structural, first, later };
        self.places.insert(place, (pattern, change));
    }

    /// The change that covers what stands at `path`, if it varies.
    pub(crate) fn change(&self, path: &str) -> Option<&Change> {
        let pattern = pattern(path);
        let place = self.places.partition_point(|(other, _)| *other < pattern);
        let (other, change) = self.places.get(place)?;
        (*other == pattern && (change.several || change.path == path)).then_some(change)
    }

    /// All changes.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.places.iter().map(|(_, change)| change)
    }
}

/// A path with `*` in the place of each index.
fn pattern(path: &str) -> String {
    let step = |step: &str| {
        let is_index = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        if is_index { "*".to_owned() } else { step.to_owned() }
    };
    path.split('/').map(step).collect::<Vec<_>>().join("/")
}

/// A value as it is written, cut where it is very long.
pub(crate) fn shown(text: &[u8]) -> String {
    // A character has four bytes at most.
    let start = text.get(..MAX_CHARACTERS.saturating_mul(4).saturating_add(4)).unwrap_or(text);
    shorten(&String::from_utf8_lossy(start), MAX_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_varies_by_itself_and_two_for_all() {
        let mut varying = Varying::default();
        varying.note("/3/score", Kind::Value, Some(b"1"), Some(b"2"));
        let covers = |varying: &Varying, path| varying.change(path).is_some();
        assert!(covers(&varying, "/3/score") && !covers(&varying, "/4/score") && !covers(&varying, "/3"));
        varying.note("/5/score", Kind::Value, None, None);
        assert!(covers(&varying, "/4/score") && !covers(&varying, "/4/title"));
        varying.note("/at", Kind::Value, None, None);
        assert!(covers(&varying, "/at") && !covers(&varying, ""));
        assert_eq!(varying.changes().count(), 2);
    }

    #[test]
    fn too_many_places_are_said() {
        let mut varying = Varying::default();
        for number in 0..=MAX_PLACES {
            assert!(!varying.too_many);
            varying.note(&format!("/x{number}"), Kind::Value, None, None);
        }
        assert!(varying.too_many);
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(shown("é".repeat(2_000).as_bytes()).chars().count(), MAX_CHARACTERS + 1);
        assert_eq!(shown(b"1.00"), "1.00");
    }
}
