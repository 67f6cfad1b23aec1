//! `health` against what is no healthy gateway.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{host, read_head};

/// How long the command waits.
const LIMIT: Duration = Duration::from_secs(2);

/// Exit code and stderr of `health`, asked of a listener that answers so. A busy machine may take longer for an answer than the command waits, but not
/// each time.
fn ask(answer: &'static str) -> (Option<i32>, String) {
    let is_late = |said: &(Option<i32>, String)| said.1.contains("within 2s");
    (0..20).map(|_| ask_once(answer)).find(|said| !is_late(said)).expect("an answer within two seconds")
}

/// As [`ask`], once; nothing is an answer that never comes.
fn ask_once(answer: &'static str) -> (Option<i32>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the process of the tests.
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        read_head(&connection).unwrap();
        let _ = connection.write_all(answer.as_bytes());
        let _ = connection.read_to_end(&mut Vec::new());
    });
    let output = host(Path::new("."), &["health", "--url", &url]).output().unwrap();
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn whatever_is_not_healthy_fails_with_one_line() {
    for (answer, expected) in [
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", "503"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "not the gateway's"),
        ("HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", "302"),
        ("SSH-2.0-OpenSSH\r\n", "broke off"),
    ] {
        let (code, stderr) = ask(answer);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(expected), "{answer:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn silence_takes_two_seconds() {
    let begun = Instant::now();
    let (code, stderr) = ask_once("");
    let taken = begun.elapsed();
    assert!(code == Some(1) && stderr.contains("within 2s"), "{stderr}");
    // Without a limit there would be no end.
    assert!(taken >= LIMIT && taken < Duration::from_secs(120), "{taken:?}");
}

#[test]
fn a_wrong_url_is_a_usage_error() {
    for url in ["https://127.0.0.1:3000", "127.0.0.1:3000"] {
        let output = host(Path::new("."), &["health", "--url", url]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && stderr.contains("--url") && stderr.contains("http://"), "{stderr}");
    }
}
