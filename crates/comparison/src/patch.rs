//! A JSON Patch (RFC 6902) of bounded size, as it grows: exact as long as it says that it is complete.

use crate::json::number::is_in_range;
use crate::json::string::has_half_pair;
use crate::report::{Op, Operation};
use serde_json::value::RawValue;

/// The most operations of a patch.
pub(crate) const MAX_OPERATIONS: usize = 100;
/// About the most bytes of a patch as JSON.
pub(crate) const MAX_BYTES: usize = 16 * 1024;
/// About what an operation takes without its paths and value, in bytes.
const FRAME: usize = 32;

/// A patch, possibly cut off.
#[derive(Debug)]
pub(crate) struct Patch {
    operations: Vec<Operation>,
    complete: bool,
    room: usize,
}

impl Default for Patch {
    fn default() -> Self {
        Patch { operations: Vec::new(), complete: true, room: MAX_BYTES }
    }
}

impl Patch {
    /// Whether further operations have a place.
    pub(crate) fn goes_on(&self) -> bool {
        self.complete
    }

    /// It is not all of the way to the other document.
    pub(crate) fn cut_off(&mut self) {
        self.complete = false;
    }

    /// Adds an operation. `path` is `None` where it cannot be written down.
    pub(crate) fn push(&mut self, op: Op, path: Option<String>, value: Option<&[u8]>) {
        self.add(op, None, path, value);
    }

    fn add(&mut self, op: Op, from: Option<String>, path: Option<String>, value: Option<&[u8]>) {
        if !self.complete {
            return;
        }
        let size =
            [path.as_ref().map_or(0, String::len), from.as_ref().map_or(0, String::len), value.map_or(0, <[u8]>::len)];
        let size = size.into_iter().fold(FRAME, usize::saturating_add);
        let raw = |text: &[u8]| serde_json::from_slice::<&RawValue>(text).map(ToOwned::to_owned).ok();
        match (path, self.room.checked_sub(size)) {
            (Some(path), Some(left)) if self.operations.len() < MAX_OPERATIONS && value.is_none_or(is_portable) => {
                self.room = left;
                self.operations.push(Operation { op, from, path, value: value.and_then(raw) });
            }
            _ => self.complete = false,
        }
    }

    /// Turns an array into another as far as its items go: takes away those without a counterpart, brings the others into their order and puts new ones between
    /// them. `counterparts` has the index in the other array for each item of this one, `added` the new items there; `path` makes the path of an
    /// index.
    pub(crate) fn arrange(
        &mut self,
        counterparts: &[Option<usize>],
        added: &[(usize, &[u8])],
        path: impl Fn(usize) -> Option<String>,
    ) {
        for (index, counterpart) in counterparts.iter().enumerate().rev() {
            if counterpart.is_none() && self.complete {
                self.push(Op::Remove, path(index), None);
            }
        }
        let current: Vec<usize> = counterparts.iter().flatten().copied().collect();
        self.reorder(current, &path);
        for (index, value) in added {
            if self.complete {
                self.push(Op::Add, path(*index), Some(value));
            }
        }
    }

    /// Moves items until `current`, which holds their indices in the other array, is rising.
    fn reorder(&mut self, mut current: Vec<usize>, path: impl Fn(usize) -> Option<String>) {
        if current.is_sorted() {
            return;
        }
        let mut places = vec![false; current.iter().max().map_or(0, |last| last.saturating_add(1))];
        for index in &current {
            if let Some(place) = places.get_mut(*index) {
                *place = true;
            }
        }
        let mut wanted =
            places.into_iter().enumerate().filter(|(_, wanted)| *wanted).map(|(index, _)| index).peekable();
        let mut at: usize = 0;
        while let (Some(first), Some(item)) = (wanted.peek().copied(), current.get(at).copied()) {
            if !self.complete {
                return;
            }
            if first == item {
                wanted.next();
                at = at.saturating_add(1);
                continue;
            }
            let rest = current.get(at..).unwrap_or_default();
            // Either the wanted item comes forward, or this one makes way, if the wanted one stands behind it.
            let (source, target) = if current.get(at.saturating_add(1)) == Some(&first) {
                (at, at.saturating_add(rest.iter().filter(|other| **other < item).count()))
            } else {
                (rest.iter().position(|other| *other == first).map_or(at, |place| place.saturating_add(at)), at)
            };
            self.add(Op::Move, path(source), path(target), None);
            let moved = current.remove(source);
            current.insert(target.min(current.len()), moved);
        }
    }

    /// The operations, and whether they are all.
    pub(crate) fn finish(self) -> (Vec<Operation>, bool) {
        (self.operations, self.complete)
    }
}

/// Whether every reader of JSON takes a value: halves of surrogate pairs and numbers that 64 bits cannot hold make some refuse all of the report.
fn is_portable(value: &[u8]) -> bool {
    let numbers = value.split(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    !has_half_pair(value) && numbers.into_iter().all(is_in_range)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operations that turn the items with these counterparts into their order, as `from path`.
    fn moves(counterparts: &[usize]) -> Vec<String> {
        let mut patch = Patch::default();
        let counterparts: Vec<_> = counterparts.iter().copied().map(Some).collect();
        patch.arrange(&counterparts, &[], |index| Some(index.to_string()));
        let (operations, complete) = patch.finish();
        assert!(complete);
        operations.into_iter().map(|operation| format!("{} {}", operation.from.unwrap(), operation.path)).collect()
    }

    #[test]
    fn one_item_that_moved_is_one_operation() {
        assert!(moves(&[0, 1, 2]).is_empty());
        assert_eq!(moves(&[3, 0, 1, 2]), ["0 3"]);
        assert_eq!(moves(&[1, 2, 3, 0]), ["3 0"]);
        assert_eq!(moves(&[0, 2, 1]), ["1 2"]);
        assert_eq!(moves(&[2, 1, 0]).len(), 2);
        let reversed: Vec<_> = (0..20).rev().collect();
        assert_eq!(moves(&reversed).len(), 19);
    }

    #[test]
    fn no_value_keeps_a_reader_from_the_report() {
        for (value, portable) in [
            (r#"{"a":[1.5e3,-0.25,"x\ud83d\ude00"]}"#, true),
            (r#"["\ud83d"]"#, false),
            (r#"["\ude00\ud83d"]"#, false),
            ("[1e400]", false),
            ("-1E+309", false),
            ("1e-400", true),
            ("0e999", true),
        ] {
            let mut patch = Patch::default();
            patch.push(Op::Add, Some("/a".into()), Some(value.as_bytes()));
            assert_eq!(patch.goes_on(), portable, "{value}");
            assert!(!portable || serde_json::from_str::<serde_json::Value>(value).is_ok());
        }
    }

    #[test]
    fn it_is_cut_off_at_its_limits() {
        let mut patch = Patch::default();
        for _ in 0..=MAX_OPERATIONS {
            patch.push(Op::Remove, Some("/a".into()), None);
        }
        let (operations, complete) = patch.finish();
        assert!(operations.len() == MAX_OPERATIONS && !complete);
        let mut patch = Patch::default();
        patch.push(Op::Add, Some("/a".into()), Some(format!("\"{}\"", "x".repeat(MAX_BYTES)).as_bytes()));
        assert!(!patch.goes_on());
        let mut patch = Patch::default();
        patch.push(Op::Remove, None, None);
        assert!(!patch.goes_on(), "a path that cannot be written");
    }
}
