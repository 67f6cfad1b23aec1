//! It starts with what concerns one backend alone, and says so.

use std::io::Write;

use super::SOON;
use super::gateway::{Backend, Gateway, get};

/// What a start with these flags says on stderr. The backend that the test has is reached, whatever is said.
fn said(arguments: &[&str]) -> String {
    let backend = Backend::start();
    let gateway = Gateway::start(&backend, &[&["--health-interval", "0"], arguments].concat());
    let address = &gateway.address;
    std::thread::scope(|scope| {
        let client =
            scope.spawn(move || get(address, "/tasks", "x-backend: bun-sqlite\r\nx-backend-location: local\r\n"));
        let (_, mut connection) = backend.requests.recv_timeout(SOON).expect("the request");
        connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        let response = client.join().unwrap();
        assert!(response.starts_with("HTTP/1.1 200"), "{arguments:?}: {response}");
    });
    // Its log is JSON.
    let lines: Vec<_> = gateway.stop().lines().filter(|line| !line.starts_with('{')).map(str::to_owned).collect();
    lines.join("\n")
}

#[test]
fn what_concerns_one_backend_is_a_warning_and_the_others_stand() {
    for (variable, expected) in [
        ("backend_cf_d1_url=ftp://h:21", "'backend_cf_d1_url' must start with http:// or https://"),
        ("backend_cf_d1_url=HTTP://h:21", "'backend_cf_d1_url' must have its scheme in lower case"),
        ("backend_cf_d1_health=up", "'backend_cf_d1_health' must be a path"),
        ("backend_cf_d1_authorization=s3cr\u{e9}t", "'backend_cf_d1_authorization'"),
        ("extra_backends=[", "'extra_backends' is not a JSON array"),
        (r#"extra_backends=[{"id":"go"}]"#, "'extra_backends[0]' is not an object"),
        (
            r#"extra_backends=[{"id":"go","url":"http://127.0.0.1:9"}]"#,
            "backend 'go': allowed_outbound_hosts does not cover",
        ),
    ] {
        let said = said(&["--variable", variable]);
        assert!(said.starts_with("warning: ") && said.lines().count() == 1, "{variable}: {said}");
        assert!(said.contains(expected) && !said.contains("s3cr"), "{variable}: {said}");
    }
}

#[test]
fn a_malformed_entry_of_the_store_is_a_warning() {
    let seeds =
        ["--key-value", "backend:x={", "--key-value", r#"backend:cf-d1={"id":"cf-d1","url":"https://d1.workers.dev"}"#];
    let said = said(&seeds);
    assert!(said.starts_with("warning: key 'backend:x'") && said.contains("kv delete"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_cloud_without_backends_starts_because_they_can_be_added_while_it_runs() {
    let backend = Backend::start();
    let cloud = ["--variable", "environment=cloud", "--variable", "request_timeout=25s", "--health-interval", "0"];
    let said = Gateway::start(&backend, &cloud).stop();
    assert!(said.starts_with("warning: the environment is 'cloud', and there is no key-value store"), "{said}");
    assert!(said.contains("kv set backend:cf-d1 --url") && said.lines().count() == 1, "{said}");
}

#[test]
fn what_only_spin_does_not_take_is_no_news_at_a_start() {
    assert_eq!(said(&["--variable", "cloud_hosts=https://*.workers.dev,http://fd00::/8:*"]), "");
}
