//! The table of host and feature, as Markdown.

use std::fmt::Write as _;

use crate::report::{Deviation, Outcome, Test};

/// A host's results.
pub(crate) struct Column {
    /// Its name, for people.
    pub(crate) title: &'static str,
    /// Its tests; `None` where the suite was not run on it.
    pub(crate) tests: Option<Vec<Test>>,
}

/// A part of the suite.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Feature {
    module: String,
    title: String,
}

/// What a note below the table says: a host's deviation, and the tests that show it.
struct Note<'a> {
    host: &'a str,
    deviation: &'a Deviation,
    tests: Vec<String>,
}

/// The features: the modules of the suite, each under the first sentence of its comment, in the order of `main.rs`.
pub(crate) fn features(main: &str) -> Vec<Feature> {
    let mut found = Vec::new();
    let mut comment = String::new();
    for line in main.lines() {
        if let Some(text) = line.strip_prefix("///") {
            comment.push_str(text);
        } else if let Some(module) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            if !comment.is_empty() {
                let title = comment.trim().trim_end_matches('.').to_owned();
                found.push(Feature { module: module.to_owned(), title });
            }
            comment.clear();
        }
    }
    found
}

/// The whole file.
pub(crate) fn render(features: &[Feature], columns: &[Column]) -> String {
    let mut text = String::from(
        "# What the gateway does on each host\n\n\
         Written by `cargo run --package gateway-conformance`, which runs the black-box suite on each host; not by hand.\n\n\
         ✓ and the number of tests that passed. Where a host lacks something, the note says what and why, and the test checks what happens \
         instead as far as that can be seen. ✗: failed. –: about another host.\n\n",
    );
    text.push_str("| |");
    columns.iter().for_each(|column| _ = write!(text, " {} |", column.title));
    text.push_str("\n| --- |");
    columns.iter().for_each(|_| text.push_str(" --- |"));
    text.push('\n');

    let mut notes: Vec<Note<'_>> = Vec::new();
    for feature in features {
        _ = write!(text, "| {} |", feature.title);
        for column in columns {
            _ = write!(text, " {} |", cell(column, Some(feature), &mut notes));
        }
        text.push('\n');
    }
    text.push_str("| **All** |");
    for column in columns {
        _ = write!(text, " {} |", cell(column, None, &mut notes));
    }
    text.push('\n');
    if !notes.is_empty() {
        text.push_str("\n## Notes\n\n");
    }
    for (index, note) in notes.iter().enumerate() {
        let Note { host, deviation: Deviation { feature, reason }, tests } = note;
        _ = writeln!(text, "{}. {host}, {feature}: {reason}. (`{}`)", number(index), tests.join("`, `"));
    }
    text
}

/// One cell: the results of a host's tests of a feature, or of all features, where the notes are left out.
fn cell<'a>(column: &'a Column, feature: Option<&Feature>, notes: &mut Vec<Note<'a>>) -> String {
    let Some(tests) = &column.tests else {
        return "not run here".to_owned();
    };
    let (mut passed, mut failed, mut skipped) = (0_usize, 0_usize, 0_usize);
    let mut deviating = 0_usize;
    let mut marks = Vec::new();
    for test in tests.iter().filter(|test| feature.is_none_or(|feature| feature.module == test.module)) {
        match &test.outcome {
            Outcome::Passed => passed = passed.saturating_add(1),
            Outcome::Failed => failed = failed.saturating_add(1),
            Outcome::Skipped => skipped = skipped.saturating_add(1),
            Outcome::NotForThisHost => {}
            Outcome::Deviates(deviations) => {
                deviating = deviating.saturating_add(1);
                if feature.is_some() {
                    deviations.iter().for_each(|deviation| marks.push(note(column.title, deviation, test, notes)));
                }
            }
        }
    }
    marks.sort_unstable();
    marks.dedup();
    let mut parts = Vec::new();
    if failed > 0 {
        parts.push(format!("✗ {failed}"));
    }
    if passed > 0 {
        parts.push(format!("✓ {passed}"));
    }
    if deviating > 0 {
        let marks: Vec<_> = marks.iter().map(usize::to_string).collect();
        let marks = if marks.is_empty() { String::new() } else { format!(" <sup>{}</sup>", marks.join(", ")) };
        parts.push(format!("{deviating} with a note{marks}"));
    }
    if skipped > 0 {
        parts.push(format!("{skipped} skipped"));
    }
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}

/// The number of the note about a deviation, which is added where there is none yet.
fn note<'a>(host: &'a str, deviation: &'a Deviation, test: &Test, notes: &mut Vec<Note<'a>>) -> usize {
    let index = notes.iter().position(|note| note.host == host && note.deviation == deviation).unwrap_or_else(|| {
        notes.push(Note { host, deviation, tests: Vec::new() });
        notes.len().saturating_sub(1)
    });
    if let Some(note) = notes.get_mut(index) {
        let name = format!("{}::{}", test.module, test.name);
        if !note.tests.contains(&name) {
            note.tests.push(name);
        }
    }
    number(index)
}

fn number(index: usize) -> usize {
    index.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str =
        "//! The suite.\n\nmod harness;\n\n/// Bodies: framing,\n/// streaming.\nmod bodies;\n\n/// Own.\nmod own;\n";

    fn test(module: &str, name: &str, outcome: Outcome) -> Test {
        Test { module: module.to_owned(), name: name.to_owned(), outcome }
    }

    fn deviates(feature: &str) -> Outcome {
        Outcome::Deviates(vec![Deviation { feature: feature.to_owned(), reason: "the host".to_owned() }])
    }

    #[test]
    fn features_are_the_commented_modules() {
        let feature = |module: &str, title: &str| Feature { module: module.to_owned(), title: title.to_owned() };
        assert_eq!(features(MAIN), [feature("bodies", "Bodies: framing, streaming"), feature("own", "Own")]);
    }

    #[test]
    fn a_table_of_hosts_and_features() {
        let columns = [
            Column {
                title: "one",
                tests: Some(vec![
                    test("bodies", "a", Outcome::Passed),
                    test("bodies", "b", Outcome::Passed),
                    test("own", "c", Outcome::NotForThisHost),
                ]),
            },
            Column {
                title: "two",
                tests: Some(vec![
                    test("bodies", "a", deviates("kept connections")),
                    test("bodies", "b", deviates("kept connections")),
                    test("own", "c", Outcome::Failed),
                    test("own", "d", Outcome::Skipped),
                ]),
            },
            Column { title: "three", tests: None },
        ];
        let text = render(&features(MAIN), &columns);
        for line in [
            "| | one | two | three |",
            "| Bodies: framing, streaming | ✓ 2 | 2 with a note <sup>1</sup> | not run here |",
            "| Own | – | ✗ 1, 1 skipped | not run here |",
            "| **All** | ✓ 2 | ✗ 1, 2 with a note, 1 skipped | not run here |",
            "1. two, kept connections: the host. (`bodies::a`, `bodies::b`)",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} in:\n{text}");
        }
    }
}
