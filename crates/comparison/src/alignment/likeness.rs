//! How alike two items are, and which of some are meant to be the same.

use super::items::{Items, Numbered};
use crate::json::tree::{Place, Tree, Type};
use crate::sorted::{beginning_with, sort};

/// Members that name an item, the first that all have.
const IDENTITIES: [&[u8]; 6] = [b"id", b"_id", b"uuid", b"key", b"slug", b"code"];
/// Members or items that count for likeness.
const MAX_PARTS: usize = 64;
/// The most pairs that are weighed against each other.
const MAX_WEIGHED: usize = 4_096;
/// The likeness of items that are equal in all parts.
const ALL: u32 = 1_000;

/// What is compared of an item: its parts, and what names it.
pub(super) struct Likeness {
    /// Sorted; each a number and nothing beside it.
    parts: Vec<(u64, u64)>,
    /// Only where it is not generated.
    identity: Option<u64>,
}

impl Likeness {
    pub(super) fn new(tree: &Tree, item: Place) -> Self {
        let of = tree.type_of(item);
        let children = tree.children(item).take(MAX_PARTS);
        let parts: Vec<u64> = match of {
            Type::Object => {
                children.map(|member| tree.name_hash(member) ^ tree.hashes(member).shape.rotate_left(21)).collect()
            }
            Type::Array => children.map(|child| tree.hashes(child).shape).collect(),
            _ => Vec::new(),
        };
        let mut parts: Vec<(u64, u64)> = parts.into_iter().map(|part| (part, 0)).collect();
        sort(&mut parts);
        let named = IDENTITIES.iter().find_map(|name| identity(tree, item, name));
        let identity = named.filter(|member| tree.hashes(*member).exact == tree.hashes(*member).shape);
        Likeness { parts, identity: identity.map(|member| tree.hashes(member).exact) }
    }

    /// What pairing the two is worth, or `None` where they are not to be paired: items that are named differently, unless little else is different.
    fn with(&self, other: &Likeness) -> Option<u32> {
        let (mut one, mut two) = (self.parts.as_slice(), other.parts.as_slice());
        let mut same: usize = 0;
        while let ([first, rest @ ..], [second, others @ ..]) = (one, two) {
            if first == second {
                same = same.saturating_add(1);
            }
            if first <= second {
                one = rest;
            }
            if second <= first {
                two = others;
            }
        }
        let parts = self.parts.len().max(other.parts.len());
        let likeness =
            u32::try_from(same.saturating_mul(ALL as usize).checked_div(parts).unwrap_or_default()).unwrap_or_default();
        let named_otherwise = matches!((self.identity, other.identity), (Some(one), Some(other)) if one != other);
        if named_otherwise && likeness < ALL / 2 { None } else { Some(likeness.saturating_add(1)) }
    }
}

/// The member called `name`, where it is text or a number.
fn identity(tree: &Tree, item: Place, name: &[u8]) -> Option<Place> {
    let is_named = |member: &Place| tree.written_name(*member) == name;
    let member = (tree.type_of(item) == Type::Object).then(|| tree.children(item).find(is_named)).flatten()?;
    matches!(tree.type_of(member), Type::String | Type::Number).then_some(member)
}

/// What names each item that is left, on either side, by their indices; `None` where nothing names all of them, or the sides share no name.
pub(super) fn identities(from: &Items<'_>, to: &Items<'_>, [ones, others]: [Vec<usize>; 2]) -> Option<[Numbered; 2]> {
    let keys = |items: &Items<'_>, left: &[usize], name| -> Option<Numbered> {
        let key = |index: &usize| {
            let member = identity(items.tree, *items.places.get(*index)?, name)?;
            Some((items.tree.hashes(member).exact, *index as u64))
        };
        let mut keys: Numbered = left.iter().map(key).collect::<Option<_>>()?;
        sort(&mut keys);
        let unique = keys.windows(2).all(|two| !matches!(two, [one, other] if one.0 == other.0));
        unique.then_some(keys)
    };
    IDENTITIES.iter().find_map(|name| {
        let (one, other) = (keys(from, &ones, name)?, keys(to, &others, name)?);
        let shared = one.iter().any(|(key, _)| !beginning_with(&other, *key).is_empty());
        shared.then_some([one, other])
    })
}

/// Pairs the items of two lists in their order, so that the likeness of all pairs together is greatest. Long lists are paired one by one.
pub(super) fn pair_by_likeness(one: &[Likeness], other: &[Likeness]) -> Vec<(usize, usize)> {
    let width = other.len();
    if one.len() == 1 && width == 1 {
        return vec![(0, 0)];
    }
    if one.len().saturating_mul(width) > MAX_WEIGHED {
        return (0..one.len().min(width)).map(|index| (index, index)).collect();
    }
    // For each cell the best worth of the beginnings that end there, and whether its two are a pair.
    let mut above: Vec<u32> = vec![0; width.saturating_add(1)];
    let mut rows: Vec<Vec<(u32, bool)>> = Vec::with_capacity(one.len());
    for first in one {
        let mut row = Vec::with_capacity(width);
        let (mut left, mut corner) = (0, 0);
        for (second, up) in other.iter().zip(above.iter_mut().skip(1)) {
            let apart = left.max(*up);
            let paired = first.with(second).map(|worth| worth.saturating_add(corner)).filter(|worth| *worth > apart);
            let best = paired.unwrap_or(apart);
            row.push((best, paired.is_some()));
            corner = std::mem::replace(up, best);
            left = best;
        }
        rows.push(row);
    }
    let worth = |first: usize, second: usize| {
        let row = first.checked_sub(1).and_then(|row| rows.get(row));
        second.checked_sub(1).and_then(|column| row?.get(column)).copied().unwrap_or_default()
    };
    let mut pairs = Vec::new();
    let (mut first, mut second) = (one.len(), width);
    while let (Some(row), Some(column)) = (first.checked_sub(1), second.checked_sub(1)) {
        match worth(first, second) {
            (_, true) => {
                pairs.push((row, column));
                (first, second) = (row, column);
            }
            (best, false) if worth(row, second).0 == best => first = row,
            _ => second = column,
        }
    }
    pairs
}
