//! The binary from outside: what it says, and its exit code, when it cannot start, and how it ends on SIGTERM.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const MANIFEST: &str = r#"
spin_manifest_version = 2

[application]
name = "test"

[variables]
url = { default = "http://127.0.0.1:9" }
token = { default = "t" }

[[trigger.http]]
route = "/..."
component = "gateway"

[component.gateway]
source = "gateway.wasm"
allowed_outbound_hosts = ["{{ url }}"]

[component.gateway.variables]
url = "{{ url }}"
"#;

/// A folder with a manifest, and a file where the component should be.
fn folder(manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    std::fs::write(folder.path().join("gateway.wasm"), "not a component").unwrap();
    folder
}

fn up(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway-host"));
    command.current_dir(folder).args(["up", "--no-example"]).args(arguments);
    if !arguments.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
            command.env_remove(name);
        }
    }
    command
}

/// It must end by itself, with a failure, and name everything in `expected` on stderr.
fn fails(mut command: Command, expected: &[&str]) {
    let Output { status, stderr, stdout } = command.stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(!status.success(), "it ended with {status} and: {stderr}");
    for part in expected {
        assert!(stderr.contains(part), "stderr lacks {part:?}: {stderr}");
    }
    assert!(stdout.is_empty(), "nothing but errors: {}", String::from_utf8_lossy(&stdout));
}

#[test]
fn missing_manifest() {
    let empty = tempfile::tempdir().unwrap();
    fails(up(empty.path(), &[]), &["spin.toml", "--from"]);
}

#[test]
fn malformed_manifest() {
    let folder = folder("spin_manifest_version = 2\n[application\n");
    fails(up(folder.path(), &[]), &["spin.toml", "line 2"]);
}

#[test]
fn unknown_variable() {
    let folder = folder(MANIFEST);
    fails(up(folder.path(), &["--variable", "ulr=http://127.0.0.1:1"]), &["ulr", "it has: token, url"]);
}

#[test]
fn required_variable_without_value() {
    let folder = folder(&MANIFEST.replace("{ default = \"t\" }", "{ required = true, secret = true }"));
    fails(up(folder.path(), &[]), &["'token'", "SPIN_VARIABLE_TOKEN"]);
}

#[test]
fn template_with_an_undefined_name() {
    let folder = folder(&MANIFEST.replace("url = \"{{ url }}\"", "url = \"{{ base }}\""));
    fails(up(folder.path(), &[]), &["component.gateway.variables.url", "'base'"]);
}

#[test]
fn empty_allowed_host() {
    let folder = folder(MANIFEST);
    fails(up(folder.path(), &["--variable", "url="]), &["allowed_outbound_hosts", "{{ url }}", "empty"]);
}

#[test]
fn environment_and_dotenv_count() {
    let folder = folder(MANIFEST);
    let mut from_environment = up(folder.path(), &[]);
    from_environment.env("SPIN_VARIABLE_URL", "");
    fails(from_environment, &["{{ url }}", "empty"]);
    std::fs::write(folder.path().join(".env"), "SPIN_VARIABLE_URL=nonsense\n").unwrap();
    fails(up(folder.path(), &[]), &["{{ url }}", "scheme"]);
}

#[test]
fn missing_component() {
    let folder = folder(MANIFEST);
    std::fs::remove_file(folder.path().join("gateway.wasm")).unwrap();
    fails(up(folder.path(), &[]), &["gateway.wasm", "does not exist", "`source`"]);
    let with_build = format!("{MANIFEST}\n[component.gateway.build]\ncommand = \"true\"\n");
    std::fs::write(folder.path().join("spin.toml"), with_build).unwrap();
    fails(up(folder.path(), &[]), &["gateway.wasm", "does not exist", "--build"]);
}

#[test]
fn failing_build() {
    let folder = folder(&format!("{MANIFEST}\n[component.gateway.build]\ncommand = \"echo broken >&2; exit 3\"\n"));
    fails(up(folder.path(), &["--build", "--build"]), &["broken", "exit 3", "exit status: 3"]);
}

#[test]
fn not_a_component() {
    let folder = folder(MANIFEST);
    fails(up(folder.path(), &[]), &["gateway.wasm", "--build"]);
}

#[test]
fn port_in_use() {
    let folder = folder(MANIFEST);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(up(folder.path(), &["--listen", &address]), &[&address, "in use", "--listen"]);
}

#[test]
fn unreadable_value_file() {
    let folder = folder(MANIFEST);
    fails(up(folder.path(), &["--variable", "token=@absent"]), &["token", "absent"]);
    fails(up(folder.path(), &["--key-value", "k=@absent"]), &["k", "absent"]);
}

#[cfg(unix)]
#[test]
fn sigterm_finishes_the_request_in_flight() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let component = workspace.join("target/wasm32-wasip2/release/gateway.wasm");
    if !component.is_file() {
        println!("SKIPPED: {} is not built", component.display());
        return;
    }
    let backend = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", backend.local_addr().unwrap());
    let state = tempfile::tempdir().unwrap();
    let mut host = up(&workspace, &["--variable", &format!("backend_bun_sqlite_url={url}")])
        .arg("--state-dir")
        .arg(state.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(host.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let address = line.trim().rsplit_once("http://").expect("the first line names the URL").1.to_owned();

    let idle = TcpStream::connect(&address).unwrap();
    let mut client = TcpStream::connect(&address).unwrap();
    client.write_all(b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    let (mut upstream, _) = backend.accept().unwrap();
    let mut head = [0; 4];
    upstream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"GET ", "the request has arrived");

    let pid = rustix::process::Pid::from_child(&host);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    // The host has seen the signal when it says so.
    let mut said = String::new();
    while !said.contains("Stopping") {
        said.clear();
        assert_ne!(stdout.read_line(&mut said).unwrap(), 0, "the host ended too early");
    }
    assert!(host.try_wait().unwrap().is_none(), "a request is still in flight");
    upstream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("done"), "{response}");
    assert_eq!(host.wait().unwrap().code(), Some(0));
    drop(idle);
    assert!(state.path().join("sqlite_key_value.db").is_file(), "{:?}", PathBuf::from(state.path()));
}
