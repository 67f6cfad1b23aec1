//! Rows of a comparison: what came back, what differs, and what fails.

use super::*;
use crate::backend::reference::Location::{Cloud, Local};
use crate::comparison::report::Runs;
use crate::comparison::verdict;
use crate::fields::field;
use crate::limits::MAX_KEPT_BODY;
use crate::response::error::bad_request::BadRequest;
use http::Method;
use serde_json::{Value, json};

fn contender(id: &str) -> Contender {
    Contender { backend: BackendRef::new(id, Local), name: id.to_uppercase() }
}

fn answer(status: u16, lines: &[(&str, &str)], body: &str, millis: u64) -> Answered {
    let mut seen = Body::new(true, None);
    seen.push(body.as_bytes());
    let fields = lines.iter().map(|(name, value)| field(name, *value)).collect();
    let total = Duration::from_millis(millis);
    Answered { status, fields, body: Some(seen), first_byte: Duration::from_millis(millis / 2), total }
}

fn report(comparison: Comparison) -> Value {
    let report = verdict::report(comparison, &Method::GET, "/x?y=1", Runs { asked: 1, done: 1 }, vec![]);
    serde_json::to_value(&report).unwrap()
}

fn two(first: Answered, second: Answered) -> Value {
    let mut comparison = Comparison::new([contender("a"), contender("b")]);
    comparison.add(0, Ok(first));
    comparison.add(1, Ok(second));
    report(comparison)
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
    let large = "x".repeat(MAX_KEPT_BODY + 1);
    let other = "y".repeat(MAX_KEPT_BODY + 1);
    let fits = "x".repeat(MAX_KEPT_BODY);
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
    let mut body = Body::new(true, Some(MAX_KEPT_BODY as u64 + 1));
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
    let after_one_round = || {
        let mut comparison = Comparison::new([contender("a"), contender("b"), contender("c")]);
        let (backend, limit) = (BackendRef::new("a", Local), Some(Duration::from_secs(2)));
        comparison.add(0, Err(GatewayError::Unfinished { backend, limit }));
        comparison.add(1, Ok(answer(200, &[], "1", 1)));
        comparison.add(2, Ok(answer(200, &[], "2", 1)));
        comparison
    };
    let mut comparison = after_one_round();
    let first = report(after_one_round());
    assert_eq!(
        first["backends"][0]["error"],
        json!({
            "status": 504, "reason": "response not finished", "error": "Gateway Timeout", "backend": "a",
            "message": "Backend did not finish its response within 2s",
        })
    );
    assert_eq!(first["backends"][0]["total_ms"], Value::Null);
    assert_eq!(first["backends"][1]["body"], Value::Null, "the reference");
    assert_eq!(first["backends"][2]["body"], "different");
    assert_eq!(first["summary"]["failed"], json!(["a@local"]));
    // One that answers later is compared then.
    assert!(comparison.wants_body(0) && !comparison.wants_body(1));
    comparison.add(0, Ok(answer(200, &[], "1", 1)));
    let report = report(comparison);
    assert_eq!(report["backends"][0]["body"], "same");
    assert_eq!((&report["backends"][0]["answered"], &report["backends"][0]["failed"]), (&json!(1), &json!(1)));
}

#[test]
fn nobody_answers() {
    let mut comparison = Comparison::new([Contender { backend: BackendRef::new("a", Cloud), ..contender("a") }]);
    comparison.add(0, Err(BadRequest::ComparedBody.into()));
    assert_eq!(
        report(comparison)["summary"],
        json!({ "fastest": null, "agree": false, "disagree": [], "failed": ["a@cloud"] })
    );
}

#[test]
fn an_answer_that_changes_between_rounds_varies() {
    for (status, body, varies) in [(200, "x", false), (200, "y", true), (404, "x", true)] {
        let mut comparison = Comparison::new([contender("a")]);
        comparison.add(0, Ok(answer(200, &[], "x", 1)));
        comparison.add(0, Ok(answer(status, &[], body, 1)));
        assert_eq!(report(comparison)["backends"][0]["varies"], varies, "{status} {body}");
    }
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
