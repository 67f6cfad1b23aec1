//! The tests of the readers, on sources that are made to break every rule.

use crate::reader::Code;
use crate::rooms::{documented, leaves, rules, violations};
use crate::tree::{Module, Tree};

/// The paths of a text, written as one, with their lines.
fn named(text: &str) -> Vec<(String, usize)> {
    Code::read(text).named().into_iter().map(|named| (named.path.join("::"), named.line)).collect()
}

fn paths(text: &str) -> Vec<String> {
    named(text).into_iter().map(|(path, _)| path).collect()
}

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::new(files.iter().map(|(file, text)| Module::new(&format!("x/src/{file}"), "x/src", (*text).to_owned())))
}

/// Who names whom in these files, as `a.rs:1 b.rs`.
fn arrows(files: &[(&str, &str)]) -> Vec<String> {
    let tree = tree(files);
    let file = |at: usize| tree.modules[at].file.trim_start_matches("x/src/");
    tree.arrows().iter().map(|arrow| format!("{}:{} {}", file(arrow.from), arrow.line, file(arrow.to))).collect()
}

#[test]
fn a_use_of_several_lines_is_taken_apart() {
    let text = "pub(crate) use crate::{\n    a,\n    b::{self, c as d, e::{f, *}},\n};\n";
    let expected = [("crate::a", 2), ("crate::b", 3), ("crate::b::c", 3), ("crate::b::e::f", 3), ("crate::b::e", 3)];
    assert_eq!(named(text), expected.map(|(path, line)| (path.to_owned(), line)));
}

#[test]
fn paths_within_code_are_found() {
    let text = "fn f(x: &crate::a::A) -> super::B { <self::c::C as D>::e(Vec::<u8>::new(), crate::g::h!()) }";
    assert_eq!(paths(text), ["crate::a::A", "super::B", "self::c::C", "crate::g::h"]);
}

#[test]
fn what_names_nothing_is_left_out() {
    for text in [
        "// crate::a::b",
        "//! [`crate::a`]\n/// [`crate::b`]",
        "/* crate::a /* crate::b */ crate::c */",
        "const A: &str = \"crate::a \\\" crate::b\";",
        "const A: &str = r#\"crate::a \" crate::b\"#;",
        "const A: &[u8] = br\"crate::a\\\"; const B: char = '\"'; const C: u8 = b'\\'';",
        "fn f<'a>(x: &'a str) -> impl Fn() + use<'a> { ::a::b(x) }",
        "pub(in crate::a) struct B;",
        "mod a;",
        "let r#type = 1;",
    ] {
        assert_eq!(paths(text), [""; 0], "{text}");
    }
}

#[test]
fn code_after_a_string_or_a_lifetime_is_read() {
    for text in ["f('\\'', crate::a::b)", "f(\"\\\\\", crate::a::b)", "f::<'x>(r##\"\"#\"##, crate::a::b)"] {
        assert_eq!(paths(text), ["crate::a::b"], "{text}");
    }
}

#[test]
fn test_code_is_left_out_and_counted() {
    let code = Code::read(concat!(
        "use crate::a::A;\n",
        "#[cfg(test)]\nuse crate::b::{B, C};\n",
        "#[cfg(test)]\n#[allow(x)]\nmod tests {\n    use crate::c::C;\n    fn f() { g() }\n}\n",
        "#[cfg(test)]\nmod more;\n",
        "#[cfg(not(test))]\nuse crate::d::D;\n",
    ));
    assert_eq!(code.named().into_iter().map(|named| named.path[1].clone()).collect::<Vec<_>>(), ["a", "d"]);
    assert_eq!(code.test_modules, ["more"]);
    assert_eq!(code.test_lines, 10);
}

#[test]
fn definitions_are_found_by_their_keyword() {
    let code = Code::read("pub struct A;\nimpl A {\n    const B: u8 = 1; // const C\n}\nmod d {}\n");
    assert_eq!(code.defined(&["struct"]), [("A", 1)]);
    assert_eq!(code.defined(&["const", "static"]), [("B", 3)]);
    assert_eq!(code.defined(&["mod"]), [("d", 5)]);
}

#[test]
fn a_path_means_the_deepest_file_on_it() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\npub const C: u8 = 1;"),
        ("a.rs", "mod child;\nuse child::X;\nuse self::child::Y;\nuse gateway_core::b::Z;"),
        ("a/child.rs", "use super::W;\nuse super::super::b::inner::V;\nuse crate::C;"),
        ("b.rs", "mod inline {\n    use super::X;\n    use super::super::a::Y;\n}"),
    ];
    let expected = [
        "a.rs:2 a/child.rs",
        "a.rs:3 a/child.rs",
        "a/child.rs:1 a.rs",
        "a/child.rs:2 b.rs",
        "a/child.rs:3 lib.rs",
        "b.rs:3 a.rs",
    ];
    assert_eq!(arrows(&files), expected);
}

