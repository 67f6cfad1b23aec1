//! The members of two objects, side by side.

use crate::json::string::{decoded, uuids};
use crate::json::tree::{Place, Tree};
use crate::sorted::sort;

/// Which member of one object is which of another, by name. Of several with one name the last counts, as most readers have it.
pub(super) struct Members {
    /// Those of the first, in their order, with their counterparts.
    pub(super) ours: Vec<(Place, Option<Place>)>,
    /// Those that only the second has, in their order.
    pub(super) extra: Vec<Place>,
}

impl Members {
    pub(super) fn new(one: &Tree, object: Place, other: &Tree, other_object: Place) -> Self {
        let (ours, theirs) = (hashed(one, object), hashed(other, other_object));
        let (mut pairs, mut extra) = (Vec::new(), Vec::new());
        let mut theirs = theirs.chunk_by(|first, second| first.0 == second.0).peekable();
        for run in ours.chunk_by(|first, second| first.0 == second.0) {
            let hash = run.first().map(|first| first.0);
            let before = |next: &&[(u64, u64)]| next.first().map(|first| first.0) < hash;
            while let Some(only) = theirs.next_if(before) {
                extra.extend(last_of_each_name(other, only));
            }
            let same = theirs.next_if(|next| next.first().map(|first| first.0) == hash).unwrap_or_default();
            let mut left = last_of_each_name(other, same);
            for place in last_of_each_name(one, run) {
                let named = left.iter().position(|place_there| name(other, *place_there) == name(one, place));
                pairs.push((u64::from(place), named.map_or(NOWHERE, |index| u64::from(left.remove(index)))));
            }
            extra.extend(left);
        }
        theirs.for_each(|only| extra.extend(last_of_each_name(other, only)));
        let mut extra: Vec<_> = extra.into_iter().map(|place| (u64::from(place), NOWHERE)).collect();
        sort(&mut pairs);
        sort(&mut extra);
        let place = |number: u64| Place::try_from(number).ok();
        let ours = pairs.into_iter().filter_map(|(ours, theirs)| Some((place(ours)?, place(theirs)))).collect();
        Members { ours, extra: extra.into_iter().filter_map(|(theirs, _)| place(theirs)).collect() }
    }
}

/// No place.
const NOWHERE: u64 = u64::MAX;

/// The hashes of the names, with the places of their members, sorted.
fn hashed(tree: &Tree, object: Place) -> Vec<(u64, u64)> {
    let mut members: Vec<_> = tree.children(object).map(|member| (tree.name_hash(member), u64::from(member))).collect();
    sort(&mut members);
    members
}

/// The members that count, of some whose names have the same hash: nearly always they have the same name.
fn last_of_each_name(tree: &Tree, run: &[(u64, u64)]) -> Vec<Place> {
    let mut last: Vec<Place> = Vec::new();
    for member in run.iter().rev().filter_map(|(_, member)| Place::try_from(*member).ok()) {
        if !last.iter().any(|later| name(tree, *later) == name(tree, member)) {
            last.push(member);
        }
    }
    last
}

fn name(tree: &Tree, member: Place) -> std::borrow::Cow<'_, [u8]> {
    decoded(tree.written_name(member))
}

/// The UUID that a member is called by.
pub(super) fn id_of(tree: &Tree, member: Place) -> Option<u128> {
    let name = tree.written_name(member);
    match uuids(name).as_slice() {
        [(0, id)] if name.len() == 36 => Some(*id),
        _ => None,
    }
}
