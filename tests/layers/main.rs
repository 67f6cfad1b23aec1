//! The order of the sources: which room may name which, no circles, one name for one thing, files of at most 300 lines.
//!
//! A room is what `lib.rs` declares: a file, or a folder with the file of its name. Messages give the file, the line and the rule.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

mod fixtures;
mod reader;
mod rooms;
mod tree;

use std::path::Path;

use crate::reader::Code;
use crate::rooms::{Row, Rules, documented, leaves, rules, violations};
use crate::tree::{Tree, files};

const CORE: &str = "crates/core/src";
const COMPARISON: &str = "crates/comparison/src";
const COMPONENT: &str = "src";
const HOST: &str = "crates/host/src";
const CLI: &str = "crates/cli/src";

/// The rooms of each tree, and what each may name of it: the maps of ARCHITECTURE.md. The rooms of one row may name each other, `above`
/// and `below` are the rows there. `lib.rs` and `main.rs` have no row: they hold the rooms together.
const ROOMS: [(&str, &[(&str, &str)]); 4] = [
    (
        CORE,
        &[
            ("leaves", "nothing"),
            ("backend", "above"),
            ("network", "above"),
            ("health", "above"),
            ("request", "above"),
            ("response", "above"),
            ("status", "above"),
        ],
    ),
    (
        COMPARISON,
        &[
            ("leaves", "nothing"),
            ("report json", "above"),
            ("varying patch headers content words", "above"),
            ("alignment", "above"),
            ("differ", "above"),
            ("judge", "above"),
            ("tally", "above"),
            ("verdict", "above"),
        ],
    ),
    (
        COMPONENT,
        &[
            ("handler", "below"),
            ("comparing", "phases prepare record lookup inbound host"),
            ("probing", "phases prepare lookup inbound host"),
            ("upload outbound relay", "prepare inbound host"),
            ("prepare", "lookup inbound host"),
            ("record", "inbound host"),
            ("lookup", "host"),
            ("inbound", "host"),
            ("host", "nothing"),
        ],
    ),
    (
        HOST,
        &[
            ("stderr", "nothing"),
            ("store", "nothing"),
            ("outbound", "stderr"),
            ("app", "nothing"),
            ("guest", "stderr store outbound"),
            ("imports", "above"),
            ("serve", "stderr guest"),
            ("host host_error", "above"),
        ],
    ),
];

/// What a document calls several rooms at once.
const PHASES: (&str, &str) = ("phases", "upload outbound relay");

/// The maps for people: the tree, the document, and the text before the table.
const MAPS: [(&str, &str, &str); 5] = [
    (CORE, "ARCHITECTURE.md", "### `crates/core/src/`"),
    (COMPARISON, "ARCHITECTURE.md", "### `crates/comparison/src/`"),
    (COMPONENT, "ARCHITECTURE.md", "### `src/`"),
    (HOST, "ARCHITECTURE.md", "### `crates/host/src/`"),
    (HOST, "crates/host/src/lib.rs", "Each wing is a folder."),
];

/// Modules of `src/` and of the host with the name of a module of the core, and the reason. Empty is best.
const SHARED_NAMES: [(&str, &str); 0] = [];

/// Names so general that only one type may have them.
const ONCE: [&str; 4] = ["Value", "Entry", "Source", "Report"];

/// How no constant begins: it is called `MAX_`.
const NOT_MAX: [&str; 3] = ["MOST_", "LONGEST", "LARGEST"];

/// The most lines of a file, without its tests.
const MAX_LINES: usize = 300;

/// Longer files, and the reason. Empty is best.
const LONGER: [(&str, &str); 0] = [];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn assert_none(violations: &[String], rule: &str) {
    assert!(violations.is_empty(), "{rule}; {} violations:\n{}\n", violations.len(), violations.join("\n"));
}

/// The sources of every crate and of the component, each with its folder.
fn source_folders() -> Vec<String> {
    let crates = std::fs::read_dir(root().join("crates")).expect("the crates");
    let names = crates.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut folders: Vec<String> = names.map(|name| format!("crates/{name}/src")).collect();
    folders.push(COMPONENT.to_owned());
    folders.retain(|folder| root().join(folder).is_dir());
    folders.sort();
    folders
}

fn rows(of: &str) -> Vec<Row> {
    let (_, rows) = ROOMS.iter().find(|(tree, _)| *tree == of).expect("a tree of the table");
    rows.iter().map(|(room, may)| ((*room).to_owned(), (*may).to_owned())).collect()
}

fn assert_layers(folder: &str) {
    let (tree, rows) = (Tree::read(root(), folder), rows(folder));
    let leaves = leaves(&tree, &rows);
    let rules = rules(&rows, &[PHASES, ("leaves", &leaves)]);
    assert_none(&violations(&tree, &rules, &leaves), &format!("{folder}: a room names only those its row allows"));
}

fn assert_no_circles(folder: &str) {
    assert_none(&Tree::read(root(), folder).circles(), &format!("{folder}: no files name each other in a circle"));
}

#[test]
fn the_core_keeps_its_layers() {
    assert_layers(CORE);
}

#[test]
fn the_comparison_keeps_its_layers() {
    assert_layers(COMPARISON);
}

#[test]
fn the_component_keeps_its_layers() {
    assert_layers(COMPONENT);
}

#[test]
fn the_host_keeps_its_layers() {
    assert_layers(HOST);
}

