//! Patches between documents of any shape.

use super::*;
use crate::comparison::document::document;
use crate::comparison::patch;
use serde_json::{Value, json};

fn diff(from: &Value, to: &Value) -> Patch {
    let (from, to) = (from.to_string(), to.to_string());
    patch::diff(document(from.as_bytes()).unwrap(), document(to.as_bytes()).unwrap()).unwrap()
}

fn as_json(operations: &[patch::Operation]) -> Value {
    let one = |operation: &patch::Operation| {
        let mut json = json!({ "op": operation.op, "path": operation.path });
        if let Some(value) = &operation.value {
            json["value"] = serde_json::from_str(value.get()).unwrap();
        }
        json
    };
    operations.iter().map(one).collect()
}

/// Applies a patch as RFC 6902 says.
fn apply(document: &mut Value, patch: &Value) {
    for operation in patch.as_array().unwrap() {
        let path = operation["path"].as_str().unwrap();
        let value = operation.get("value").cloned();
        let Some((parent, key)) = path.rsplit_once('/') else {
            assert_eq!(operation["op"], "replace", "only the whole document has an empty path");
            *document = value.unwrap();
            continue;
        };
        let key = key.replace("~1", "/").replace("~0", "~");
        match (document.pointer_mut(parent).expect("the parent exists"), operation["op"].as_str().unwrap()) {
            (Value::Object(object), "remove") => assert!(object.remove(&key).is_some(), "{path}"),
            (Value::Object(object), "add") => assert!(object.insert(key, value.unwrap()).is_none(), "{path}"),
            (Value::Object(object), "replace") => assert!(object.insert(key, value.unwrap()).is_some(), "{path}"),
            (Value::Array(array), "remove") => _ = array.remove(key.parse().unwrap()),
            (Value::Array(array), "add") => array.insert(key.parse().unwrap(), value.unwrap()),
            (Value::Array(array), "replace") => array[key.parse::<usize>().unwrap()] = value.unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

fn check_patch(from: &Value, to: &Value) -> usize {
    let patch = diff(from, to);
    let operations = as_json(&patch.operations);
    assert!(patch.complete, "{from} {to}");
    let mut patched = from.clone();
    apply(&mut patched, &operations);
    assert_eq!(patched, *to, "{from} by {operations}");
    patch.operations.len()
}

#[test]
fn patches_are_short_where_it_is_easy() {
    for (from, to, operations) in [
        (json!([1, 2, 3]), json!([1, 2, 3]), 0),
        (json!([1, 2, 3]), json!([1, 3]), 1),
        (json!([1, 3]), json!([1, 2, 3]), 1),
        (json!([1, 2, 3]), json!([]), 3),
        (json!([1, 1]), json!([1]), 1),
        (json!([{ "id": 1, "t": "a" }, { "id": 2 }]), json!([{ "id": 1, "t": "b" }, { "id": 2 }, { "id": 3 }]), 2),
        (json!({ "a/b": 1, "~": 2, "": 3 }), json!({ "a/b": 2, "~": 3, "": 4 }), 3),
        (json!({ "a": 1 }), json!([1]), 1),
        (json!({ "a": 1 }), json!({ "b": 1 }), 2),
        (json!(null), json!({ "a": null }), 1),
    ] {
        assert_eq!(check_patch(&from, &to), operations, "{from} {to}");
    }
}

/// Any two documents: the patch from one to the other applied to the one gives the other.
#[test]
fn a_patch_leads_from_any_document_to_any_other() {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    fn document(random: &mut impl FnMut(u64) -> u64, depth: u64) -> Value {
        match random(if depth == 0 { 4 } else { 8 }) {
            0 => Value::Null,
            1 => json!(random(2) == 1),
            2 => json!(random(3)),
            3 => json!(["", "a", "~/"][random(3) as usize]),
            4 | 5 => (0..random(4)).map(|_| document(random, depth - 1)).collect(),
            _ => (0..random(4))
                .map(|_| (["a", "b/c", "~d", ""][random(4) as usize].to_owned(), document(random, depth - 1)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
    let mut differing = 0;
    for _ in 0..20_000 {
        let (from, to) = (document(&mut random, 3), document(&mut random, 3));
        let operations = check_patch(&from, &to);
        assert_eq!(operations == 0, from == to, "{from} {to}");
        differing += usize::from(operations > 0);
    }
    assert!(differing > 10_000, "the documents are too much alike to show anything: {differing}");
}

#[test]
fn patches_are_bounded_and_what_is_there_applies() {
    let many: Vec<u32> = (0..1_000).collect();
    let patch = diff(&json!([]), &json!(many));
    assert_eq!((patch.operations.len(), patch.complete), (MAX_OPERATIONS, false));
    let mut patched = json!([]);
    apply(&mut patched, &as_json(&patch.operations));
    assert_eq!(patched, json!(many[..MAX_OPERATIONS]));

    let long = "x".repeat(MAX_BYTES / 3);
    let patch = diff(&json!({}), &json!({ "a": long, "b": long, "c": long, "d": 1 }));
    assert!(!patch.complete && patch.operations.len() == 2);
    assert!(as_json(&patch.operations).to_string().len() <= MAX_BYTES);
}
