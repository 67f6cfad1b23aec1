//! `shootout` against a listener that stands for the gateway: what is asked, printed and written, and the exit code.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;

use crate::{host, read_head};

/// Three backends: two that differ in body and header, with what would steer a terminal or a document, and one that failed.
const DIFFERENT: &str = r#"{
"request":{"method":"GET","path":"/tasks?a=<b>"},"runs":{"asked":50,"done":49},
"backends":[
{"backend":"bun-sqlite","location":"local","name":"Bun","status":200,"content_type":"application/json","size":180,"sha256":"aa",
 "first_byte_ms":1.21,"total_ms":2.0,
 "spread":{"first_byte_ms":{"min":1.0,"median":1.21,"p95":2.0},"total_ms":{"min":1.1,"median":2.0,"p95":2.5}},
 "answered":49,"failed":0,"varies":false,"header_differences":[],"body":null},
{"backend":"cf-d1","location":"cloud","name":"D1","status":200,"content_type":"application/json","size":20480,"sha256":"bb",
 "first_byte_ms":4.0,"total_ms":5.0,
 "spread":{"first_byte_ms":{"min":3.0,"median":4.0,"p95":6.0},"total_ms":{"min":4.5,"median":5.0,"p95":10.0}},
 "answered":48,"failed":1,"varies":true,"header_differences":[{"name":"cache-control","first":["no-store"],"this":[]}],
 "body":"different","patch":[{"op":"replace","path":"/0/title","value":"\u001b[31mred"},{"op":"add","path":"/1","value":{"id":2}},
 {"op":"remove","path":"/2"}],"patch_complete":false},
{"backend":"ruby-rails","location":"local","name":"Rails","status":null,"content_type":null,"size":null,"sha256":null,
 "first_byte_ms":null,"total_ms":null,"spread":null,"answered":0,"failed":49,"varies":false,"header_differences":[],"body":null,
 "error":{"status":503,"error":"Backend Unavailable","message":"refused, \"<really>\""}}],
"skipped":[{"backend":"php-laravel","location":"local","reason":"unhealthy"}],
"summary":{"fastest":"bun-sqlite@local","agree":false,"disagree":["cf-d1@cloud"],"failed":["ruby-rails@local"]}}"#;

/// Two that agree; `FAILED` stands where the summary lists failures.
const AGREEING: &str = r#"{"request":{"method":"GET","path":"/"},"runs":{"asked":1,"done":1},"backends":[
{"backend":"a","location":"local","status":200,"size":2,"sha256":"aa","first_byte_ms":0.5,"total_ms":1.0,"answered":1},
{"backend":"b","location":"local","status":200,"size":2,"sha256":"aa","first_byte_ms":0.5,"total_ms":1.5,"answered":1,"body":"same"}],
"summary":{"fastest":"a@local","agree":true,"disagree":[],"failed":[FAILED]}}"#;

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    /// The head of the request that the gateway got.
    head: String,
}

/// Runs the command in this folder, behind `arguments` of the host; URL in them stands for the listener's origin, which
/// answers so.
fn run(folder: &Path, arguments: &[&str], status: &str, body: &str) -> Run {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (sent, heads) = mpsc::channel();
    // Ends with the process of the tests.
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let head = read_head(&connection).unwrap();
        let _ = sent.send(head);
        let _ = connection.write_all(answer.as_bytes());
        let _ = connection.read_to_end(&mut Vec::new());
    });
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.replace("URL", &origin)).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let output = host(folder, &arguments).output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap().replace(&origin, "URL"),
        stderr: String::from_utf8(output.stderr).unwrap().replace(&origin, "URL"),
        // Everything was read before the answer, and the command has ended.
        head: heads.try_recv().unwrap_or_default(),
    }
}