#[test]
fn the_core_has_no_circles() {
    assert_no_circles(CORE);
}

#[test]
fn the_comparison_has_no_circles() {
    assert_no_circles(COMPARISON);
}

#[test]
fn the_component_has_no_circles() {
    assert_no_circles(COMPONENT);
}

#[test]
fn the_host_has_no_circles() {
    assert_no_circles(HOST);
}

#[test]
fn the_command_line_has_no_circles() {
    assert_no_circles(CLI);
}

#[test]
fn the_maps_say_what_is_tested() {
    let mut found = Vec::new();
    for (folder, document, after) in MAPS {
        let (rows, map) = (rows(folder), documented(&read(document), after));
        if map.is_empty() {
            found.push(format!("{document}: no table after {after}"));
            continue;
        }
        let leaves = leaves(&Tree::read(root(), folder), &rows);
        let (tested, written) = (rules(&rows, &[PHASES, ("leaves", &leaves)]), rules(&map, &[PHASES]));
        let only = |rules: &Rules, others: &Rules| -> Vec<String> {
            rules.keys().filter(|room| !others.contains_key(*room)).cloned().collect()
        };
        let (unwritten, untested) = (only(&tested, &written), only(&written, &tested));
        if !unwritten.is_empty() || !untested.is_empty() {
            found.push(format!("{document}, {after} has no row for {unwritten:?}, and rows for no room: {untested:?}"));
        }
        for (room, may) in &tested {
            let Some(said) = written.get(room) else { continue };
            let more = said.iter().filter(|name| !may.contains(*name) && !untested.contains(name));
            let fewer = may.iter().filter(|name| !said.contains(*name) && !unwritten.contains(name));
            for (names, which) in [(more.collect::<Vec<_>>(), "too many"), (fewer.collect(), "too few")] {
                if !names.is_empty() {
                    found.push(format!("{document}, {after} {room} may name {which}: {names:?}"));
                }
            }
        }
    }
    assert_none(&found, "the maps for people say the same as ROOMS");
}

#[test]
fn no_module_of_the_shell_is_named_as_one_of_the_core() {
    let core = Tree::read(root(), CORE);
    let taken: Vec<&str> =
        core.modules.iter().flat_map(|module| module.code.defined(&["mod"])).map(|(name, _)| name).collect();
    let mut found = Vec::new();
    for folder in [COMPONENT, HOST] {
        for module in Tree::read(root(), folder).modules {
            for (name, line) in module.code.defined(&["mod"]) {
                if taken.contains(&name) && !SHARED_NAMES.iter().any(|(shared, _)| *shared == name) {
                    found.push(module.at(line));
                }
            }
        }
    }
    assert_none(&found, "no module of src/ or the host has the name of a module of the core");
}

#[test]
fn general_names_are_given_once() {
    let trees: Vec<Tree> = source_folders().iter().map(|folder| Tree::read(root(), folder)).collect();
    let mut found = Vec::new();
    for name in ONCE {
        let mut places = Vec::new();
        for module in trees.iter().flat_map(|tree| &tree.modules) {
            // A `type` that is indented belongs to a trait.
            let at_the_margin =
                |line: usize| module.text.lines().nth(line - 1).is_some_and(|text| !text.starts_with(' '));
            let aliases = module.code.defined(&["type"]).into_iter().filter(|(_, line)| at_the_margin(*line));
            let types = module.code.defined(&["struct", "enum", "union", "trait"]).into_iter().chain(aliases);
            places.extend(types.filter(|(defined, _)| *defined == name).map(|(_, line)| module.at(line)));
        }
        if places.len() > 1 {
            found.append(&mut places);
        }
    }
    assert_none(&found, "each of these names is one type");
}

#[test]
fn constants_that_limit_are_called_max() {
    let mut found = Vec::new();
    for file in files(root(), "", &["rs"]) {
        let text = read(&file);
        for (name, line) in Code::read(&text).defined(&["const", "static"]) {
            if NOT_MAX.iter().any(|word| name.starts_with(word)) {
                found.push(format!("{file}:{line}: {name}"));
            }
        }
    }
    assert_none(&found, "a constant that limits something begins with MAX_");
}

/// The design is not a file of the repository.
#[test]
fn no_code_cites_the_design() {
    let words = concat!("design", " §");
    let mut found = Vec::new();
    for file in files(root(), "", &["rs", "js", "mjs", "ts", "html", "css", "toml", "sh"]) {
        for (at, line) in read(&file).lines().enumerate().filter(|(_, line)| line.contains(words)) {
            found.push(format!("{file}:{}: {}", at + 1, line.trim()));
        }
    }
    assert_none(&found, "code cites only files of the repository");
}

#[test]
fn every_file_says_what_it_is_for() {
    let all = source_folders().into_iter().flat_map(|folder| files(root(), &folder, &["rs"]));
    let found: Vec<String> = all.filter(|file| !read(file).starts_with("//!")).collect();
    assert_none(&found, "a file opens with //!");
}

#[test]
fn no_file_is_too_long() {
    let mut found = Vec::new();
    for folder in source_folders() {
        for module in Tree::read(root(), &folder).modules {
            let lines = module.text.lines().count() - module.code.test_lines;
            if lines > MAX_LINES && !LONGER.iter().any(|(file, _)| *file == module.file) {
                found.push(format!("{}: {lines} lines", module.file));
            }
        }
    }
    assert_none(&found, &format!("a file has at most {MAX_LINES} lines without its tests"));
}
