//! What holds for all documents: a program agrees with itself, one change is found and named, and a complete patch leads from one document to
//! the other.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

use gateway_comparison::body::Body;
use gateway_comparison::ignore::Ignore;
use gateway_comparison::report::{Difference, Equality, Kind, Report, Runs};
use gateway_comparison::tally::{Answered, Comparison, Contender};
use gateway_core::backend::reference::{BackendRef, Location};
use http::Method;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The report on two backends that answer so, round by round.
fn compare(rounds: &[[String; 2]]) -> Report {
    let contender =
        |id: &str| Contender { backend: BackendRef::new(id, Location::Local), name: id.to_owned(), urls: Vec::new() };
    let mut comparison = Comparison::new([contender("a"), contender("b")], Ignore::default(), None);
    for round in rounds {
        for (row, text) in round.iter().enumerate() {
            let mut body = Body::default();
            body.push(text.as_bytes());
            let time = Duration::from_millis(1);
            let answer = Answered { status: 200, fields: Vec::new(), body: Some(body), first_byte: time, total: time };
            comparison.add(row, Ok(answer));
            while comparison.work() {}
        }
        comparison.next_round();
    }
    comparison.close();
    while comparison.work() {}
    let runs = Runs { asked: rounds.len(), warmup: 0, done: rounds.len() };
    comparison.report(&Method::GET, "/", runs, Vec::new())
}

/// Any document: numbers that no reader rounds, and names and texts that need escapes.
fn document() -> impl Strategy<Value = Value> {
    let text = "[a-e/~\"\\\\é😀\u{1} -]{0,6}";
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1_000_000_i64..1_000_000).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((text, inner), 0..6).prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A task as the team's API has it.
fn task() -> impl Strategy<Value = Value> {
    let parts = (0_u32..100_000, "[a-z ]{3,12}", prop_oneof![Just("inbox"), Just("next"), Just("done")], any::<bool>());
    parts.prop_map(|(id, title, status, starred)| {
        json!({ "id": id, "title": title, "status": status, "starred": starred, "tags": [title, status] })
    })
}

/// The pointers to all values of a document.
fn pointers(document: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match document {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), found))
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            pointers(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => {}
    }
}

/// A document and the same with one change, of which kind and where.
#[derive(Debug, Clone)]
struct Changed {
    before: Value,
    after: Value,
    kind: Kind,
}

/// Changes one value of `before`, chosen by `place` and `choice`.
fn change(before: Value, place: usize, choice: u8) -> Changed {
    let mut all = Vec::new();
    pointers(&before, "", &mut all);
    let path = &all[place % all.len()];
    let mut after = before.clone();
    let value = after.pointer_mut(path).expect("it exists");
    let kind = match (choice % 4, &mut *value) {
        // In a container something is extra or missing.
        (0, Value::Array(items)) => {
            items.insert(place % (items.len() + 1), json!({ "new": place }));
            Kind::Extra
        }
        (0, Value::Object(members)) => {
            members.insert("a new one".into(), Value::from(place));
            Kind::Extra
        }
        (1, Value::Array(items)) if !items.is_empty() => {
            items.remove(place % items.len());
            Kind::Missing
        }
        (1, Value::Object(members)) if !members.is_empty() => {
            let name = members.keys().nth(place % members.len()).expect("one").clone();
            members.remove(&name);
            Kind::Missing
        }
        (2, Value::String(text)) => {
            text.push('!');
            Kind::Value
        }
        (2, Value::Number(number)) => {
            *value = Value::from(number.as_i64().expect("whole") + 1);
            Kind::Value
        }
        (2, Value::Bool(truth)) => {
            *truth = !*truth;
            Kind::Value
        }
        (_, Value::Null) => {
            *value = Value::from("was null");
            Kind::Type
        }
        _ => {
            *value = Value::Null;
            Kind::Type
        }
    };
    Changed { before, after, kind }
}

