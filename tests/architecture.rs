//! The invariants of ARCHITECTURE.md that can be checked from outside: who depends on what, and which words stand where.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails loudly, and says what it skips on stdout"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder exists") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// The code of a file, without comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a readable file");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The packages that a package depends on, natively, without dev-dependencies.
fn dependencies(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", package])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_core_depends_on_no_host_and_no_runtime() {
    for dependency in dependencies("gateway-core") {
        for foreign in ["spin", "wasi", "wasmtime", "tokio", "hyper", "wit-bindgen", "futures", "rand", "getrandom"] {
            assert!(!dependency.starts_with(foreign), "gateway-core depends on {dependency}");
        }
    }
}

#[test]
fn the_core_does_no_io_and_reads_no_clock() {
    for path in sources("crates/core/src") {
        let code = code(&path);
        for word in [
            "std::fs",
            "std::net::Tcp",
            "std::net::Udp",
            "std::env",
            "std::process",
            "std::thread",
            "std::io",
            "Instant",
            "SystemTime",
            "Utc::now",
            "async fn",
            ".await",
            "println!",
            "unsafe",
        ] {
            assert!(!code.contains(word), "{} contains {word}", path.display());
        }
    }
}

#[test]
fn the_native_build_of_the_component_is_empty() {
    assert_eq!(dependencies("gateway"), ["gateway"]);
}

#[test]
fn only_the_component_names_the_sdk_and_only_the_host_names_wasmtime() {
    for path in
        ["crates/core/src", "crates/cli/src", "crates/host/src", "crates/build/src", "examples/backends/built-in/src"]
            .into_iter()
            .flat_map(sources)
    {
        assert!(!code(&path).contains("spin_sdk"), "{}", path.display());
    }
    for path in ["src", "crates/core/src", "crates/cli/src", "crates/build/src", "examples/backends/built-in/src"]
        .into_iter()
        .flat_map(sources)
    {
        let code = code(&path);
        assert!(!code.contains("wasmtime::") && !code.contains("wasmtime_"), "{}", path.display());
    }
}

/// The interfaces that a component imports.
fn imports(path: &Path) -> Vec<String> {
    use wasmparser::{Parser, Payload};
    let bytes = std::fs::read(path).expect("it was built");
    let mut imports = Vec::new();
    // Components and modules within have imports of their own, which the outermost component satisfies.
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.expect("a component") {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                imports.extend(section.into_iter().map(|import| import.expect("an import").name.name.to_owned()));
            }
            _ => {}
        }
    }
    assert!(imports.iter().any(|import| import.starts_with("wasi:http/")), "{imports:?}");
    imports
}

#[test]
fn the_plain_component_imports_wasi_alone_and_the_other_one_what_spin_offers() {
    let plain = gateway_build::build_plain_component().expect("the component builds");
    for import in imports(&plain) {
        assert!(import.starts_with("wasi:") && import.contains("@0.2."), "{import}");
    }
    let spin = imports(&gateway_build::build_component().expect("the component builds"));
    let foreign: Vec<_> = spin.iter().filter(|import| !import.starts_with("wasi:")).collect();
    assert_eq!(foreign, ["fermyon:spin/variables@2.0.0", "fermyon:spin/key-value@2.0.0"]);
    // Spin's hosted platforms offer no files.
    assert!(!reads_files(&spin), "{spin:?}");
    assert!(reads_files(&imports(&plain)), "its store is a folder");
}

fn reads_files(imports: &[String]) -> bool {
    imports.iter().any(|import| import.starts_with("wasi:filesystem/"))
}

/// Size is start-up time.
#[test]
fn the_component_is_smaller_than_512_kib() {
    let path = gateway_build::build_component().expect("the component builds");
    let size = std::fs::metadata(path).expect("it was built").len();
    assert!(size < 512 * 1024, "{size} bytes");
}

/// Each row of the threat model names its defence and a test, and what is named exists.
#[test]
fn the_threat_model_names_tests_that_exist() {
    let text = std::fs::read_to_string(root().join("docs/threat-model.md")).expect("the threat model");
    let section = text.split("## Threats and defences").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows: Vec<_> = section.expect("its table").lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 4, "{row}");
        let quoted = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
        for file in quoted(cells[2]).iter().filter(|name| name.ends_with(".rs")) {
            assert!(root().join(file).is_file(), "{file} does not exist: {row}");
        }
        let tests = quoted(cells[3]);
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("{test} is not file::test"));
            let code = std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let lines: Vec<_> = code.lines().map(str::trim).collect();
            let at = lines.iter().position(|line| line.starts_with(&format!("fn {name}(")));
            let is_test = at.is_some_and(|at| {
                lines[..at].iter().rev().take_while(|line| line.starts_with('#')).any(|line| *line == "#[test]")
            });
            assert!(is_test, "{file} has no test {name}");
        }
    }
}

