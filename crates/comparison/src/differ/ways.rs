//! The documents, and the ways to their values as JSON Pointers (RFC 6901).

use crate::json::string::decoded;
use crate::json::tree::{Place, Tree};
use crate::report::Kind;
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

/// The documents, and the ways to their values.
pub(super) struct Trees {
    pub(super) from: Rc<Tree>,
    pub(super) to: Rc<Tree>,
    steps: Vec<Step>,
}

/// One step of the way to a pair of values.
struct Step {
    parent: usize,
    from: Token,
    to: Token,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Root,
    /// The name of this value of the first document.
    From(Place),
    To(Place),
    Index(usize),
}

impl Trees {
    pub(super) fn new(from: Rc<Tree>, to: Rc<Tree>) -> Self {
        Trees { from, to, steps: vec![Step { parent: 0, from: Token::Root, to: Token::Root }] }
    }

    /// One step further down.
    pub(super) fn below(&mut self, parent: usize, from: Token, to: Token) -> usize {
        self.steps.push(Step { parent, from, to });
        self.steps.len().saturating_sub(1)
    }

    pub(super) fn found(
        &self,
        kind: Kind,
        (from, to): (Option<Place>, Option<Place>),
        step: usize,
        order: u32,
    ) -> Found<'_> {
        let (path, other) = (self.path(step, |step| step.from), self.path(step, |step| step.to));
        Found {
            kind,
            is_time: false,
            other_path: (other.0 != path.0).then_some(other.0),
            path: path.0,
            from: from.map(|from| self.from.text(from)),
            to: to.map(|to| self.to.text(to)),
            order,
        }
    }

    /// A member whose name is generated.
    pub(super) fn renamed(&self, from: Place, to: Place, step: usize) -> Found<'_> {
        let found = self.found(Kind::Generated, (None, None), step, from);
        Found { from: Some(self.from.written_name(from)), to: Some(self.to.written_name(to)), ..found }
    }

    /// The path in the second document, as patches have it: of a step, or of what is below it.
    pub(super) fn target(&self, step: usize, below: Option<Token>) -> Option<String> {
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
