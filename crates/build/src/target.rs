//! Makes sure that the `wasm32-wasip2` target is there: looks, and has `install-target.sh` install it where it is missing.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::component::{without_native_settings, workspace_root};
use crate::error::BuildError;

/// The target of the component.
pub(crate) const NAME: &str = "wasm32-wasip2";

/// What the script writes beside libraries that it built: `rustc -vV` of the rustc that they are for. rustup keeps folders that it does
/// not know when it updates a toolchain, so without this an old standard library would meet a new compiler.
const STAMP: &str = "made-by-gateway-build";

/// Installs the target for the `rustc` in use where it is missing; the script says on stderr what it does. Otherwise does nothing.
///
/// Safe to call twice and from several processes at once.
pub(crate) fn ensure() -> Result<(), BuildError> {
    let lib = rustc(&["--print", "target-libdir", "--target", NAME])?;
    if is_installed(Path::new(&lib))? {
        return Ok(());
    }
    let mut script = Command::new("sh");
    without_native_settings(&mut script)
        .arg(workspace_root().join("crates/build/install-target.sh"))
        .current_dir(workspace_root())
        .stdin(Stdio::null());
    match script.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(BuildError::NoTarget { reason: format!("install-target.sh failed ({status}), see above") }),
        // As on Windows, where rustup installs the target by itself: rust-toolchain.toml asks for it.
        Err(error) => Err(BuildError::NoTarget { reason: format!("there is no `sh` for install-target.sh: {error}") }),
    }
}

/// Whether a standard library is there, and is not one that the script built for an earlier rustc.
fn is_installed(lib: &Path) -> Result<bool, BuildError> {
    let holds_std = fs::read_dir(lib).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
    });
    match fs::read_to_string(lib.join(STAMP)) {
        Ok(made_for) if holds_std => Ok(made_for.trim() == rustc(&["-vV"])?),
        _ => Ok(holds_std),
    }
}

/// What rustc prints, as cargo would call it from the workspace.
fn rustc(arguments: &[&str]) -> Result<String, BuildError> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(arguments).current_dir(workspace_root()).stderr(Stdio::inherit());
    match rustc.output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Ok(output) => Err(BuildError::failed(&rustc, output.status)),
        Err(error) => Err(BuildError::start(&rustc, error)),
    }
}
