//! The differences of all backends together: one line for each place, one cell for each backend.

use gateway_comparison::report::{Equality, Kind};

use super::reading::{Class, ReadDifference, ReadReport, ReadRow};

/// Where backends differ from the reference.
pub(super) struct Matrix<'a> {
    /// The backends that were compared, by their median, without the reference.
    pub(super) others: Vec<&'a ReadRow>,
    /// Where at least one difference counts, in the order of the reference's document.
    pub(super) real: Vec<Place<'a>>,
    /// Where all differences are set aside.
    pub(super) set_aside: Vec<Place<'a>>,
}

/// One place of the answers: a status, a field, or a value of the document.
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    /// `None` where the reference has nothing there.
    pub(super) reference: Option<&'a str>,
    /// One for each of `others`.
    pub(super) cells: Vec<Cell<'a>>,
}

/// What a backend has in a place.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    /// What the reference has.
    Same,
    /// Unknown, as a value around it is different or its differences are not complete.
    Unknown,
    Different(&'a ReadDifference),
}

impl<'a> Matrix<'a> {
    pub(super) fn new(report: &'a ReadReport) -> Self {
        let compared = |row: &&ReadRow| row.equality.is_some() && !row.is(Equality::Reference);
        let others: Vec<_> = report.sorted().into_iter().filter(compared).collect();
        let mut places: Vec<Place<'a>> = Vec::new();
        for (column, row) in others.iter().enumerate() {
            // Lists have the order of the reference's document. A place that only this one has comes after the one before it.
            let mut next = 0;
            for difference in &row.differences {
                let at = match places.iter().position(|place| place.takes(column, difference)) {
                    Some(at) => at,
                    None => {
                        places.insert(next, Place::new(difference, &others));
                        next
                    }
                };
                if let Some(cell) = places.get_mut(at).and_then(|place| place.cells.get_mut(column)) {
                    *cell = Cell::Different(difference);
                }
                next = at.saturating_add(1);
            }
        }
        // Stable: what the document has stays in its order.
        places.sort_by_key(Place::part);
        let (set_aside, real) = places.into_iter().partition(Place::is_set_aside);
        Self { others, real, set_aside }
    }

    /// How many places are set aside for each reason.
    pub(super) fn set_aside_counts(&self) -> Vec<(&'a str, usize)> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for kind in self.set_aside.iter().flat_map(Place::kinds) {
            match counts.iter_mut().find(|(counted, _)| *counted == kind) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => counts.push((kind, 1)),
            }
        }
        counts
    }
}

impl<'a> Place<'a> {
    fn new(difference: &'a ReadDifference, others: &[&ReadRow]) -> Self {
        let path = &*difference.path;
        let unknown = |row: &ReadRow| {
            row.is(Equality::NotCompared)
                || row.differences_complete == Some(false)
                || row.differences.iter().any(|other| covers(other, path))
        };
        let cell = |row: &&ReadRow| if unknown(row) { Cell::Unknown } else { Cell::Same };
        Self { path, reference: difference.reference.as_deref(), cells: others.iter().map(cell).collect() }
    }

    /// Whether the difference belongs here. The paths of extra items are those of other documents, so the reference's value counts too.
    fn takes(&self, column: usize, difference: &ReadDifference) -> bool {
        *self.path == *difference.path
            && self.reference == difference.reference.as_deref()
            && !matches!(self.cells.get(column), Some(Cell::Different(_)))
    }

    /// Status, fields, body.
    fn part(&self) -> u8 {
        match self.path {
            "status" => 0,
            path if path.is_empty() || path.starts_with('/') => 2,
            _ => 1,
        }
    }

    fn differences(&self) -> impl Iterator<Item = &'a ReadDifference> {
        self.cells.iter().filter_map(|cell| match cell {
            Cell::Different(difference) => Some(*difference),
            _ => None,
        })
    }

    fn is_set_aside(&self) -> bool {
        self.differences().all(|difference| difference.kind.is_set_aside())
    }

    /// Each once.
    pub(super) fn kinds(&self) -> Vec<&'a str> {
        let mut kinds: Vec<&str> = Vec::new();
        for difference in self.differences() {
            if !kinds.contains(&difference.kind.as_str()) {
                kinds.push(difference.kind.as_str());
            }
        }
        kinds
    }
}

