//! How one JSON document becomes another: a JSON Patch (RFC 6902) of bounded size.
//!
//! Not the shortest one: of two arrays, equal beginnings and ends are left alone, and what stands between is compared in pairs.

use super::document::{Level, Reader};
use super::report::{Op, Operation};
use serde_json::value::RawValue;

/// The most operations of a patch.
pub(super) const MAX_OPERATIONS: usize = 100;
/// About the most bytes of a patch as JSON.
pub(super) const MAX_BYTES: usize = 16 * 1024;
/// About what an operation takes without its path and value, in bytes.
const FRAME: usize = 32;

/// A patch, possibly cut off.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) operations: Vec<Operation>,
    /// Whether it really leads to the other document.
    pub(super) complete: bool,
}

/// The patch that turns `from` into `to`; `None` where it would take too much work to find.
pub(super) fn diff(from: &RawValue, to: &RawValue) -> Option<Patch> {
    let mut differ = Differ {
        patch: Patch { operations: Vec::new(), complete: true },
        reader: Reader::new(),
        path: String::new(),
        room: MAX_BYTES,
    };
    differ.values(from, to);
    (!differ.reader.gave_up()).then_some(differ.patch)
}

struct Differ {
    patch: Patch,
    reader: Reader,
    /// The pointer (RFC 6901) to the values at hand.
    path: String,
    room: usize,
}

impl Differ {
    fn values(&mut self, from: &RawValue, to: &RawValue) {
        if from.get() == to.get() {
            return;
        }
        match (self.reader.read(from), self.reader.read(to)) {
            (Level::Object(from), Level::Object(to)) => {
                for (key, value) in &from {
                    self.within(&escaped(key), |differ| match to.get(key) {
                        Some(other) => differ.values(value, other),
                        None => differ.push(Op::Remove, None),
                    });
                }
                for (key, value) in to.iter().filter(|(key, _)| !from.contains_key(*key)) {
                    self.within(&escaped(key), |differ| differ.push(Op::Add, Some(value)));
                }
            }
            (Level::Array(from), Level::Array(to)) => self.arrays(&from, &to),
            (Level::String(from), Level::String(to)) if from == to => {}
            _ => self.push(Op::Replace, Some(to)),
        }
    }

    fn arrays(&mut self, from: &[&RawValue], to: &[&RawValue]) {
        let reader = &mut self.reader;
        let mut equal = |(one, other): &(&&RawValue, &&RawValue)| reader.equal(one, other);
        let start = from.iter().zip(to).take_while(&mut equal).count();
        let (from, to) = (from.get(start..).unwrap_or_default(), to.get(start..).unwrap_or_default());
        let end = from.iter().rev().zip(to.iter().rev()).take_while(&mut equal).count();
        let length = |all: &[&RawValue]| all.len().saturating_sub(end);
        let (from, to) = (from.get(..length(from)).unwrap_or_default(), to.get(..length(to)).unwrap_or_default());

        let mut at = start;
        for (from, to) in from.iter().zip(to) {
            self.within(&at.to_string(), |differ| differ.values(from, to));
            at = at.saturating_add(1);
        }
        let pairs = from.len().min(to.len());
        // What follows moves up with each removal, so that all of them are at the same place.
        for _ in pairs..from.len() {
            self.within(&at.to_string(), |differ| differ.push(Op::Remove, None));
        }
        for value in to.get(pairs..).unwrap_or_default() {
            self.within(&at.to_string(), |differ| differ.push(Op::Add, Some(value)));
            at = at.saturating_add(1);
        }
    }

    /// Does `work` one step further down, unless the patch is cut off already.
    fn within(&mut self, step: &str, work: impl FnOnce(&mut Self)) {
        if !self.patch.complete || self.reader.gave_up() {
            return;
        }
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(step);
        self.reader.enter();
        work(self);
        self.reader.leave();
        self.path.truncate(length);
    }

    fn push(&mut self, op: Op, value: Option<&RawValue>) {
        let size = value.map_or(0, |value| value.get().len()).saturating_add(self.path.len()).saturating_add(FRAME);
        match self.room.checked_sub(size) {
            Some(left) if self.patch.operations.len() < MAX_OPERATIONS => {
                self.room = left;
                self.patch.operations.push(Operation {
                    op,
                    path: self.path.clone(),
                    value: value.map(ToOwned::to_owned),
                });
            }
            _ => self.patch.complete = false,
        }
    }
}

/// A key as a step of a pointer (RFC 6901 §3).
fn escaped(key: &str) -> String {
    let mut step = String::with_capacity(key.len());
    for c in key.chars() {
        match c {
            '~' => step.push_str("~0"),
            '/' => step.push_str("~1"),
            c => step.push(c),
        }
    }
    step
}

#[cfg(test)]
mod tests;
