//! Equality of answers, over all rounds.

use super::body::{Body, hex};
use super::ignore::Ignore;
use super::report::{Difference, Equality, Kind, Operation};
use gateway_core::fields::{Field, last_str};
use gateway_core::text::shorten;

/// An answer as far as it is compared.
pub(super) struct Answer {
    status: u16,
    content_type: Option<String>,
    size: u64,
    sha256: Option<[u8; 32]>,
}

/// What is said of a row beside its times.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    pub(super) content_type: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<String>,
    pub(super) equality: Option<Equality>,
    pub(super) reason: Option<String>,
    pub(super) words: String,
    pub(super) differences: Vec<Difference>,
    pub(super) differences_complete: bool,
    pub(super) patch: Option<(Vec<Operation>, bool)>,
}

/// Judges answers as they come.
pub(super) struct Judge {
    rows: Vec<Option<Answer>>,
    reference: Option<usize>,
}

impl Answer {
    pub(super) fn new(status: u16, fields: Vec<Field>, body: Option<Body>, _urls: &[String]) -> Self {
        Answer {
            status,
            content_type: last_str(&fields, "content-type").map(|text| shorten(text, 256)),
            size: body.as_ref().map_or(0, Body::size),
            sha256: body.as_ref().map(Body::sha256),
        }
    }
}

impl Judge {
    pub(super) fn new(rows: usize, _ignore: Ignore) -> Self {
        Judge { rows: (0..rows).map(|_| None).collect(), reference: None }
    }

    pub(super) fn add(&mut self, row: usize, answer: Answer) {
        if let Some(row) = self.rows.get_mut(row) {
            row.get_or_insert(answer);
        }
    }

    pub(super) fn close(&mut self, reference: Option<usize>) {
        self.reference = reference;
    }

    pub(super) fn work(&mut self) -> bool {
        false
    }

    pub(super) fn judged(&self, row: usize) -> Judged {
        let Some(answer) = self.rows.get(row).and_then(Option::as_ref) else {
            return Judged { words: "no answer".into(), differences_complete: true, ..Judged::default() };
        };
        let reference = self.reference.and_then(|place| self.rows.get(place)).and_then(Option::as_ref);
        let equality = match reference {
            _ if self.reference == Some(row) => Some(Equality::Reference),
            Some(reference) if reference.status == answer.status && reference.sha256 == answer.sha256 => {
                Some(Equality::Identical)
            }
            Some(_) => Some(Equality::Different),
            None => None,
        };
        let mut differences = Vec::new();
        if let Some(reference) = reference.filter(|reference| reference.status != answer.status) {
            differences.push(Difference {
                path: "status".into(),
                kind: Kind::Status,
                reference: Some(reference.status.to_string()),
                this: Some(answer.status.to_string()),
            });
        }
        Judged {
            content_type: answer.content_type.clone(),
            size: Some(answer.size),
            sha256: answer.sha256.map(|hash| hex(&hash)),
            equality,
            words: equality.map(Equality::as_str).unwrap_or_default().to_owned(),
            differences,
            differences_complete: true,
            ..Judged::default()
        }
    }
}