/// Whether a difference is that of a value around the one at `path`, which is then not compared by itself.
fn covers(difference: &ReadDifference, path: &str) -> bool {
    let around = path.strip_prefix(&*difference.path).is_some_and(|rest| rest.starts_with('/'));
    around && !matches!(difference.kind, Class::Known(Kind::Extra | Kind::Order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shootout::reading::read;

    /// The lines of a matrix in short: path, reference, and what each of `others` has.
    fn lines(rows: &str) -> Vec<String> {
        let report = format!(
            r#"{{"request":{{"method":"GET","path":"/"}},"runs":{{"asked":1,"done":1}},"backends":[{{"equality":"reference"}},{rows}],"verdict":{{}}}}"#
        );
        let report = read(report.as_bytes()).unwrap();
        let matrix = Matrix::new(&report);
        let cell = |cell: &Cell<'_>| match cell {
            Cell::Same => "same".to_owned(),
            Cell::Unknown => "unknown".to_owned(),
            Cell::Different(difference) => difference.this.as_deref().unwrap_or("absent").to_owned(),
        };
        let line = |place: &Place<'_>| {
            let cells: Vec<_> = place.cells.iter().map(cell).collect();
            format!("{} {}: {}", place.path, place.reference.unwrap_or("absent"), cells.join(", "))
        };
        let set_aside = matrix.set_aside.iter().map(|place| format!("({})", line(place)));
        matrix.real.iter().map(line).chain(set_aside).collect()
    }

    #[test]
    fn a_line_for_each_place_in_the_order_of_the_document() {
        let rows = r#"{"equality":"different","differences":[
            {"path":"status","kind":"status","reference":"200","this":"201"},
            {"path":"/a","kind":"generated","reference":"1","this":"2"},
            {"path":"/c","kind":"missing","reference":"3","this":null},
            {"path":"/d","kind":"extra","reference":null,"this":"4"}]},
            {"equality":"different","differences":[
            {"path":"etag","kind":"header","reference":null,"this":"e"},
            {"path":"/a","kind":"value","reference":"1","this":"5"},
            {"path":"/b","kind":"varying","reference":"6","this":"7"},
            {"path":"/c","kind":"value","reference":"3","this":"8"},
            {"path":"/d","kind":"value","reference":"9","this":"10"}]}"#;
        assert_eq!(
            lines(rows),
            [
                "status 200: 201, same",
                "etag absent: same, e",
                "/a 1: 2, 5",
                "/c 3: absent, 8",
                "/d 9: same, 10",
                "/d absent: 4, same",
                "(/b 6: same, 7)"
            ]
        );
    }

    #[test]
    fn what_was_not_compared_is_not_the_same() {
        let different =
            r#"{"equality":"different","differences":[{"path":"/a/b","kind":"value","reference":"1","this":"2"}]}"#;
        for (row, expected) in [
            (r#"{"equality":"identical"}"#, "same"),
            (r#"{"equality":"not compared"}"#, "unknown"),
            (r#"{"equality":"different","differences_complete":false}"#, "unknown"),
            (
                r#"{"equality":"different","differences":[{"path":"/a","kind":"type","reference":"{}","this":"[]"}]}"#,
                "unknown",
            ),
            (r#"{"equality":"different","differences":[{"path":"","kind":"missing","reference":"{}"}]}"#, "unknown"),
            (r#"{"equality":"different","differences":[{"path":"/a","kind":"order"}]}"#, "same"),
            (
                r#"{"equality":"different","differences":[{"path":"/a/","kind":"value","reference":"1","this":"3"}]}"#,
                "same",
            ),
        ] {
            let lines = lines(&format!("{row},{different}"));
            assert!(lines.contains(&format!("/a/b 1: {expected}, 2")), "{row}: {lines:?}");
        }
    }

    #[test]
    fn a_field_of_several_lines_keeps_all() {
        let one = r#"{"path":"set-cookie","kind":"header","reference":"a","this":null}"#;
        let rows = format!(r#"{{"equality":"different","differences":[{one},{one}]}}"#);
        assert_eq!(lines(&rows).len(), 2);
    }
}