#[test]
fn a_path_begins_with_what_a_use_brought_in() {
    let files = [
        ("a.rs", "use crate::{b, b::c as d};\nfn f() {\n    b::c::g(b::X, d::Y)\n}"),
        ("b.rs", ""),
        ("b/c.rs", "use std::fmt;\nuse a::b;\nfn f() -> fmt::Result { b::c() }"),
    ];
    assert_eq!(arrows(&files), ["a.rs:1 b.rs", "a.rs:1 b/c.rs", "a.rs:3 b/c.rs"]);
}

#[test]
fn a_test_module_in_a_file_of_its_own_names_nothing() {
    let files = [
        ("a.rs", "#[cfg(test)]\nmod tests;"),
        ("a/tests.rs", "mod data;\nuse crate::b::X;"),
        ("a/tests/data.rs", "use crate::b::X;"),
        ("b.rs", "use crate::a::Y;"),
    ];
    assert_eq!(arrows(&files), ["b.rs:1 a.rs"]);
}

#[test]
fn a_circle_is_shown_with_its_lines() {
    let files = [
        ("a.rs", "//! A.\nuse crate::b::X;"),
        ("b.rs", "fn f() {\n    crate::c::g()\n}\nuse crate::d::Z;"),
        ("c.rs", "use super::b::Y;"),
        ("d.rs", "use std::fmt;"),
    ];
    let circles = tree(&files).circles();
    assert_eq!(
        circles,
        [concat!(
            "2 files reach each other:",
            "\n    x/src/b.rs → x/src/c.rs\n        x/src/b.rs:2: crate::c::g()",
            "\n    x/src/c.rs → x/src/b.rs\n        x/src/c.rs:1: use super::b::Y;",
        )]
    );
    assert_eq!(tree(&files[..2]).circles(), [""; 0]);
}

#[test]
fn an_arrow_against_the_layers_is_shown_with_its_line() {
    let tree = tree(&[
        ("lib.rs", "use crate::high::A;"),
        ("leaf.rs", "use crate::other::A;\nuse crate::{\n    low::B,\n    VERSION,\n};"),
        ("other.rs", ""),
        ("low.rs", "mod x;"),
        ("low/x.rs", "use super::A;\nuse crate::leaf::B;\nuse crate::high::C;"),
        ("high.rs", "use crate::low::x::A;"),
        ("new.rs", ""),
        ("new/x.rs", ""),
    ]);
    let rows = [("leaves", "nothing"), ("low", "above"), ("high", "above"), ("gone", "")];
    let rows = rows.map(|(room, may)| (room.to_owned(), may.to_owned()));
    let leaves = leaves(&tree, &rows);
    assert_eq!(leaves, "leaf other");
    let found = violations(&tree, &rules(&rows, &[("leaves", &leaves)]), &leaves);
    let expected = [
        "new has no row",
        "gone has a row, but no file",
        "x/src/leaf.rs:3: low::B,\n        leaf, a leaf, may not name low (x/src/low.rs)",
        "x/src/low/x.rs:3: use crate::high::C;\n        low may not name high (x/src/high.rs)",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_map_for_people_is_read_as_the_table_is() {
    let head = "| room | what | may name |\n| --- | --- | --- |\n";
    let text = format!(
        "## Map\n\n{head}| `old` | x | `a` |\n\n### `src/`\n\nText.\n\n{head}{}{}{}{}{}\nText.\n",
        "| `lib.rs` | the map | `top` |\n",
        "| `top.rs` | x | everything below |\n",
        "| `mid.rs` | x | phases, `low/`, core |\n",
        "| `a.rs` `b.rs` | x | `low/` |\n",
        "| `low/` | x | core |\n",
    );
    let rows = [("top", "below"), ("mid", "a b low"), ("a b", "low"), ("low", "nothing")];
    let rows = rows.map(|(room, may)| (room.to_owned(), may.to_owned()));
    assert_eq!(rules(&documented(&text, "### `src/`"), &[("phases", "a b")]), rules(&rows, &[]));
    let upwards = "//! Layers:\n//! | `x` | y |\n//! | - | - |\n//! | `low` | x |\n//! | `high` | y |\n";
    let rows = [("low", "nothing"), ("high", "low")].map(|(room, may)| (room.to_owned(), may.to_owned()));
    assert_eq!(rules(&documented(upwards, "Layers:"), &[]), rules(&rows, &[]));
}