#[test]
fn differences_are_printed_and_written() {
    let folder = tempfile::tempdir().unwrap();
    // As `cargo up -- shootout …` calls it.
    let line = ["up", "--build", "--", "shootout", "URL/tasks?a=%3Cb%3E", "--runs", "50"];
    let run = run(folder.path(), &line, "200 OK", DIFFERENT);
    assert_eq!((run.code, run.stderr.as_str()), (Some(3), ""), "{}", run.stdout);

    let table: Vec<_> = run.stdout.lines().skip(2).take(4).collect();
    assert_eq!(
        table,
        [
            "backend           status  first byte  total min   median       p95    size  body",
            "bun-sqlite@local     200     1.21 ms    1.10 ms  2.00 ms   2.50 ms   180 B  compared with",
            "cf-d1@cloud          200     4.00 ms    4.50 ms  5.00 ms  10.00 ms  20 KiB  different",
            "ruby-rails@local       –           –          –        –         –       –  no answer",
        ],
        "{}",
        run.stdout
    );
    for expected in [
        "GET /tasks?a=<b> at URL, 49 of 50 rounds",
        "cf-d1@cloud differs from bun-sqlite@local:\n  ~ /0/title: \"\\u001b[31mred\"\n  + /1: {\"id\":2}\n  - /2\n  and more",
        "header cache-control: absent, not 'no-store'",
        "its answer changed between rounds",
        "no answer in 1 of 49 rounds",
        "ruby-rails@local gave no answer:\n  Backend Unavailable: refused, \"<really>\"",
        "php-laravel@local was left out: unhealthy",
        "fastest: bun-sqlite@local, 2.00 ms: 2.50 times as fast as cf-d1@cloud\n",
        "disagree: cf-d1@cloud\nfailed: ruby-rails@local\n",
        "written: target/shootout/shootout.json, target/shootout/shootout.csv, target/shootout/shootout.svg",
    ] {
        assert!(run.stdout.contains(expected), "{expected:?} is missing: {}", run.stdout);
    }
    assert!(!run.stdout.contains('\x1b'), "no colours for a pipe, nor those of a backend: {}", run.stdout);

    let file = |extension: &str| {
        std::fs::read_to_string(folder.path().join("target/shootout/shootout").with_extension(extension)).unwrap()
    };
    assert_eq!(file("json"), DIFFERENT, "byte for byte");
    let csv = file("csv");
    let lines: Vec<_> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 5, "{csv}");
    assert!(lines[0].starts_with("backend,location,status,size_bytes,sha256,"), "{csv}");
    assert_eq!(lines[2], "cf-d1,cloud,200,20480,bb,48,1,true,3,4,6,4.5,5,10,different,");
    assert_eq!(lines[3], "ruby-rails,local,,,,0,49,false,,,,,,,,\"Backend Unavailable: refused, \"\"<really>\"\"\"");

    let svg = file("svg");
    assert!(
        svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("prefers-color-scheme: dark"),
        "{svg}"
    );
    // 450 pixels are 10 ms, from 210 on.
    assert!(svg.contains("class=\"fastest\" x=\"210\" y=\"66.0\" width=\"90.0\""), "{svg}");
    assert!(svg.contains("class=\"bar\" x=\"210\" y=\"96.0\" width=\"225.0\""), "{svg}");
    assert!(svg.contains("x1=\"412.5\" y1=\"105.0\" x2=\"660.0\""), "the line from least to 95th percentile: {svg}");
    assert!(svg.contains("GET /tasks?a=&lt;b&gt;") && svg.contains(">Backend Unavailable</text>"), "{svg}");
    assert!(!svg.contains("http://127"), "nothing is loaded: {svg}");
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
    assert!(head.starts_with("head /?done=true http/1.1\r\n"), "{head}");
    for field in [
        "x-backend: a,b@cloud",
        "x-backend-location: local",
        "x-shootout-runs: 7",
        "accept: application/json",
        "x-two: 2",
        "host: 127.0.0.1:",
    ] {
        assert_eq!(head.matches(&format!("\r\n{field}")).count(), 1, "{field}: {head}");
    }
    assert!(!head.contains("*/*") && !head.contains("content-length"), "{head}");
}

#[test]
fn a_backend_that_answered_late_is_no_reference() {
    let folder = tempfile::tempdir().unwrap();
    let late = AGREEING
        .replace("FAILED", "\"a@local\"")
        .replace(
            "\"answered\":1}",
            r#""answered":1,"failed":1,"body":"same","error":{"status":504,"error":"Gateway Timeout","message":"m"}}"#,
        )
        .replace(",\"body\":\"same\"}],", "}],");
    let run = run(folder.path(), &["shootout", "URL/", "--out", "out"], "200 OK", &late);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    let rows: Vec<_> = run.stdout.lines().skip(3).take(2).collect();
    assert!(rows[0].starts_with("a@local ") && rows[0].ends_with("  same"), "{}", run.stdout);
    assert!(rows[1].starts_with("b@local ") && rows[1].ends_with("  compared with"), "{}", run.stdout);
    assert!(
        run.stdout.contains("no answer in 1 of 2 rounds") && run.stdout.contains("Gateway Timeout: m"),
        "{}",
        run.stdout
    );
}

#[test]
fn exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let agreeing = |failed: &str| AGREEING.replace("FAILED", failed);
    for (body, code, says) in [
        (agreeing(""), 0, "fastest: a@local, 1.00 ms: 1.50 times as fast as b@local\nall that answered agree"),
        (agreeing("\"c@local\""), 4, "failed: c@local"),
        (agreeing("").replace("\"disagree\":[]", "\"disagree\":[\"b@local\"]"), 3, "disagree: b@local"),
        (agreeing("").replace("\"answered\":1}", "\"answered\":1,\"failed\":1}"), 4, "no answer in 1 of 2 rounds"),
    ] {
        let run = run(folder.path(), &["shootout", "URL/", "--out", "out"], "200 OK", &body);
        assert!(run.code == Some(code) && run.stdout.contains(says), "{code}: {} {}", run.stdout, run.stderr);
        assert!(folder.path().join("out/shootout.csv").exists());
    }
}

#[test]
fn without_a_comparison_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = r#"{"error":"Invalid Backend","message":"'x' is unknown","valid_backends":["a","b"]}"#;
    for (status, body, expected) in [
        (
            "400 Bad Request",
            refusal,
            "URL answered 400 Bad Request: Invalid Backend: 'x' is unknown; --backends may name a, b",
        ),
        ("200 OK", "[]", "no comparison"),
        ("404 Not Found", "<html>", "no comparison"),
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
        (&["http://127.0.0.1/", "--runs", "0"], "1..=50"),
        (&["http://127.0.0.1/", "--method", "POST"], "GET, HEAD"),
        (&["http://127.0.0.1/", "--header", "x-backend: a"], "use --backends"),
    ] {
        let output = host(folder.path(), &[&["shootout"], line].concat()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && stderr.contains(says), "{line:?}: {stderr}");
    }
}
