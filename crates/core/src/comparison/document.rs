//! JSON documents, read one level at a time: what lies deeper stays text until somebody asks for it. A tree of values would take many times the
//! memory of its text, and the component more code than the rest of the comparison together.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The most bytes that are read for one comparison, each as often as there are levels around it.
const MAX_READ: usize = 32 * 1024 * 1024;
/// The most levels. What lies deeper is compared as it is written.
const MAX_DEPTH: usize = 128;

/// The document that `bytes` are, if they are one.
pub(super) fn document(bytes: &[u8]) -> Option<&RawValue> {
    serde_json::from_slice(bytes).ok()
}

/// A value, read one level deep.
pub(super) enum Level<'a> {
    Object(BTreeMap<String, &'a RawValue>),
    Array(Vec<&'a RawValue>),
    String(String),
    /// A number, true, false or null; also what cannot be read further.
    Plain(&'a str),
}

/// Reads values, within bounds.
#[derive(Debug)]
pub(super) struct Reader {
    /// Bytes that may still be read.
    left: usize,
    depth: usize,
}

impl Reader {
    pub(super) fn new() -> Self {
        Reader { left: MAX_READ, depth: 0 }
    }

    /// Whether there was more to read than may be: what was compared since then says nothing.
    pub(super) fn gave_up(&self) -> bool {
        self.left == 0
    }

    /// The value that `text` stands for.
    pub(super) fn read<'a>(&mut self, text: &'a RawValue) -> Level<'a> {
        let text = text.get();
        self.left = self.left.saturating_sub(text.len());
        let read = match text.as_bytes().first() {
            _ if self.gave_up() || self.depth >= MAX_DEPTH => None,
            Some(b'{') => parse(text).map(Level::Object),
            Some(b'[') => parse(text).map(Level::Array),
            Some(b'"') => parse(text).map(Level::String),
            _ => None,
        };
        read.unwrap_or(Level::Plain(text))
    }

    /// What is read next lies one level further down.
    pub(super) fn enter(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }

    /// The opposite of [`Reader::enter`].
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Whether two values are the same, in whatever order their members stand. Numbers are compared as they are written.
    pub(super) fn equal(&mut self, one: &RawValue, other: &RawValue) -> bool {
        if one.get() == other.get() {
            return true;
        }
        let (one, other) = (self.read(one), self.read(other));
        self.enter();
        let equal = match (one, other) {
            (Level::Object(one), Level::Object(other)) => {
                one.len() == other.len()
                    && one.iter().zip(&other).all(|(one, other)| one.0 == other.0 && self.equal(one.1, other.1))
            }
            (Level::Array(one), Level::Array(other)) => {
                one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| self.equal(one, other))
            }
            (Level::String(one), Level::String(other)) => one == other,
            (Level::Plain(one), Level::Plain(other)) => one == other,
            _ => false,
        };
        self.leave();
        equal
    }
}

/// As bytes: the component has that parser already.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_slice(text.as_bytes()).ok()
}
