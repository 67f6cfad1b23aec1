//! Arrays against each other, as JSON.

use super::*;
use crate::ignore::Ignore;
use crate::json::testing::tree;

/// The counterparts, and whether they are reordered.
fn aligned(from: &str, to: &str) -> (Vec<Option<usize>>, bool) {
    let ignore = Ignore::default();
    let (from, to) = (tree(from, &ignore).unwrap(), tree(to, &ignore).unwrap());
    let Alignment { counterparts, reordered } = align(&Items::new(&from, 0), &Items::new(&to, 0));
    (counterparts, reordered)
}

#[test]
fn scalars() {
    let some = |indices: &[usize]| indices.iter().copied().map(Some).collect::<Vec<_>>();
    for (from, to, counterparts, reordered) in [
        ("[]", "[]", vec![], false),
        ("[1,2,3]", "[1,2,3]", some(&[0, 1, 2]), false),
        ("[1,2,3]", "[1,9,3]", some(&[0, 1, 2]), false),
        ("[1,2,3]", "[1,3]", vec![Some(0), None, Some(1)], false),
        ("[1,3]", "[1,2,3]", some(&[0, 2]), false),
        ("[1,2,3]", "[3,2,1]", some(&[2, 1, 0]), true),
        ("[1,2,3,4]", "[2,3,4,1]", some(&[3, 0, 1, 2]), true),
        ("[0,1,0,2]", "[1,0,2]", vec![None, Some(0), Some(1), Some(2)], false),
        ("[0,0,0,1]", "[0,0,1]", vec![Some(0), Some(1), None, Some(2)], false),
        ("[true,false,false,true,false]", "[true,true,false,true,true]", some(&[0, 1, 2, 3, 4]), false),
        ("[1]", "[\"1\"]", some(&[0]), false),
        ("[1,2]", "[]", vec![None, None], false),
    ] {
        assert_eq!(aligned(from, to), (counterparts, reordered), "{from} {to}");
    }
}

#[test]
fn objects_by_what_names_them() {
    let some = |indices: &[usize]| indices.iter().copied().map(Some).collect::<Vec<_>>();
    for (from, to, counterparts, reordered) in [
        (r#"[{"id":1,"t":"a"},{"id":2,"t":"b"}]"#, r#"[{"id":2,"t":"x"},{"id":1,"t":"y"}]"#, some(&[1, 0]), true),
        (r#"[{"id":1,"t":"a"},{"id":2,"t":"b"}]"#, r#"[{"id":2,"t":"x"}]"#, vec![None, Some(0)], false),
        (r#"[{"id":1,"t":"a","u":1}]"#, r#"[{"id":7,"t":"a","u":1}]"#, some(&[0]), false),
        // Other items, and nothing of them alike.
        (
            r#"[{"id":1,"t":"a"},{"id":2,"t":"b"},{"id":3,"t":"c"}]"#,
            r#"[{"id":1,"t":"a"},{"id":4,"t":"d"},{"id":5,"t":"e"}]"#,
            vec![Some(0), None, None],
            false,
        ),
        (r#"[{"id":1},{"id":2}]"#, r#"[{"id":1},{"id":3}]"#, some(&[0, 1]), false),
    ] {
        assert_eq!(aligned(from, to), (counterparts, reordered), "{from} {to}");
    }
}

#[test]
fn objects_by_likeness() {
    let item = |title: &str, done: bool, note: u32| format!(r#"{{"title":"{title}","done":{done},"note":{note}}}"#);
    // One is taken out, its neighbour is edited.
    let from =
        format!("[{},{},{},{}]", item("a", true, 1), item("b", true, 2), item("c", false, 3), item("d", true, 4));
    let to = format!("[{},{},{}]", item("a", true, 1), item("c", true, 3), item("d", true, 4));
    assert_eq!(aligned(&from, &to), (vec![Some(0), None, Some(1), Some(2)], false));
}

#[test]
fn generated_ids_and_times_do_not_matter() {
    let item = |id: u32, title: &str| {
        format!(
            r#"{{"id":"550e8400-e29b-41d4-a716-4466554400{id:02}","title":"{title}","at":"2026-01-01T00:00:{id:02}Z"}}"#
        )
    };
    let from = format!("[{},{},{}]", item(1, "a"), item(2, "b"), item(3, "c"));
    let to = format!("[{},{},{}]", item(13, "c"), item(11, "a"), item(12, "b"));
    assert_eq!(aligned(&from, &to), (vec![Some(1), Some(2), Some(0)], true));
}

#[test]
fn long_arrays_without_much_in_common_end() {
    let numbers = |from: u32| {
        let numbers: Vec<_> = (from..from + 40_000).map(|number| number.to_string()).collect();
        format!("[{}]", numbers.join(","))
    };
    let (counterparts, reordered) = aligned(&numbers(0), &numbers(1_000_000));
    assert!(!reordered && counterparts.iter().flatten().is_sorted() && counterparts.len() == 40_000);
}
