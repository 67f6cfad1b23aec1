//! Ids that every copy of a program makes anew: those of one document belong to those of the other, one to one.

use crate::json::hash::scrambled;
use crate::sorted::{beginning_with, sort};

/// Which UUID of one document is which of the other. UUIDs as numbers of 64 bits.
#[derive(Default)]
pub(super) struct Ids {
    pairs: Vec<(u64, u64)>,
    /// The same, the other way round.
    back: Vec<(u64, u64)>,
    is_sorted: bool,
}

impl Ids {
    /// Takes in two that stand in the same place.
    pub(super) fn pair(&mut self, from: u128, to: u128) {
        let (from, to) = (folded(from), folded(to));
        self.pairs.push((from, to));
        self.back.push((to, from));
        self.is_sorted = false;
    }

    /// Whether each of the two belongs to no other.
    pub(super) fn is_one_to_one(&mut self, from: u128, to: u128) -> bool {
        if !self.is_sorted {
            for pairs in [&mut self.pairs, &mut self.back] {
                sort(pairs);
                pairs.dedup();
            }
            self.is_sorted = true;
        }
        beginning_with(&self.pairs, folded(from)).len() < 2 && beginning_with(&self.back, folded(to)).len() < 2
    }
}

/// Both halves of a UUID in one number.
#[allow(clippy::cast_possible_truncation, reason = "the upper half is added to the lower one")]
fn folded(id: u128) -> u64 {
    scrambled((id >> 64) as u64) ^ id as u64
}
