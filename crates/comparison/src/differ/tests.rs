//! What differs, with its path and kind.

use super::*;
use crate::ignore::Ignore;
use crate::json::testing::tree;

const A: &str = "550e8400-e29b-41d4-a716-446655440000";
const B: &str = "650e8400-e29b-41d4-a716-446655440000";
const C: &str = "750e8400-e29b-41d4-a716-446655440000";

/// The differences in the order of the document, as `path kind first | second`, with `-` for none.
fn differences_but(ignore: &str, from: &str, to: &str) -> Vec<String> {
    let ignore = Ignore::parse(ignore).unwrap();
    let read = |text: &str| Rc::new(tree(text, &ignore).unwrap_or_else(|error| panic!("{text}: {error:?}")));
    let mut differ = Differ::new(read(from), read(to));
    let mut all = Vec::new();
    while differ.step(3, &mut |found| {
        let text = |value: Option<&[u8]>| value.map_or("-".into(), |value| String::from_utf8_lossy(value).into_owned());
        let kind = if found.is_time { "time" } else { found.kind.as_str() };
        all.push((found.order, format!("{} {kind} {} | {}", found.path, text(found.from), text(found.to))));
    }) {}
    all.sort_by_key(|(order, _)| *order);
    all.into_iter().map(|(_, line)| line).collect()
}

fn differences(from: &str, to: &str) -> Vec<String> {
    differences_but("", from, to)
}

