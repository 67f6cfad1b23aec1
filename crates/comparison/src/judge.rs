//! Equality of answers over all rounds: the rounds of each backend among themselves, then each backend with the reference.

mod bodies;
mod listing;

use self::bodies::{Bodies, Ended, Kept};
use self::listing::Listing;
use crate::body::{Body, hex};
use crate::content::Coding;
use crate::headers::{self, Compared, Form, pairs};
use crate::ignore::Ignore;
use crate::report::{Difference, Equality, Kind, Operation};
use crate::varying::Varying;
use gateway_core::fields::{Field, last_str, text_values};
use gateway_core::text::shorten;
use std::collections::VecDeque;

/// What is said of a row beside its times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    pub(crate) content_type: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) sha256: Option<String>,
    pub(crate) equality: Option<Equality>,
    pub(crate) reason: Option<String>,
    pub(crate) words: String,
    pub(crate) differences: Vec<Difference>,
    pub(crate) differences_complete: bool,
    pub(crate) patch: Option<(Vec<Operation>, bool)>,
}

/// Judges answers as they come.
pub(crate) struct Judge {
    ignore: Ignore,
    rows: Vec<Row>,
    /// Answers that nobody has looked at, with their rows.
    queue: VecDeque<(usize, Answer)>,
    /// Rows that are still to be compared with the reference.
    crossing: VecDeque<usize>,
    reference: Option<usize>,
    job: Option<Job>,
}

/// The answers of one backend.
#[derive(Default)]
struct Row {
    first: Option<Answer>,
    /// All statuses, in the order in which they came first.
    statuses: Vec<u16>,
    /// What differs between its rounds.
    varying: Varying,
    /// Whether the bytes of its body do.
    bytes_vary: bool,
    /// Why a later answer could not be compared with the first.
    unclear: Option<String>,
    /// What comparing it with the reference has brought.
    crossed: Option<Crossed>,
}

/// An answer as far as it is compared.
struct Answer {
    status: u16,
    content_type: Option<String>,
    fields: Compared,
    body: Option<Kept>,
}

/// A piece of work that takes several steps.
enum Job {
    Hash(usize, Answer),
    /// A later answer of a row, with its first.
    Later(usize, Bodies),
    /// The first answer of a row, with the reference's.
    Cross(usize, Bodies, Listing),
}

/// A row beside the reference.
struct Crossed {
    listing: Listing,
    /// Whether all bytes were the same.
    same_bytes: bool,
    reason: Option<String>,
    patch: Option<(Vec<Operation>, bool)>,
}

impl Judge {
    pub(crate) fn new(rows: usize, ignore: Ignore) -> Self {
        let rows = (0..rows).map(|_| Row::default()).collect();
        Judge { ignore, rows, queue: VecDeque::new(), crossing: VecDeque::new(), reference: None, job: None }
    }

    /// Takes in an answer of `row`.
    pub(crate) fn add(&mut self, row: usize, status: u16, fields: &[Field], body: Option<Body>, urls: &[String]) {
        let coding = Coding::read(text_values(fields, "content-encoding"));
        let answer = Answer {
            status,
            content_type: last_str(fields, "content-type").map(|text| shorten(text, 256)),
            fields: headers::compared(fields, urls, &self.ignore),
            body: body.map(|body| Kept::new(body, coding)),
        };
        self.queue.push_back((row, answer));
    }

    /// No further answers come; the rows are compared with `reference`.
    pub(crate) fn close(&mut self, reference: Option<usize>) {
        self.reference = reference;
        self.crossing =
            (0..self.rows.len()).filter(|row| reference.is_some_and(|reference| reference != *row)).collect();
    }

    /// Does a piece of the work; says whether there is more.
    pub(crate) fn work(&mut self) -> bool {
        match self.job.take() {
            Some(Job::Hash(row, mut answer)) => {
                if answer.body.as_mut().is_some_and(Kept::hash_on) {
                    self.job = Some(Job::Hash(row, answer));
                } else {
                    self.take_in(row, answer);
                }
            }
            Some(Job::Later(row, mut bodies)) => {
                let Some(entry) = self.rows.get_mut(row) else { return true };
                let varying = &mut entry.varying;
                match bodies
                    .step(&self.ignore, &mut |found| varying.note(&found.path, found.kind, found.from, found.to))
                {
                    // More than can be remembered says enough.
                    None if varying.too_many => {}
                    None => self.job = Some(Job::Later(row, bodies)),
                    Some(Ok(_)) => {}
                    Some(Err(reason)) => entry.unclear = Some(reason),
                }
            }
            Some(Job::Cross(row, mut bodies, mut listing)) => {
                let Some((reference, entry)) = self.with_reference(row) else { return true };
                let sides = [&reference.varying, &entry.varying];
                match bodies.step(&self.ignore, &mut |found| listing.body(&found, sides)) {
                    None if listing.has_enough() => self.crossed(row, listing, bodies.give_up(), false),
                    None => self.job = Some(Job::Cross(row, bodies, listing)),
                    Some(result) => self.crossed(row, listing, result, false),
                }
            }
            None => match (self.queue.pop_front(), self.crossing.pop_front()) {
                (Some((row, answer)), unused) => {
                    if let Some(unused) = unused {
                        self.crossing.push_front(unused);
                    }
                    self.job = Some(Job::Hash(row, answer));
                }
                (None, Some(row)) => self.cross(row),
                (None, None) => return false,
            },
        }
        true
    }

