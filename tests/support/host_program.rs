//! The program of the embedded host, for tests that measure a process: the process of the tests runs all the others as well.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The package whose program it is.
const PACKAGE: &str = "gateway-cli";
/// The program's name in it.
const PROGRAM: &str = "gateway-host";

/// The program, built once per run, with the profile that this test was built with. Where it is up to date, that costs cargo's own check.
pub(crate) fn host_program() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(build);
    &PATH
}

fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", PACKAGE, "--bin", PROGRAM, "--profile", &profile()]);
    cargo.args(["--message-format", "json-render-diagnostics"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo has told this test about itself would make build scripts that look at it run again, and all that depends on them build again.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"].iter().any(|own| name.to_string_lossy().starts_with(own)) {
            cargo.env_remove(name);
        }
    }
    let output = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(output.status.success(), "{PROGRAM} does not build: see above");
    // Cargo itself says where the program is, whatever target folder it was told.
    let messages = String::from_utf8(output.stdout).expect("JSON");
    let program = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == PROGRAM).then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    program.unwrap_or_else(|| panic!("cargo names no executable of {PROGRAM}: {messages}"))
}

/// The profile of this test: the folder above `deps`, where cargo puts tests, is named for it.
fn profile() -> String {
    let test = std::env::current_exe().expect("this test has a path");
    match test.ancestors().nth(2).and_then(Path::file_name).and_then(|name| name.to_str()) {
        None | Some("debug") => "dev".to_owned(),
        Some(profile) => profile.to_owned(),
    }
}
