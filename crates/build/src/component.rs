//! The one cargo call that makes `gateway.wasm`, in either variant.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::BuildError;
use crate::target;

/// Builds the component in release mode and returns the path of `gateway.wasm`. Cargo's progress goes to the caller's terminal.
///
/// The result is always in the workspace's own `target` folder, whatever `CARGO_TARGET_DIR` says: `spin.toml` names it there.
/// A build that is up to date takes well under a second. A missing `wasm32-wasip2` target is installed first, within minutes.
///
/// # Errors
///
/// When the target cannot be installed, or cargo cannot be started or fails.
pub fn build_component() -> Result<PathBuf, BuildError> {
    build(&workspace_root().join("target"), &[])
}

/// As [`build_component`], but for hosts without Spin's interfaces, such as `wasmtime serve`: the component imports `wasi:*` alone.
///
/// # Errors
///
/// As for [`build_component`].
pub fn build_plain_component() -> Result<PathBuf, BuildError> {
    // Cargo puts either variant at the same place in its target folder, so this one has a folder of its own.
    build(&workspace_root().join("target").join("plain-wasi"), &["--features", "plain-wasi"])
}

fn build(target_dir: &Path, features: &[&str]) -> Result<PathBuf, BuildError> {
    target::ensure()?;
    // The cargo that runs us, so that a toolchain chosen with `cargo +x` or by full path is kept.
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    without_native_settings(&mut cargo)
        .args(["build", "--release", "--target", target::NAME, "--package", "gateway"])
        .args(features)
        .arg("--target-dir")
        .arg(target_dir)
        .current_dir(workspace_root())
        .stdin(Stdio::null());
    match cargo.status() {
        Ok(status) if status.success() => Ok(target_dir.join(target::NAME).join("release").join("gateway.wasm")),
        Ok(status) => Err(BuildError::failed(&cargo, status)),
        Err(error) => Err(BuildError::start(&cargo, error)),
    }
}

/// Where the workspace was when this crate was compiled. It is a tool of the workspace and does not travel without it.
pub(crate) fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Removes what a surrounding `cargo run`, `cargo test` or coverage run left in the environment for native code: flags, wrappers
/// and profile overrides that would end up in a WebAssembly build. The choice of toolchain (`RUSTUP_TOOLCHAIN`) stays.
pub(crate) fn without_native_settings(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os().filter(|(name, _)| is_native_setting(name)) {
        command.env_remove(name);
    }
    command
}

fn is_native_setting(name: &OsStr) -> bool {
    const NAMES: [&str; 6] = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_MAKEFLAGS",
        "MAKEFLAGS",
    ];
    const PREFIXES: [&str; 3] = ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_"];
    let name = name.to_string_lossy();
    NAMES.contains(&name.as_ref()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_meant_for_native_code_are_dropped_and_the_toolchain_stays() {
        for (name, dropped) in [
            ("RUSTFLAGS", true),
            ("CARGO_ENCODED_RUSTFLAGS", true),
            ("CARGO_BUILD_TARGET", true),
            ("CARGO_PROFILE_RELEASE_LTO", true),
            ("CARGO_TARGET_DIR", true),
            ("RUSTC_WORKSPACE_WRAPPER", true),
            ("RUSTUP_TOOLCHAIN", false),
            ("CARGO_HOME", false),
            ("CARGO_REGISTRIES_MIRROR_INDEX", false),
            ("PATH", false),
        ] {
            assert_eq!(is_native_setting(OsStr::new(name)), dropped, "{name}");
        }
    }
}