#[test]
fn equal_whatever_the_notation() {
    for (from, to) in [
        (r#"{"a":1,"b":[2,"\u00e9\/"]}"#, r#"{ "b": [2.0, "é/"], "a": 1e0 }"#),
        ("[10.5,-0,1e400]", "[10.50,0,10e399]"),
        (r#"["\ud800"]"#, r#"["\uD800"]"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
    ] {
        assert!(differences(from, to).is_empty(), "{from} {to}: {:?}", differences(from, to));
    }
}

#[test]
fn each_difference_has_its_path_and_kind() {
    for (from, to, expected) in [
        (r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#, &["/a/b value 1 | 2"][..]),
        ("10.5", "10.51", &[" value 10.5 | 10.51"]),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, &["/a type 1 | \"1\""]),
        (r#"{"a":null}"#, r#"{"a":[]}"#, &["/a type null | []"]),
        (r#"{"a":true}"#, r#"{"a":false}"#, &["/a value true | false"]),
        (r#"{"a":1,"b":2}"#, r#"{"b":2}"#, &["/a missing 1 | -"]),
        (r#"{"b":2}"#, r#"{"a/~":1,"b":2}"#, &["/a~1~0 extra - | 1"]),
        ("[1,2,3]", "[3,2,1]", &[" order [1,2,3] | [3,2,1]"]),
        ("[1,2,3]", "[1,3]", &["/1 missing 2 | -"]),
        ("[1,3]", "[1,2,3]", &["/1 extra - | 2"]),
        (r#"["\ud800"]"#, r#"["\ud801"]"#, &[r#"/0 value "\ud800" | "\ud801""#]),
        (r#"{"":{"":1}}"#, r#"{"":{"":2}}"#, &["// value 1 | 2"]),
        (r#"{"a":"x"}"#, r#"{"a":"X"}"#, &["/a value \"x\" | \"X\""]),
    ] {
        assert_eq!(differences(from, to), expected, "{from} {to}");
    }
}

#[test]
fn what_every_copy_makes_anew_is_generated() {
    let quoted = |text: &str| format!("\"{text}\"");
    let (a, b, c) = (quoted(A), quoted(B), quoted(C));
    let list = |items: &[&str]| format!("[{}]", items.join(","));
    for (from, to, expected) in [
        (list(&[&a, &b]), list(&[&b, &c]), vec![format!("/0 missing {a} | -"), format!("/1 extra - | {c}")]),
        (list(&[&a]), list(&[&b]), vec![format!("/0 generated {a} | {b}")]),
        (list(&[&a, &a]), list(&[&b, &b]), vec![format!("/0 generated {a} | {b}"), format!("/1 generated {a} | {b}")]),
        // Two that became one, and one that became two, say something about the implementation.
        (list(&[&a, &c]), list(&[&b, &b]), vec![format!("/0 value {a} | {b}"), format!("/1 value {c} | {b}")]),
        (list(&[&a, &a]), list(&[&b, &c]), vec![format!("/0 value {a} | {b}"), format!("/1 value {a} | {c}")]),
        // Here it still is what it was.
        (
            format!(r#"{{"id":{a},"parent":{a}}}"#),
            format!(r#"{{"id":{b},"parent":{a}}}"#),
            vec![format!("/id value {a} | {b}")],
        ),
        (
            format!(r#"{{"self":"/tasks/{A}"}}"#),
            format!(r#"{{"self":"/tasks/{B}"}}"#),
            vec![format!("/self generated \"/tasks/{A}\" | \"/tasks/{B}\"")],
        ),
        (
            format!(r#"{{"self":"/tasks/{A}"}}"#),
            format!(r#"{{"self":"/task/{B}"}}"#),
            vec![format!("/self value \"/tasks/{A}\" | \"/task/{B}\"")],
        ),
        (
            format!(r#"{{{a}:{{"t":1}},"x":1}}"#),
            format!(r#"{{{b}:{{"t":2}},"x":1}}"#),
            vec![format!("/{A} generated {A} | {B}"), format!("/{A}/t value 1 | 2")],
        ),
        (
            r#"["2026-01-01T00:00:00Z"]"#.into(),
            r#"["2026-01-01T00:00:01+02:00"]"#.into(),
            vec![r#"/0 time "2026-01-01T00:00:00Z" | "2026-01-01T00:00:01+02:00""#.into()],
        ),
        (
            r#"["2026-01-01T00:00:00Z"]"#.into(),
            r#"["2026-01-01T00:00:00.000+00:00"]"#.into(),
            vec![r#"/0 notation "2026-01-01T00:00:00Z" | "2026-01-01T00:00:00.000+00:00""#.into()],
        ),
        (
            r#"["2026-01-01T00:00:00Z"]"#.into(),
            r#"["2026-01-01 00:00:00"]"#.into(),
            vec![r#"/0 value "2026-01-01T00:00:00Z" | "2026-01-01 00:00:00""#.into()],
        ),
        (
            r#"["2026-01-01"]"#.into(),
            r#"["2026-01-02"]"#.into(),
            vec![r#"/0 value "2026-01-01" | "2026-01-02""#.into()],
        ),
        (list(&[&a]), list(&["null"]), vec![format!("/0 type {a} | null")]),
    ] {
        assert_eq!(differences(&from, &to), expected, "{from} {to}");
    }
}

#[test]
fn three_edits_in_twenty_items_are_three_differences() {
    for with_ids in [true, false] {
        let item = |number: usize, title: &str| match with_ids {
            true => format!(r#"{{"id":{number},"title":"{title}","done":false}}"#),
            false => format!(r#"{{"title":"{title}","done":false,"rank":"{title}!"}}"#),
        };
        let twenty: Vec<String> = (0..20).map(|number| item(number, &format!("t{number}"))).collect();
        let mut edited = twenty.clone();
        edited[4] = edited[4].replace("false", "true");
        edited.remove(5);
        edited.insert(11, item(99, "new"));
        let list = |items: &[String]| format!("[{}]", items.join(","));
        let found = differences(&list(&twenty), &list(&edited));
        let starts: Vec<_> = found.iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(starts, ["/4/done value", "/5 missing", "/11 extra"], "{with_ids}: {found:?}");
        edited = twenty.clone();
        edited.reverse();
        let found = differences(&list(&twenty), &list(&edited));
        assert!(found.len() == 1 && found[0].starts_with(" order "), "{found:?}");
    }
}

#[test]
fn what_is_ignored_stays_listed() {
    let from = r#"[{"a":1,"x":{"y":1}},{"a":2,"x":5}]"#;
    let to = r#"[{"a":1,"x":{"y":2}},{"a":3}]"#;
    assert_eq!(
        differences_but("/*/x", from, to),
        ["/0/x ignored {\"y\":1} | {\"y\":2}", "/1/a value 2 | 3", "/1/x ignored 5 | -"]
    );
}

#[test]
fn a_way_that_is_very_long_is_cut() {
    let name = "n".repeat(3_000);
    let found = differences(&format!(r#"{{"{name}":1}}"#), &format!(r#"{{"{name}":2}}"#));
    assert!(found[0].chars().count() < 1_100 && found[0].contains('…'), "{}", found[0].len());
}
