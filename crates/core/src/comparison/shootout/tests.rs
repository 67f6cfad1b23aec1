use super::*;
use crate::backend::known::Location::{Cloud, Local};
use crate::comparison::document::document;
use crate::comparison::patch::{self, MOST_BYTES, MOST_OPERATIONS, Patch};
use serde_json::{Value, json};

fn contender(id: &str) -> Contender {
    Contender { id: id.into(), location: Local, name: id.to_uppercase() }
}

fn answer(status: u16, lines: &[(&str, &str)], body: &str, millis: u64) -> Answered {
    let mut seen = Body::new(true, None);
    seen.push(body.as_bytes());
    let fields = lines.iter().map(|(name, value)| field(name, *value)).collect();
    let total = Duration::from_millis(millis);
    Answered { status, fields, body: Some(seen), first_byte: Duration::from_millis(millis / 2), total }
}

fn report(shootout: &Shootout) -> Value {
    let reply = shootout.report(&Method::GET, "/x?y=1", Runs { asked: 1, done: 1 }, &[]);
    assert_eq!(reply.status, 200);
    serde_json::from_str(&reply.body.unwrap()).unwrap()
}

fn two(first: Answered, second: Answered) -> Value {
    let mut shootout = Shootout::new([contender("a"), contender("b")]);
    shootout.add(0, Ok(first));
    shootout.add(1, Ok(second));
    report(&shootout)
}

#[test]
fn runs_are_one_to_fifty() {
    let check = |lines: &[&str]| runs(&lines.iter().map(|line| field("X-Shootout-Runs", *line)).collect::<Vec<_>>());
    assert_eq!(check(&[]), Ok(1));
    assert_eq!(check(&["1"]), Ok(1));
    assert_eq!(check(&[" 50 "]), Ok(50));
    assert_eq!(check(&["7", "7"]), Ok(7));
    for bad in [
        &["0"][..],
        &["51"],
        &["-1"],
        &["+2"],
        &["x"],
        &[""],
        &["1.5"],
        &["2,2"],
        &["1", "2"],
        &["9".repeat(99).as_str()],
    ] {
        let Err(GatewayError::BadRequest(message)) = check(bad) else { panic!("{bad:?} is accepted") };
        assert!(message.contains("1 to 50"), "{message}");
    }
}

#[test]
fn only_methods_that_do_not_write_are_sent_several_times() {
    for (method, fine) in
        [("GET", true), ("HEAD", true), ("POST", false), ("PUT", false), ("DELETE", false), ("QUERY", false)]
    {
        assert_eq!(check_method(&Method::from_bytes(method.as_bytes()).unwrap()).is_ok(), fine, "{method}");
    }
}

#[test]
fn each_round_begins_one_further() {
    assert_eq!(order(3, 0).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(order(3, 1).collect::<Vec<_>>(), [1, 2, 0]);
    assert_eq!(order(3, 5).collect::<Vec<_>>(), [2, 0, 1]);
    assert_eq!(order(0, 5).count(), 0);
    // Over as many rounds as there are backends, each is once at each place.
    for backends in 1..=MOST_BACKENDS {
        for place in 0..backends {
            let mut seen: Vec<_> = (0..backends).map(|round| order(backends, round).nth(place).unwrap()).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..backends).collect::<Vec<_>>(), "place {place} of {backends}");
        }
    }
}

#[test]
fn each_backend_is_asked_for_itself_and_uncompressed() {
    let request = vec![
        field("Accept-Encoding", "gzip"),
        field("x-backend", "a,b"),
        field("x-shootout-runs", "3"),
        field("x-other", "1"),
    ];
    let expected = [field("x-other", "1"), field("accept-encoding", "identity"), field("x-backend", "b")];
    assert_eq!(to_backend(request, "b"), expected);
}

#[test]
fn successes_in_a_row_teach_once_and_failures_each() {
    let good = |millis| Outcome::Success(Duration::from_millis(millis));
    let bad = || Outcome::Doubtful("silent".into());
    assert_eq!(lessons(vec![good(1), good(2), Outcome::Nothing, good(3)]), [good(3)]);
    assert_eq!(lessons(vec![bad(), bad(), good(1), bad()]), [bad(), bad(), good(1), bad()]);
    assert_eq!(lessons(vec![Outcome::Nothing, Outcome::Nothing]), [Outcome::Nothing]);
    assert_eq!(lessons(vec![Outcome::Nothing, good(1)]), [good(1)]);
}

