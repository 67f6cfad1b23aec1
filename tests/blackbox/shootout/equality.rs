//! Which answers are the same, which only look different, and what is said of those that differ.

use super::scene::{PAIR, compared, pair, report};
use crate::harness::{Lab, Request, run, with_settings};
use serde_json::{Value, json};

/// The class of the second row, its words, and its differences as `path kind reference this`.
fn second(report: &Value) -> (String, String, Vec<String>) {
    let row = &report["backends"][1];
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let differences = row["differences"].as_array().expect("a list").iter();
    let told = differences.map(|found| ["path", "kind", "reference", "this"].map(|name| text(&found[name])).join(" "));
    (text(&row["equality"]), text(&row["words"]), told.collect())
}

/// A task as one of two copies of a program has it.
fn task(copy: u8, number: u8, title: &str) -> Value {
    json!({
        "id": format!("550e8400-e29b-41d4-a716-44665544{copy:02}{number:02}"), "title": title, "project_id": null,
        "created_at": format!("2026-11-{:02}T10:00:00Z", copy + 1), "updated_at": format!("2026-11-{:02}T11:00:00.5Z", copy + 1),
    })
}

#[test]
fn two_copies_of_a_program_agree_but_for_what_each_makes_anew() {
    run(|lab| async move {
        let list = |copy| json!([task(copy, 1, "One"), task(copy, 2, "Two"), task(copy, 3, "Three")]).to_string();
        let report = pair(lab, &list(1), &list(2)).await;
        let (equality, words, differences) = second(&report);
        assert_eq!((&*equality, &*words), ("equivalent", "equal but for 3 generated ids and 6 times"));
        assert!(
            differences.len() == 9 && differences.iter().all(|found| found.contains(" generated ")),
            "{differences:?}"
        );
        assert_eq!(report["verdict"]["agree"], true);
        assert_eq!(report["verdict"]["words"][0], "all 2 agree: equal but for 3 generated ids and 6 times");
    });
}

#[test]
fn json_is_compared_by_value_and_told_as_it_is_written() {
    run(|lab| async move {
        let numbers = |numbers: [u32; 20]| format!("{numbers:?}");
        let mut twenty: [u32; 20] = std::array::from_fn(|index| u32::try_from(index).expect("small") * 3);
        let ordered = numbers(twenty);
        twenty.reverse();
        for (first, other, equality, differences) in [
            (r#"{"a":1,"b":[{"c":2,"d":3}]}"#, r#"{"b": [{"d":3,"c":2.0}], "a": 1e0}"#, "equal", &[][..]),
            ("[1]", "\u{feff}[1]", "equal", &[]),
            (r#"["\u00e9"]"#, r#"["é"]"#, "equal", &[]),
            ("[10.5]", "[10.50]", "equal", &[]),
            ("[100000000000000000000000001]", "[1e26]", "different", &["/0 value 100000000000000000000000001 1e26"]),
            ("[1.0]", "[1.00000000000000000001]", "different", &["/0 value 1.0 1.00000000000000000001"]),
            (
                r#"["\ud800",1e400]"#,
                r#"["\udfff",1e401]"#,
                "different",
                &[r#"/0 value "\ud800" "\udfff""#, "/1 value 1e400 1e401"],
            ),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, "different", &[r#"/a type 1 "1""#]),
            (r#"{"a":1,"b":2}"#, r#"{"a":1,"c/d":2}"#, "different", &["/b missing 2 -", "/c~1d extra - 2"]),
            (&ordered, &numbers(twenty), "different", &[&*format!(" order {ordered} {}", numbers(twenty))]),
            ("<p>one", "<p>two", "different", &[" value <p>one <p>two"]),
            ("[1]", "", "different", &[" missing [1] -"]),
            ("[1]", "{", "not compared", &[]),
        ] {
            let report = pair(lab, first, other).await;
            let (found, _, told) = second(&report);
            assert_eq!(
                (&*found, &told.iter().map(String::as_str).collect::<Vec<_>>()[..]),
                (equality, differences),
                "{report}"
            );
        }
    });
}

#[test]
fn a_packed_body_is_compared_unpacked() {
    // `[1,2,3]`, as gzip packs it.
    const PACKED: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x8b\x36\xd4\x31\xd2\x31\x8e\x05\x00\xe9\xb3\x6d\xfd\x07\x00\x00\x00";
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend(PAIR);
        let (response, ()) = tokio::join!(request.send(lab), async {
            let mut plain = upstream.arrival().await;
            plain.respond("200 OK\ncontent-length: 8", "[1, 2,3]").await;
            let mut packed = upstream.arrival().await;
            let head = format!("200 OK\ncontent-encoding: gzip\ncontent-length: {}", PACKED.len());
            packed.respond(&head, "").await;
            packed.write(PACKED).await;
        });
        assert_eq!(second(&response.json()).0, "equal", "{}", response.text());
    });
}

#[test]
fn fields_are_compared_as_what_they_are() {
    run(|lab| async move {
        let fields = async |first: &str, other: &str| {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend(PAIR);
            let report = report(lab, &mut upstream, request, |exchange| {
                (format!("200 OK\n{}", if exchange.backend == "first" { first } else { other }), "[]".to_owned())
            })
            .await;
            second(&report)
        };
        for (first, other) in [
            ("vary: Accept, Origin", "vary: origin\nvary: ACCEPT"),
            ("cache-control: max-age=0, private", "cache-control: Private,max-age=0"),
            ("x-served-by: one\nserver: a", "x-served-by: two\netag: \"1\""),
            ("set-cookie: s=1; Path=/; HttpOnly", "set-cookie: s=2; httponly; path=/"),
        ] {
            assert_eq!(fields(first, other).await.0, "identical", "{first} {other}");
        }
        let json = "content-type: application/json";
        let told = fields(json, &format!("{json}; charset=utf-8")).await;
        assert_eq!((&*told.0, &*told.1), ("equivalent", "equal but for 1 other notation"));
        assert_eq!(told.2, ["content-type notation application/json application/json; charset=utf-8"]);
        let told = fields("x-mark: one", "x-mark: two").await;
        assert_eq!((&*told.0, told.2), ("different", vec!["x-mark header one two".to_owned()]));
        // Of a cookie the value stays in the gateway.
        let told = fields("set-cookie: session=secret; HttpOnly", "set-cookie: session=secret").await;
        assert_eq!(told.2, ["set-cookie header session; httponly session"]);
    });
}

#[test]
fn a_location_is_compared_without_its_origin() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).backend(PAIR);
        // The gateway's own origin, as backends learn it, and a path.
        let report = report(lab, &mut upstream, request, |exchange| {
            let origin = format!("http://{}", exchange.values("x-forwarded-host").concat());
            let origin = if exchange.backend == "first" { origin } else { String::new() };
            (format!("302 Found\nlocation: {origin}/tasks/7"), String::new())
        })
        .await;
        assert_eq!(second(&report).0, "identical", "{report}");
    });
}

