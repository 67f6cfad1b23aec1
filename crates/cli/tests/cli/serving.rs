//! The built component is served: health checks, the log, the end on SIGTERM.

mod commands;
mod configuration;
mod faults;
mod gateway;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::gateway::{Arrival, Backend, Gateway, get};

/// A long time for something that is about to happen, on the busiest machine; without it a failure would be a hang.
const SOON: Duration = Duration::from_secs(120);

/// Answers the next check with "healthy"; the head of its request.
fn answer_check(checks: &Receiver<Arrival>) -> Option<String> {
    let (head, mut connection) = checks.recv_timeout(SOON).ok()?;
    connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    Some(head)
}

#[test]
fn backends_are_checked_without_traffic() {
    let backend = Backend::start();
    let mut gateway = Gateway::start(&backend, &["--health-interval", "100ms"]);
    let Backend { checks, requests, .. } = backend;
    // No client has asked for anything so far.
    let head = answer_check(&checks).expect("a check");
    assert!(head.starts_with("GET /health HTTP/1.1\r\n"), "{head}");
    std::thread::spawn(move || while answer_check(&checks).is_some() {});
    for _ in 0..3 {
        gateway.next_log_line(SOON);
    }
    let response = gateway.get("/backends", "");
    let body: Value = serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap();
    let listed = body["backends"].as_array().unwrap().iter().find(|listed| listed["id"] == "bun-sqlite").unwrap();
    assert_eq!(listed["health"], "healthy", "{listed}");
    assert!(requests.try_recv().is_err());
    gateway.stop();
}

#[test]
fn no_check_where_it_is_switched_off() {
    let backend = Backend::start();
    let gateway = Gateway::start(&backend, &["--health-interval", "0"]);
    assert!(backend.checks.recv_timeout(Duration::from_millis(500)).is_err());
    assert_eq!(gateway.stop(), "");
}

/// A check gives the backend two seconds, and writes a line to the log once it is through.
#[test]
fn a_running_check_does_not_hold_up_the_end() {
    let ended_before_it = || {
        let backend = Backend::start();
        let gateway = Gateway::start(&backend, &[]);
        let (_, _unanswered) = backend.checks.recv_timeout(SOON).expect("a check at the start");
        !gateway.stop().contains("\"path\":\"/backends\"")
    };
    // A busy machine may take two seconds to begin with the end, but not each time; a host that waits for the check has its line each time.
    assert!((0..20).any(|_| ended_before_it()), "the end waited for the check");
}

#[test]
fn checks_that_fail_are_told_once() {
    let backend = Backend::start();
    let mut gateway = Gateway::start(&backend, &["--health-interval", "20ms", "--variable", "environment=cloud"]);
    // Without its table, nobody can say which backends there are.
    let store = rusqlite::Connection::open(gateway.state.path().join("sqlite_key_value.db")).unwrap();
    store.busy_timeout(SOON).unwrap();
    store.execute_batch("DROP TABLE spin_key_value").unwrap();
    gateway.wait_for(SOON, |line| line.contains("cannot be checked"));
    for _ in 0..4 {
        gateway.next_log_line(SOON);
    }
    let stderr = gateway.stop();
    assert_eq!(stderr.matches("cannot be checked").count(), 1, "{stderr}");
}

#[test]
fn one_line_per_request_without_secrets() {
    let backend = Backend::start();
    let credentials = "backend_bun_sqlite_authorization=Bearer secret-of-the-gateway";
    let origins = "cors_origins=https://app.example";
    let gateway =
        Gateway::start(&backend, &["--health-interval", "0", "--variable", credentials, "--variable", origins]);
    let secrets = "authorization: Bearer secret\r\ncookie: id=secret\r\nx-own: secret\r\n";
    let requests = [
        ("/tasks?token=secret", "", 200),
        ("/tasks?token=secret", "x-backend: nope\r\n", 400),
        ("/tasks?token=secret", "x-backend: cf-d1\r\n", 400),
        ("/health?token=secret", "", 200),
        ("/backends?token=secret", "", 200),
    ];
    let address = &gateway.address;
    for (path, field, status) in requests {
        std::thread::scope(|scope| {
            let client = scope.spawn(move || get(address, path, &format!("{secrets}{field}")));
            if path.starts_with("/tasks") && status == 200 {
                let (head, mut connection) = backend.requests.recv_timeout(SOON).expect("the request");
                assert!(head.contains("token=secret") && head.contains("Bearer secret"), "it passes: {head}");
                connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nset-cookie: secret\r\n\r\n").unwrap();
            }
            if path.starts_with("/backends") {
                drop(backend.checks.recv_timeout(SOON).expect("a check"));
            }
            let response = client.join().unwrap();
            assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{path} {field}: {response}");
        });
    }
    let stderr = gateway.stop();
    assert!(!stderr.contains("secret"), "{stderr}");
    let lines: Vec<Value> =
        stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect();
    assert_eq!(lines.len(), requests.len(), "{stderr}");
    for (line, (path, _, status)) in lines.iter().zip(requests) {
        let mut members: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(
            members,
            [
                "backend",
                "backend_ms",
                "duration_ms",
                "error",
                "health",
                "location",
                "method",
                "path",
                "request_id",
                "status",
                "time"
            ]
        );
        assert_eq!(Some(line["path"].as_str().unwrap()), path.split('?').next());
        assert_eq!(line["status"], status);
        assert_eq!(line["method"], "GET");
    }
}

