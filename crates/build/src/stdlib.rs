//! The fallback: compiles the target's standard library from Debian's sources, beside its destination, and renames it in when done.
//!
//! Everything happens in one folder inside the toolchain (so that the rename stays on one file system), which is gone afterwards
//! whatever happened. Cargo reads the library's sources from rustc's sysroot and from nowhere else, so it gets a sysroot of its own
//! there: links to the real one, plus the sources and the new target. The toolchain itself changes in the last step only.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command::{Step, without_native_settings};
use crate::component::cargo;
use crate::debian::{self, Apt};
use crate::error::BuildError;
use crate::toolchain::{STAMP, TARGET, Toolchain, holds_std};

const BY_HAND: &str =
    "install the target by hand: `rustup target add wasm32-wasip2`, or your package manager's package for it";

const COLLECT: Step = Step { name: "collecting what the target is made of", limit: Duration::ZERO, remedy: BY_HAND };
const COMPILE: Step =
    Step { name: "compiling the target's standard library", limit: Duration::from_secs(1800), remedy: BY_HAND };
const CHECK: Step =
    Step { name: "checking the target with a program", limit: Duration::from_secs(120), remedy: BY_HAND };
const INSTALL: &str = "moving the target into the toolchain";

/// What a linked program needs besides the Rust libraries.
const LIBC_OBJECTS: [&str; 3] = ["crt1-command.o", "crt1-reactor.o", "libc.a"];

/// Builds the target and moves it into the toolchain. The caller holds the toolchain's lock.
pub(crate) fn install(toolchain: &Toolchain) -> Result<(), BuildError> {
    let mirror = debian::mirror()?;
    eprintln!(
        "gateway-build: rustup could not; building the {TARGET} target from Debian's rust-src and wasi-libc, \
         which takes a minute or two"
    );
    let rustlib = toolchain.rustlib()?;
    let work = WorkFolder::create(rustlib.join(".gateway-build"))?;
    let shadow = Shadow::create(&work.0, rustlib, toolchain.field("host")?)?;

    let mut apt = Apt::set_up(&work.0.join("apt"), &mirror)?;
    let release = toolchain.field("release")?;
    if !shadow.has_sources() {
        let version = apt.version_of("rust-src", release)?;
        let sources = apt.unpacked("rust-src", Some(&version))?.join(format!("usr/src/rustc-{release}/library"));
        shadow.take_sources(&sources)?;
    }
    let libc = apt.unpacked("wasi-libc", None)?.join("usr/lib").join(TARGET);
    for object in LIBC_OBJECTS {
        let to = shadow.target_lib().join("self-contained").join(object);
        fs::copy(libc.join(object), &to).map_err(COLLECT.files(&libc.join(object)))?;
    }

    let libraries = compile(&work.0, &shadow, toolchain)?;
    let copied = copy_libraries(&libraries, &shadow.target_lib()).map_err(COLLECT.files(&libraries))?;
    if !holds_std(&shadow.target_lib()) {
        return Err(COMPILE.unsupported(format!(
            "cargo succeeded and made {copied} libraries, but no libstd in {}",
            libraries.display()
        )));
    }
    check(&work.0, &shadow)?;
    let stamp = shadow.target_lib().join(STAMP);
    fs::write(&stamp, &toolchain.version).map_err(COLLECT.files(&stamp))?;
    move_in(&work.0, &shadow.target_lib(), &toolchain.target_lib)
}

impl Step {
    fn files(&self, path: &Path) -> impl FnOnce(io::Error) -> BuildError + use<> {
        BuildError::files(self.name, path, self.remedy)
    }
}

/// A folder that is removed when dropped. One that a killed process left behind is removed first: the lock says it is nobody's.
struct WorkFolder(PathBuf);

impl WorkFolder {
    fn create(path: PathBuf) -> Result<Self, BuildError> {
        if path.exists() {
            fs::remove_dir_all(&path).map_err(COLLECT.files(&path))?;
        }
        fs::create_dir(&path).map_err(COLLECT.files(&path))?;
        Ok(Self(path))
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("gateway-build: {} can be deleted: {error}", self.0.display());
        }
    }
}

/// A sysroot of links to the real one, with sources and target of its own, and a `rustc` that uses it.
struct Shadow {
    sysroot: PathBuf,
    rustc: PathBuf,
}

impl Shadow {
    fn create(work: &Path, rustlib: &Path, host: &str) -> Result<Self, BuildError> {
        let shadow = Self { sysroot: work.join("sysroot"), rustc: work.join("rustc") };
        let self_contained = shadow.target_lib().join("self-contained");
        fs::create_dir_all(&self_contained).map_err(COLLECT.files(&self_contained))?;
        // The host's libraries, for build scripts, and the linkers, which live beside them.
        link(&rustlib.join(host), &shadow.rustlib().join(host))?;
        // Sources that came with rustup are this rustc's own and better than any other.
        let own_sources = rustlib.join("src");
        if own_sources.join("rust/library/Cargo.lock").exists() {
            link(&own_sources, &shadow.rustlib().join("src"))?;
        }
        let real = rustlib.ancestors().nth(2).unwrap_or(rustlib).join("bin").join(format!("rustc{EXE_SUFFIX}"));
        let script = format!("#!/bin/sh\nexec {} --sysroot {} \"$@\"\n", quoted(&real), quoted(&shadow.sysroot));
        fs::write(&shadow.rustc, script)
            .and_then(|()| make_executable(&shadow.rustc))
            .map_err(COLLECT.files(&shadow.rustc))?;
        Ok(shadow)
    }