/// The comparison of three rounds, in which the n-th answer is made so.
async fn three_rounds(lab: &Lab, ignore: &str, answer: impl Fn(&str, u32) -> String) -> Value {
    let mut upstream = lab.upstream();
    let mut request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", "3");
    if !ignore.is_empty() {
        request = request.field("x-shootout-ignore", ignore);
    }
    let mut count = 0;
    let (response, _) = compared(lab, &mut upstream, request, |exchange| {
        count += 1;
        ("200 OK\ncontent-type: application/json".to_owned(), answer(exchange.backend, count))
    })
    .await;
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()
}

#[test]
fn what_varies_between_rounds_is_no_difference_to_another_backend() {
    with_settings(
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let report = three_rounds(lab, "", |_, count| format!(r#"{{"count":{count},"title":"t"}}"#)).await;
            let (equality, words, differences) = second(&report);
            assert_eq!((&*equality, &*words), ("equivalent", "equal but for 1 varying value"));
            assert!(differences[0].starts_with("/count varying "), "{differences:?}");
            assert_eq!(report["verdict"]["agree"], true);

            let report =
                three_rounds(lab, "", |backend, count| format!(r#"{{"count":{count},"title":"{backend}"}}"#)).await;
            assert_eq!(second(&report).0, "different");
            assert!(second(&report).2.contains(&r#"/title value "first" "second""#.to_owned()), "{report}");

            // Every answer counts, not the first alone: here one lacks its items once.
            let report = three_rounds(lab, "", |_, count| if count == 8 { "[]".into() } else { "[1,2]".into() }).await;
            assert_eq!(report["verdict"]["agree"], false, "{report}");
        },
    );
}

#[test]
fn what_the_client_ignores_is_set_aside() {
    with_settings(
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let answer = |backend: &str, _| format!(r#"[{{"name":"{backend}","n":1}},{{"name":"x","n":2}}]"#);
            let report = three_rounds(lab, "/*/name, header:x-own", answer).await;
            let (equality, words, differences) = second(&report);
            assert_eq!((&*equality, &*words), ("equivalent", "equal but for 1 ignored value"));
            assert_eq!(differences, [r#"/0/name ignored "first" "second""#]);
        },
    );
}

#[test]
fn deep_and_wide_documents_are_not_compared_and_take_nothing_down() {
    with_settings(
        |settings| settings.set("request_timeout", "600s"),
        |lab| async move {
            let half = 500_000;
            let deep = format!("{}{}", "[".repeat(half), "]".repeat(half));
            let wide = format!("[{}0]", "0,".repeat(half));
            for (other, reason) in [(&deep, "too deep"), (&wide, "too many values")] {
                let report = pair(lab, "[1]", other).await;
                let row = &report["backends"][1];
                assert_eq!((&row["equality"], &row["reason"]), (&json!("not compared"), &json!(reason)));
                assert_eq!(report["verdict"]["agree"], Value::Null);
            }
            // Many values that all differ.
            let list = |from: u32| format!("{:?}", (from..from + 40_000).collect::<Vec<_>>());
            let report = pair(lab, &list(0), &list(500_000)).await;
            assert_eq!(
                (second(&report).0.as_str(), &report["backends"][1]["differences_complete"]),
                ("different", &json!(false))
            );
        },
    );
}
