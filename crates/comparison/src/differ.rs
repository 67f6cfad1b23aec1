//! Two documents against each other: value by value, from the top down, with what differs and the patch that leads from one to the other.

mod ids;
mod members;
mod ways;

use self::ids::Ids;
use self::members::{Members, id_of};
pub(crate) use self::ways::Found;
use self::ways::{Token, Trees};
use crate::alignment::{Items, align};
use crate::json::number;
use crate::json::string::{Contrast, contrast, uuids};
use crate::json::tree::{Place, Tree, Type};
use crate::patch::Patch;
use crate::report::{Kind, Op};
use std::collections::VecDeque;
use std::rc::Rc;

/// A comparison of two documents that is under way.
pub(crate) struct Differ {
    trees: Trees,
    tasks: Vec<Task>,
    /// Strings that differ in UUIDs alone: judged when all of them are known.
    generated: VecDeque<(Place, Place, usize)>,
    ids: Ids,
    patch: Patch,
}

/// Values that are still to be compared, with the step that leads to them.
enum Task {
    /// With whether the patch has an operation for all of it already.
    Pair(Place, Place, usize, bool),
    Missing(Place, usize),
    Extra(Place, usize, u32),
}

impl Differ {
    pub(crate) fn new(from: Rc<Tree>, to: Rc<Tree>) -> Self {
        Differ {
            trees: Trees::new(from, to),
            tasks: vec![Task::Pair(0, 0, 0, false)],
            generated: VecDeque::new(),
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
                None => match self.generated.pop_front() {
                    Some((from, to, step)) => self.judge_generated(from, to, step, found),
                    None => return false,
                },
            }
        }
        true
    }

    /// Whether UUIDs outside the documents, such as in a `location`, belong to each other as those within do.
    pub(crate) fn same_ids(&mut self, pairs: &[(u128, u128)]) -> bool {
        pairs.iter().for_each(|(from, to)| self.ids.pair(*from, *to));
        pairs.iter().all(|(from, to)| self.ids.is_one_to_one(*from, *to))
    }

    /// Without what is not compared yet, and so without a complete patch.
    pub(crate) fn given_up(mut self) -> Self {
        self.patch.cut_off();
        self
    }

    /// The patch, once all is compared.
    pub(crate) fn into_patch(self) -> Patch {
        self.patch
    }

    fn pair(&mut self, from: Place, to: Place, step: usize, patched: bool, found: &mut dyn FnMut(Found<'_>)) {
        let (one, other) = (Rc::clone(&self.trees.from), Rc::clone(&self.trees.to));
        let ignored = one.is_ignored(from) || other.is_ignored(to);
        let mut is_time = false;
        let kind = match (one.type_of(from), other.type_of(to)) {
            _ if ignored && one.hashes(from).exact == other.hashes(to).exact => return,
            _ if ignored => Kind::Ignored,
            (Type::Object, Type::Object) => return self.objects(from, to, step, patched, found),
            (Type::Array, Type::Array) => return self.arrays(from, to, step, patched, found),
            (Type::String, Type::String) => {
                let (text, other_text) = (one.string(from), other.string(to));
                if text == other_text {
                    uuids(&text).iter().for_each(|(_, id)| self.ids.pair(*id, *id));
                    return;
                }
                match contrast(&text, &other_text) {
                    Contrast::Other => Kind::Value,
                    Contrast::SameTime => Kind::Notation,
                    Contrast::OtherTime => {
                        is_time = true;
                        Kind::Generated
                    }
                    Contrast::Ids(pairs) => {
                        pairs.iter().for_each(|(from, to)| self.ids.pair(*from, *to));
                        Kind::Generated
                    }
                }
            }
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
        if kind == Kind::Generated && !is_time {
            self.generated.push_back((from, to, step));
            return;
        }
        found(Found { is_time, ..self.trees.found(kind, (Some(from), Some(to)), step, from) });
    }

    /// What two strings are that differ in UUIDs alone, now that all of these are known.
    fn judge_generated(&mut self, from: Place, to: Place, step: usize, found: &mut dyn FnMut(Found<'_>)) {
        let (one, other) = (uuids(&self.trees.from.string(from)), uuids(&self.trees.to.string(to)));
        let whole = one.iter().zip(&other).all(|((_, from), (_, to))| self.ids.is_one_to_one(*from, *to));
        let kind = if whole { Kind::Generated } else { Kind::Value };
        found(self.trees.found(kind, (Some(from), Some(to)), step, from));
    }

    fn objects(&mut self, from: Place, to: Place, step: usize, patched: bool, found: &mut dyn FnMut(Found<'_>)) {
        let (one, other) = (Rc::clone(&self.trees.from), Rc::clone(&self.trees.to));
        let members = Members::new(&one, from, &other, to);
        let (renamed, mut extra): (Vec<Place>, Vec<Place>) =
            members.extra.into_iter().partition(|member| id_of(&other, *member).is_some());
        let mut renamed = renamed.into_iter();
        let first = self.tasks.len();
        for (member, counterpart) in members.ours {
            let token = Token::From(member);
            if let Some(counterpart) = counterpart {
                let below = self.trees.below(step, token, token);
                self.tasks.push(Task::Pair(member, counterpart, below, patched));
                continue;
            }
            self.patch(patched, Op::Remove, step, token, None);
            // In an object whose members are called by generated ids the first that is left is the counterpart.
            let counterpart = id_of(&one, member).and_then(|id| Some((id, renamed.next()?)));
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
        let after = one.children(from).last().unwrap_or(from);
        for member in extra {
            self.patch(patched, Op::Add, step, Token::To(member), Some(other.text(member)));
            let below = self.trees.below(step, Token::To(member), Token::To(member));
            self.tasks.push(Task::Extra(member, below, after));
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

#[cfg(test)]
mod tests;
