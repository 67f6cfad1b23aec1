//! `shootout` against a listener that stands for the gateway: what is asked, printed and written, and the exit code.

mod reports;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;

use self::reports::{DIFFERENT, OLDER, report, row};
use crate::{host, read_head};

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    /// The head of the first request that the gateway got.
    head: String,
}

impl Run {
    /// The lines of stdout from the one that begins so, up to an empty one.
    fn section(&self, begin: &str) -> Vec<&str> {
        let lines = self.stdout.lines().skip_while(|line| !line.starts_with(begin));
        lines.take_while(|line| !line.is_empty()).collect()
    }
}

/// Runs the command in this folder, behind `arguments` of the host; URL in them stands for the listener's origin, which answers so, and has
/// version 7.8.9.
fn run(folder: &Path, arguments: &[&str], status: &str, body: &str) -> Run {
    run_in(folder, arguments, status, body, None)
}

/// With as many columns in the terminal.
fn run_in(folder: &Path, arguments: &[&str], status: &str, body: &str, columns: Option<&str>) -> Run {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let answer =
        |status: &str, body: &str| format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let answer_to_all = answer(status, body);
    let health = answer("200 OK", r#"{"status":"healthy","version":"7.8.9","timestamp":"t"}"#);
    let (sent, heads) = mpsc::channel();
    // Ends with the process of the tests.
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let head = read_head(&connection).unwrap();
            let answer = if head.starts_with("GET /health ") { &health } else { &answer_to_all };
            let _ = sent.send(head);
            let _ = connection.write_all(answer.as_bytes());
            let _ = connection.read_to_end(&mut Vec::new());
        }
    });
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.replace("URL", &origin)).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut command = host(folder, &arguments);
    command.env_remove("COLUMNS");
    if let Some(columns) = columns {
        command.env("COLUMNS", columns);
    }
    let output = command.output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap().replace(&origin, "URL"),
        stderr: String::from_utf8(output.stderr).unwrap().replace(&origin, "URL"),
        // Everything was read before the answer, and the command has ended.
        head: heads.try_recv().unwrap_or_default(),
    }
}

/// The command with a report, in a folder of its own.
fn shown(body: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["shootout", "URL/"], "200 OK", body)
}

/// The chart of a report.
fn chart(body: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["shootout", "URL/"], "200 OK", body);
    std::fs::read_to_string(folder.path().join("target/shootout/shootout.svg")).unwrap()
}

