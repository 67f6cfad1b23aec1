//! Which item of one array is which of another: by `id`-like members, by equal values, by what is left of values without what is generated, and last by
//! likeness. So three edits in twenty items are three differences, and another order is one.

mod items;
mod likeness;
mod sequence;

pub(crate) use self::items::Items;
use self::items::Numbered;
use self::likeness::{Likeness, identities, pair_by_likeness};
use self::sequence::common;
use crate::sorted::sort;

/// The most items of a side that are aligned. Of longer arrays only the beginnings and ends are, and the rest one by one.
const MAX_ALIGNED: usize = 5_000;

/// A number that stands for an item, if it has one.
type Pick<'a> = &'a dyn Fn(&Items<'_>, usize) -> Option<u64>;

/// How two arrays correspond.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Alignment {
    /// For each item of the first its index in the second; `None` where it is missing there.
    pub(crate) counterparts: Vec<Option<usize>>,
    /// Whether some of them stand in another order.
    pub(crate) reordered: bool,
}

/// Aligns the items of two arrays.
pub(crate) fn align(from: &Items<'_>, to: &Items<'_>) -> Alignment {
    let mut pairs = Pairs::new(from.places.len(), to.places.len());
    pairs.ends(|one, other| from.hashes(one).map(|hashes| hashes.exact) == to.hashes(other).map(|hashes| hashes.exact));
    if pairs.is_long() {
        pairs.ends(|one, other| {
            from.hashes(one).map(|hashes| hashes.shape) == to.hashes(other).map(|hashes| hashes.shape)
        });
    }
    if pairs.is_long() {
        pairs.in_order();
        return Alignment { counterparts: pairs.from, reordered: false };
    }
    if let Some([one, other]) = identities(from, to, [&pairs.from, &pairs.to].map(|side| unpaired(side).collect())) {
        pairs.same(one, other);
    }
    // All ids have the same shape, and all times: of plain values it says nothing.
    let shape =
        |items: &Items<'_>, index| items.hashes(index).filter(|_| !items.is_plain(index)).map(|hashes| hashes.shape);
    let exact = |items: &Items<'_>, index| items.hashes(index).map(|hashes| hashes.exact);
    for pick in [&exact as Pick<'_>, &shape] {
        pairs.longest(from, to, pick);
        let [one, other] = pairs.left(from, to, pick);
        pairs.same(one, other);
    }
    if from.places.len() == to.places.len() && pairs.is_no_better_than_by_place(from, to) {
        return Alignment { counterparts: (0..from.places.len()).map(Some).collect(), reordered: false };
    }
    pairs.alike(from, to);
    let reordered = pairs.is_reordered();
    Alignment { counterparts: pairs.from, reordered }
}

/// What is known so far: for each item of either side the index of its counterpart.
struct Pairs {
    from: Vec<Option<usize>>,
    to: Vec<Option<usize>>,
}

impl Pairs {
    fn new(from: usize, to: usize) -> Self {
        Pairs { from: vec![None; from], to: vec![None; to] }
    }

    fn put(&mut self, from: usize, to: usize) {
        if let (Some(one @ None), Some(other @ None)) = (self.from.get_mut(from), self.to.get_mut(to)) {
            (*one, *other) = (Some(to), Some(from));
        }
    }

    /// Pairs equal beginnings and equal ends.
    fn ends(&mut self, equal: impl Fn(usize, usize) -> bool) {
        let (from, to) = (self.from.len(), self.to.len());
        let shorter = from.min(to);
        let start = (0..shorter).take_while(|index| equal(*index, *index)).count();
        let back = |length: usize, index: usize| length.saturating_sub(index).saturating_sub(1);
        let rest = shorter.saturating_sub(start);
        let end = (0..rest).take_while(|index| equal(back(from, *index), back(to, *index))).count();
        (0..start).for_each(|index| self.put(index, index));
        (0..end).for_each(|index| self.put(back(from, index), back(to, index)));
    }

    /// Whether more is left than can be aligned in a few milliseconds.
    fn is_long(&self) -> bool {
        unpaired(&self.from).count().max(unpaired(&self.to).count()) > MAX_ALIGNED
    }

