//! A document as a flat list of its values, in their order: where each stands in the text, where its subtree ends, and two hashes.

use super::hash::{self, Hashes};
use super::string::{decoded, unquoted};
use std::rc::Rc;

/// Where a value stands in a [`Tree`].
pub(crate) type Place = u32;

pub(super) type Span = (u32, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

/// A document.
pub(crate) struct Tree {
    pub(super) text: Rc<Vec<u8>>,
    pub(super) values: Vec<Value>,
}

pub(super) struct Value {
    pub(super) of: Type,
    pub(super) span: Span,
    /// The name of a member, with its quotes; empty elsewhere.
    pub(super) name: Span,
    /// The place after its last descendant.
    pub(super) next: Place,
    pub(super) hashes: Hashes,
    pub(super) ignored: bool,
}

impl Tree {
    pub(crate) fn type_of(&self, place: Place) -> Type {
        self.value(place).map_or(Type::Null, |value| value.of)
    }

    pub(crate) fn hashes(&self, place: Place) -> Hashes {
        self.value(place).map(|value| value.hashes).unwrap_or_default()
    }

    pub(crate) fn is_ignored(&self, place: Place) -> bool {
        self.value(place).is_some_and(|value| value.ignored)
    }

    /// The value as it is written.
    pub(crate) fn text(&self, place: Place) -> &[u8] {
        self.value(place).map_or(&[], |value| self.part(value.span))
    }

    /// A string without its quotes, decoded.
    pub(crate) fn string(&self, place: Place) -> std::borrow::Cow<'_, [u8]> {
        decoded(unquoted(self.text(place)))
    }

    /// The name of a member without its quotes, as it is written.
    pub(crate) fn written_name(&self, place: Place) -> &[u8] {
        self.value(place).map_or(&[], |value| unquoted(self.part(value.name)))
    }

    /// The hash of a member's name.
    pub(crate) fn name_hash(&self, place: Place) -> u64 {
        hash::name(self.written_name(place))
    }

    /// The items or members.
    pub(crate) fn children(&self, place: Place) -> impl Iterator<Item = Place> {
        let end = self.value(place).map_or(place, |value| value.next);
        let mut at = place.saturating_add(1);
        std::iter::from_fn(move || {
            let child = at;
            at = self.value(child).map_or(end, |value| value.next);
            (child < end).then_some(child)
        })
    }

    pub(super) fn end(&self) -> Place {
        span(self.values.len(), 0).0
    }

    fn value(&self, place: Place) -> Option<&Value> {
        self.values.get(usize::try_from(place).ok()?)
    }

    pub(super) fn part(&self, (start, end): Span) -> &[u8] {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// Bodies are a mebibyte at most.
pub(super) fn span(start: usize, end: usize) -> Span {
    let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
    (place(start), place(end))
}
