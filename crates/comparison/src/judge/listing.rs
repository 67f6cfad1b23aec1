//! The differences of a row, as many as a report holds, and what they come to.

use crate::differ::Found;
use crate::report::{Difference, Equality, Kind};
use crate::sorted::insert;
use crate::varying::{Varying, shown};
use crate::words::{Counts, counted, equal_but_for};
use gateway_core::text::shorten;

/// The most differences that are listed, of those that count and of those that are set aside, and about the most bytes of either.
const MAX_LISTED: usize = 100;
const MAX_BYTES: usize = 16 * 1024;
/// So many differences are enough: what is left of the bodies is not compared.
const ENOUGH: usize = 5_000;
/// The most characters of a field that is listed.
const MAX_CHARACTERS: usize = 256;

/// What varies between the rounds of the reference, and of the row.
pub(super) type Sides<'a> = [&'a Varying; 2];

/// Differences as they are found. Status and fields come before the body.
#[derive(Debug, Default)]
pub(super) struct Listing {
    counting: List,
    set_aside: List,
    counts: Counts,
    /// Paths of changes between rounds that a difference has told of; sorted.
    told: Vec<String>,
}

/// A list of bounded size.
#[derive(Debug, Default)]
struct List {
    differences: Vec<(u64, Difference)>,
    bytes: usize,
    overflown: bool,
}

impl List {
    fn push(&mut self, order: u64, difference: Difference) {
        let texts = [Some(&difference.path), difference.reference.as_ref(), difference.this.as_ref()];
        let size = texts.into_iter().flatten().map(String::len).fold(self.bytes, usize::saturating_add);
        if self.differences.len() >= MAX_LISTED || size > MAX_BYTES {
            self.overflown = true;
            return;
        }
        self.bytes = size;
        let place = self.differences.partition_point(|(other, _)| *other <= order);
        self.differences.insert(place, (order, difference));
    }
}

impl Listing {
    /// All statuses of the reference and of the row.
    pub(super) fn status(&mut self, reference: String, this: String) {
        self.push(0, "status", Kind::Status, false, Some(reference), Some(this));
    }

    /// A field that differs.
    pub(super) fn field(
        &mut self,
        name: &str,
        kind: Kind,
        is_time: bool,
        sides: Sides<'_>,
        [one, other]: [Option<&str>; 2],
    ) {
        let kind = self.settled(kind, name, name, sides);
        let text = |text: Option<&str>| text.map(|text| shorten(text, MAX_CHARACTERS));
        self.push(1, name, kind, is_time, text(one), text(other));
    }

    /// A difference of the bodies.
    pub(super) fn body(&mut self, found: &Found<'_>, sides: Sides<'_>) {
        let kind = self.settled(found.kind, &found.path, found.other_path.as_ref().unwrap_or(&found.path), sides);
        let order = u64::from(found.order).saturating_add(2);
        self.push(order, &found.path, kind, found.is_time, found.from.map(shown), found.to.map(shown));
    }

    /// Whether so much is different that further differences tell nothing.
    pub(super) fn has_enough(&self) -> bool {
        self.counts.differences >= ENOUGH
    }

    /// What varies between rounds, though the first answers do not differ there. What is there in some rounds only, or of another type, and never so with the other
    /// backend, is a difference.
    pub(super) fn varying(&mut self, [reference, row]: Sides<'_>) {
        for (own, other, is_row) in [(row, reference, true), (reference, row, false)] {
            for change in own.changes().filter(|change| !self.told.contains(&change.path)).cloned().collect::<Vec<_>>()
            {
                let structural = change.is_structural && other.change(&change.path).is_none();
                let (first, later) = (change.first.clone(), change.later.clone());
                let kind = match (structural, change.kind) {
                    (false, _) => Kind::Varying,
                    (true, Kind::Missing) if !is_row => Kind::Extra,
                    (true, Kind::Extra) if !is_row => Kind::Missing,
                    (true, kind) => kind,
                };
                let order = if change.path.is_empty() || change.path.starts_with('/') { u64::MAX } else { 1 };
                insert(&mut self.told, change.path.clone());
                let (reference, this) = if is_row { (first, later) } else { (later, first) };
                self.push(order, &change.path, kind, false, reference, this);
            }
        }
    }

    /// What a difference is once it is known what varies.
    fn settled(&mut self, kind: Kind, path: &str, other_path: &str, [reference, row]: Sides<'_>) -> Kind {
        if kind.is_set_aside() {
            return kind;
        }
        let changes = [reference.change(path), row.change(other_path)];
        for change in changes.into_iter().flatten() {
            insert(&mut self.told, change.path.clone());
        }
        let [one, other] = changes.map(|change| change.is_some());
        let structural = matches!(kind, Kind::Type | Kind::Missing | Kind::Extra);
        if one && other || !structural && (one || other) { Kind::Varying } else { kind }
    }

    fn push(
        &mut self,
        order: u64,
        path: &str,
        kind: Kind,
        is_time: bool,
        reference: Option<String>,
        this: Option<String>,
    ) {
        self.counts.add(kind, is_time);
        let list = if kind.is_set_aside() { &mut self.set_aside } else { &mut self.counting };
        list.push(order, Difference { path: path.to_owned(), kind, reference, this });
    }

    /// What the row is to the reference, in a word and in words. `reason` says why its body could not be compared.
    pub(super) fn equality(&self, same_bytes: bool, reason: Option<&str>) -> (Equality, String) {
        match (self.counts.differences, reason, equal_but_for(&self.counts)) {
            (0, Some(reason), _) => (Equality::NotCompared, format!("not compared: {reason}")),
            (0, None, Some(words)) => (Equality::Equivalent, words),
            (0, None, None) if same_bytes => (Equality::Identical, "identical".to_owned()),
            (0, None, None) => (Equality::Equal, "equal".to_owned()),
            (count @ ENOUGH.., _, _) => (Equality::Different, format!("{count} differences or more")),
            (count, _, _) => (Equality::Different, counted(count, "difference")),
        }
    }

    /// The differences in their order, and whether they are all.
    pub(super) fn differences(&self) -> (Vec<Difference>, bool) {
        let mut all = Vec::new();
        let (mut one, mut other) = (self.counting.differences.as_slice(), self.set_aside.differences.as_slice());
        loop {
            let next = match (one, other) {
                ([first, rest @ ..], [second, ..]) if first.0 <= second.0 => (first, &mut one, rest),
                (_, [second, rest @ ..]) => (second, &mut other, rest),
                ([first, rest @ ..], []) => (first, &mut one, rest),
                ([], []) => break,
            };
            all.push(next.0.1.clone());
            *next.1 = next.2;
        }
        let complete = !self.counting.overflown && !self.set_aside.overflown;
        (all, complete)
    }
}
