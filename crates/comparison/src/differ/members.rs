//! The members of objects, by their names.

use crate::json::string::{decoded, uuids};
use crate::json::tree::{Place, Tree};
use crate::sorted::{beginning_with, sort};

/// The members of an object. Of several with one name the last counts, as most readers have it.
pub(super) struct Members<'a> {
    tree: &'a Tree,
    object: Place,
    /// Hashes of their names, with their places.
    sorted: Vec<(u64, u64)>,
}

impl<'a> Members<'a> {
    pub(super) fn new(tree: &'a Tree, object: Place) -> Self {
        let members = tree.children(object);
        let mut sorted: Vec<_> = members.map(|member| (tree.name_hash(member), u64::from(member))).collect();
        sort(&mut sorted);
        Members { tree, object, sorted }
    }

    pub(super) fn in_order(&self) -> impl Iterator<Item = Place> {
        self.tree.children(self.object).filter(|member| self.find(self.tree, *member) == Some(*member))
    }

    /// The member with the name that `named` has in `tree`.
    pub(super) fn find(&self, tree: &Tree, named: Place) -> Option<Place> {
        let name = decoded(tree.written_name(named));
        let alike = beginning_with(&self.sorted, tree.name_hash(named)).iter().rev();
        alike
            .filter_map(|(_, member)| Place::try_from(*member).ok())
            .find(|member| decoded(self.tree.written_name(*member)) == name)
    }
}

/// The UUID that a member is called by.
pub(super) fn id_of(tree: &Tree, member: Place) -> Option<u128> {
    let name = tree.written_name(member);
    match uuids(name).as_slice() {
        [(0, id)] if name.len() == 36 => Some(*id),
        _ => None,
    }
}