#[test]
fn a_table_of_backends_and_one_of_differences() {
    let folder = tempfile::tempdir().unwrap();
    // As `cargo up -- shootout …` calls it.
    let line = ["up", "--build", "--", "shootout", "URL/tasks?a=%3Cb%3E", "--runs", "50"];
    let run = run(folder.path(), &line, "200 OK", DIFFERENT);
    assert_eq!((run.code, run.stderr.as_str()), (Some(3), ""), "{}", run.stdout);
    let expected = "\
GET /tasks?a=<b> at URL, 49 of 50 rounds after 1 to warm up; the gateway begins none after its request_timeout

backend                        status  first byte  total min     median        p95    size  equality
bun-sqlite@local                  200     1.21 ms    1.10 ms    2.00 ms    2.50 ms   180 B  reference
cf-d1@cloud           200 ×47, 500 ×2    ~4.00 ms   ~4.50 ms   ~5.00 ms  ~10.00 ms  20 KiB  different
php-laravel@local  200 ×47, failed ×2     1.00 ms    1.10 ms  200.00 ms  210.00 ms   180 B  equivalent
ruby-rails@local               failed           –          –          –          –       –  no answer
~ approximate: the body was so large that it was hashed while it came

cf-d1@cloud: differs in 5 places
php-laravel@local: equal but for 1 generated id

difference     kind       bun-sqlite@local  cf-d1@cloud      php-laravel@local
status         status     200               500              same
cache-control  header     no-store          absent           same
/0/title       value      \"Buy 🥛\"          \"\\u001b[31mred\"  same
/0/done        missing    false             absent           same
/3             extra      absent            {\"id\":2}         same
set aside, as these say nothing about the implementation:
/0/id          generated  \"5e4a\"            \"77aa\"           \"88bb\"

cf-d1@cloud has more differences than the gateway lists

php-laravel@local failed in 2 of 49 rounds: Gateway Timeout: Backend did not respond within 30s: timeout
ruby-rails@local failed in 49 of 49 rounds: Backend Unavailable: refused, \"<really>\": connection refused
go-gin@local was left out: unhealthy

cf-d1 differs
php-laravel and ruby-rails failed
bun-sqlite is 2.5 times as fast as cf-d1 (2.1 to 2.9)

written: target/shootout/shootout.json, target/shootout/shootout.csv, target/shootout/shootout.svg
";
    assert_eq!(run.stdout, expected, "{}", run.stdout);
}

#[test]
fn the_files_hold_the_report_the_figures_and_a_chart() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["shootout", "URL/"], "200 OK", DIFFERENT);
    let file = |extension: &str| {
        std::fs::read_to_string(folder.path().join("target/shootout/shootout").with_extension(extension)).unwrap()
    };
    assert_eq!(file("json"), DIFFERENT, "byte for byte");

    let csv = file("csv");
    let lines: Vec<_> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 6, "{csv}");
    assert_eq!(
        lines[0],
        "backend,location,status,size_bytes,sha256,answered,failed,first_byte_min_ms,first_byte_median_ms,first_byte_p95_ms,\
         total_min_ms,total_median_ms,total_p95_ms,equality,error,statuses,content_type,approximate,differences,words"
    );
    assert_eq!(
        lines[1],
        "cf-d1,cloud,200,20480,bb,49,0,3,4,6,4.5,5,10,different,,200:47 500:2,application/json,true,5,differs in 5 places"
    );
    assert_eq!(
        lines[3],
        "php-laravel,local,200,180,cc,47,2,1,1,2,1.1,200,210,equivalent,\
         Gateway Timeout: Backend did not respond within 30s: timeout,200:47,application/json,false,0,equal but for 1 generated id"
    );
    assert_eq!(
        lines[4],
        "ruby-rails,local,,,,0,49,,,,,,,,\"Backend Unavailable: refused, \"\"<really>\"\": connection refused\",,,,,no answer"
    );

    let svg = file("svg");
    assert!(
        svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("prefers-color-scheme: dark"),
        "{svg}"
    );
    // 450 pixels are 10 ms, from 210 on: the 200 ms of the third do not count.
    let places: Vec<_> = [
        "class=\"fastest\" x=\"210\" y=\"120.0\" width=\"90.0\"",
        "class=\"bar\" x=\"210\" y=\"154.0\" width=\"225.0\"",
    ]
    .iter()
    .map(|bar| svg.find(bar).unwrap_or_else(|| panic!("{bar} is missing: {svg}")))
    .collect();
    assert!(places[0] < places[1], "sorted by median: {svg}");
    assert!(svg.contains("x1=\"412.5\" y1=\"163.0\" x2=\"660.0\""), "the line from least to 95th percentile: {svg}");
    assert!(
        svg.contains(">200.00 ms, p95 210.00 ms</text>") && svg.contains("class=\"break\" d="),
        "cut and marked: {svg}"
    );
    assert!(svg.contains(">~5.00 ms</text>") && svg.contains(">200 ×47, 500 ×2</text>"), "{svg}");
    assert!(svg.contains("GET /tasks?a=&lt;b&gt;") && svg.contains(">Backend Unavailable</text>"), "{svg}");
    assert!(svg.contains(">bun-sqlite is 2.5 times as fast as cf-d1 (2.1 to 2.9)</text>"), "{svg}");
    assert!(!svg.contains("http://127"), "nothing is loaded: {svg}");
}

#[test]
fn in_a_narrow_terminal_differences_are_place_by_place() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(folder.path(), &["shootout", "URL/"], "200 OK", DIFFERENT, Some("70"));
    let expected = [
        "status (status)",
        "  bun-sqlite@local  200",
        "  cf-d1@cloud       500",
        "cache-control (header)",
        "  bun-sqlite@local  no-store",
        "  cf-d1@cloud       absent",
        "/0/title (value)",
        "  bun-sqlite@local  \"Buy 🥛\"",
        "  cf-d1@cloud       \"\\u001b[31mred\"",
        "/0/done (missing)",
        "  bun-sqlite@local  false",
        "  cf-d1@cloud       absent",
        "/3 (extra)",
        "  bun-sqlite@local  absent",
        "  cf-d1@cloud       {\"id\":2}",
        "set aside, as these say nothing about the implementation:",
        "/0/id (generated)",
        "  bun-sqlite@local   \"5e4a\"",
        "  cf-d1@cloud        \"77aa\"",
        "  php-laravel@local  \"88bb\"",
    ];
    assert_eq!(run.section("status (status)"), expected, "{}", run.stdout);
}

