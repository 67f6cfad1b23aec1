//! Builds trees, piece by piece. `serde_json` checks the grammar; nothing here recurses, so that depth costs no stack.

use super::hash::{self, Hashes, scrambled};
use super::string::{decoded, unquoted};
use super::tree::{Place, Span, Tree, Type, Value, span};
use crate::ignore::{Ignore, Matching};
use serde_json::value::RawValue;
use std::rc::Rc;

/// The most values of a document.
const MAX_VALUES: usize = 200_000;
/// The most items of an array, and members of an object.
const MAX_ITEMS: usize = 50_000;
const MAX_MEMBERS: usize = 10_000;
/// The most levels.
const MAX_DEPTH: usize = 512;

/// Why a text is no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTree {
    NotJson,
    TooLarge,
    TooDeep,
}

/// A tree that is being built.
pub(crate) struct Builder {
    tree: Tree,
    checked: bool,
    at: usize,
    open: Vec<Open>,
    /// The name of the member whose value comes next.
    name: Span,
}

/// An array or object whose end has not come yet.
struct Open {
    place: Place,
    matching: Matching,
    children: usize,
    hashes: Hashes,
}

impl Builder {
    /// Of the document that `text` is.
    pub(crate) fn new(text: Rc<Vec<u8>>) -> Self {
        Builder { tree: Tree { text, values: Vec::new() }, checked: false, at: 0, open: Vec::new(), name: (0, 0) }
    }

