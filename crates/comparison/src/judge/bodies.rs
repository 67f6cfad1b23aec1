//! Two bodies: hashed, read, and compared piece by piece.

use crate::body::Body;
use crate::content::{Coding, Content, Reading};
use crate::differ::{Differ, Found};
use crate::ignore::Ignore;
use crate::report::Kind;
use sha2::{Digest as _, Sha256};
use std::rc::Rc;

/// Bytes that are hashed at once, and pairs of values that are compared at once: a few milliseconds at most.
const HASHED: usize = 128 * 1024;
const COMPARED: usize = 1_000;

/// A body as far as it is needed.
pub(super) struct Kept {
    pub(super) size: u64,
    /// Once it is hashed.
    pub(super) sha256: Option<[u8; 32]>,
    hash: Sha256,
    hashed: usize,
    /// `None` where it is too large.
    bytes: Option<Rc<Vec<u8>>>,
    coding: Coding,
}

impl Kept {
    pub(super) fn new(body: Body, coding: Coding) -> Self {
        let size = body.size();
        let sha256 = body.is_streamed().then(|| body.sha256());
        Kept { size, sha256, hash: Sha256::new(), hashed: 0, bytes: body.into_kept().map(Rc::new), coding }
    }

    /// Hashes a piece; says whether there is more to hash.
    pub(super) fn hash_on(&mut self) -> bool {
        let Some(bytes) = self.bytes.as_ref().filter(|_| self.sha256.is_none()) else {
            return false;
        };
        let rest = bytes.get(self.hashed..).unwrap_or_default();
        let piece = rest.get(..HASHED).unwrap_or(rest);
        self.hash.update(piece);
        self.hashed = self.hashed.saturating_add(piece.len());
        if self.hashed == bytes.len() {
            self.sha256 = Some(std::mem::take(&mut self.hash).finalize().into());
        }
        self.sha256.is_none()
    }

    /// Whether two bodies are the same, byte for byte.
    pub(super) fn same(one: Option<&Kept>, other: Option<&Kept>) -> bool {
        match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => one.sha256 == other.sha256 && one.coding == other.coding,
            (Some(body), None) | (None, Some(body)) => body.size == 0,
        }
    }

    fn read(body: Option<&Kept>) -> Side {
        match body {
            None => Side::Read(Content::Text(Rc::default())),
            Some(Kept { bytes: None, .. }) => Side::Read(Content::Unknown("too large".to_owned())),
            Some(Kept { bytes: Some(bytes), coding, .. }) => Side::Reading(Reading::new(bytes.to_vec(), coding)),
        }
    }
}

/// Two bodies that are being compared.
pub(super) struct Bodies {
    one: Side,
    other: Side,
    differ: Option<Differ>,
}

enum Side {
    Reading(Reading),
    Read(Content),
}

impl Side {
    /// Reads on; the content once it is there.
    fn step(&mut self, ignore: &Ignore) -> Option<&Content> {
        if let Side::Reading(reading) = self {
            *self = Side::Read(reading.step(ignore)?);
            return None;
        }
        match self {
            Side::Reading(_) => None,
            Side::Read(content) => Some(content),
        }
    }
}

/// How comparing two bodies has ended: with what compared them, where both are JSON, or why they could not be compared.
pub(super) type Ended = Result<Option<Differ>, String>;

impl Bodies {
    pub(super) fn new(one: Option<&Kept>, other: Option<&Kept>) -> Self {
        Bodies { one: Kept::read(one), other: Kept::read(other), differ: None }
    }

    /// Leaves what is not compared yet.
    pub(super) fn give_up(self) -> Ended {
        Ok(self.differ.map(Differ::given_up))
    }

    /// Compares on; what differs goes to `found`.
    pub(super) fn step(&mut self, ignore: &Ignore, found: &mut dyn FnMut(Found<'_>)) -> Option<Ended> {
        if let Some(differ) = &mut self.differ {
            return if differ.step(COMPARED, found) { None } else { Some(Ok(self.differ.take())) };
        }
        let one = self.one.step(ignore)?;
        let other = self.other.step(ignore)?;
        match (one, other) {
            (Content::Json(from), Content::Json(to)) => {
                self.differ = Some(Differ::new(Rc::clone(from), Rc::clone(to)));
                None
            }
            (Content::Unknown(reason), _) | (_, Content::Unknown(reason)) => Some(Err(reason.clone())),
            (Content::Text(from), Content::Text(to)) => {
                texts(from, to, found);
                Some(Ok(None))
            }
            (Content::Json(tree), Content::Text(text)) if text.is_empty() => {
                found(whole(Kind::Missing, Some(tree.text(0)), None));
                Some(Ok(None))
            }
            (Content::Text(text), Content::Json(tree)) if text.is_empty() => {
                found(whole(Kind::Extra, None, Some(tree.text(0))));
                Some(Ok(None))
            }
            _ => Some(Err("no JSON on one side".to_owned())),
        }
    }
}

/// Texts that are no JSON are the same, or they are not.
fn texts(from: &[u8], to: &[u8], found: &mut dyn FnMut(Found<'_>)) {
    let kind = match (from, to) {
        (from, to) if from == to => return,
        (_, []) => Kind::Missing,
        ([], _) => Kind::Extra,
        _ => Kind::Value,
    };
    found(whole(kind, Some(from).filter(|from| !from.is_empty()), Some(to).filter(|to| !to.is_empty())));
}

/// A difference of the body as a whole.
fn whole<'a>(kind: Kind, from: Option<&'a [u8]>, to: Option<&'a [u8]>) -> Found<'a> {
    Found { kind, is_time: false, path: String::new(), other_path: None, from, to, order: 0 }
}