#[test]
fn what_is_set_aside_becomes_counts_where_it_is_much() {
    let difference = |number: usize| {
        let kind = if number < 12 { "generated" } else { "ignored" };
        format!(r#"{{"path":"/{number}","kind":"{kind}","reference":"1","this":"2"}}"#)
    };
    let differences: Vec<_> = (0..15).map(difference).collect();
    let rows =
        [row("a", "reference", ""), row("b", "equivalent", &format!(r#","differences":[{}]"#, differences.join(",")))];
    let run = shown(&report(&rows, r#""agree":true"#));
    assert!(
        run.stdout.contains("\nset aside: 12 generated, 3 ignored; target/shootout/shootout.json has all\n"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("difference  "), "{}", run.stdout);
}

#[test]
fn of_very_many_differences_the_first_are_shown() {
    let differences: Vec<_> =
        (0..103).map(|number| format!(r#"{{"path":"/{number}","kind":"value","reference":"1","this":"2"}}"#)).collect();
    let rows =
        [row("a", "reference", ""), row("b", "different", &format!(r#","differences":[{}]"#, differences.join(",")))];
    let run = shown(&report(&rows, r#""agree":false,"disagree":["b@local"]"#));
    assert_eq!(run.section("difference").len(), 101, "{}", run.stdout);
    assert!(run.stdout.contains("\nand 3 more differences; target/shootout/shootout.json has all\n"), "{}", run.stdout);
}

#[test]
fn long_values_are_shown_where_they_differ() {
    let (same, rest) = ("x".repeat(300), "y".repeat(300));
    let difference = format!(r#"{{"path":"/a","kind":"value","reference":"{same}1{rest}","this":"{same}2{rest}"}}"#);
    let rows = [row("a", "reference", ""), row("b", "different", &format!(r#","differences":[{difference}]"#))];
    let report = report(&rows, r#""agree":false,"disagree":["b@local"]"#);
    for (columns, begin, most) in [("300", "difference", 300), ("110", "difference", 110), ("80", "/a (value)", 120)] {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path(), &["shootout", "URL/"], "200 OK", &report, Some(columns));
        let lines = run.section(begin);
        let all = lines.join("\n");
        assert!(all.contains("xxx1yyy") && all.contains("xxx2yyy"), "{columns}: {}", run.stdout);
        assert!(lines.iter().all(|line| line.chars().count() <= most), "{columns}: {}", run.stdout);
    }
}

#[test]
fn without_words_the_classes_are_printed() {
    let rows =
        [row("a", "reference", ""), row("b", "not compared", r#","reason":"too large""#), row("c", "identical", "")];
    for (verdict, says) in [
        (r#""agree":true"#, "\nagree\n"),
        (r#""agree":null"#, "\nno verdict\n"),
        (r#""agree":false,"disagree":["b@local","c@local"]"#, "\ndisagree: b@local, c@local\n"),
        (r#""agree":false,"failed":["b@local"]"#, "\nfailed: b@local\n"),
    ] {
        let run = shown(&report(&rows, verdict));
        assert!(run.stdout.contains(says), "{says:?}: {}", run.stdout);
        assert!(run.stdout.contains("\nb@local: not compared: too large\n"), "{}", run.stdout);
        assert!(run.stdout.contains("  identical\n"), "{}", run.stdout);
    }
}

#[test]
fn no_value_keeps_the_report_from_being_read() {
    for (value, shown_as) in [
        // As the gateway writes them: the raw JSON as a string.
        (r#""\"\\ud800\"""#, r#""\ud800""#),
        (r#""1e400""#, "1e400"),
        (r#""-0.10""#, "-0.10"),
        (r#""\"a\u0000\u001b[2J\u202e\"""#, r#""a\u{0}\u{1b}[2J\u{202e}""#),
        // And as no gateway should.
        (r#""\ud800""#, r#""\ud800""#),
        ("1e400", "1e400"),
        (r#"{"a":1e400}"#, r#"{"a":1e400}"#),
    ] {
        let difference = format!(r#"{{"path":"/a","kind":"value","reference":{value},"this":"0"}}"#);
        let patch = format!(r#"{{"op":"replace","path":"/a","value":{value}}}"#);
        let rows = [
            row("a", "reference", ""),
            row("b", "different", &format!(r#","differences":[{difference}],"patch":[{patch}],"new":{value}"#)),
        ];
        let run = shown(&report(&rows, r#""agree":false,"disagree":["b@local"]"#));
        assert_eq!((run.code, run.stderr.as_str()), (Some(3), ""), "{value}: {}", run.stdout);
        let lines = run.section("difference");
        assert!(lines[1].contains(&format!(" {shown_as} ")), "{value}: {}", run.stdout);
    }
}

#[test]
fn the_report_of_a_later_gateway_is_read() {
    let rows = [
        row("a", "reference", ""),
        row(
            "b",
            "similar",
            r#","words":"nearly","differences":[{"path":"/a","kind":"unit","reference":"1","this":"2","new":1}]"#,
        ),
        row("c", "identical", "").replace("\"local\"", "\"edge\""),
    ];
    let newer = report(&rows, r#""agree":true,"words":["all agree"],"score":1e999"#).replacen(
        '{',
        r#"{"summary":{},"new":[{}],"#,
        1,
    );
    let run = shown(&newer);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    for expected in [
        "  similar\n",
        "\nb@local: nearly\n",
        "\n/a          unit  1        2        same\n",
        "\nc@edge ",
        "\nall agree\n",
    ] {
        assert!(run.stdout.contains(expected), "{expected:?} is missing: {}", run.stdout);
    }
}

#[test]
fn a_report_in_another_format_is_refused_with_both_versions() {
    let this = concat!("of this command: ", env!("CARGO_PKG_VERSION"));
    for (body, says) in [
        (OLDER.to_owned(), "in an older format"),
        (report(&[], "").replace("\"backends\":[]", "\"backends\":{}"), "cannot read the comparison"),
    ] {
        let run = shown(&body);
        assert!(run.code == Some(1) && run.stdout.is_empty(), "{} {}", run.stdout, run.stderr);
        for expected in [says, "its version: 7.8.9", this, "use the command of"] {
            assert!(run.stderr.contains(expected), "{expected:?} is missing: {}", run.stderr);
        }
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
}

#[test]
fn the_request_is_what_the_flags_say() {
    let folder = tempfile::tempdir().unwrap();
    let line = [
        "shootout",
        "URL?done=true",
        "--backends",
        "a,b@cloud",
        "--location",
        "local",
        "--runs",
        "7",
        "--warmup",
        "2",
        "--ignore",
        "/*/updated_at, header:etag",
        "--ignore",
        "/größe",
        "--reference",
        "b@cloud",
        "--method",
        "HEAD",
        "--header",
        "Accept: application/json",
        "-H",
        "x-two: 2",
        "--out",
        "some/where",
    ];
    let run = run(folder.path(), &line, "200 OK", "");
    let head = run.head.to_ascii_lowercase();
    assert!(head.starts_with("get /?done=true http/1.1\r\n"), "{head}");
    for field in [
        "x-backend: a,b@cloud",
        "x-backend-location: local",
        "x-shootout-runs: 7",
        "x-shootout-warmup: 2",
        "x-shootout-ignore: /*/updated_at,header:etag",
        "x-shootout-ignore: #/gr%c3%b6%c3%9fe",
        "x-shootout-reference: b@cloud",
        "x-shootout-method: head",
        "accept: application/json",
        "x-two: 2",
        "host: 127.0.0.1:",
    ] {
        assert_eq!(head.matches(&format!("\r\n{field}")).count(), 1, "{field}: {head}");
    }
    assert!(!head.contains("*/*,") && !head.contains("accept: */*") && !head.contains("content-length"), "{head}");
}

#[test]
fn without_flags_the_gateway_decides() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &["shootout", "URL/"], "200 OK", "");
    let head = run.head.to_ascii_lowercase();
    assert!(head.contains("\r\nx-backend: *\r\n") && head.contains("\r\nx-shootout-runs: 1\r\n"), "{head}");
    for absent in ["warmup", "ignore", "reference", "method", "x-backend-location"] {
        assert!(!head.contains(absent), "{absent}: {head}");
    }
}

#[test]
fn exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |equality: &str| [row("a", "reference", ""), row("b", equality, "")];
    let (agree, both) =
        (r#""agree":true,"words":["all 2 agree"]"#, r#""agree":false,"disagree":["b@local"],"failed":["b@local"]"#);
    for (equality, verdict, strict, code, says) in [
        ("identical", agree, false, 0, "all 2 agree"),
        ("equal", agree, true, 0, "all 2 agree"),
        ("equivalent", agree, false, 0, "all 2 agree"),
        ("equivalent", agree, true, 3, "b@local is equivalent, which --strict does not accept"),
        ("not compared", r#""agree":null"#, true, 1, "no verdict"),
        ("different", r#""agree":false,"disagree":["b@local"]"#, false, 3, "disagree: b@local"),
        ("identical", r#""agree":false,"failed":["b@local"]"#, false, 4, "failed: b@local"),
        ("identical", r#""agree":null,"failed":["b@local"]"#, false, 4, "failed: b@local"),
        ("equivalent", r#""agree":false,"failed":["b@local"]"#, true, 3, "--strict"),
        ("different", both, false, 3, "disagree: b@local"),
    ] {
        let mut line = vec!["shootout", "URL/", "--out", "out"];
        line.extend(strict.then_some("--strict"));
        let run = run(folder.path(), &line, "200 OK", &report(&rows(equality), verdict));
        assert!(run.code == Some(code) && run.stdout.contains(says), "{code}: {} {}", run.stdout, run.stderr);
        assert!(folder.path().join("out/shootout.csv").exists());
    }
}

#[test]
fn the_chart_marks_only_what_the_verdict_calls_fastest() {
    let rows = [row("a", "reference", ""), row("b", "identical", "")];
    let svg = chart(&report(&rows, r#""agree":true,"fastest":null,"why":"no difference seen""#));
    assert!(svg.contains("class=\"bar\"") && !svg.contains("class=\"fastest\""), "{svg}");
    let b = r#""agree":true,"fastest":{"backend":"b","location":"local","over":"a@local","ratio":2,"low":1.5,"high":3,"confidence":0.95}"#;
    let svg = chart(&report(&rows, b));
    assert_eq!(svg.matches("class=\"fastest\"").count(), 1, "{svg}");
}

#[test]
fn one_long_round_does_not_flatten_the_bars() {
    let long = row("b", "identical", "").replace("\"p95\":2.0", "\"p95\":5000.0");
    let svg = chart(&report(&[row("a", "reference", ""), long], r#""agree":true"#));
    // The medians are 1.5 ms, which is half of the picture.
    assert_eq!(svg.matches("width=\"225.0\" height=\"18\"").count(), 2, "{svg}");
    assert!(svg.contains(">1.50 ms, p95 5000.00 ms</text>"), "{svg}");
}

#[test]
fn without_a_comparison_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = r#"{"error":"Invalid Backend","message":"'x' is unknown","valid_backends":["a","b"]}"#;
    let few = r#"{"error":"Nothing To Compare","message":"Fewer than two backends are left to compare: a (known to be down)"}"#;
    for (status, body, expected) in [
        (
            "400 Bad Request",
            refusal,
            "URL answered 400 Bad Request: Invalid Backend: 'x' is unknown; --backends may name a, b",
        ),
        ("409 Conflict", few, "are left to compare: a (known to be down); start another backend, or name two or more"),
        ("200 OK", "[]", "is not a comparison"),
        ("200 OK", r#"{"backends":[]}"#, "is not a comparison"),
        ("404 Not Found", "<html>", "is not a comparison"),
        ("503 Service Unavailable", r#"{"error":"Backend Unavailable","message":"\u001b[2Jall"}"#, "\\u{1b}[2Jall"),
    ] {
        let run = run(folder.path(), &["shootout", "URL/tasks"], status, body);
        assert!(run.code == Some(1) && run.stdout.is_empty(), "{} {}", run.stdout, run.stderr);
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains(expected), "{expected:?}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    // Nobody listens on a port that was just let go.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = host(folder.path(), &["shootout", &format!("http://127.0.0.1:{port}/tasks")]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && stderr.contains("cannot connect") && stderr.contains("cargo up"),
        "{stderr}"
    );
    assert!(!folder.path().join("target").exists(), "nothing to write, nothing created");
}

#[test]
fn wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    for (line, says) in [
        (&["https://127.0.0.1/"][..], "TLS"),
        (&["http://127.0.0.1/", "--backends", "a"], "--backends a leaves nothing to compare"),
        (&["http://127.0.0.1/", "--backends", "ä,b"], "ASCII"),
        (&["http://127.0.0.1/", "--runs", "0"], "1..=50"),
        (&["http://127.0.0.1/", "--warmup", "6"], "0..=5"),
        (&["http://127.0.0.1/", "--ignore", "id"], "JSON Pointer"),
        (&["http://127.0.0.1/", "--reference", ""], "--reference"),
        (&["http://127.0.0.1/", "--method", "POST"], "GET, HEAD"),
        (&["http://127.0.0.1/", "--header", "x-backend: a"], "use --backends"),
        (&["http://127.0.0.1/", "--header", "X-Shootout-Method: HEAD"], "use --method"),
        (&["http://127.0.0.1/", "--header", "x-shootout-ignore: /a"], "use --ignore"),
    ] {
        let output = host(folder.path(), &[&["shootout"], line].concat()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && stderr.contains(says), "{line:?}: {stderr}");
    }
}