/// Everything a build takes from elsewhere is named with its checksum, and comes from one registry.
#[test]
fn crates_come_from_the_registry_with_a_checksum() {
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let text = std::fs::read_to_string(root().join(lock)).expect("a lock");
        let sources: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
        assert!(sources.len() > 20, "{lock} has {} packages", sources.len());
        for source in &sources {
            assert!(
                source.starts_with("\"registry+https://") && source == &sources[0],
                "{lock} takes code from {source}"
            );
        }
        let checksums = text.lines().filter(|line| line.starts_with("checksum = \"")).count();
        assert_eq!(checksums, sources.len(), "{lock}: packages without a checksum");
    }
}

/// Files of the repository whose path ends in a text, from its root, sorted. What builds and installations make is left out.
fn files(end: &str) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![root().to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder exists") {
            let path = entry.expect("an entry").path();
            let made = ["target", "node_modules", ".git", ".spin", ".wrangler"].iter().any(|name| path.ends_with(name));
            let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            match path.is_dir() {
                true if !made => folders.push(path),
                false if name.ends_with(end) => found.push(name),
                _ => {}
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {end}");
    found
}

/// What npm installs is named to the byte, and no package runs a script at its installation that nobody decided about.
#[test]
fn npm_packages_are_locked() {
    let json = |path: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    for manifest in files("package.json") {
        let package = json(&manifest);
        for kind in ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] {
            for (name, version) in package[kind].as_object().into_iter().flatten() {
                let version = version.as_str().unwrap_or_default();
                let is_exact = version.split('.').count() == 3
                    && version
                        .split('.')
                        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
                assert!(is_exact, "{manifest} wants {name} {version}: name one version");
            }
        }
        let lock_path = manifest.replace("package.json", "package-lock.json");
        let lock = json(&lock_path);
        assert_eq!(lock["lockfileVersion"], 3, "{lock_path}");
        let packages = lock["packages"].as_object().expect("its packages");
        assert!(packages.len() > 1, "{lock_path} is empty");
        for (place, locked) in packages.iter().filter(|(place, _)| !place.is_empty()) {
            let integrity = locked["integrity"].as_str().unwrap_or_default();
            assert!(integrity.starts_with("sha512-"), "{lock_path}: {place} has no checksum");
            let resolved = locked["resolved"].as_str().unwrap_or("https://");
            assert!(resolved.starts_with("https://"), "{lock_path}: {place} comes from {resolved}");
            let name = place.rsplit("node_modules/").next().unwrap_or_default();
            assert!(
                locked["hasInstallScript"] != true || package["allowScripts"][name].is_boolean(),
                "{manifest}: {name} runs a script at its installation; say in allowScripts whether it may"
            );
        }
    }
    for script in [".ci/run", "deploy/isolation-test.sh", "tests/support/npm_backend.rs", "crates/bench/src/worker.rs"]
    {
        let text = std::fs::read_to_string(root().join(script)).expect("a script");
        assert!(
            !text.contains("npm install ") && !text.contains("\"install\""),
            "{script}: npm ci installs what is locked"
        );
    }
}

/// `unsafe` is denied in every crate, and allowed in three places of generated code.
#[test]
fn unsafe_is_denied_everywhere_but_in_generated_code() {
    for manifest in files("Cargo.toml") {
        let text = std::fs::read_to_string(root().join(&manifest)).expect("a manifest");
        let denies = text.contains("\nunsafe_code = \"deny\"") || text.contains("[lints]\nworkspace = true");
        assert!(denies, "{manifest} denies no unsafe code");
    }
    let allowing: Vec<_> = files(".rs")
        .into_iter()
        .filter(|file| file != "tests/architecture.rs")
        .filter(|file| code(&root().join(file)).contains("unsafe_code"))
        .collect();
    assert_eq!(allowing, ["crates/bench/pass-through/src/lib.rs", "src/host/bindings.rs", "src/lib.rs"]);
    for file in files(".rs").iter().filter(|file| !allowing.contains(file) && *file != "tests/architecture.rs") {
        for line in code(&root().join(file)).lines() {
            assert!(
                !line.contains("unsafe {") && !line.contains("unsafe fn") && !line.contains("unsafe impl"),
                "{file}: {line}"
            );
        }
    }
}
