//! The differences: one table with a column for each backend, or one place after the other where the terminal is too narrow.

use gateway_comparison::report::Kind;

use super::{Context, line, table};
use crate::commands::shootout::differences::{Cell, Matrix, Place};
use crate::commands::shootout::reading::{Class, ReadRow};
use crate::commands::shootout::shown::{excerpts, plain};
use crate::output::number;

/// Characters of a value. The file has all that the gateway gives.
const MAX_VALUE: usize = 100;
/// Places that are shown.
const MAX_PLACES: usize = 100;
/// Places that are set aside and still shown one by one.
const MAX_SET_ASIDE: usize = 10;
/// Stands before them.
const SET_ASIDE: &str = "set aside, as these say nothing about the implementation:";

pub(super) fn render(out: &mut String, matrix: &Matrix<'_>, reference: Option<&ReadRow>, context: &Context<'_>) {
    let many = matrix.set_aside.len() > MAX_SET_ASIDE;
    let shown: Vec<_> = matrix.real.iter().take(MAX_PLACES).map(|place| (place, false)).collect();
    let set_aside = matrix.set_aside.iter().take(if many { 0 } else { MAX_SET_ASIDE }).map(|place| (place, true));
    let shown: Vec<_> = shown.into_iter().chain(set_aside).collect();
    if let Some(reference) = reference.filter(|_| !shown.is_empty()) {
        let labels: Vec<_> = std::iter::once(reference).chain(matrix.others.iter().copied()).map(label).collect();
        out.push('\n');
        if !columns(out, &shown, &labels, context) {
            list(out, &shown, &labels, context);
        }
    }
    let more = matrix.real.len().saturating_sub(MAX_PLACES);
    let mut remarks = Vec::new();
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
        line(out, format_args!("\n{}", remarks.join("\n")));
    }
}

/// The table; nothing and false where it is too wide.
fn columns(out: &mut String, places: &[(&Place<'_>, bool)], labels: &[String], context: &Context<'_>) -> bool {
    let mut cells = vec![[&["difference".to_owned(), "kind".to_owned()], labels].concat()];
    cells.extend(places.iter().map(|(place, _)| [&[path(place), kinds(place)][..], &values(place)].concat()));
    let lines = table::aligned(&cells, &[]);
    if lines.iter().any(|text| table::width(text) > context.width) {
        return false;
    }
    let mut lines = lines.into_iter();
    line(out, format_args!("{}", context.paint.bold(&lines.next().unwrap_or_default())));
    let mut announced = false;
    for ((_, set_aside), text) in places.iter().zip(lines) {
        announce(out, *set_aside, &mut announced, context);
        line(out, format_args!("{}", if *set_aside { context.paint.quiet(&text) } else { text }));
    }
    true
}

/// Says once that what follows is set aside.
fn announce(out: &mut String, set_aside: bool, announced: &mut bool, context: &Context<'_>) {
    if set_aside && !*announced {
        line(out, format_args!("{}", context.paint.quiet(SET_ASIDE)));
        *announced = true;
    }
}

/// Place by place: what the reference has, and each backend that has something else.
fn list(out: &mut String, places: &[(&Place<'_>, bool)], labels: &[String], context: &Context<'_>) {
    let mut announced = false;
    for (place, set_aside) in places {
        announce(out, *set_aside, &mut announced, context);
        let head = format!("{} ({})", path(place), kinds(place));
        let differs = |column: usize| {
            column.checked_sub(1).is_none_or(|column| matches!(place.cells.get(column), Some(Cell::Different(_))))
        };
        let rows = labels.iter().cloned().zip(values(place)).enumerate();
        let rows: Vec<_> =
            rows.filter(|(column, _)| differs(*column)).map(|(_, (label, value))| vec![label, value]).collect();
        let lines = table::aligned(&rows, &[]);
        let paint = |text: String| if *set_aside { context.paint.quiet(&text) } else { text };
        line(out, format_args!("{}", if *set_aside { paint(head) } else { context.paint.bold(&head) }));
        for text in lines {
            line(out, format_args!("{}", paint(format!("  {text}"))));
        }
    }
}

/// The reference's value, then those of the others.
fn values(place: &Place<'_>) -> Vec<String> {
    let mut texts = vec![place.reference];
    texts.extend(place.cells.iter().map(|cell| match cell {
        Cell::Different(difference) => difference.this.as_deref(),
        _ => None,
    }));
    // Whether anybody has something there: otherwise the values themselves are unknown.
    let known = texts.iter().any(Option::is_some);
    let excerpts = excerpts(&texts, MAX_VALUE);
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