#[test]
fn sigterm_finishes_the_request_in_flight() {
    let backend = Backend::start();
    let mut gateway = Gateway::start(&backend, &[]);
    // With its health known the backend is not checked after the request, which would take its time.
    answer_check(&backend.checks).expect("a check");
    gateway.next_log_line(SOON);
    let idle = TcpStream::connect(&gateway.address).unwrap();
    let mut client = TcpStream::connect(&gateway.address).unwrap();
    client.write_all(b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    let (_, mut upstream) = backend.requests.recv_timeout(SOON).expect("the request");

    gateway.terminate();
    assert!(gateway.child.try_wait().unwrap().is_none(), "a request is still in flight");
    upstream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("done"), "{response}");
    assert_eq!(gateway.child.wait().unwrap().code(), Some(0));
    drop(idle);
    assert!(gateway.state.path().join("sqlite_key_value.db").is_file());
}

#[test]
fn a_second_sigterm_ends_at_once() {
    let backend = Backend::start();
    let mut gateway = Gateway::start(&backend, &[]);
    let mut client = TcpStream::connect(&gateway.address).unwrap();
    client.write_all(b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    let (_, _unanswered) = backend.requests.recv_timeout(SOON).expect("the request");
    gateway.terminate();
    gateway.signal();
    assert_eq!(gateway.child.wait().unwrap().code(), Some(1));
}

#[test]
fn too_few_memory_mappings_are_said_and_survived() {
    let Ok(limit) = std::fs::read_to_string("/proc/sys/vm/max_map_count") else {
        println!("SKIPPED: this system has no vm.max_map_count");
        return;
    };
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 1_000_000 {
        println!("SKIPPED: vm.max_map_count is {limit}, more than a test should use up");
        return;
    }
    let backend = Backend::start();
    let gateway = Gateway::start(&backend, &["--health-interval", "0", "--max-concurrency", &limit.to_string()]);
    assert!(gateway.get("/health", "").starts_with("HTTP/1.1 200"));
    let stderr = gateway.stop();
    assert!(stderr.contains("sysctl -w vm.max_map_count=") && !stderr.contains("no room"), "{stderr}");
}

#[test]
fn more_requests_than_allowed_are_told_to_come_again() {
    let backend = Backend::start();
    let gateway = Gateway::start(&backend, &["--health-interval", "0", "--max-concurrency", "1"]);
    let (first, second) = std::thread::scope(|scope| {
        let address = &gateway.address;
        let first = scope.spawn(move || get(address, "/held", ""));
        // It waits for its backend, and holds the only place.
        let (_, mut connection) = backend.requests.recv_timeout(SOON).expect("the request");
        let second = gateway.get("/health", "");
        connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
        (first.join().unwrap(), second)
    });
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    assert!(second.starts_with("HTTP/1.1 503") && second.contains("retry-after: 1"), "{second}");
}

#[test]
fn a_refused_upload_does_not_hold_up_the_end() {
    let backend = Backend::start();
    let gateway = Gateway::start(&backend, &["--health-interval", "0"]);
    let mut client = TcpStream::connect(&gateway.address).unwrap();
    client.write_all(b"POST / HTTP/1.1\r\nhost: test\r\nx-backend: nope\r\ncontent-length: 100000000\r\n\r\n").unwrap();
    let mut status = [0; 12];
    client.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 400");
    // It goes on sending, and the host reads on, for half a minute.
    let sending = std::thread::spawn(move || {
        while client.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let begun = Instant::now();
    gateway.stop();
    assert!(begun.elapsed() < Duration::from_secs(25), "the end waited for the client: {:?}", begun.elapsed());
    sending.join().unwrap();
}
