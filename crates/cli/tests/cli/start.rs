//! It does not start: each message names the culprit.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::{real_manifest, up};

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
fn what_fails_every_request_ends_the_start_as_it_fails_check() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spin.toml"), real_manifest()).unwrap();
    let names =
        ["bun_sqlite", "cf_d1", "dotnet_api", "elixir_phoenix", "java_spring_boot", "php_laravel", "ruby_rails"];
    let unset: Vec<_> = names.iter().map(|name| format!("backend_{name}_url=http://unset.invalid")).collect();
    let unset: Vec<_> = unset.iter().map(String::as_str).collect();
    for (variables, expected) in [
        (&["environment=prod"][..], &["error: variable 'environment' must be 'local' or 'cloud', not 'prod'"][..]),
        (&["request_timeout=soon"], &["error: variable 'request_timeout' must be a time such as 30s", "'soon'"]),
        (&["backend_cf_d1_url=http://h:1/api?s3cret"], &["error: variable 'backend_cf_d1_url'", "carries a path"]),
        (&["backend_cf_d1_url=http://u:s3cret@h"], &["error: variable 'backend_cf_d1_url'", "user name"]),
        (&["backend_cf_d1_url=HTTP://h"], &["error: variable 'backend_cf_d1_url'", "lower case"]),
        (&["enviroment=cloud"], &["error: --variable enviroment", "did you mean environment?"]),
        (
            &["cloud_hosts=https://a.dev,nonsense"],
            &["error: variable 'cloud_hosts'", "pattern 2 of its list", "scheme"],
        ),
        (&["cloud_hosts=http://[fd00::]/8:*"], &["error: variable 'cloud_hosts'", "without brackets"]),
        (&unset, &["error: no backend is configured", "backend_bun_sqlite_url"]),
        // All of them, in one run.
        (&["environment=prod", "request_timeout=soon"], &["'environment'", "'request_timeout'"]),
    ] {
        let flags: Vec<_> = variables.iter().flat_map(|variable| ["--variable", variable]).collect();
        // --build: the variables are looked at first, so nothing is built.
        let run = |more: &[&str]| up(folder.path(), &[&flags[..], more].concat()).output().unwrap();
        for output in [run(&["--build"]), run(&["--build", "--quiet"])] {
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{stderr}");
            for part in expected {
                assert!(stderr.contains(part), "{variables:?}: stderr lacks {part:?}: {stderr}");
            }
            assert!(
                stderr.ends_with("error: the gateway was not started; correct what is said above and start it again\n"),
                "{stderr}"
            );
            assert!(!stderr.contains("s3cret") && output.stdout.is_empty(), "{stderr}");
        }
    }
}

#[test]
fn quiet_leaves_warnings_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spin.toml"), real_manifest()).unwrap();
    let flags = ["--build", "--variable", "environment=prod", "--key-value", "backend:x={"];
    let stderr = |more: &[&str]| {
        String::from_utf8(up(folder.path(), &[&flags[..], more].concat()).output().unwrap().stderr).unwrap()
    };
    assert!(stderr(&[]).contains("warning: key 'backend:x'"));
    let quiet = stderr(&["--quiet"]);
    assert!(quiet.contains("error: variable 'environment'") && !quiet.contains("warning"), "{quiet}");
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
    // A name leads to the same address.
    let name = address.replace("127.0.0.1", "localhost");
    fails(up(folder.path(), &["--listen", &name]), &[&address, "in use", "--listen"]);
}

#[test]
fn unreadable_value_file() {
    let folder = folder(MANIFEST);
    fails(up(folder.path(), &["--variable", "token=@absent"]), &["token", "absent"]);
    fails(up(folder.path(), &["--key-value", "k=@absent"]), &["k", "absent"]);
}
