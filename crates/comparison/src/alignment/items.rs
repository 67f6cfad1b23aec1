//! The items of arrays.

use crate::json::hash::Hashes;
use crate::json::tree::{Place, Tree, Type};

/// Items as a number that stands for each, and its index.
pub(super) type Numbered = Vec<(u64, u64)>;

/// The items of an array.
pub(crate) struct Items<'a> {
    pub(super) tree: &'a Tree,
    pub(super) places: Vec<Place>,
}

impl<'a> Items<'a> {
    pub(crate) fn new(tree: &'a Tree, array: Place) -> Self {
        Items { tree, places: tree.children(array).collect() }
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Whether the item is neither an array nor an object.
    pub(super) fn is_plain(&self, index: usize) -> bool {
        let of = self.places.get(index).map(|place| self.tree.type_of(*place));
        !matches!(of, Some(Type::Array | Type::Object))
    }

    pub(super) fn hashes(&self, index: usize) -> Option<Hashes> {
        self.places.get(index).map(|place| self.tree.hashes(*place))
    }
}
