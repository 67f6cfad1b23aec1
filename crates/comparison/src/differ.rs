//! Two documents against each other: value by value, from the top down, with what differs and the patch that leads from one to the other.

use crate::alignment::{Items, align};
use crate::json::number;
use crate::json::string::{around, decoded, time, uuids};
use crate::json::tree::{Place, Tree, Type, name_hash, scrambled};
use crate::patch::Patch;
use crate::report::{Kind, Op};
use crate::sorted::{beginning_with, sort};
use std::collections::VecDeque;
use std::rc::Rc;

/// The most bytes of a path. Longer ones are cut, with an ellipsis, and no operation of a patch has one.
const MAX_PATH: usize = 1_000;

/// A difference between two documents.
pub(crate) struct Found<'a> {
    /// What is different; generated and notation among it.
    pub(crate) kind: Kind,
    /// Of [`Kind::Generated`]: whether it is a time and no id.
    pub(crate) is_time: bool,
    /// The path in the first document, of what is extra in the second.
    pub(crate) path: String,
    /// The path in the second document, where it is another one.
    pub(crate) other_path: Option<String>,
    /// The value in the first as it is written.
    pub(crate) from: Option<&'a [u8]>,
    /// The value in the second.
    pub(crate) to: Option<&'a [u8]>,
    /// Rises along the first document.
    pub(crate) order: u32,
}

/// A comparison of two documents that is under way.
pub(crate) struct Differ {
    trees: Trees,
    tasks: Vec<Task>,
    /// Strings that differ in UUIDs alone: judged when all of them are known.
    generated: Vec<(Place, Place, usize)>,
    ids: Ids,
    patch: Patch,
}

/// The documents, and the ways to their values.
struct Trees {
    from: Rc<Tree>,
    to: Rc<Tree>,
    steps: Vec<Step>,
}

/// One step of the way to a pair of values.
struct Step {
    parent: usize,
    from: Token,
    to: Token,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Root,
    /// The name of this value of the first document.
    From(Place),
    To(Place),
    Index(usize),
}

/// Values that are still to be compared, with the step that leads to them.
enum Task {
    /// With whether the patch has an operation for all of it already.
    Pair(Place, Place, usize, bool),
    Missing(Place, usize),
    Extra(Place, usize, u32),
}

/// Which UUID of one document is which of the other. UUIDs as numbers of 64 bits.
#[derive(Default)]
struct Ids {
    pairs: Vec<(u64, u64)>,
    /// The same, the other way round.
    back: Vec<(u64, u64)>,
    is_sorted: bool,
}

impl Ids {
    fn pair(&mut self, from: u128, to: u128) {
        let (from, to) = (folded(from), folded(to));
        self.pairs.push((from, to));
        self.back.push((to, from));
        self.is_sorted = false;
    }