    /// The next answer of a row, hashed: its first, or one to be compared with that.
    fn take_in(&mut self, row: usize, answer: Answer) {
        let Some(entry) = self.rows.get_mut(row) else { return };
        if !entry.statuses.contains(&answer.status) {
            entry.statuses.push(answer.status);
        }
        let Some(first) = &entry.first else {
            entry.first = Some(answer);
            return;
        };
        for (name, one, other) in pairs(&first.fields, &answer.fields) {
            if one.map(|form| &form.value) != other.map(|form| &form.value) {
                let text = |form: Option<&Form>| form.map(|form| form.shown.clone().into_bytes());
                entry.varying.note(name, Kind::Header, text(one).as_deref(), text(other).as_deref());
            }
        }
        if Kept::same(first.body.as_ref(), answer.body.as_ref()) {
            return;
        }
        entry.bytes_vary = true;
        // Answers with another status are a difference anyway.
        if first.status == answer.status {
            self.job = Some(Job::Later(row, Bodies::new(first.body.as_ref(), answer.body.as_ref())));
        }
    }

    /// Begins to compare a row with the reference.
    fn cross(&mut self, row: usize) {
        let Some((reference, entry)) = self.with_reference(row) else { return };
        let (Some(one), Some(other)) = (&reference.first, &entry.first) else { return };
        let mut listing = Listing::default();
        if reference.statuses != entry.statuses || entry.statuses.len() > 1 {
            let text = |statuses: &[u16]| statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            listing.status(text(&reference.statuses), text(&entry.statuses));
        }
        if Kept::same(one.body.as_ref(), other.body.as_ref()) {
            self.crossed(row, listing, Ok(None), true);
        } else {
            self.job = Some(Job::Cross(row, Bodies::new(one.body.as_ref(), other.body.as_ref()), listing));
        }
    }

    /// Ends the comparison of a row: fields, and what varies, after the body, which tells which ids belong together.
    fn crossed(&mut self, row: usize, mut listing: Listing, body: Ended, same_bytes: bool) {
        let Some((reference, entry)) = self.with_reference(row) else { return };
        let (Some(one), Some(other)) = (&reference.first, &entry.first) else { return };
        let (mut differ, reason) = match body {
            Ok(differ) => (differ, None),
            Err(reason) => (None, Some(reason)),
        };
        let sides = [&reference.varying, &entry.varying];
        for (name, one, other) in pairs(&one.fields, &other.fields) {
            let same_ids = |pairs: &[(u128, u128)]| differ.as_mut().is_none_or(|differ| differ.same_ids(pairs));
            if let Some((kind, is_time)) = headers::difference(one, other, same_ids) {
                let shown = [one, other].map(|form| form.map(|form| &*form.shown));
                listing.field(name, kind, is_time, sides, shown);
            }
        }
        listing.varying(sides);
        let too_many =
            (reference.varying.too_many || entry.varying.too_many).then(|| "too much varies between rounds".to_owned());
        let reason = reason.or(too_many).or_else(|| reference.unclear.clone()).or_else(|| entry.unclear.clone());
        let patch = differ
            .map(|differ| differ.into_patch().finish())
            .filter(|(operations, complete)| !operations.is_empty() || !complete);
        let same_bytes = same_bytes && !reference.bytes_vary && !entry.bytes_vary;
        if let Some(entry) = self.rows.get_mut(row) {
            entry.crossed = Some(Crossed { listing, same_bytes, reason, patch });
        }
    }

    fn with_reference(&self, row: usize) -> Option<(&Row, &Row)> {
        Some((self.rows.get(self.reference?)?, self.rows.get(row)?))
    }

    /// What there is to say of a row, once [`Judge::work`] has no more to do.
    pub(crate) fn judged(&self, row: usize) -> Judged {
        let row_of = |place: usize| self.rows.get(place);
        let Some(first) = row_of(row).and_then(|row| row.first.as_ref()) else {
            return Judged { words: "no answer".to_owned(), differences_complete: true, ..Judged::default() };
        };
        let body = first.body.as_ref();
        let judged = Judged {
            content_type: first.content_type.clone(),
            size: Some(body.map_or(0, |body| body.size)),
            sha256: body.and_then(|body| body.sha256).map(|hash| hex(&hash)),
            differences_complete: true,
            ..Judged::default()
        };
        if self.reference == Some(row) {
            let words = "the others are compared with it".to_owned();
            return Judged { equality: Some(Equality::Reference), words, ..judged };
        }
        let Some(crossed) = row_of(row).and_then(|row| row.crossed.as_ref()) else {
            return Judged { words: "not compared: the reference gave no answer".to_owned(), ..judged };
        };
        let (equality, words) = crossed.listing.equality(crossed.same_bytes, crossed.reason.as_deref());
        let reason = crossed.reason.clone().filter(|_| equality == Equality::NotCompared);
        let (differences, differences_complete) = crossed.listing.differences();
        Judged {
            equality: Some(equality),
            reason,
            words,
            differences,
            differences_complete,
            patch: crossed.patch.clone(),
            ..judged
        }
    }
}
