//! The differences: one table with a column for each backend, or one place after the other where the terminal is too narrow.

use gateway_comparison::report::Kind;

use super::screen::Context;
use super::table;
use crate::commands::shootout::differences::{Cell, Matrix, Place};
use crate::commands::shootout::reading::{Class, ReadRow};
use crate::commands::shootout::shown::{excerpts, plain};
use crate::output::number;

/// Characters of a value, in a table as many as fit. The file has all that the gateway gives.
const MAX_VALUE: usize = 100;
const IN_TABLE: [usize; 3] = [MAX_VALUE, 60, 40];
/// Places that are shown.
const MAX_PLACES: usize = 100;
/// Places that are set aside and still shown one by one.
const MAX_SET_ASIDE: usize = 10;
/// Stands before them.
const SET_ASIDE: &str = "set aside, as these say nothing about the implementation:";

/// Lines, with an empty one before each part.
pub(super) fn lines(matrix: &Matrix<'_>, reference: Option<&ReadRow>, context: &Context<'_>) -> Vec<String> {
    let many = matrix.set_aside.len() > MAX_SET_ASIDE;
    let set_aside = matrix.set_aside.iter().take(if many { 0 } else { MAX_SET_ASIDE });
    let real = matrix.real.iter().take(MAX_PLACES).map(|place| (place, false));
    let shown: Vec<_> = real.chain(set_aside.map(|place| (place, true))).collect();
    let mut lines = Vec::new();
    if let Some(reference) = reference.filter(|_| !shown.is_empty()) {
        let labels: Vec<_> = std::iter::once(reference).chain(matrix.others.iter().copied()).map(label).collect();
        lines.push(String::new());
        let table = IN_TABLE.iter().find_map(|most| columns(&shown, &labels, *most, context));
        lines.extend(table.unwrap_or_else(|| list(&shown, &labels, context)));
    }
    let mut remarks = Vec::new();
    let more = matrix.real.len().saturating_sub(MAX_PLACES);
    if more > 0 {
        remarks.push(format!("and {}; {} has all", number(more, "more difference"), context.file));
    }
    for row in matrix.others.iter().filter(|row| row.differences_complete == Some(false)) {
        remarks.push(format!("{} has more differences than the gateway lists", label(row)));
    }
    if many {
        let counts: Vec<_> =
            matrix.set_aside_counts().iter().map(|(kind, count)| format!("{count} {}", plain(kind))).collect();
        let text = format!("set aside: {}; {} has all", counts.join(", "), context.file);
        remarks.push(context.paint.quiet(&text));
    }
    if !remarks.is_empty() {
        lines.push(String::new());
        lines.extend(remarks);
    }
    lines
}

/// The table, with `most` characters of each value; `None` where it is too wide.
fn columns(
    places: &[(&Place<'_>, bool)],
    labels: &[String],
    most: usize,
    context: &Context<'_>,
) -> Option<Vec<String>> {
    let mut cells = vec![[&["difference".to_owned(), "kind".to_owned()], labels].concat()];
    cells.extend(places.iter().map(|(place, _)| [&[path(place), kinds(place)][..], &values(place, most)].concat()));
    let aligned = table::aligned(&cells, &[]);
    if aligned.iter().any(|text| table::width(text) > context.width) {
        return None;
    }
    let mut aligned = aligned.into_iter();
    let mut lines = vec![context.paint.bold(&aligned.next().unwrap_or_default())];
    for ((_, set_aside), text) in places.iter().zip(aligned) {
        announce(&mut lines, *set_aside, context);
        lines.push(if *set_aside { context.paint.quiet(&text) } else { text });
    }
    Some(lines)
}

/// Says once that what follows is set aside.
fn announce(lines: &mut Vec<String>, set_aside: bool, context: &Context<'_>) {
    let text = context.paint.quiet(SET_ASIDE);
    if set_aside && !lines.contains(&text) {
        lines.push(text);
    }
}

/// Place by place: what the reference has, and each backend that has something else.
fn list(places: &[(&Place<'_>, bool)], labels: &[String], context: &Context<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, set_aside) in places {
        announce(&mut lines, *set_aside, context);
        let differs = |column: usize| {
            column.checked_sub(1).is_none_or(|column| matches!(place.cells.get(column), Some(Cell::Different(_))))
        };
        let rows = labels.iter().cloned().zip(values(place, MAX_VALUE)).enumerate();
        let rows: Vec<_> =
            rows.filter(|(column, _)| differs(*column)).map(|(_, (label, value))| vec![label, value]).collect();
        let head = format!("{} ({})", path(place), kinds(place));
        lines.push(if *set_aside { context.paint.quiet(&head) } else { context.paint.bold(&head) });
        let values = table::aligned(&rows, &[]).into_iter().map(|text| format!("  {text}"));
        lines.extend(values.map(|text| if *set_aside { context.paint.quiet(&text) } else { text }));
    }
    lines
}

/// The reference's value, then those of the others.
fn values(place: &Place<'_>, most: usize) -> Vec<String> {
    let mut texts = vec![place.reference];
    texts.extend(place.cells.iter().map(|cell| match cell {
        Cell::Different(difference) => difference.this.as_deref(),
        _ => None,
    }));
    // Whether anybody has something there: otherwise the values themselves are unknown.
    let known = texts.iter().any(Option::is_some);
    let excerpts = excerpts(&texts, most);
    let cells = std::iter::once(None).chain(place.cells.iter().map(Some));
    let text = |(excerpt, cell): (Option<String>, Option<&Cell<'_>>)| match (excerpt, cell) {
        (Some(text), _) => plain(&text),
        (None, Some(Cell::Same)) => "same".to_owned(),
        (None, Some(Cell::Unknown)) => "–".to_owned(),
        (None, Some(Cell::Different(difference))) if !known => other(&difference.kind).to_owned(),
        (None, None) if !known => "–".to_owned(),
        (None, _) => "absent".to_owned(),
    };
    excerpts.into_iter().zip(cells).map(text).collect()
}

/// A difference without values.
fn other(kind: &Class<Kind>) -> &'static str {
    match kind {
        Class::Known(Kind::Order) => "another order",
        Class::Known(Kind::Ignored) => "not compared",
        _ => "different",
    }
}

fn path(place: &Place<'_>) -> String {
    if place.path.is_empty() { "(the whole body)".to_owned() } else { plain(place.path) }
}

fn kinds(place: &Place<'_>) -> String {
    plain(&place.kinds().join(", "))
}

fn label(row: &ReadRow) -> String {
    plain(&row.label())
}
