//! `kv` without a running host.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;

use crate::{host, real_manifest};

/// A folder with the manifest of this repository.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spin.toml"), real_manifest()).unwrap();
    folder
}

/// Exit code, stdout, stderr.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = host(folder, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The stdout of a success.
fn good(folder: &Path, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    stdout
}

/// The stderr of a failure, which said nothing on stdout.
fn bad(folder: &Path, arguments: &[&str], code: i32) -> String {
    let (found, stdout, stderr) = run(folder, arguments);
    assert_eq!((found, stdout.as_str()), (Some(code), ""), "{arguments:?}: {stderr}");
    stderr
}

#[test]
fn round_trips() {
    let folder = folder();
    let folder = folder.path();
    assert_eq!(good(folder, &["kv", "list"]), "");
    assert_eq!(good(folder, &["kv", "list", "--json"]), "[]\n");
    assert!(!folder.join(".spin").exists(), "reading creates nothing");

    assert_eq!(good(folder, &["kv", "set", "note", "one"]), "stored note\n");
    assert_eq!(good(folder, &["kv", "set", "note", "two"]), "replaced note\n");
    assert_eq!(good(folder, &["kv", "set", "note", "two"]), "unchanged note\n");
    assert_eq!(good(folder, &["kv", "get", "note"]), "two", "byte for byte");
    assert_eq!(good(folder, &["kv", "set", "number", "-1"]), "stored number\n");

    std::fs::write(folder.join("value"), [0, 255, b'\n']).unwrap();
    assert_eq!(good(folder, &["kv", "set", "binary", "@value"]), "stored binary\n");
    let read = host(folder, &["kv", "get", "binary"]).output().unwrap();
    assert_eq!(read.stdout, [0, 255, b'\n']);

    let mut child =
        host(folder, &["kv", "set", "stdin", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"@from stdin").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(good(folder, &["kv", "get", "stdin"]), "@from stdin");

    assert_eq!(good(folder, &["kv", "list"]), "binary  3 bytes\nnote    3 bytes\nnumber  2 bytes\nstdin   11 bytes\n");
    assert_eq!(good(folder, &["kv", "delete", "note"]), "deleted note\n");
    for arguments in [["kv", "delete", "note"], ["kv", "get", "note"]] {
        let stderr = bad(folder, &arguments, 1);
        assert!(stderr.contains("'note'") && stderr.contains(".spin"), "{stderr}");
    }
}

#[test]
fn the_place_is_the_one_of_up() {
    let folder = folder();
    let elsewhere = tempfile::tempdir().unwrap();
    let state = elsewhere.path().join("state");
    let state = state.to_str().unwrap();
    // With a store that is named, no manifest is needed.
    assert_eq!(good(elsewhere.path(), &["kv", "--state-dir", state, "set", "a", "1"]), "stored a\n");
    assert_eq!(good(folder.path(), &["kv", "get", "a", "--state-dir", state]), "1");
    let stderr = bad(elsewhere.path(), &["kv", "list"], 1);
    assert!(stderr.contains("spin.toml") && stderr.contains("--from"), "{stderr}");
    let from = folder.path().to_str().unwrap();
    assert_eq!(good(elsewhere.path(), &["kv", "list", "--from", from]), "");
}

#[test]
fn a_backend_without_writing_json() {
    let folder = folder();
    let folder = folder.path();
    let url = "https://my-d1.workers.dev";
    let (code, stdout, stderr) = run(folder, &["kv", "set", "backend:cf-d1", "--url", url, "--health-endpoint", "/up"]);
    assert_eq!(
        (code, stdout.as_str()),
        (
            Some(0),
            "stored backend:cf-d1: Cloudflare D1 at https://my-d1.workers.dev, covered by allowed_outbound_hosts\n"
        )
    );
    assert!(stderr.starts_with("note: ") && stderr.contains("x-backend-location: cloud"), "{stderr}");
    assert_eq!(
        good(folder, &["kv", "get", "backend:cf-d1"]),
        r#"{"id":"cf-d1","name":"Cloudflare D1","url":"https://my-d1.workers.dev","type":"cloud","healthEndpoint":"/up"}"#
    );
    assert_eq!(good(folder, &["kv", "list"]), "backend:cf-d1  Cloudflare D1  https://my-d1.workers.dev\n");
    let listed: serde_json::Value = serde_json::from_str(&good(folder, &["kv", "list", "--json"])).unwrap();
    assert_eq!(listed[0]["origin"], url);
    let cloud = ["kv", "set", "backend:cf-d1", "--url", url, "--name", "D1", "--variable", "environment=cloud"];
    let (code, stdout, stderr) = run(folder, &cloud);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
}

#[test]
fn a_malformed_entry_is_refused_in_the_gateways_words() {
    let folder = folder();
    let folder = folder.path();
    for (arguments, expected) in [
        (&["backend:x", "{"][..], "key 'backend:x' of the key-value store is not a JSON object"),
        (&["backend:x", r#"{"id":"y","url":"http://h"}"#], "differs from the one in its key"),
        (&["backend:x", "--url", "ftp://h"], "has a 'url' that must start with http:// or https://"),
        (&["backend:x", "--url", "https://user:s3cret@h"], "must not contain a user name"),
        (&["backend:x", "--url", "https://h", "--health-endpoint", "up"], "does not start with '/'"),
        (&["backend:a b", "--url", "https://h"], "never reads the key 'backend:a b'"),
    ] {
        let stderr = bad(folder, &[&["kv", "set"], arguments].concat(), 1);
        assert!(stderr.contains(expected) && stderr.contains("--force"), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("s3cret"), "{stderr}");
    }
    assert!(!folder.join(".spin").exists(), "nothing was stored");
    // What a shell leaves of JSON without quotes around it.
    let stderr = bad(folder, &["kv", "set", "backend:x", "{id:x,url:http://h}"], 1);
    assert!(stderr.contains("`kv set backend:x --url https://...` writes the JSON for you"), "{stderr}");
    for (key, value) in [("cf-d1", "x"), ("mine", "https://h")] {
        let (code, _, stderr) = run(folder, &["kv", "set", key, value]);
        assert_eq!(code, Some(0));
        assert!(stderr.starts_with("note: ") && stderr.contains(&format!("`kv set backend:{key} --url")), "{stderr}");
    }

    let (code, stdout, stderr) = run(folder, &["kv", "set", "--force", "backend:x", "{"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "stored backend:x\n"));
    assert!(stderr.starts_with("warning: key 'backend:x'"), "{stderr}");
    assert!(good(folder, &["kv", "list"]).starts_with("backend:x  malformed: key 'backend:x'"));
}

#[test]
fn a_host_that_is_not_allowed_is_a_warning_with_the_value_to_set() {
    let folder = folder();
    let folder = folder.path();
    let set = |id: &str, url: &str, more: &[&str]| {
        let (code, stdout, stderr) = run(folder, &[&["kv", "set", id, "--url", url], more].concat());
        assert_eq!(code, Some(0), "{stderr}");
        (stdout, stderr)
    };
    let (stdout, stderr) = set("backend:x", "https://a.example.dev/api", &[]);
    assert!(!stdout.contains("covered"), "{stdout}");
    assert!(
        stderr.contains("warning: allowed_outbound_hosts does not cover https://a.example.dev,")
            && stderr.contains("SPIN_VARIABLE_CLOUD_HOSTS='https://a.example.dev'"),
        "{stderr}"
    );
    let (_, stderr) = set("backend:y", "https://b.example.dev", &[]);
    assert!(stderr.contains("cloud_hosts to 'https://*.example.dev'"), "the first one counts as well: {stderr}");
    let (stdout, stderr) =
        set("backend:x", "https://c.example.dev", &["--variable", "cloud_hosts=https://*.example.dev"]);
    assert!(stdout.contains("replaced") && stdout.contains("covered") && !stderr.contains("warning"), "{stderr}");
    let (stdout, stderr) = set("backend:z", "http://127.0.0.1:3001", &[]);
    assert!(stderr.contains("'z' will be refused") && stderr.contains("'cloud_hosts'"), "{stderr}");
    assert!(!stdout.contains("covered"), "{stdout}");
    let (stdout, _) = set("backend:z", "http://127.0.0.1:3001", &["--variable", "cloud_hosts=http://127.0.0.1:*"]);
    assert!(stdout.contains("covered"), "{stdout}");
    let (_, stderr) = set("backend:z", "http://127.0.0.1:9", &["--variable", "backend_cf_d1_url=http://h/path"]);
    assert!(stderr.contains("backend_cf_d1_url") && stderr.contains("path"), "{stderr}");
    let (_, stderr) = set("backend:z", "http://127.0.0.1:8", &["--variable", "enviroment=cloud"]);
    assert!(stderr.contains("unknown") && stderr.contains("enviroment"), "{stderr}");
}

#[test]
fn the_trailing_form_of_cargo_up() {
    let folder = folder();
    let folder = folder.path();
    let up = |arguments: &[&'static str]| [&["up", "--build", "--"][..], arguments].concat();
    assert_eq!(good(folder, &up(&["kv", "set", "a", "1"])), "stored a\n");
    assert_eq!(good(folder, &up(&["kv", "list"])), "a  1 byte\n");
    let stderr = bad(folder, &up(&["lv", "list"]), 2);
    assert!(stderr.contains("'lv' after -- is no command") && stderr.contains("kv, check, health"), "{stderr}");
    let stderr = bad(folder, &["up", "--build", "--from", "x", "--", "kv", "list"], 2);
    assert!(stderr.contains("cargo up -- kv --from"), "{stderr}");
}

#[test]
fn usage_errors() {
    let folder = folder();
    for (arguments, expected) in [
        (&["kv", "set", "", "x"][..], "<KEY>"),
        (&["kv", "get", ""], "<KEY>"),
        (&["kv", "set", "a"], "VALUE"),
        (&["kv", "set", "a", "--url", "http://h"], "write `kv set backend:a --url"),
        (&["kv", "set", "backend:a", "https://h/api"], "write `kv set backend:a --url https://h/api`"),
        (&["kv", "set", "backend:a", "HTTP://h"], "write `kv set backend:a --url HTTP://h`"),
        (&["kv", "set", "backend:a", "{}", "--url", "http://h"], "cannot be used with"),
        (&["kv"], "Usage"),
    ] {
        let stderr = bad(folder.path(), arguments, 2);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    let stderr = bad(folder.path(), &["kv", "set", "a", "@absent"], 1);
    assert!(stderr.contains("absent"), "{stderr}");
}