#[test]
fn a_row_says_what_came_back() {
    let report = two(
        answer(200, &[("content-type", "application/json")], r#"{"a":1}"#, 4),
        answer(200, &[("content-type", "application/json")], r#"{"a":1}"#, 3),
    );
    assert_eq!(report["request"], json!({ "method": "GET", "path": "/x?y=1" }));
    let row = &report["backends"][0];
    assert_eq!(
        *row,
        json!({
            "backend": "a", "location": "local", "name": "A", "status": 200, "content_type": "application/json", "size": 7,
            "sha256": "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
            "first_byte_ms": 2.0, "total_ms": 4.0,
            "spread": {
                "first_byte_ms": { "min": 2.0, "median": 2.0, "p95": 2.0 },
                "total_ms": { "min": 4.0, "median": 4.0, "p95": 4.0 },
            },
            "answered": 1, "failed": 0, "varies": false, "header_differences": [], "body": null,
            "patch": null, "patch_complete": null, "error": null,
        })
    );
    assert_eq!(report["backends"][1]["body"], "same");
    assert_eq!(report["summary"], json!({ "fastest": "b@local", "agree": true, "disagree": [], "failed": [] }));
}

#[test]
fn bodies_are_the_same_equal_or_different() {
    for (first, second, verdict, patch) in [
        ("x", "x", "same", Value::Null),
        ("x", "y", "different", Value::Null),
        (r#"{"a":1,"b":[2]}"#, r#" {"b": [2], "a": 1}"#, "equal", Value::Null),
        (r#"{"a":1}"#, r#"{"a":2}"#, "different", json!([{ "op": "replace", "path": "/a", "value": 2 }])),
        (r#"{"a\u0062":"\u0041"}"#, r#"{"ab":"A"}"#, "equal", Value::Null),
        (r#"{"a":1}"#, "not json", "different", Value::Null),
        ("not json", r#"{"a":1}"#, "different", Value::Null),
        ("", "{}", "different", Value::Null),
        // Never closed.
        (&"[".repeat(500), &"[".repeat(501), "different", Value::Null),
    ] {
        let report = two(answer(200, &[], first, 1), answer(200, &[], second, 1));
        assert_eq!(report["backends"][1]["body"], verdict, "{first} {second}");
        assert_eq!(report["backends"][1]["patch"], patch, "{first} {second}");
        let agree = verdict != "different";
        assert_eq!(report["summary"]["agree"], agree, "{first} {second}");
        assert_eq!(report["summary"]["disagree"], if agree { json!([]) } else { json!(["b@local"]) });
    }
}

#[test]
fn another_status_disagrees_and_an_error_page_is_never_the_fastest() {
    let report = two(answer(200, &[], "x", 9), answer(500, &[], "x", 1));
    assert_eq!(
        report["summary"],
        json!({ "fastest": "a@local", "agree": false, "disagree": ["b@local"], "failed": [] })
    );
}

#[test]
fn fields_that_matter_are_told_and_others_are_not() {
    let first = [
        ("Cache-Control", "no-store"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("date", "then"),
        ("etag", "1"),
        ("x-same", "1"),
        ("cf-ray", "1"),
        ("connection", "close"),
        ("access-control-allow-origin", "*"),
    ];
    let second = [("set-cookie", "a=1"), ("date", "now"), ("X-Same", "1"), ("server", "s")];
    let report = two(answer(200, &first, "", 1), answer(200, &second, "", 1));
    assert_eq!(
        report["backends"][1]["header_differences"],
        json!([
            { "name": "cache-control", "first": ["no-store"], "this": [] },
            { "name": "set-cookie", "first": ["a=1", "b=2"], "this": ["a=1"] },
        ])
    );
    let long = "x".repeat(10_000);
    let report = two(answer(200, &[("x-long", &long)], "", 1), answer(200, &[], "", 1));
    assert!(report.to_string().len() < 2_000, "values are bounded");
}

#[test]
fn large_bodies_are_hashed_only() {
    let large = "x".repeat(LARGEST_KEPT + 1);
    let other = "y".repeat(LARGEST_KEPT + 1);
    let fits = "x".repeat(LARGEST_KEPT);
    for (first, second, verdict) in [
        (&large, &large, "same"),
        (&large, &other, "not compared"),
        (&fits, &large, "not compared"),
        (&large, &fits, "not compared"),
        (&fits, &fits.replace("xx", "yy"), "different"),
    ] {
        let report = two(answer(200, &[], first, 1), answer(200, &[], second, 1));
        assert_eq!(report["backends"][1]["body"], verdict);
        assert_eq!(report["backends"][1]["size"], second.len());
    }
    let mut body = Body::new(true, Some(LARGEST_KEPT as u64 + 1));
    body.push(b"x");
    assert_eq!(body.clone().into_kept(), None, "its length says that it will not fit");
    assert_eq!(Body::new(false, None).into_kept(), None);
}

#[test]
fn without_bodies_there_is_nothing_to_compare() {
    let head = |millis| Answered { body: None, ..answer(200, &[], "", millis) };
    let report = two(head(1), head(2));
    assert_eq!(report["backends"][1]["body"], Value::Null);
    assert_eq!(report["backends"][0]["sha256"], Value::Null);
    assert_eq!(report["summary"]["agree"], true);
}

#[test]
fn a_failure_is_a_row_and_the_next_one_the_reference() {
    let mut shootout = Shootout::new([contender("a"), contender("b"), contender("c")]);
    shootout.add(0, Err(GatewayError::Unfinished { backend: "a".into(), limit: Some(Duration::from_secs(2)) }));
    shootout.add(1, Ok(answer(200, &[], "1", 1)));
    shootout.add(2, Ok(answer(200, &[], "2", 1)));
    let report_now = report(&shootout);
    assert_eq!(
        report_now["backends"][0]["error"],
        json!({
            "status": 504, "reason": "response not finished", "error": "Gateway Timeout", "backend": "a",
            "message": "Backend did not finish its response within 2s",
        })
    );
    assert_eq!(report_now["backends"][0]["total_ms"], Value::Null);
    assert_eq!(report_now["backends"][1]["body"], Value::Null, "the reference");
    assert_eq!(report_now["backends"][2]["body"], "different");
    assert_eq!(report_now["summary"]["failed"], json!(["a@local"]));
    // One that answers later is compared then.
    assert!(shootout.wants_body(0) && !shootout.wants_body(1));
    shootout.add(0, Ok(answer(200, &[], "1", 1)));
    let report = report(&shootout);
    assert_eq!(report["backends"][0]["body"], "same");
    assert_eq!((&report["backends"][0]["answered"], &report["backends"][0]["failed"]), (&json!(1), &json!(1)));
}

#[test]
fn nobody_answers() {
    let mut shootout = Shootout::new([Contender { location: Cloud, ..contender("a") }]);
    shootout.add(0, Err(HAS_A_BODY));
    assert_eq!(
        report(&shootout)["summary"],
        json!({ "fastest": null, "agree": false, "disagree": [], "failed": ["a@cloud"] })
    );
}

#[test]
fn an_answer_that_changes_between_rounds_varies() {
    for (status, body, varies) in [(200, "x", false), (200, "y", true), (404, "x", true)] {
        let mut shootout = Shootout::new([contender("a")]);
        shootout.add(0, Ok(answer(200, &[], "x", 1)));
        shootout.add(0, Ok(answer(status, &[], body, 1)));
        assert_eq!(report(&shootout)["backends"][0]["varies"], varies, "{status} {body}");
    }
}

#[test]
fn spreads() {
    let ms = Duration::from_millis;
    let spread = |times: &[Duration]| {
        let mut all = Times::default();
        times.iter().for_each(|time| all.add(*time));
        all.spread().map(|spread| (spread.min, spread.median, spread.p95))
    };
    for (times, expected) in [
        (vec![5], (5_000, 5_000, 5_000)),
        (vec![4, 1], (1_000, 2_500, 4_000)),
        (vec![3, 1, 2], (1_000, 2_000, 3_000)),
        ((1..=20).collect(), (1_000, 10_500, 19_000)),
        ((1..=50).rev().collect(), (1_000, 25_500, 48_000)),
    ] {
        let durations: Vec<_> = times.iter().map(|millis| ms(*millis)).collect();
        let (min, median, p95) = expected;
        let expected = (Duration::from_micros(min), Duration::from_micros(median), Duration::from_micros(p95));
        assert_eq!(spread(&durations), Some(expected), "{times:?}");
    }
    assert_eq!(spread(&[]), None);
}

#[test]
fn documents_of_any_shape_are_compared_or_given_up_but_never_too_much() {
    let compared = |one: String, other: String| {
        let report = two(answer(200, &[], &one, 1), answer(200, &[], &other, 1));
        report["backends"][1]["body"].as_str().unwrap().to_owned()
    };
    let nested = |depth: usize, inside: &str| format!("{}{inside}{}", "[".repeat(depth), "]".repeat(depth));
    // What lies very deep is compared as it is written.
    assert_eq!(compared(nested(100, "[1,2]"), nested(100, "[1, 2]")), "equal");
    assert_eq!(compared(nested(200, "[1,2]"), nested(200, "[1, 2]")), "different");
    // Reading it level by level would take too long.
    assert_eq!(compared(nested(500_000, "1"), nested(500_000, "2")), "not compared");
    let many = |last: &str| format!("[{}{last}]", "0,".repeat(500_000));
    assert_eq!(compared(many("1"), many("2")), "different");
    assert_eq!(compared(many("1"), many(" 1")), "equal");
}

fn diff(from: &Value, to: &Value) -> Patch {
    let (from, to) = (from.to_string(), to.to_string());
    patch::diff(document(from.as_bytes()).unwrap(), document(to.as_bytes()).unwrap()).unwrap()
}

fn as_json(operations: &[patch::Operation]) -> Value {
    let one = |operation: &patch::Operation| {
        let mut json = json!({ "op": operation.op, "path": operation.path });
        if let Some(value) = &operation.value {
            json["value"] = serde_json::from_str(value).unwrap();
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
    assert_eq!((patch.operations.len(), patch.complete), (MOST_OPERATIONS, false));
    let mut patched = json!([]);
    apply(&mut patched, &as_json(&patch.operations));
    assert_eq!(patched, json!(many[..MOST_OPERATIONS]));

    let long = "x".repeat(MOST_BYTES / 3);
    let patch = diff(&json!({}), &json!({ "a": long, "b": long, "c": long, "d": 1 }));
    assert!(!patch.complete && patch.operations.len() == 2);
    assert!(as_json(&patch.operations).to_string().len() <= MOST_BYTES);
}
