//! The other commands, while a host is running.

use std::io::Write;
use std::path::Path;
use std::process::Output;

use super::SOON;
use super::gateway::{Backend, Gateway, get};
use crate::host;

fn run(gateway: &Gateway, arguments: &[&str]) -> Output {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    host(&workspace, arguments).arg("--state-dir").arg(gateway.state.path()).output().unwrap()
}

/// The answer to a request for the backend `x`.
fn request(gateway: &Gateway, backend: &Backend) -> String {
    let address = &gateway.address;
    std::thread::scope(|scope| {
        let client = scope.spawn(move || get(address, "/tasks", "x-backend: x\r\n"));
        let (head, mut connection) = backend.requests.recv_timeout(SOON).expect("the request");
        assert!(head.starts_with("GET /tasks "), "{head}");
        connection
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-reached: yes\r\nconnection: close\r\n\r\nok")
            .unwrap();
        client.join().unwrap()
    })
}

#[test]
fn a_backend_that_is_set_meanwhile_is_reached_at_once() {
    let backend = Backend::start();
    let cloud = ["--health-interval", "0", "--variable", "environment=cloud"];
    let gateway = Gateway::start(&backend, &[&cloud[..], &["--variable", "cloud_hosts=http://127.0.0.1:*"]].concat());
    let before = gateway.get("/tasks", "x-backend: x\r\n");
    assert!(before.starts_with("HTTP/1.1 400"), "{before}");

    let set = ["kv", "set", "backend:x", "--url", &backend.url, "--variable", "cloud_hosts=http://127.0.0.1:*"];
    let Output { status, stdout, stderr } = run(&gateway, &set);
    let stdout = String::from_utf8(stdout).unwrap();
    assert!(status.success() && stdout.starts_with("stored backend:x: x at http://127.0.0.1:"), "{stdout}");
    assert!(stdout.contains("covered"), "{stdout} {}", String::from_utf8_lossy(&stderr));
    let response = request(&gateway, &backend);
    assert!(response.starts_with("HTTP/1.1 200") && response.contains("x-reached: yes"), "{response}");

    let deleted = run(&gateway, &["kv", "delete", "backend:x"]);
    assert!(deleted.status.success());
    let after = gateway.get("/tasks", "x-backend: x\r\n");
    assert!(after.starts_with("HTTP/1.1 400"), "{after}");
}

#[test]
fn a_new_url_is_not_held_to_the_health_of_the_old_one() {
    let backend = Backend::start();
    let cloud = ["--health-interval", "0", "--variable", "environment=cloud"];
    let gateway = Gateway::start(&backend, &[&cloud[..], &["--variable", "cloud_hosts=http://127.0.0.1:*"]].concat());
    // Nobody listens on port 1.
    assert!(run(&gateway, &["kv", "set", "backend:x", "--url", "http://127.0.0.1:1"]).status.success());
    let refused = gateway.get("/tasks", "x-backend: x\r\n");
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    let listed = || String::from_utf8(run(&gateway, &["kv", "list"]).stdout).unwrap();
    let begun = std::time::Instant::now();
    while !listed().contains("health:cloud:x  unhealthy") {
        assert!(begun.elapsed() < SOON, "{}", listed());
    }
    assert!(run(&gateway, &["kv", "set", "backend:x", "--url", &backend.url]).status.success());
    let response = request(&gateway, &backend);
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}

#[test]
fn health_asks_a_running_gateway() {
    let backend = Backend::start();
    let gateway = Gateway::start(&backend, &["--health-interval", "0"]);
    let url = format!("http://{}", gateway.address);
    for before in [&["health"][..], &["up", "--build", "--", "health"]] {
        let ask = || host(Path::new("."), &[before, &["--url", &url]].concat()).output().unwrap();
        // A busy machine may take longer for an answer than the command waits, but not each time.
        let is_late = |output: &Output| String::from_utf8_lossy(&output.stderr).contains("within 2s");
        let output = (0..20).map(|_| ask()).find(|output| !is_late(output)).expect("an answer within two seconds");
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(stdout.starts_with("healthy: gateway ") && stdout.lines().count() == 1, "{stdout}");
    }
    gateway.stop();
    let output = host(Path::new("."), &["health", "--url", &url]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains(&format!("cannot connect to {url}")) && stderr.lines().count() == 1, "{stderr}");
}
