//! `install-target.sh` on machines of programs that are made up: what it says and leaves behind, short of building the target.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::path::Path;
use std::process::Command;
use std::{env, fs, os::unix::fs::symlink};

const RUSTC: &str = r#"case $1 in -vV) printf 'host: h\nrelease: 1.95.0\n' ;; *) echo "${0%/*}/.." ;; esac"#;
const RUSTUP: (&str, &str) =
    ("rustup", r#"lib=${0%/*}/../lib/rustlib/$3/lib; mkdir -p "$lib"; : >"$lib/libstd-1.rlib""#);
const DEBIAN: (&str, &str) = ("apt-get", r#"echo "'http://one.example/debian/dists/stable/InRelease' x 0""#);
const OTHER: (&str, &str) = ("apt-get", r#"echo "'http://one.example/ubuntu/dists/noble/InRelease' x 0""#);
const VERSIONS: (&str, &str) = ("apt-cache", "echo ' rust-src | 1.95.1+dfsg1-1 | x'; echo ' rust-src | 1.95.00-2 | x'");
const NO_VERSIONS: (&str, &str) = ("apt-cache", "exit 0");

const STAMP: &str = "made-by-gateway-build";

/// Runs the script with these programs, in a toolchain with these files of the target; returns its success and its messages.
fn run(machine: &Path, programs: &[(&str, &str)], target: &[&str]) -> (bool, String) {
    let (bin, lib) = (machine.join("bin"), machine.join("lib/rustlib/wasm32-wasip2/lib"));
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(&lib).unwrap();
    for file in target {
        fs::write(lib.join(file), "").unwrap();
    }
    let path = env::var_os("PATH").unwrap();
    for tool in ["awk", "cat", "env", "mkdir", "mv", "rm", "sed", "sh", "tail"] {
        let mut places = env::split_paths(&path).map(|folder| folder.join(tool));
        symlink(places.find(|place| place.exists()).unwrap(), bin.join(tool)).unwrap();
    }
    let always = [("rustc", RUSTC), ("flock", "exit 0"), ("timeout", r#"shift 2; exec "$@""#), ("dpkg-deb", "exit 1")];
    for (name, code) in always.iter().chain(programs) {
        // Another program writes it: a child of another test could have it open if we did, and then it cannot be run.
        let write = r#"printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod +x "$1""#;
        assert!(Command::new("sh").args(["-c", write, "sh"]).arg(bin.join(name)).arg(code).status().unwrap().success());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install-target.sh");
    let output = Command::new("/bin/sh").arg(script).env("PATH", &bin).env_remove("RUSTC").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_target_that_is_there_is_left_alone_without_a_word() {
    let machine = tempfile::tempdir().unwrap();
    assert_eq!(run(machine.path(), &[], &["libstd-1.rlib"]), (true, String::new()));
}

#[test]
fn rustup_comes_first_and_replaces_what_was_built_for_an_earlier_rustc() {
    for target in [&[][..], &["libstd-2.rlib", STAMP]] {
        let machine = tempfile::tempdir().unwrap();
        let (success, said) = run(machine.path(), &[RUSTUP], target);
        assert!(success && said.lines().count() == 1, "{target:?}: {said}");
        assert!(said.contains("rustup target add wasm32-wasip2"), "{target:?}: {said}");
        let lib = machine.path().join("lib/rustlib/wasm32-wasip2/lib");
        assert!(lib.join("libstd-1.rlib").exists() && !lib.join(STAMP).exists(), "{target:?}");
    }
}

#[test]
fn what_is_missing_is_named_and_nothing_is_left_behind() {
    let other_versions = "rustc is 1.95.0, but Debian has rust-src in these versions only: 1.95.1+dfsg1-1 1.95.00-2";
    for (case, programs, expected) in [
        ("no apt", &[VERSIONS][..], "apt-get is missing here"),
        ("another distribution", &[OTHER, VERSIONS], "no Debian mirror"),
        ("no version", &[DEBIAN, NO_VERSIONS], "offers no rust-src in trixie-backports forky"),
        ("other versions", &[DEBIAN, VERSIONS], other_versions),
    ] {
        let machine = tempfile::tempdir().unwrap();
        let (success, said) = run(machine.path(), programs, &["libcore-1.rlib"]);
        assert!(!success && said.contains(expected), "{case}: {said}");
        assert!(said.contains("by hand: rustup target add wasm32-wasip2"), "{case}: {said}");
        let rustlib = machine.path().join("lib/rustlib");
        assert!(!rustlib.join(".gateway-build").exists(), "{case}: the folder of its work is gone");
        assert!(rustlib.join("wasm32-wasip2/lib/libcore-1.rlib").exists(), "{case}: the toolchain is as it was");
    }
}