/// Whether the difference, made to `before`, gives `after`: of equal neighbours any may be named.
fn leads_to(difference: &Difference, changed: &Changed) -> bool {
    let parse = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let operation = match difference.kind {
        Kind::Missing => json!({ "op": "remove", "path": difference.path }),
        Kind::Extra => json!({ "op": "add", "path": difference.path, "value": parse(&difference.this) }),
        _ => json!({ "op": "replace", "path": difference.path, "value": parse(&difference.this) }),
    };
    let mut document = changed.before.clone();
    let patch: json_patch::Patch = serde_json::from_value(json!([operation])).expect("a patch");
    json_patch::patch(&mut document, &patch).is_ok() && document == changed.after
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_change_is_found_and_named(before in document(), place in 0..10_000_usize, choice in any::<u8>()) {
        let changed = change(before, place, choice);
        let report = compare(&[[changed.before.to_string(), changed.after.to_string()]]);
        let row = &report.backends[1];
        prop_assert_eq!(row.equality, Some(Equality::Different), "{:?}", &changed);
        prop_assert_eq!(row.differences.len(), 1, "{:?} {:?}", &changed, &row.differences);
        prop_assert_eq!(row.differences[0].kind, changed.kind, "{:?} {:?}", &changed, &row.differences);
        // Long values are cut.
        if row.differences[0].this.as_ref().is_none_or(|text| !text.ends_with('…')) {
            prop_assert!(leads_to(&row.differences[0], &changed), "{:?} {:?}", &changed, &row.differences);
        }
        prop_assert_eq!(report.verdict.agree, Some(false));
    }

    #[test]
    fn one_change_among_tasks_is_found_and_named(tasks in vec(task(), 1..20), place in 0..10_000_usize, choice in any::<u8>()) {
        // An id is given once.
        let tasks: Vec<_> = tasks.into_iter().enumerate().map(|(index, mut task)| { task["id"] = Value::from(index * 7 + 3); task }).collect();
        let changed = change(Value::from(tasks), place, choice);
        let report = compare(&[[changed.before.to_string(), changed.after.to_string()]]);
        let differences = &report.backends[1].differences;
        prop_assert_eq!(differences.len(), 1, "{:?} {:?}", &changed, differences);
        if differences[0].this.as_ref().is_none_or(|text| !text.ends_with('…')) {
            prop_assert!(leads_to(&differences[0], &changed), "{:?} {:?}", &changed, differences);
        }
    }

    #[test]
    fn a_document_is_identical_to_itself_and_equal_in_another_notation(document in document()) {
        let (one, pretty) = (document.to_string(), serde_json::to_string_pretty(&document).expect("it is one"));
        let same = compare(&[[one.clone(), one.clone()]]);
        prop_assert_eq!(same.backends[1].equality, Some(Equality::Identical));
        let report = compare(&[[one.clone(), pretty.clone()]]);
        let expected = if one == pretty { Equality::Identical } else { Equality::Equal };
        prop_assert_eq!(report.backends[1].equality, Some(expected), "{} {:?}", one, &report.backends[1].differences);
        prop_assert!(report.backends[1].patch.is_none());
    }

    #[test]
    fn a_complete_patch_leads_from_one_to_the_other(from in document(), to in document(), shared in document()) {
        for (from, to) in [
            (from.clone(), to.clone()),
            // With something in common.
            (json!([shared, from, shared, 1]), json!([2, shared, to, shared])),
            (json!({ "a": shared, "b": [from, to, shared] }), json!({ "a": shared, "b": [shared, to, from, to] })),
        ] {
            check_patch(&from, &to)?;
        }
    }

    #[test]
    fn a_program_agrees_with_itself(
        tasks in vec(task(), 5..12),
        seeds in vec(any::<u64>(), 6),
        shuffles in any::<bool>(),
    ) {
        let answer = |seed: &u64| program(&tasks, *seed, shuffles).to_string();
        let answers: Vec<String> = seeds.iter().map(answer).collect();
        let rounds: Vec<[String; 2]> = answers.chunks(2).map(|two| [two[0].clone(), two[1].clone()]).collect();
        let report = compare(&rounds);
        let row = &report.backends[1];
        prop_assert_eq!(report.verdict.agree, Some(true), "{:?}\n{:?}", &rounds, &row.differences);
        prop_assert!(matches!(row.equality, Some(Equality::Equivalent | Equality::Equal | Equality::Identical)));
    }
}