    /// Reads on, about as far as `bytes`. Says whether there is more to read.
    pub(crate) fn step(&mut self, bytes: usize, ignore: &Ignore) -> Result<bool, NoTree> {
        if !self.checked {
            // As bytes: the component has that parser already.
            serde_json::from_slice::<&RawValue>(&self.tree.text).map_err(|_| NoTree::NotJson)?;
            self.checked = true;
            return Ok(true);
        }
        let end = self.at.saturating_add(bytes);
        while self.at < end {
            let Some(byte) = self.tree.text.get(self.at).copied() else {
                return Ok(false);
            };
            let start = self.at;
            self.at = self.at.saturating_add(1);
            match byte {
                b'{' => self.enter(Type::Object, start, ignore)?,
                b'[' => self.enter(Type::Array, start, ignore)?,
                b'}' | b']' => self.leave(),
                b'"' => {
                    self.at = self.string_end();
                    if self.expects_name() {
                        self.name = span(start, self.at);
                    } else {
                        self.scalar(Type::String, start, ignore)?;
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => {}
                first => {
                    let rest = self.tree.text.get(self.at..).unwrap_or_default();
                    let length = rest.iter().take_while(|byte| !b",]} \t\r\n".contains(byte)).count();
                    self.at = self.at.saturating_add(length);
                    let of = match first {
                        b'n' => Type::Null,
                        b't' | b'f' => Type::Bool,
                        _ => Type::Number,
                    };
                    self.scalar(of, start, ignore)?;
                }
            }
        }
        Ok(self.at < self.tree.text.len())
    }

    /// The tree, once [`Builder::step`] has said that there is no more.
    pub(crate) fn finish(self) -> Tree {
        self.tree
    }

    /// In an object a string without a name before it is one.
    fn expects_name(&self) -> bool {
        let open = self.open.last();
        self.name == (0, 0) && open.is_some_and(|open| self.tree.type_of(open.place) == Type::Object)
    }

    fn string_end(&self) -> usize {
        let mut at = self.at;
        while let Some(byte) = self.tree.text.get(at) {
            at = at.saturating_add(match byte {
                b'"' => return at.saturating_add(1),
                b'\\' => 2,
                _ => 1,
            });
        }
        at
    }

    fn enter(&mut self, of: Type, start: usize, ignore: &Ignore) -> Result<(), NoTree> {
        if self.open.len() >= MAX_DEPTH {
            return Err(NoTree::TooDeep);
        }
        let matching = self.matching(ignore);
        let place = self.push(of, span(start, start), ignore.ignores(matching))?;
        let seed = u64::from(of == Type::Object).saturating_add(1);
        self.open.push(Open { place, matching, children: 0, hashes: Hashes { exact: seed, shape: seed } });
        Ok(())
    }

    fn leave(&mut self) {
        let (end, next) = (span(self.at, self.at).0, self.tree.end());
        let Some(Open { place, hashes, .. }) = self.open.pop() else {
            return;
        };
        if let Some(value) = self.tree.values.get_mut(place as usize) {
            value.span.1 = end;
            value.next = next;
            value.hashes = hashes;
        }
        self.add_to_parent(place);
    }

    fn scalar(&mut self, of: Type, start: usize, ignore: &Ignore) -> Result<(), NoTree> {
        let matching = self.matching(ignore);
        let place = self.push(of, span(start, self.at), ignore.ignores(matching))?;
        let hashes = match of {
            Type::String => hash::string(&self.tree.string(place)),
            Type::Number => hash::number(self.tree.text(place)),
            _ => hash::word(self.tree.text(place)),
        };
        if let Some(value) = self.tree.values.get_mut(place as usize) {
            value.hashes = hashes;
        }
        self.add_to_parent(place);
        Ok(())
    }

    /// The rules that match the way to the value that comes next.
    fn matching(&self, ignore: &Ignore) -> Matching {
        let Some(open) = self.open.last() else {
            return ignore.root();
        };
        ignore.below(open.matching, || match self.tree.type_of(open.place) {
            Type::Array => open.children.to_string(),
            _ => String::from_utf8_lossy(&decoded(unquoted(self.tree.part(self.name)))).into_owned(),
        })
    }

    fn push(&mut self, of: Type, span: Span, ignored: bool) -> Result<Place, NoTree> {
        let place = self.tree.end();
        let siblings = self.open.last_mut().map_or(0, |open| {
            open.children = open.children.saturating_add(1);
            open.children
        });
        let room = if self.name == (0, 0) { MAX_ITEMS } else { MAX_MEMBERS };
        if self.tree.values.len() >= MAX_VALUES || siblings > room {
            return Err(NoTree::TooLarge);
        }
        let name = std::mem::take(&mut self.name);
        let next = place.saturating_add(1);
        // Below what is ignored all is.
        let ignored = ignored || self.open.last().is_some_and(|open| self.tree.is_ignored(open.place));
        self.tree.values.push(Value { of, span, name, next, hashes: Hashes::default(), ignored });
        Ok(place)
    }

    /// Items count in their order; members in any, and not at all where they are ignored.
    fn add_to_parent(&mut self, place: Place) {
        let Hashes { exact, shape } = self.tree.hashes(place);
        let ignored = self.tree.is_ignored(place);
        let shape = if ignored { 4 } else { shape };
        let Some(parent) = self.open.last() else {
            return;
        };
        let is_object = self.tree.type_of(parent.place) == Type::Object;
        let name = if is_object { self.tree.name_hash(place) } else { 0 };
        let Some(Open { hashes, .. }) = self.open.last_mut() else {
            return;
        };
        let next = |all: u64, one: u64| {
            if is_object { all.wrapping_add(scrambled(name ^ one.rotate_left(17))) } else { scrambled(all ^ one) }
        };
        hashes.exact = next(hashes.exact, exact);
        if !(is_object && ignored) {
            hashes.shape = next(hashes.shape, shape);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::tree;
    use super::*;

    fn read(text: &str) -> Tree {
        tree(text, &Ignore::default()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    #[test]
    fn values_stand_where_they_are_written() {
        let tree = read(" { \"a\" : [ 1 , \"x\\\"]\" , {} ] , \"b\":null, \"\": true } ");
        let texts: Vec<_> =
            tree.children(0).map(|place| String::from_utf8_lossy(tree.text(place)).into_owned()).collect();
        assert_eq!(texts, ["[ 1 , \"x\\\"]\" , {} ]", "null", "true"]);
        let names: Vec<_> = tree.children(0).map(|place| tree.written_name(place).to_vec()).collect();
        assert_eq!(names, [&b"a"[..], b"b", b""]);
        let items: Vec<_> = tree.children(1).map(|place| tree.type_of(place)).collect();
        assert_eq!(items, [Type::Number, Type::String, Type::Object]);
        assert_eq!(tree.text(0), b"{ \"a\" : [ 1 , \"x\\\"]\" , {} ] , \"b\":null, \"\": true }");
        for text in ["1", "\"\"", "true", "[]", "{}", "-1.5e3"] {
            assert_eq!(read(text).text(0), text.as_bytes());
        }
    }

    #[test]
    fn equal_values_have_equal_hashes() {
        const ID: [&str; 2] = ["550e8400-e29b-41d4-a716-446655440000", "650e8400-e29b-41d4-a716-446655440000"];
        let hashes = |text: &str| read(text).hashes(0);
        for (one, other) in [
            (r#"{"a":1,"b":[2,"é"]}"#.to_owned(), r#"{ "b": [2.0, "\u00e9"], "a": 1e0 }"#.to_owned()),
            ("[]".to_owned(), " [ ] ".to_owned()),
        ] {
            assert_eq!(hashes(&one), hashes(&other), "{one} {other}");
        }
        for (one, other) in [
            ("[1,2]", "[2,1]"),
            ("{}", "[]"),
            ("null", "\"null\""),
            ("[[1],2]", "[[1,2]]"),
            (r#"{"a":1}"#, r#"{"a":2}"#),
        ] {
            assert_ne!(hashes(one), hashes(other), "{one} {other}");
        }
        let with_id = |id: &str, at: &str| hashes(&format!(r#"{{"id":"/x/{id}","at":"{at}","n":1}}"#));
        let (one, other) = (with_id(ID[0], "2026-01-01T00:00:00Z"), with_id(ID[1], "2026-02-01T00:00:00Z"));
        assert!(one.shape == other.shape && one.exact != other.exact);
        let ignore = Ignore::parse("/*/x").unwrap();
        let shape = |text: &str| tree(text, &ignore).unwrap().hashes(0).shape;
        assert_eq!(shape(r#"[{"a":1,"x":2}]"#), shape(r#"[{"a":1,"x":3}]"#));
        assert_eq!(shape(r#"[{"a":1,"x":{"y":1}}]"#), shape(r#"[{"a":1}]"#));
    }

    #[test]
    fn what_is_too_much_is_said() {
        let (empty, many) = (Ignore::default(), "1,".repeat(MAX_VALUES));
        let members: Vec<_> = (0..=MAX_MEMBERS).map(|number| format!("\"{number}\":1")).collect();
        for (text, expected) in [
            (String::new(), NoTree::NotJson),
            ("{\"a\":}".to_owned(), NoTree::NotJson),
            ("[1] x".to_owned(), NoTree::NotJson),
            ("[".repeat(600), NoTree::NotJson),
            (format!("{}{}", "[".repeat(600), "]".repeat(600)), NoTree::TooDeep),
            (format!("[{many}1]"), NoTree::TooLarge),
            (format!("{{{}}}", members.join(",")), NoTree::TooLarge),
        ] {
            assert_eq!(tree(&text, &empty).err(), Some(expected), "{}", text.len());
        }
        assert!(tree(&format!("{}{}", "[".repeat(512), "]".repeat(512)), &empty).is_ok());
        let invalid = Builder::new(Rc::new(b"\"\xff\"".to_vec())).step(9, &empty);
        assert_eq!(invalid, Err(NoTree::NotJson));
    }
}
