//! The one cargo call that makes `gateway.wasm`, in either variant.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command::{Step, without_native_settings};
use crate::error::BuildError;
use crate::target::ensure_target;

const COMPILE: Step = Step {
    name: "building the component",
    limit: Duration::MAX,
    remedy: "see the compiler's messages above; the command can be run by hand in the workspace's root",
};

/// Builds the component in release mode and returns the path of `gateway.wasm`. Cargo's progress goes to the caller's terminal.
///
/// The result is always in the workspace's own `target` folder, whatever `CARGO_TARGET_DIR` says: `spin.toml` names it there.
/// A build that is up to date costs cargo's own check, well under a second.
///
/// # Errors
///
/// When the target cannot be installed (see [`ensure_target`]) or cargo cannot be started or fails.
pub fn build_component() -> Result<PathBuf, BuildError> {
    build(&workspace_root().join("target"), &[])
}

/// As [`build_component`], but builds the component for hosts without Spin's interfaces, such as `wasmtime serve`: it imports `wasi:*` alone.
///
/// # Errors
///
/// As for [`build_component`].
pub fn build_plain_component() -> Result<PathBuf, BuildError> {
    // Cargo puts either variant at the same place in its target folder, so this one has a folder of its own.
    build(&workspace_root().join("target").join("plain-wasi"), &["--features", "plain-wasi"])
}

fn build(target_dir: &Path, features: &[&str]) -> Result<PathBuf, BuildError> {
    ensure_target()?;
    let mut cargo = Command::new(cargo());
    without_native_settings(&mut cargo)
        .args(["build", "--release", "--target", "wasm32-wasip2", "--package", "gateway"])
        .args(features)
        .arg("--target-dir")
        .arg(target_dir)
        .current_dir(workspace_root());
    COMPILE.run_visibly(&mut cargo)?;
    Ok(target_dir.join("wasm32-wasip2").join("release").join("gateway.wasm"))
}

/// Where the workspace was when this crate was compiled. It is a tool of the workspace and does not travel without it.
pub(crate) fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// The cargo that runs us, so that a toolchain chosen with `cargo +x` or by full path is kept.
pub(crate) fn cargo() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_root_holds_the_component() {
        let manifest = std::fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap_or_default();
        assert!(
            manifest.contains("[workspace]") && manifest.contains("name = \"gateway\""),
            "{}",
            workspace_root().display()
        );
    }
}