    /// Whether each of the two belongs to no other.
    fn is_one_to_one(&mut self, from: u128, to: u128) -> bool {
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

impl Differ {
    pub(crate) fn new(from: Rc<Tree>, to: Rc<Tree>) -> Self {
        Differ {
            trees: Trees { from, to, steps: vec![Step { parent: 0, from: Token::Root, to: Token::Root }] },
            tasks: vec![Task::Pair(0, 0, 0, false)],
            generated: Vec::new(),
            ids: Ids::default(),
            patch: Patch::default(),
        }
    }

    /// Compares on, about as many pairs of values. Says whether there are more. What differs goes to `found`, not always in the order of the document.
    pub(crate) fn step(&mut self, pairs: usize, found: &mut dyn FnMut(Found<'_>)) -> bool {
        for _ in 0..pairs {
            match self.tasks.pop() {
                Some(Task::Pair(from, to, step, patched)) => self.pair(from, to, step, patched, found),
                Some(Task::Missing(from, step)) => {
                    let kind = if self.trees.from.is_ignored(from) { Kind::Ignored } else { Kind::Missing };
                    found(self.trees.found(kind, (Some(from), None), step, from));
                }
                Some(Task::Extra(to, step, order)) => {
                    let kind = if self.trees.to.is_ignored(to) { Kind::Ignored } else { Kind::Extra };
                    found(self.trees.found(kind, (None, Some(to)), step, order));
                }
                None => {
                    self.judge_generated(found);
                    return false;
                }
            }
        }
        true
    }

    /// Whether UUIDs outside the documents, such as in a `location`, belong to each other as those within do.
    pub(crate) fn same_ids(&mut self, from: &[u8], to: &[u8]) -> bool {
        let (one, other) = (uuids(from), uuids(to));
        one.iter().zip(&other).for_each(|((_, from), (_, to))| self.ids.pair(*from, *to));
        one.iter().zip(&other).all(|((_, from), (_, to))| self.ids.is_one_to_one(*from, *to))
    }

    /// The patch, once all is compared.
    pub(crate) fn into_patch(self) -> Patch {
        self.patch
    }

    fn pair(&mut self, from: Place, to: Place, step: usize, patched: bool, found: &mut dyn FnMut(Found<'_>)) {
        let (one, other) = (Rc::clone(&self.trees.from), Rc::clone(&self.trees.to));
        let ignored = one.is_ignored(from) || other.is_ignored(to);
        let kind = match (one.type_of(from), other.type_of(to)) {
            _ if ignored && one.hashes(from).exact == other.hashes(to).exact => return,
            _ if ignored => Kind::Ignored,
            (Type::Object, Type::Object) => return self.objects(from, to, step, patched, found),
            (Type::Array, Type::Array) => return self.arrays(from, to, step, patched, found),
            (Type::String, Type::String) => match self.strings(from, to) {
                Some(kind) => kind,
                None => return,
            },
            (Type::Number, Type::Number) if number::equal(one.text(from), other.text(to)) => return,
            (Type::Bool, Type::Bool) | (Type::Null, Type::Null) if one.text(from) == other.text(to) => return,
            (first, second) if first == second => Kind::Value,
            _ => Kind::Type,
        };
        if !patched && self.patch.goes_on() {
            let path = self.trees.target(step, None);
            self.patch.push(Op::Replace, path, Some(other.text(to)));
        }
        // Judged when all ids are known.
        if kind == Kind::Generated && time(&one.string(from)).is_none() {
            self.generated.push((from, to, step));
            return;
        }
        found(self.trees.found(kind, (Some(from), Some(to)), step, from));
    }

    /// How two strings differ; `None` where they are equal.
    fn strings(&mut self, from: Place, to: Place) -> Option<Kind> {
        let (one, other) = (self.trees.from.string(from), self.trees.to.string(to));
        let ids = uuids(&one);
        if one == other {
            ids.iter().for_each(|(_, id)| self.ids.pair(*id, *id));
            return None;
        }
        if let (Some(one), Some(other)) = (time(&one), time(&other)) {
            return Some(if one == other { Kind::Notation } else { Kind::Generated });
        }
        let others = uuids(&other);
        if ids.is_empty() || ids.len() != others.len() || around(&one, &ids) != around(&other, &others) {
            return Some(Kind::Value);
        }
        ids.iter().zip(&others).for_each(|((_, from), (_, to))| self.ids.pair(*from, *to));
        Some(Kind::Generated)
    }

    fn judge_generated(&mut self, found: &mut dyn FnMut(Found<'_>)) {
        for (from, to, step) in std::mem::take(&mut self.generated) {
            let (one, other) = (uuids(&self.trees.from.string(from)), uuids(&self.trees.to.string(to)));
            let whole = one.iter().zip(&other).all(|((_, from), (_, to))| self.ids.is_one_to_one(*from, *to));
            let kind = if whole { Kind::Generated } else { Kind::Value };
            found(self.trees.found(kind, (Some(from), Some(to)), step, from));
        }
    }

    fn objects(&mut self, from: Place, to: Place, step: usize, patched: bool, found: &mut dyn FnMut(Found<'_>)) {
        let (one, other) = (Rc::clone(&self.trees.from), Rc::clone(&self.trees.to));
        let (members, others) = (Members::new(&one, from), Members::new(&other, to));
        let (mut renamed, mut extra): (VecDeque<Place>, Vec<Place>) = (VecDeque::new(), Vec::new());
        for member in others.in_order().filter(|member| members.find(&other, *member).is_none()) {
            if id_of(&other, member).is_some() { renamed.push_back(member) } else { extra.push(member) }
        }
        let first = self.tasks.len();
        for member in members.in_order() {
            let token = Token::From(member);
            if let Some(counterpart) = others.find(&one, member) {
                let below = self.trees.below(step, token, token);
                self.tasks.push(Task::Pair(member, counterpart, below, patched));
                continue;
            }
            self.patch(patched, Op::Remove, step, token, None);
            // In an object whose members are called by generated ids the first that is left is the counterpart.
            let counterpart = id_of(&one, member).and_then(|id| Some((id, renamed.pop_front()?)));
            let Some((id, counterpart)) = counterpart else {
                let below = self.trees.below(step, token, token);
                self.tasks.push(Task::Missing(member, below));
                continue;
            };
            if let Some(other_id) = id_of(&other, counterpart) {
                self.ids.pair(id, other_id);
            }
            self.patch(patched, Op::Add, step, Token::To(counterpart), Some(other.text(counterpart)));
            let below = self.trees.below(step, token, Token::To(counterpart));
            found(self.trees.renamed(member, counterpart, below));
            self.tasks.push(Task::Pair(member, counterpart, below, true));
        }
        extra.extend(renamed);
        for member in extra {
            self.patch(patched, Op::Add, step, Token::To(member), Some(other.text(member)));
            let below = self.trees.below(step, Token::To(member), Token::To(member));
            self.tasks.push(Task::Extra(member, below, from));
        }
        self.in_order_of_the_document(first);
    }

    fn arrays(&mut self, from: Place, to: Place, step: usize, patched: bool, found: &mut dyn FnMut(Found<'_>)) {
        let (one, other) = (Rc::clone(&self.trees.from), Rc::clone(&self.trees.to));
        let (items, others) = (Items::new(&one, from), Items::new(&other, to));
        let alignment = align(&items, &others);
        let mut is_extra = vec![true; others.places().len()];
        for index in alignment.counterparts.iter().flatten() {
            if let Some(extra) = is_extra.get_mut(*index) {
                *extra = false;
            }
        }
        let extra =
            || others.places().iter().copied().enumerate().filter(|(index, _)| is_extra.get(*index) == Some(&true));
        if !patched && self.patch.goes_on() {
            let added: Vec<_> = extra().map(|(index, place)| (index, other.text(place))).collect();
            let trees = &self.trees;
            let path = |index| trees.target(step, Some(Token::Index(index)));
            self.patch.arrange(&alignment.counterparts, &added, path);
        }
        if alignment.reordered {
            found(self.trees.found(Kind::Order, (Some(from), Some(to)), step, from));
        }
        let first = self.tasks.len();
        for (index, (item, counterpart)) in items.places().iter().zip(&alignment.counterparts).enumerate() {
            let there = counterpart.unwrap_or(index);
            let below = self.trees.below(step, Token::Index(index), Token::Index(there));
            let task = match counterpart.and_then(|there| others.places().get(there)) {
                Some(counterpart) => Task::Pair(*item, *counterpart, below, patched),
                None => Task::Missing(*item, below),
            };
            self.tasks.push(task);
        }
        for (index, place) in extra() {
            let below = self.trees.below(step, Token::Index(index), Token::Index(index));
            self.tasks.push(Task::Extra(place, below, items.places().last().copied().unwrap_or(from)));
        }
        self.in_order_of_the_document(first);
    }

    /// Adds an operation on what is below a step, unless there is one for all of it.
    fn patch(&mut self, patched: bool, op: Op, step: usize, token: Token, value: Option<&[u8]>) {
        if !patched && self.patch.goes_on() {
            self.patch.push(op, self.trees.target(step, Some(token)), value);
        }
    }

    /// The last task is the next one.
    fn in_order_of_the_document(&mut self, first: usize) {
        if let Some(tasks) = self.tasks.get_mut(first..) {
            tasks.reverse();
        }
    }
}

impl Trees {
    fn below(&mut self, parent: usize, from: Token, to: Token) -> usize {
        self.steps.push(Step { parent, from, to });
        self.steps.len().saturating_sub(1)
    }

    fn found(&self, kind: Kind, (from, to): (Option<Place>, Option<Place>), step: usize, order: u32) -> Found<'_> {
        let (path, other) = (self.path(step, |step| step.from), self.path(step, |step| step.to));
        let is_time = kind == Kind::Generated && from.is_some_and(|from| time(&self.from.string(from)).is_some());
        Found {
            kind,
            is_time,
            other_path: (other.0 != path.0).then_some(other.0),
            path: path.0,
            from: from.map(|from| self.from.text(from)),
            to: to.map(|to| self.to.text(to)),
            order,
        }
    }

    /// A member whose name is generated.
    fn renamed(&self, from: Place, to: Place, step: usize) -> Found<'_> {
        let found = self.found(Kind::Generated, (None, None), step, from);
        Found { from: Some(self.from.written_name(from)), to: Some(self.to.written_name(to)), ..found }
    }

    /// The path in the second document, as patches have it: of a step, or of what is below it.
    fn target(&self, step: usize, below: Option<Token>) -> Option<String> {
        let (mut path, exact) = self.path(step, |step| step.to);
        let exact = exact && below.is_none_or(|token| self.write(token, &mut path));
        (exact && path.len() <= MAX_PATH).then_some(path)
    }

    /// A path as a JSON Pointer (RFC 6901), and whether it is the exact one.
    fn path(&self, step: usize, token: impl Fn(&Step) -> Token) -> (String, bool) {
        let mut tokens = Vec::new();
        let mut at = step;
        while let Some(step) = self.steps.get(at).filter(|step| step.from != Token::Root) {
            tokens.push(token(step));
            at = step.parent;
        }
        let mut path = String::new();
        let mut exact = true;
        for token in tokens.into_iter().rev() {
            exact &= self.write(token, &mut path);
            if path.len() > MAX_PATH {
                let end = path.floor_char_boundary(MAX_PATH);
                path.truncate(end);
                path.push('…');
                return (path, false);
            }
        }
        (path, exact)
    }

    /// Appends a step to a path; says whether that is exact. Half of a surrogate pair has no place in text.
    fn write(&self, token: Token, path: &mut String) -> bool {
        let name = match token {
            Token::Root => return true,
            Token::Index(index) => {
                path.push('/');
                path.push_str(&index.to_string());
                return true;
            }
            Token::From(place) => self.from.written_name(place),
            Token::To(place) => self.to.written_name(place),
        };
        let name = decoded(name);
        path.push('/');
        for c in String::from_utf8_lossy(&name).chars() {
            match c {
                '~' => path.push_str("~0"),
                '/' => path.push_str("~1"),
                c => path.push(c),
            }
        }
        std::str::from_utf8(&name).is_ok()
    }
}

/// The members of an object. Of several with one name the last counts, as most readers have it.
struct Members<'a> {
    tree: &'a Tree,
    object: Place,
    /// Hashes of their names, with their places.
    sorted: Vec<(u64, u64)>,
}

impl<'a> Members<'a> {
    fn new(tree: &'a Tree, object: Place) -> Self {
        let members = tree.children(object);
        let mut sorted: Vec<_> = members.map(|member| (name_hash(tree, member), u64::from(member))).collect();
        sort(&mut sorted);
        Members { tree, object, sorted }
    }

    fn in_order(&self) -> impl Iterator<Item = Place> {
        self.tree.children(self.object).filter(|member| self.find(self.tree, *member) == Some(*member))
    }

    /// The member with the name that `named` has in `tree`.
    fn find(&self, tree: &Tree, named: Place) -> Option<Place> {
        let name = decoded(tree.written_name(named));
        let alike = beginning_with(&self.sorted, name_hash(tree, named)).iter().rev();
        alike
            .filter_map(|(_, member)| Place::try_from(*member).ok())
            .find(|member| decoded(self.tree.written_name(*member)) == name)
    }
}

/// The UUID that a member is called by.
fn id_of(tree: &Tree, member: Place) -> Option<u128> {
    let name = tree.written_name(member);
    match uuids(name).as_slice() {
        [(0, id)] if name.len() == 36 => Some(*id),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
