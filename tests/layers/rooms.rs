//! Tables of rooms: which room may name which others.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::Tree;

/// A room, or several in one row, and the rooms it may name.
pub(crate) type Row = (String, String);

/// For each room the rooms it may name; among them are those of its own row.
pub(crate) type Rules = BTreeMap<String, BTreeSet<String>>;

/// The rooms of a tree that are one file and have no row of their own.
pub(crate) fn leaves(tree: &Tree, rows: &[Row]) -> String {
    let is_folder = |room| tree.modules.iter().any(|module| module.path.len() > 1 && module.room() == Some(room));
    let has_row = |room| rows.iter().any(|(rooms, _)| rooms.split(' ').any(|name| name == room));
    let rooms = tree.modules.iter().filter_map(|module| module.room());
    rooms.filter(|room| !is_folder(*room) && !has_row(*room)).collect::<Vec<_>>().join(" ")
}

/// Reads rows. In both cells a word is a room, or stands for several: `above` and `below` for the rows there, others as in `groups`.
/// Words that are neither are for the reader (`nothing`, `everything below`).
pub(crate) fn rules(rows: &[Row], groups: &[(&str, &str)]) -> Rules {
    let words = |cell: &str| -> Vec<String> {
        let words = cell.split([' ', ',', '`']).map(|word| word.trim_end_matches('/').trim_end_matches(".rs"));
        let rooms = words.flat_map(|word| match groups.iter().find(|(group, _)| *group == word) {
            Some((_, rooms)) => rooms.split(' '),
            None => word.split(' '),
        });
        rooms.filter(|room| !room.is_empty()).map(str::to_owned).collect()
    };
    let rooms: Vec<Vec<String>> = rows.iter().map(|(rooms, _)| words(rooms)).collect();
    let mut rules = Rules::new();
    for (at, (_, may)) in rows.iter().enumerate() {
        let mut named = rooms[at].clone();
        for word in words(may) {
            match word.as_str() {
                "above" => named.extend(rooms[..at].concat()),
                "below" => named.extend(rooms[at + 1..].concat()),
                _ if rooms.concat().contains(&word) => named.push(word),
                _ => {}
            }
        }
        rules.extend(rooms[at].iter().map(|room| (room.clone(), named.iter().cloned().collect())));
    }
    rules
}

/// The rows of the table after a text in a document, Markdown or a comment: its first cell, and its third. A table of two columns is
/// one in which a room may name those above it. `lib.rs` is left out, it holds the rooms together.
pub(crate) fn documented(document: &str, after: &str) -> Vec<Row> {
    let lines = document.lines().map(|line| line.trim_start_matches("//! "));
    let table = lines.skip_while(|line| !line.starts_with(after)).skip_while(|line| !line.starts_with('|'));
    let cells =
        table.take_while(|line| line.starts_with('|')).skip(2).map(|line| line.split(" | ").collect::<Vec<_>>());
    cells
        .map(|cells| {
            let may = cells.get(2).map_or("above", |may| may.trim_end_matches(" |"));
            (cells[0].trim_start_matches("| ").to_owned(), may.to_owned())
        })
        .filter(|(room, _)| room != "`lib.rs`")
        .collect()
}

/// The arrows of a tree that no rule allows, the rooms without a rule, and the rules without a room.
pub(crate) fn violations(tree: &Tree, rules: &Rules, leaves: &str) -> Vec<String> {
    let rooms: BTreeSet<&str> = tree.modules.iter().filter_map(|module| module.room()).collect();
    let mut found: Vec<String> =
        rooms.iter().filter(|room| !rules.contains_key(**room)).map(|room| format!("{room} has no row")).collect();
    found.extend(
        rules.keys().filter(|room| !rooms.contains(room.as_str())).map(|room| format!("{room} has a row, but no file")),
    );
    for arrow in tree.arrows() {
        let (from, to) = (&tree.modules[arrow.from], &tree.modules[arrow.to]);
        let (Some(room), Some(named)) = (from.room(), to.room()) else { continue };
        if rules.get(room).is_some_and(|may| !may.contains(named)) {
            let kind = if leaves.split(' ').any(|leaf| leaf == room) { ", a leaf," } else { "" };
            found.push(format!("{}\n        {room}{kind} may not name {named} ({})", from.at(arrow.line), to.file));
        }
    }
    found
}
