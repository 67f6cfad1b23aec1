//! The comparison, as it grows with each answer.

use super::body::Body;
use super::equality::{self, Reference, Verdict};
use super::measure::Times;
use super::report::HeaderDifference;
use crate::backend::reference::BackendRef;
use crate::fields::{Field, last_str};
use crate::response::error::GatewayError;
use std::time::Duration;

/// A backend that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contender {
    /// The backend as it was named.
    pub backend: BackendRef,
    /// Shown to people; the id where none is configured.
    pub name: String,
}

/// An answer that came whole.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The status; errors of the application count as answers.
    pub status: u16,
    /// The backend's fields, before anything is taken off.
    pub fields: Vec<Field>,
    /// The body; `None` where there is none by method or status.
    pub body: Option<Body>,
    /// From the start to the response head.
    pub first_byte: Duration,
    /// From the start to the end of the body.
    pub total: Duration,
}

/// The answers so far. The first of all is the reference that the others are compared with.
pub struct Comparison {
    pub(super) rows: Vec<Row>,
    reference: Option<Reference>,
}

pub(super) struct Row {
    pub(super) contender: Contender,
    pub(super) first: Option<First>,
    pub(super) first_bytes: Times,
    pub(super) totals: Times,
    pub(super) failed: usize,
    pub(super) varies: bool,
    /// The first failure.
    pub(super) error: Option<GatewayError>,
}

/// What is told of a row's first answer.
pub(super) struct First {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) size: u64,
    pub(super) sha256: Option<String>,
    pub(super) header_differences: Vec<HeaderDifference>,
    pub(super) verdict: Option<Verdict>,
    pub(super) disagrees: bool,
}

impl Comparison {
    /// Nobody has answered yet.
    pub fn new(contenders: impl IntoIterator<Item = Contender>) -> Self {
        let row = |contender| Row {
            contender,
            first: None,
            first_bytes: Times::default(),
            totals: Times::default(),
            failed: 0,
            varies: false,
            error: None,
        };
        Comparison { rows: contenders.into_iter().map(row).collect(), reference: None }
    }

    /// Whether the body of the next answer of `row` is compared: that of its first one is.
    pub fn wants_body(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(|row| row.first.is_none())
    }

    /// Takes in what became of an exchange of `row`. The first answer of all is the reference, so those of a round come in the order of the rows.
    pub fn add(&mut self, row: usize, result: Result<Answered, GatewayError>) {
        let Some(row) = self.rows.get_mut(row) else {
            return;
        };
        let answered = match result {
            Ok(answered) => answered,
            Err(error) => {
                row.failed = row.failed.saturating_add(1);
                row.error.get_or_insert(error);
                return;
            }
        };
        row.first_bytes.add(answered.first_byte);
        row.totals.add(answered.total);
        let sha256 = answered.body.as_ref().map(Body::sha256);
        match &row.first {
            Some(first) => row.varies |= first.status != answered.status || first.sha256 != sha256,
            None => row.first = Some(First::new(answered, sha256, &mut self.reference)),
        }
    }
}

impl First {
    fn new(answered: Answered, sha256: Option<String>, reference: &mut Option<Reference>) -> Self {
        let Answered { status, fields, body, .. } = answered;
        let content_type = last_str(&fields, "content-type").map(equality::bounded);
        let size = body.as_ref().map_or(0, Body::size);
        let (header_differences, verdict, disagrees) = match reference {
            None => {
                *reference = Some(Reference::new(status, fields, body));
                (Vec::new(), None, false)
            }
            Some(reference) => {
                let verdict = reference.compare(body);
                let disagrees = status != reference.status || verdict.as_ref().is_some_and(|verdict| !verdict.agrees());
                (reference.header_differences(&fields), verdict, disagrees)
            }
        };
        First { status, content_type, size, sha256, header_differences, verdict, disagrees }
    }
}

#[cfg(test)]
mod tests;
