//! Rows of a comparison over all rounds: what came back, what differs, what fails, and what follows.

use super::*;
use crate::gzip::tests::packed;
use crate::report::{Kind, Report, Runs};
use gateway_core::backend::reference::Location::Local;
use gateway_core::failure::UpstreamFailure;
use gateway_core::fields::field;
use gateway_core::limits::MAX_KEPT_BODY;
use http::Method;
use serde_json::{Value, json};

const A: &str = "550e8400-e29b-41d4-a716-446655440000";
const B: &str = "650e8400-e29b-41d4-a716-446655440000";

/// What an exchange brings.
#[derive(Clone)]
enum Got {
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    Nothing,
}

fn ok(body: &str) -> Got {
    Got::Answer(200, Vec::new(), body.as_bytes().to_vec())
}

fn status(status: u16, body: &str) -> Got {
    Got::Answer(status, Vec::new(), body.as_bytes().to_vec())
}

fn with(name: &'static str, value: &str, body: impl AsRef<[u8]>) -> Got {
    Got::Answer(200, vec![(name, value.to_owned())], body.as_ref().to_vec())
}

/// The report on as many backends as each round has answers.
fn compared_but(ignore: &str, reference: Option<usize>, rounds: &[Vec<Got>]) -> Report {
    let backends = rounds.first().map_or(0, Vec::len);
    let contender = |row: usize| Contender {
        backend: BackendRef::new(["a", "b", "c"][row], Local),
        name: "N".to_owned(),
        urls: vec![format!("http://127.0.0.1:300{row}"), "http://gateway".to_owned()],
    };
    let ignore = Ignore::parse(ignore).unwrap();
    let mut comparison = Comparison::new((0..backends).map(contender), ignore, reference);
    for round in rounds {
        for (row, got) in round.iter().enumerate() {
            let backend = BackendRef::new("x", Local);
            let result = match got.clone() {
                Got::Nothing => Err(GatewayError::Upstream { backend, failure: UpstreamFailure::ConnectionRefused }),
                Got::Answer(status, lines, bytes) => {
                    let mut body = Body::default();
                    body.push(&bytes);
                    let fields = lines.into_iter().map(|(name, value)| field(name, value)).collect();
                    let body = (status != 204).then_some(body);
                    let (first_byte, total) = (Duration::from_millis(1), Duration::from_millis(2));
                    Ok(Answered { status, fields, body, first_byte, total })
                }
            };
            comparison.add(row, result);
            while comparison.work() {}
        }
        comparison.next_round();
    }
    comparison.close();
    while comparison.work() {}
    let runs = Runs { asked: rounds.len(), warmup: 0, done: rounds.len() };
    comparison.report(&Method::GET, "/x?y=1", runs, Vec::new())
}

fn compared(rounds: &[Vec<Got>]) -> Report {
    compared_but("", None, rounds)
}

/// The class of the second row, its words, and its differences as `path kind`.
fn second(report: &Report) -> (&'static str, &str, Vec<String>) {
    let row = &report.backends[1];
    let differences = row.differences.iter().map(|found| format!("{} {}", found.path, found.kind.as_str()));
    (row.equality.map_or("none", |equality| equality.as_str()), &row.words, differences.collect())
}

