//! The comparison, as it grows with each answer.

use super::body::Body;
use super::ignore::Ignore;
use super::judge::Judge;
use super::measure::Times;
use super::report::Statuses;
use gateway_core::backend::reference::BackendRef;
use gateway_core::fields::Field;
use gateway_core::response::error::GatewayError;
use std::time::Duration;

/// A backend that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contender {
    /// The backend as it was named.
    pub backend: BackendRef,
    /// Shown to people; the id where none is configured.
    pub name: String,
    /// Beginnings of URLs that lead to this backend, without a trailing slash: its own URL and the gateway's. They are taken off before `location` is
    /// compared.
    pub urls: Vec<String>,
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

/// The answers of the measured rounds so far.
///
/// Adding an answer costs next to nothing: what there is to hash, parse and compare is done by [`Comparison::work`], piece by piece, between the exchanges.
pub struct Comparison {
    pub(super) rows: Vec<Row>,
    pub(super) judge: Judge,
    /// The reference that was asked for.
    asked: Option<usize>,
    round: usize,
}

pub(super) struct Row {
    pub(super) contender: Contender,
    /// Times of whole answers below 500.
    pub(super) first_bytes: Times,
    pub(super) totals: Times,
    /// Those of all answers in the order of the rounds.
    pub(super) in_order: Vec<Duration>,
    pub(super) approximate: bool,
    pub(super) statuses: Statuses,
    pub(super) failed: usize,
    /// The first failure.
    pub(super) error: Option<GatewayError>,
    /// Round and status of the first answer.
    first: Option<(usize, u16)>,
}

impl Comparison {
    /// Of these backends, without what is to be ignored; `reference` is the place of the one that the others are compared with, where the client named it.
    pub fn new(contenders: impl IntoIterator<Item = Contender>, ignore: Ignore, reference: Option<usize>) -> Self {
        let row = |contender| Row {
            contender,
            first_bytes: Times::default(),
            totals: Times::default(),
            in_order: Vec::new(),
            approximate: false,
            statuses: Statuses::default(),
            failed: 0,
            error: None,
            first: None,
        };
        let rows: Vec<Row> = contenders.into_iter().map(row).collect();
        Comparison { judge: Judge::new(rows.len(), ignore), rows, asked: reference, round: 0 }
    }

    /// A round is over: what is added next belongs to another one.
    pub fn next_round(&mut self) {
        self.round = self.round.saturating_add(1);
    }

    /// Takes in what became of an exchange of `row` in a measured round.
    #[inline(never)]
    pub fn add(&mut self, row: usize, result: Result<Answered, GatewayError>) {
        let Some(entry) = self.rows.get_mut(row) else {
            return;
        };
        let answered = match result {
            Ok(answered) => answered,
            Err(error) => {
                entry.failed = entry.failed.saturating_add(1);
                entry.error.get_or_insert(error);
                return;
            }
        };
        let Answered { status, fields, body, first_byte, total } = answered;
        if status < 500 {
            entry.first_bytes.add(first_byte);
            entry.totals.add(total);
        }
        entry.in_order.push(total);
        entry.approximate |= body.as_ref().is_some_and(Body::is_streamed);
        entry.statuses.add(status);
        entry.first.get_or_insert((self.round, status));
        self.judge.add(row, status, &fields, body, &entry.contender.urls);
    }

    /// No further answers come: what is left of the work compares the backends with each other.
    #[inline(never)]
    pub fn close(&mut self) {
        let reference = self.reference();
        self.judge.close(reference);
    }

    /// Does a piece of the work, of a few milliseconds at most; says whether there is more.
    #[inline(never)]
    pub fn work(&mut self) -> bool {
        self.judge.work()
    }

    /// The place of the row that the others are compared with: the one that was asked for, otherwise the first that answered below 400 in the first round, else
    /// below 500, else the first that answered.
    pub(super) fn reference(&self) -> Option<usize> {
        let answered = |row: &usize| self.rows.get(*row).and_then(|row| row.first);
        if self.asked.is_some() {
            return self.asked.filter(|row| answered(row).is_some());
        }
        let rank = |row: &usize| match answered(row) {
            Some((0, ..400)) => (0, 0),
            Some((0, 400..500)) => (1, 0),
            Some((round, _)) => (2, round),
            None => (3, 0),
        };
        (0..self.rows.len()).filter(|row| answered(row).is_some()).min_by_key(rank)
    }
}

#[cfg(test)]
mod tests;
