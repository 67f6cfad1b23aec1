//! `check` on configurations that are broken in one way each: the message names the culprit.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::{host, real_manifest};

/// A folder with the manifest of this repository after a change, and a component.
fn folder(from: &str, to: &str) -> TempDir {
    let manifest = real_manifest();
    assert!(manifest.contains(from), "the manifest has {from:?}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spin.toml"), manifest.replacen(from, to, 1)).unwrap();
    let component = folder.path().join("target/wasm32-wasip2/release");
    std::fs::create_dir_all(&component).unwrap();
    std::fs::write(component.join("gateway.wasm"), "").unwrap();
    folder
}

/// Exit code and stdout; nothing is on stderr.
fn run(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Exactly one problem, an error or a warning, whose line holds everything in `expected`.
fn only(command: Command, severity: &str, expected: &[&str]) {
    let (code, stdout) = run(command);
    let lines: Vec<_> = stdout.lines().collect();
    let [line, last] = lines.as_slice() else { panic!("one problem and a last line, not: {stdout}") };
    assert!(line.starts_with(&format!("{severity}: ")), "{stdout}");
    for part in expected {
        assert!(line.contains(part), "{part:?} is missing: {stdout}");
    }
    let (expected_code, expected_last) = if severity == "error" { (1, "failed: 1 error") } else { (0, "ok: ") };
    assert_eq!(code, Some(expected_code), "{stdout}");
    assert!(last.starts_with(expected_last), "{stdout}");
}

/// `check` with variables, given as flags.
fn with(folder: &Path, variables: &[&str]) -> Command {
    let mut command = host(folder, &["check"]);
    command.args(variables.iter().flat_map(|variable| ["--variable", variable]));
    command
}

#[test]
fn the_repositorys_own_manifest_is_fine() {
    let folder = folder("", "");
    let (code, stdout) = run(with(folder.path(), &[]));
    assert_eq!(code, Some(0), "{stdout}");
    assert!(
        stdout.starts_with("ok: ") && stdout.ends_with("; 0 warnings\n") && stdout.lines().count() == 1,
        "{stdout}"
    );
    assert!(stdout.contains("7 local backends and 0 in the key-value store, environment 'local'"), "{stdout}");
    let (code, trailing) = run(host(folder.path(), &["up", "--build", "--", "check"]));
    assert_eq!((code, trailing), (Some(0), stdout));
    assert!(!folder.path().join(".spin").exists(), "looking creates nothing");
}

#[test]
fn manifests() {
    let all_hosts = "allowed_outbound_hosts = [\n    \"*://*:*\",";
    for (from, to, severity, expected) in [
        ("[application]", "[application", "error", &["spin.toml", "line 3"][..]),
        ("spin_manifest_version = 2", "spin_manifest_version = 1", "error", &["spin_manifest_version = 2"]),
        ("route = \"/...\"", "route = \"/api\"", "error", &["[[trigger.http]]", "/api"]),
        ("release/gateway.wasm", "release/other.wasm", "warning", &["other.wasm", "--build"]),
        ("key_value_stores = [\"default\"]", "", "error", &["key_value_stores", "\"default\"", "[component.gateway]"]),
        (
            "environment = { default = \"local\" }",
            "environment = { required = true }",
            "error",
            &["'environment'", "SPIN_VARIABLE_ENVIRONMENT"],
        ),
        (
            "extra_backends = { default",
            "Extra = { default = \"\" }\nextra_backends = { default",
            "error",
            &["\"Extra\"", "[variables]"],
        ),
        (
            "request_timeout={{ request_timeout }}\n",
            "",
            "error",
            &["'request_timeout'", "[component.gateway.variables]"],
        ),
        (
            "extra_backends = \"{{ extra_backends }}\"",
            "extra_backends = \"{{ extra }}\"",
            "error",
            &["component.gateway.variables.extra_backends", "'extra'"],
        ),
        (
            "\"{{ backend_cf_d1_url }}\",",
            "",
            "error",
            &["'backend_cf_d1_url'", "http://127.0.0.1:8787", "add \"{{ backend_cf_d1_url }}\""],
        ),
        (
            "\"{{ backend_cf_d1_url }}\",",
            "\"{{ backend_cf_d1_url }}\", \"nonsense\",",
            "error",
            &["component.gateway.allowed_outbound_hosts", "\"nonsense\"", "scheme"],
        ),
        (
            "backend_cf_d1_authorization = { default = \"\", secret = true }",
            "backend_cf_d1_authorization = { default = \"\" }",
            "warning",
            &["'backend_cf_d1_authorization'", "secret = true"],
        ),
        ("allowed_outbound_hosts = [", all_hosts, "warning", &["\"*://*:*\"", "every host"]),
    ] {
        let folder = folder(from, to);
        only(with(folder.path(), &[]), severity, expected);
    }
    let empty = tempfile::tempdir().unwrap();
    only(with(empty.path(), &[]), "error", &["spin.toml", "--from"]);
}

#[test]
fn variables() {
    let folder = folder("", "");
    for (variable, severity, expected) in [
        ("environment=prod", "error", &["'environment'", "'prod'"][..]),
        ("request_timeout=soon", "error", &["'request_timeout'", "'soon'"]),
        ("enviroment=cloud", "error", &["--variable enviroment", "did you mean environment?"]),
        ("environment=@absent", "error", &["environment", "absent"]),
        ("backend_cf_d1_url=", "error", &["'backend_cf_d1_url'", "empty"]),
        ("backend_cf_d1_url=127.0.0.1:1", "error", &["'backend_cf_d1_url'", "scheme"]),
        ("backend_cf_d1_url=ftp://h:21", "error", &["'backend_cf_d1_url'", "http://"]),
        ("backend_cf_d1_url=http://h:1/api?s3cret", "error", &["'backend_cf_d1_url'", "carries a path"]),
        ("backend_cf_d1_url=http://u:s3cret@h", "error", &["'backend_cf_d1_url'", "user name"]),
        ("backend_cf_d1_url=http://localhost:3001", "warning", &["'backend_cf_d1_url'", "'bun-sqlite'", "same URL"]),
        ("backend_cf_d1_url=http://localhost:3000", "error", &["'backend_cf_d1_url'", "508"]),
        ("backend_cf_d1_health=up", "error", &["'backend_cf_d1_health'", "'/'"]),
        ("backend_cf_d1_authorization=s3crét", "error", &["'backend_cf_d1_authorization'"]),
        ("backend_cf_d1_authorization=Bearer s3cret", "warning", &["every web page", "'cors_origins'"]),
        ("backend_secrets={\"go\":{\"x-key\":\"s3cret\"}}", "warning", &["every web page", "'cors_origins'"]),
        ("backend_secrets=s3cret", "error", &["'backend_secrets'", "JSON"]),
        ("trusted_proxies=everyone", "error", &["'trusted_proxies'", "'private'"]),
        ("cors_origins=app.example", "error", &["'cors_origins'", "https://app.example"]),
        ("shootout=many", "error", &["'shootout'", "'many'"]),
        ("extra_backends=[", "error", &["'extra_backends'", "JSON"]),
        ("extra_backends=[{\"id\":\"go\"}]", "error", &["'extra_backends[0]'", "url"]),
        (
            "extra_backends=[{\"id\":\"go\",\"url\":\"http://127.0.0.1:9\"}]",
            "error",
            &["'extra_backends'", "'go'", "cloud_hosts to 'http://127.0.0.1:9'"],
        ),
        ("cloud_hosts=https://h/path", "error", &["'cloud_hosts'", "carries a path"]),
        ("cloud_hosts=https://*", "warning", &["'cloud_hosts'", "every host"]),
        (
            "cloud_hosts=https://*.workers.dev,http://10.0.0.0/8",
            "warning",
            &["'cloud_hosts'", "Spin takes one", "README.md"],
        ),
        ("cloud_hosts=HTTPS://*.workers.dev:443", "warning", &["'cloud_hosts'", "capitals", "lower case"]),
        ("cloud_hosts=http://[::1]", "warning", &["'cloud_hosts'", "IPv6 address without a port", "Spin 4.0"]),
        ("cloud_hosts=http://[fd00::]/8:*", "error", &["'cloud_hosts'", "IPv6", "without brackets"]),
        ("cloud_hosts=https://a,b", "error", &["'cloud_hosts'", "pattern 2 of its list", "scheme"]),
        ("backend_cf_d1_url=HTTP://127.0.0.1:8787", "error", &["'backend_cf_d1_url'", "lower case"]),
        ("frobnicate=1", "error", &["--variable frobnicate", "it has: ", "environment"]),
    ] {
        only(with(folder.path(), &[variable]), severity, expected);
        let (_, stdout) = run(with(folder.path(), &[variable]));
        assert!(!stdout.contains("s3cr"), "{stdout}");
    }
    only(
        with(folder.path(), &["backend_cf_d1_authorization=s3cret", "cors_origins=https://app.example"]),
        "warning",
        &["'backend_cf_d1_authorization'", "Bearer"],
    );
    only(
        with(folder.path(), &["environment=cloud", "request_timeout=25s"]),
        "warning",
        &["'cloud'", ".spin", "kv set backend:"],
    );
    let listening = host(folder.path(), &["check", "--listen", "0.0.0.0:8787"]);
    only(listening, "error", &["'backend_cf_d1_url'", "508"]);
    only(host(folder.path(), &["check", "--listen", "localhost:8787"]), "error", &["'backend_cf_d1_url'", "508"]);
    let names =
        ["bun_sqlite", "cf_d1", "dotnet_api", "elixir_phoenix", "java_spring_boot", "php_laravel", "ruby_rails"];
    let unset: Vec<_> = names.iter().map(|name| format!("backend_{name}_url=http://unset.invalid")).collect();
    let unset: Vec<_> = unset.iter().map(String::as_str).collect();
    only(with(folder.path(), &unset), "error", &["no backend is configured", "backend_bun_sqlite_url"]);
}

#[test]
fn surroundings() {
    let folder = folder("", "");
    let mut typing_error = with(folder.path(), &[]);
    typing_error.env("SPIN_VARIABLE_BACKEND_BUN_SQLITE_ULR", "http://h");
    let expected = [
        "SPIN_VARIABLE_BACKEND_BUN_SQLITE_ULR in the environment",
        "did you mean SPIN_VARIABLE_BACKEND_BUN_SQLITE_URL?",
    ];
    only(typing_error, "warning", &expected);

    std::fs::write(folder.path().join(".env"), "SPIN_VARIABLE_SOMETHING=1\nUNRELATED=2\n").unwrap();
    only(with(folder.path(), &[]), "warning", &["SPIN_VARIABLE_SOMETHING in .env", "declare it"]);
    std::fs::write(folder.path().join(".env"), "SPIN_VARIABLE_BACKEND_CF_D1_AUTHORIZATION=Bearer s3cret\n").unwrap();
    only(with(folder.path(), &[]), "error", &[".env", "line 1", "quotes"]);
    assert!(!run(with(folder.path(), &[])).1.contains("s3cret"));
}

#[test]
fn json_without_quotes_around_it_in_dotenv() {
    let folder = folder("", "");
    let dotenv = |text: &str| std::fs::write(folder.path().join(".env"), text).unwrap();
    let backend = r#"[{"id":"go","url":"http://127.0.0.1:3001"}]"#;
    dotenv(&format!("# backends\nSPIN_VARIABLE_EXTRA_BACKENDS={backend}\n"));
    let right = format!("write SPIN_VARIABLE_EXTRA_BACKENDS='{backend}'");
    only(with(folder.path(), &[]), "error", &["'extra_backends' loses its double quotes in .env, line 2", &right]);
    dotenv(&format!("SPIN_VARIABLE_EXTRA_BACKENDS='{backend}'\n"));
    only(with(folder.path(), &[]), "warning", &["'go' has the same URL"]);
    dotenv("SPIN_VARIABLE_EXTRA_BACKENDS=[{\"id\":\"go\",\"url\":\"http://u:s3cret@h\"}]\n");
    only(with(folder.path(), &[]), "error", &["line 1", "write SPIN_VARIABLE_EXTRA_BACKENDS='[{\"id\":...}]'"]);
    assert!(!run(with(folder.path(), &[])).1.contains("s3cret"));
    // As a shell leaves it, and with a space.
    dotenv("");
    only(with(folder.path(), &["extra_backends=[{id:go}]"]), "error", &["no double quotes", "single quotes"]);
    dotenv("SPIN_VARIABLE_EXTRA_BACKENDS=[{\"id\": \"go\"}]\n");
    let expected = [".env", "line 1 (SPIN_VARIABLE_EXTRA_BACKENDS)", "single quotes"];
    only(with(folder.path(), &[]), "error", &expected);
    std::fs::write(folder.path().join(".env"), b"A=\xff").unwrap();
    only(with(folder.path(), &[]), "error", &[".env", "UTF-8"]);
}

#[test]
fn stored_backends() {
    let folder = folder("", "");
    let set = |arguments: &[&str]| {
        let output =
            host(folder.path(), &[&["kv", "set", "--force", "--state-dir", "state"], arguments].concat()).output();
        assert!(output.unwrap().status.success());
    };
    let check = |environment: &str| {
        let mut command = with(folder.path(), &[environment, "request_timeout=25s"]);
        command.args(["--state-dir", "state"]);
        command
    };
    set(&["other", "1"]);
    only(check("environment=cloud"), "error", &["holds no backend", "kv set backend:"]);
    set(&["backend:good", "--url", "https://good.workers.dev"]);
    assert!(run(check("environment=cloud")).1.contains("1 in the key-value store, environment 'cloud'; 0 warnings"));

    for (value, expected) in [
        (&["{"][..], &["'backend:x'", "JSON", "kv delete"][..]),
        (&["--url", "https://x.example.dev"], &["'backend:x'", "does not cover https://x.example.dev", "cloud_hosts"]),
        (&["--url", "http://127.0.0.1:3000/api"], &["'backend:x'"]),
        // Allowed, because a local backend is there: for an entry of the store that is not enough.
        (&["--url", "http://127.0.0.1:3001/api"], &["'backend:x'", "leads inside", "'cloud_hosts'"]),
    ] {
        set(&[&["backend:x"], value].concat());
        let (code, stdout) = run(check("environment=cloud"));
        assert_eq!(code, Some(1), "{stdout}");
        let line = stdout.lines().find(|line| line.starts_with("error: ")).unwrap();
        assert!(expected.iter().all(|part| line.contains(part)), "{stdout}");
        let (code, stdout) = run(check("environment=local"));
        assert_eq!(code, Some(0), "nobody asks for it there: {stdout}");
        assert!(stdout.contains("warning: ") && stdout.contains("'backend:x'"), "{stdout}");
    }
    set(&["backend:x", "--url", "https://good.workers.dev/"]);
    only(check("environment=cloud"), "warning", &["'backend:x'", "'good'", "same URL"]);
    set(&["backend:x", "--url", "https://x.workers.dev/"]);
    set(&["health:cloud:x", "?"]);
    only(check("environment=cloud"), "warning", &["'health:cloud:x'", "kv delete"]);

    std::fs::write(folder.path().join("state/sqlite_key_value.db"), "no database at all, but long enough").unwrap();
    only(check("environment=cloud"), "error", &["state", "cannot be read", "remove sqlite_key_value.db"]);
}