#[test]
fn a_row_says_what_came_back() {
    let json = |title: &str| with("content-type", "application/json", format!(r#"{{"title":"{title}"}}"#));
    let report = serde_json::to_value(compared(&[vec![json("x"), json("y")], vec![json("x"), Got::Nothing]])).unwrap();
    assert_eq!(report["request"], json!({ "method": "GET", "path": "/x?y=1" }));
    assert_eq!(report["runs"], json!({ "asked": 2, "warmup": 0, "done": 2 }));
    let spread = |ms: f64| json!({ "min": ms, "median": ms, "p95": ms });
    assert_eq!(
        report["backends"][1],
        json!({
            "backend": "b", "location": "local", "name": "N",
            "answers": { "total": 2, "failed": 1, "statuses": { "200": 1 } },
            "status": 200, "content_type": "application/json", "size": 13,
            "sha256": "009601587c11f9566120daa04a9fa62d215e9224bd126caeed514c76933d9f90",
            "times": { "first_byte_ms": spread(1.0), "total_ms": spread(2.0), "approximate": false },
            "equality": "different", "reason": null, "words": "1 difference",
            "differences": [{ "path": "/title", "kind": "value", "reference": "\"x\"", "this": "\"y\"" }],
            "differences_complete": true,
            "patch": [{ "op": "replace", "path": "/title", "value": "y" }], "patch_complete": true,
            "error": {
                "status": 503, "error": "Backend Unavailable", "message": "The requested backend 'x' is not responding",
                "backend": "x", "reason": "connection refused",
            },
        })
    );
    assert_eq!(report["backends"][0]["equality"], "reference");
    assert_eq!(
        report["verdict"],
        json!({
            "agree": false, "disagree": ["b@local"], "failed": ["b@local"], "fastest": null, "why": "no two comparable answers",
            "words": ["b differs", "b failed", "no verdict on speed: no two comparable answers"],
        })
    );
}

#[test]
fn each_class_of_equality() {
    let ids = |id: &str, time: &str| ok(&format!(r#"[{{"id":"{id}","at":"{time}"}}]"#));
    let text = |text: &str| with("content-type", "text/html", text);
    for (first, other, expected) in [
        (ok("[1]"), ok("[1]"), ("identical", "identical", vec![])),
        (ok("text"), ok("text"), ("identical", "identical", vec![])),
        (ok(r#"{"a":1,"b":2}"#), ok(r#"{"b":2.0,"a":1e0}"#), ("equal", "equal", vec![])),
        (ok("[1]"), ok("\u{feff}[1]"), ("equal", "equal", vec![])),
        (
            ids(A, "2026-01-01T00:00:00Z"),
            ids(B, "2026-01-02T00:00:00Z"),
            ("equivalent", "equal but for 1 generated id and 1 time", vec!["/0/id generated", "/0/at generated"]),
        ),
        (
            ids(A, "2026-01-01T00:00:00Z"),
            ids(A, "2026-01-01T00:00:00+00:00"),
            ("equivalent", "equal but for 1 other notation", vec!["/0/at notation"]),
        ),
        (
            ids(A, "2026-01-01T00:00:00Z"),
            ids(A, "2027-01-01T00:00:00Z"),
            ("equivalent", "equal but for 1 generated time", vec!["/0/at generated"]),
        ),
        (ok("[1]"), ok("[2]"), ("different", "1 difference", vec!["/0 value"])),
        (ok("[1]"), status(201, "[1]"), ("different", "1 difference", vec!["status status"])),
        (ok("[1]"), ok(""), ("different", "1 difference", vec![" missing"])),
        (ok(""), ok("[1]"), ("different", "1 difference", vec![" extra"])),
        (text("<p>"), text("<b>"), ("different", "1 difference", vec![" value"])),
        (status(204, ""), ok("[]"), ("different", "2 differences", vec!["status status", " extra"])),
        (ok("[1]"), ok("<p>"), ("not compared", "not compared: no JSON on one side", vec![])),
        (
            ok("[1]"),
            ok(&format!("{}1{}", "[".repeat(600), "]".repeat(600))),
            ("not compared", "not compared: too deep", vec![]),
        ),
        (
            ok("[1]"),
            ok(&format!("[{}1]", " ".repeat(MAX_KEPT_BODY))),
            ("not compared", "not compared: too large", vec![]),
        ),
        (ok("[1]"), with("content-encoding", "gzip", packed(b"[1]")), ("equal", "equal", vec![])),
        (ok("[1]"), with("content-encoding", "gzip", packed(b"[2]")), ("different", "1 difference", vec!["/0 value"])),
        (
            ok("[1]"),
            with("content-encoding", "br", b"\x0b"),
            ("not compared", "not compared: content coding 'br'", vec![]),
        ),
    ] {
        let report = compared(&[vec![first, other]]);
        let expected = (expected.0, expected.1, expected.2.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(second(&report), expected);
        let agree = match expected.0 {
            "different" => Some(false),
            "not compared" => None,
            _ => Some(true),
        };
        assert_eq!(report.verdict.agree, agree, "{expected:?}");
    }
}

#[test]
fn large_bodies_are_the_same_or_not_compared() {
    let large = |last: &str| ok(&format!("{}{last}", "x".repeat(MAX_KEPT_BODY)));
    let report = compared(&[vec![large("a"), large("a")]]);
    assert_eq!(second(&report).0, "identical");
    assert!(report.backends[0].times.is_some_and(|times| times.approximate));
    assert_eq!(second(&compared(&[vec![large("a"), large("b")]])).0, "not compared");
    // The bytes change in another round.
    let report = compared(&[vec![large("a"), large("a")], vec![large("a"), large("b")]]);
    assert_eq!(second(&report), ("not compared", "not compared: too large", vec![]));
}

#[test]
fn fields_are_compared_as_what_they_are() {
    let answer = |name, value: &str| with(name, value, "[]");
    for (first, other, expected) in [
        (answer("vary", "Accept, Origin"), answer("vary", "origin,accept"), ("identical", vec![])),
        (answer("x-served-by", "a"), answer("x-served-by", "b"), ("identical", vec![])),
        (answer("set-cookie", "s=1; HttpOnly"), answer("set-cookie", "s=2; httponly"), ("identical", vec![])),
        (
            answer("location", "http://127.0.0.1:3000/t/1"),
            answer("location", "http://127.0.0.1:3001/t/1"),
            ("identical", vec![]),
        ),
        (answer("location", "http://gateway/t/1"), answer("location", "/t/1"), ("identical", vec![])),
        (answer("location", "/t/1"), answer("location", "/t/2"), ("different", vec!["location header"])),
        (answer("x-own", "1"), answer("x-other", "1"), ("different", vec!["x-own header", "x-other header"])),
        (
            answer("content-type", "application/json"),
            answer("content-type", "application/json; charset=utf-8"),
            ("equivalent", vec!["content-type notation"]),
        ),
        (
            answer("content-type", "application/json"),
            answer("content-type", "text/json"),
            ("different", vec!["content-type header"]),
        ),
        (
            answer("location", &format!("/t/{A}")),
            answer("location", &format!("/t/{B}")),
            ("equivalent", vec!["location generated"]),
        ),
    ] {
        let report = compared(&[vec![first, other]]);
        let (equality, _, differences) = second(&report);
        assert_eq!((equality, differences), (expected.0, expected.1.into_iter().map(str::to_owned).collect()));
    }
    let report = compared(&[vec![answer("set-cookie", "s=secret; Path=/"), answer("set-cookie", "s=secret")]]);
    let told = serde_json::to_string(&report).unwrap();
    assert!(!told.contains("secret") && told.contains(r#""reference":"s; path=/","this":"s""#), "{told}");
    // The id in the field is not the one in the body.
    let created = |field: &str, body: &str| with("location", &format!("/t/{field}"), format!(r#"{{"id":"{body}"}}"#));
    let report = compared(&[vec![created(A, A), created(A, B)]]);
    assert_eq!(second(&report).0, "equivalent", "{:?}", second(&report));
    let report = compared(&[vec![created(A, A), created("750e8400-e29b-41d4-a716-446655440000", B)]]);
    assert_eq!(second(&report).2, ["location header", "/id generated"]);
}

#[test]
fn what_differs_between_rounds_of_one_backend_varies() {
    let count = |count: u32| ok(&format!(r#"{{"count":{count},"title":"t"}}"#));
    for (rounds, expected) in [
        (vec![vec![count(1), count(2)], vec![count(3), count(4)]], ("equivalent", vec!["/count varying"])),
        // The first answers are alike, and one backend never changes.
        (vec![vec![count(1), count(1)], vec![count(1), count(2)]], ("equivalent", vec!["/count varying"])),
        (vec![vec![count(1), count(1)], vec![count(2), count(1)]], ("equivalent", vec!["/count varying"])),
        (
            vec![vec![ok("[1,2,3]"), ok("[1,2,3]")], vec![ok("[1,2,3]"), ok("[3,2,1]")]],
            ("equivalent", vec![" varying"]),
        ),
        (vec![vec![ok("one"), ok("two")], vec![ok("three"), ok("four")]], ("equivalent", vec![" varying"])),
        // A real difference beside it.
        (
            vec![vec![count(1), ok(r#"{"count":2,"title":"u"}"#)], vec![count(3), ok(r#"{"count":4,"title":"u"}"#)]],
            ("different", vec!["/count varying", "/title value"]),
        ),
        // What is there in some rounds only is a difference, unless it comes and goes with both.
        (vec![vec![ok("[1]"), ok("[1]")], vec![ok("[1]"), ok("[]")]], ("different", vec!["/0 missing"])),
        (vec![vec![ok("[1]"), ok("[1,2]")], vec![ok("[1]"), ok("[1]")]], ("different", vec!["/1 extra"])),
        // Another notation in another round.
        (vec![vec![ok("[1]"), ok("[1]")], vec![ok("[1]"), ok("[1.0]")]], ("equal", vec![])),
        (vec![vec![ok("[1]"), ok("[1]")], vec![ok("[]"), ok("[1]")]], ("different", vec!["/0 extra"])),
        (vec![vec![ok("[1]"), ok("[]")], vec![ok("[]"), ok("[1]")]], ("equivalent", vec!["/0 varying"])),
        (
            vec![
                vec![with("x-left", "1", "[]"), with("x-left", "2", "[]")],
                vec![with("x-left", "3", "[]"), with("x-left", "4", "[]")],
            ],
            ("equivalent", vec!["x-left varying"]),
        ),
    ] {
        let report = compared(&rounds);
        let (equality, words, differences) = second(&report);
        assert_eq!(
            (equality, differences),
            (expected.0, expected.1.into_iter().map(str::to_owned).collect()),
            "{words}"
        );
    }
    let report = compared(&[vec![count(1), count(1)], vec![count(1), count(2)]]);
    let told = &report.backends[1].differences[0];
    assert_eq!((told.reference.as_deref(), told.this.as_deref()), (Some("1"), Some("2")));
}

#[test]
fn a_status_that_changes_is_a_disagreement() {
    let good = ok("[1]");
    let report = compared(&[
        vec![good.clone(), good.clone()],
        vec![good.clone(), status(500, "oops")],
        vec![good.clone(), good],
    ]);
    assert_eq!(second(&report), ("different", "1 difference", vec!["status status".to_owned()]));
    let found = &report.backends[1].differences[0];
    assert_eq!((found.reference.as_deref(), found.this.as_deref()), (Some("200"), Some("200, 500")));
    assert_eq!((report.verdict.agree, &*report.verdict.disagree), (Some(false), &["b@local".to_owned()][..]));
    assert_eq!(report.backends[1].status, Some(200));
    // Of both, in the same way.
    let both = |got: &Got| vec![got.clone(), got.clone()];
    let report = compared(&[both(&ok("[1]")), both(&status(500, "oops"))]);
    assert_eq!(report.verdict.disagree, ["a@local", "b@local"]);
    assert_eq!(second(&report).0, "different");
    // Of the reference, too.
    let report = compared(&[vec![ok("[1]"), ok("[1]")], vec![status(500, "oops"), ok("[1]")]]);
    assert_eq!(report.verdict.disagree, ["a@local", "b@local"]);
}

#[test]
fn the_reference_is_the_first_good_answer_or_the_one_asked_for() {
    let reference = |asked, round: Vec<Got>| {
        let report = compared_but("", asked, &[round]);
        report.reference().map(|row| row.backend.clone())
    };
    for (asked, round, expected) in [
        (None, vec![ok("1"), ok("1")], Some("a")),
        (None, vec![status(500, "x"), ok("1")], Some("b")),
        (None, vec![status(404, "x"), ok("1")], Some("b")),
        (None, vec![status(500, "x"), status(404, "1")], Some("b")),
        (None, vec![Got::Nothing, status(500, "1")], Some("b")),
        (None, vec![Got::Nothing, Got::Nothing], None),
        (Some(1), vec![ok("1"), status(500, "1")], Some("b")),
        (Some(1), vec![ok("1"), Got::Nothing], None),
    ] {
        assert_eq!(reference(asked, round).as_deref(), expected, "{asked:?}");
    }
    let report = compared(&[vec![Got::Nothing, ok("1")], vec![ok("1"), ok("1")]]);
    assert_eq!(report.reference().map(|row| &*row.backend), Some("b"), "the first round counts");
}

#[test]
fn whether_backends_agree_is_not_said_of_too_few() {
    for (round, agree, words) in [
        (vec![ok("1"), Got::Nothing], None, "nothing to compare: fewer than two answered"),
        (vec![Got::Nothing, Got::Nothing], None, "nothing to compare: fewer than two answered"),
        (vec![status(404, "x"), status(404, "x")], None, "no verdict: no answer was below 400"),
        (vec![ok("1"), ok("1"), Got::Nothing], Some(false), "those that answered agree"),
        (vec![ok("1"), ok("1"), ok("1")], Some(true), "all 3 agree: identical"),
        (vec![ok("1"), ok("1"), ok("1.0")], Some(true), "all 3 agree: identical; equal"),
        (vec![ok("1"), ok("2"), ok("3")], Some(false), "b and c differ"),
        (vec![ok("[]"), ok("x")], None, "no verdict: b could not be compared"),
    ] {
        let report = compared(&[round]);
        assert_eq!((report.verdict.agree, &*report.verdict.words[0]), (agree, words));
    }
}

#[test]
fn what_the_client_ignores_stays_listed() {
    let answer = |n: u32| with("x-own", &n.to_string(), format!(r#"[{{"n":{n},"m":1}}]"#));
    let report = compared_but("/*/n, header:x-own", None, &[vec![answer(1), answer(2)]]);
    assert_eq!(second(&report), ("equivalent", "equal but for 1 ignored value", vec!["/0/n ignored".to_owned()]));
}

#[test]
fn lists_are_bounded_and_say_so() {
    let many = |offset: usize| {
        let members: Vec<_> = (0..2_000).map(|n| format!("\"m{n}\":{}", n + offset)).collect();
        ok(&format!("{{{}}}", members.join(",")))
    };
    let report = compared(&[vec![many(0), many(1)]]);
    let row = &report.backends[1];
    assert_eq!((row.words.as_str(), row.differences.len(), row.differences_complete), ("2000 differences", 100, false));
    assert_eq!((row.patch.as_ref().map(Vec::len), row.patch_complete), (Some(100), Some(false)));
    assert!(row.differences.iter().all(|found| found.kind == Kind::Value));
    // Of very many, the rest is not even looked for.
    let list = |offset: usize| ok(&format!("{:?}", (offset..offset + 40_000).collect::<Vec<_>>()));
    let report = compared(&[vec![list(0), list(100_000)]]);
    let row = &report.backends[1];
    assert!(row.words.ends_with(" differences or more") && row.patch_complete == Some(false), "{}", row.words);
    // A difference that counts is listed, however many are set aside before it.
    let generated = |last: u32| {
        let items: Vec<_> = (0..300).map(|n| format!("\"202{last}-01-01T00:00:00.{n:03}Z\"")).collect();
        ok(&format!("[{},{last}]", items.join(",")))
    };
    let report = compared(&[vec![generated(1), generated(2)]]);
    let (equality, _, differences) = second(&report);
    assert!(equality == "different" && differences.contains(&"/300 value".to_owned()), "{differences:?}");
}

#[test]
fn values_that_no_reader_takes_are_told_as_they_are_written() {
    let report = compared(&[vec![ok(r#"["\ud800",1e400,10.5]"#), ok(r#"["\udfff",1e401,10.50]"#)]]);
    let told: Value = serde_json::from_str(&report.to_json()).unwrap();
    let values: Vec<_> =
        told["backends"][1]["differences"].as_array().unwrap().iter().map(|found| found["this"].clone()).collect();
    assert_eq!(values, [json!(r#""\udfff""#), json!("1e401")]);
    let read: Report = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(read.backends[1].differences, report.backends[1].differences);
}