/// One answer of a program that makes ids and times anew, keeps no order, and counts its answers.
fn program(tasks: &[Value], seed: u64, shuffles: bool) -> Value {
    let mut state = seed;
    // SplitMix64.
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    };
    let mut all = Vec::new();
    let mut first_id = Value::Null;
    for (index, task) in tasks.iter().enumerate() {
        let (one, two) = (random(), random());
        let id = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            one >> 32,
            one & 0xffff,
            two >> 52,
            two >> 40 & 0xfff,
            two & 0xffff_ffff_ffff
        );
        let time =
            format!("2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z", one % 28 + 1, one % 24, two % 60, one % 60, two % 1000);
        let mut task = task.clone();
        // Titles tell the tasks apart.
        task["title"] = Value::from(format!("{} {index}", task["title"].as_str().expect("a title")));
        task["id"] = Value::from(id.clone());
        task["self"] = Value::from(format!("/tasks/{id}"));
        task["created_at"] = Value::from(time);
        if index == 0 {
            first_id = Value::from(id);
        }
        all.push(task);
    }
    if shuffles {
        for last in (1..all.len()).rev() {
            let other = usize::try_from(random() % (last as u64 + 1)).expect("it is small");
            all.swap(last, other);
        }
    }
    json!({ "tasks": all, "newest": first_id, "served": random() })
}

/// Whether the patch from `from` to `to`, if it is complete, is exact.
fn check_patch(from: &Value, to: &Value) -> Result<(), TestCaseError> {
    let report = compare(&[[from.to_string(), to.to_string()]]);
    let row = &report.backends[1];
    match (&row.patch, row.patch_complete) {
        (None, None) => prop_assert_eq!(from, to),
        (Some(operations), Some(true)) => {
            let patch: json_patch::Patch = serde_json::from_value(serde_json::to_value(operations).unwrap()).unwrap();
            let mut document = from.clone();
            let applied = json_patch::patch(&mut document, &patch);
            prop_assert!(applied.is_ok() && document == *to, "{} {} {:?} {:?}", from, to, applied, patch);
        }
        (Some(_), Some(false)) => {}
        other => return Err(TestCaseError::fail(format!("{from} {to}: {other:?}"))),
    }
    Ok(())
}

/// The situations of the examples in RFC 6902, appendix A.
#[test]
fn patches_of_known_pairs() {
    for (from, to) in [
        (json!({ "fruit": "pear" }), json!({ "fruit": "pear", "nut": "almond" })),
        (json!({ "list": ["one", "three"] }), json!({ "list": ["one", "two", "three"] })),
        (json!({ "fruit": "pear", "nut": "almond" }), json!({ "fruit": "pear" })),
        (json!({ "list": ["one", "two", "three"] }), json!({ "list": ["one", "three"] })),
        (json!({ "fruit": "pear", "nut": "almond" }), json!({ "fruit": "fig", "nut": "almond" })),
        (
            json!({ "from": { "x": 1, "moves": "here" }, "to": { "y": 2 } }),
            json!({ "from": { "x": 1 }, "to": { "y": 2, "moves": "here" } }),
        ),
        (json!({ "list": ["all", "grass", "cows", "eat"] }), json!({ "list": ["all", "cows", "eat", "grass"] })),
        (json!({ "a": 1 }), json!({ "a": 1, "nested": { "b": {} } })),
        (json!({ "/": 9, "~1": 10 }), json!({ "/": 9, "~1": 11 })),
        (json!({ "a": ["b"] }), json!({ "a": ["b", ["c", "d"]] })),
        (json!({ "": { "": 1 }, "a/b": [0], "m~n": 8 }), json!({ "": { "": 2 }, "a/b": [], "m~n": null })),
        (json!([]), json!({})),
        (json!("text"), json!(["text"])),
        (json!(null), json!(0)),
        (json!([1, 2, 3, 4, 5]), json!([5, 4, 3, 2, 1])),
        (json!([[1], [2], [3]]), json!([[3], [1, 4], [2]])),
    ] {
        check_patch(&from, &to).unwrap_or_else(|error| panic!("{from} {to}: {error}"));
    }
}