    /// Pairs what is left one by one.
    fn in_order(&mut self) {
        let pairs: Vec<_> = unpaired(&self.from).zip(unpaired(&self.to)).collect();
        pairs.into_iter().for_each(|(from, to)| self.put(from, to));
    }

    /// The items without a counterpart, each with a number that stands for it.
    fn left(&self, from: &Items<'_>, to: &Items<'_>, pick: Pick<'_>) -> [Numbered; 2] {
        let left = |pairs: &[Option<usize>], items: &Items<'_>| {
            unpaired(pairs).filter_map(|index| Some((pick(items, index)?, index as u64))).collect()
        };
        [left(&self.from, from), left(&self.to, to)]
    }

    /// Pairs the longest common subsequence of what is left.
    fn longest(&mut self, from: &Items<'_>, to: &Items<'_>, pick: Pick<'_>) {
        let [one, other] = self.left(from, to, pick);
        let numbers = |left: &[(u64, u64)]| left.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        for (first, second) in common(&numbers(&one), &numbers(&other)) {
            if let (Some((_, from)), Some((_, to))) = (one.get(first), other.get(second)) {
                self.put(index(*from), index(*to));
            }
        }
    }

    /// Pairs what has the same number, wherever it stands: of several the first with the first.
    fn same(&mut self, mut one: Numbered, mut other: Numbered) {
        sort(&mut one);
        sort(&mut other);
        let (mut one, mut other) = (one.as_slice(), other.as_slice());
        while let ([(first, from), rest @ ..], [(second, to), others @ ..]) = (one, other) {
            if first == second {
                self.put(index(*from), index(*to));
            }
            if first <= second {
                one = rest;
            }
            if second <= first {
                other = others;
            }
        }
    }

    fn is_reordered(&self) -> bool {
        !self.from.iter().flatten().is_sorted()
    }

    /// Whether comparing item by item would find no more differences, where nothing but plain values is left of arrays that are equally long: so a value that was
    /// changed is not taken for one that is missing here and another that is extra there.
    fn is_no_better_than_by_place(&self, from: &Items<'_>, to: &Items<'_>) -> bool {
        if !unpaired(&self.from).all(|index| from.is_plain(index)) {
            return false;
        }
        let exact = |items: &Items<'_>, index| items.hashes(index).map(|hashes| hashes.exact);
        let by_place = (0..self.from.len()).filter(|index| exact(from, *index) != exact(to, *index)).count();
        // At best each item that is left belongs to one of the other side.
        let aligned = unpaired(&self.from).count().saturating_add(usize::from(self.is_reordered()));
        by_place <= aligned
    }

    /// Pairs what is left by likeness: within the gaps between counterparts, or all together where these stand in another order.
    fn alike(&mut self, from: &Items<'_>, to: &Items<'_>) {
        let reordered = self.is_reordered();
        // What is left, each with the number of its gap.
        let left = |pairs: &[Option<usize>]| {
            let mut left: Vec<(usize, usize)> = Vec::new();
            let mut gap: usize = 0;
            for (index, pair) in pairs.iter().enumerate() {
                match pair {
                    None => left.push((if reordered { 0 } else { gap }, index)),
                    Some(_) => gap = gap.saturating_add(1),
                }
            }
            left
        };
        let (ones, others) = (left(&self.from), left(&self.to));
        for one in ones.chunk_by(|first, second| first.0 == second.0) {
            let gap = one.first().map(|(gap, _)| *gap);
            let other: Vec<_> = others.iter().filter(|(other, _)| Some(*other) == gap).copied().collect();
            let likenesses = |items: &Items<'_>, left: &[(usize, usize)]| -> Vec<Likeness> {
                let places = left.iter().filter_map(|(_, index)| items.places.get(*index));
                places.map(|place| Likeness::new(items.tree, *place)).collect()
            };
            for (first, second) in pair_by_likeness(&likenesses(from, one), &likenesses(to, &other)) {
                if let (Some((_, from)), Some((_, to))) = (one.get(first), other.get(second)) {
                    self.put(*from, *to);
                }
            }
        }
    }
}

/// An index that was kept as a number.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The indices of items without a counterpart.
fn unpaired(pairs: &[Option<usize>]) -> impl Iterator<Item = usize> {
    pairs.iter().enumerate().filter(|(_, pair)| pair.is_none()).map(|(index, _)| index)
}

#[cfg(test)]
mod tests;