    fn rustlib(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib")
    }

    fn target_lib(&self) -> PathBuf {
        self.rustlib().join(TARGET).join("lib")
    }

    fn sources(&self) -> PathBuf {
        self.rustlib().join("src/rust")
    }

    fn has_sources(&self) -> bool {
        self.sources().join("library").exists()
    }

    fn take_sources(&self, library: &Path) -> Result<(), BuildError> {
        fs::create_dir_all(self.sources())
            .and_then(|()| fs::rename(library, self.sources().join("library")))
            .map_err(COLLECT.files(library))
    }
}

/// Compiles an empty crate and, on the way, the standard library; returns the folder of the results.
fn compile(work: &Path, shadow: &Shadow, toolchain: &Toolchain) -> Result<PathBuf, BuildError> {
    let dir = work.join("empty");
    let manifest = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[profile.release]\npanic = \"abort\"\n\n[workspace]\n";
    fs::create_dir_all(dir.join("src"))
        .and_then(|()| fs::write(dir.join("Cargo.toml"), manifest))
        .and_then(|()| fs::write(dir.join("src/lib.rs"), "#![no_std]\n"))
        .map_err(COLLECT.files(&dir))?;
    // With bitcode, as in rustup's own: without it `lto = true` cannot read the libraries. Source paths as in rustup's own too, so
    // that a component does not carry the folders of the machine that built it.
    let commit = toolchain.field("commit-hash")?;
    let flags = format!("-Cembed-bitcode=yes\u{1f}--remap-path-prefix={}=/rustc/{commit}", shadow.sources().display());
    let mut command = Command::new(cargo());
    without_native_settings(&mut command)
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "-Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro",
            "--target-dir",
            "target",
        ])
        // -Z options are for nightlies; this is how the standard library is built for every release.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", &shadow.rustc)
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .current_dir(&dir);
    COMPILE.run(&mut command)?;
    Ok(dir.join("target").join(TARGET).join("release/deps"))
}

/// Copies all libraries but the empty crate's own.
fn copy_libraries(from: &Path, to: &Path) -> io::Result<usize> {
    let mut copied: usize = 0;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if text.starts_with("lib") && text.ends_with(".rlib") && !text.starts_with("libempty-") {
            fs::copy(from.join(&name), to.join(&name))?;
            copied = copied.saturating_add(1);
        }
    }
    Ok(copied)
}

/// Compiles and links a program with the new target, before anybody else can see it.
fn check(work: &Path, shadow: &Shadow) -> Result<(), BuildError> {
    let program = work.join("hello.rs");
    fs::write(&program, "fn main() { println!(\"hello\"); }\n").map_err(CHECK.files(&program))?;
    CHECK
        .run(
            Command::new(&shadow.rustc)
                .args(["--target", TARGET, "-Copt-level=s", "-Clto", "-Cpanic=abort", "-o", "hello.wasm"])
                .arg(&program)
                .current_dir(work),
        )
        .map(drop)
}

/// Renames the finished folder to its place; whatever lay there without a standard library is put aside, and put back on failure.
fn move_in(work: &Path, finished: &Path, to: &Path) -> Result<(), BuildError> {
    let aside = work.join("before");
    let moved = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        let occupied = to.exists();
        if occupied {
            fs::rename(to, &aside)?;
        }
        fs::rename(finished, to).inspect_err(|_| {
            if occupied {
                // The first error is the one to report.
                let _ = fs::rename(&aside, to);
            }
        })
    });
    moved.map_err(BuildError::files(INSTALL, to, BY_HAND))
}

#[cfg(unix)]
fn link(original: &Path, link: &Path) -> Result<(), BuildError> {
    std::os::unix::fs::symlink(original, link).map_err(COLLECT.files(link))
}

#[cfg(unix)]
fn make_executable(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
}

/// Debian's packages are for Debian; elsewhere the fallback ends here.
#[cfg(not(unix))]
fn link(original: &Path, _link: &Path) -> Result<(), BuildError> {
    Err(COLLECT.unsupported(format!(
        "Debian's packages are of no use on this system, so {} is not needed",
        original.display()
    )))
}

#[cfg(not(unix))]
fn make_executable(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// A path as one word of a shell script.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_survives_spaces_and_quotes() {
        for (path, expected) in [("/a/b", "'/a/b'"), ("/a b", "'/a b'"), ("/it's", r"'/it'\''s'")] {
            assert_eq!(quoted(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn moving_in_replaces_what_is_there_and_failing_puts_it_back() -> io::Result<()> {
        let root = std::env::temp_dir().join(format!("gateway-build-test-{}", std::process::id()));
        let (work, to) = (root.join("work"), root.join("rustlib/target/lib"));
        fs::create_dir_all(&work)?;
        fs::create_dir_all(&to)?;
        fs::write(to.join("old"), "")?;

        let failed = move_in(&work, &work.join("missing"), &to);
        assert!(failed.is_err(), "there is nothing to move in");
        assert!(to.join("old").exists(), "what was there is back");

        fs::create_dir_all(work.join("finished"))?;
        fs::write(work.join("finished/new"), "")?;
        let moved = move_in(&work, &work.join("finished"), &to);
        assert!(moved.is_ok(), "{moved:?}");
        assert!(to.join("new").exists() && !to.join("old").exists(), "the new folder is in the old one's place");
        fs::remove_dir_all(root)
    }
}
