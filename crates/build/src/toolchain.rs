//! What rustc says about itself: where its libraries are, which release it is, and whether the target is among them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command::Step;
use crate::component::workspace_root;
use crate::error::BuildError;

/// The target of the component.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Written beside the libraries the fallback installed: the rustc they were made for. rustup keeps folders it does not know when it
/// updates a toolchain, so without this an old standard library would meet a new compiler.
pub(crate) const STAMP: &str = "made-by-gateway-build";

const ASK: Step = Step {
    name: "asking rustc where its libraries are",
    limit: Duration::from_secs(60),
    remedy: "install Rust, or put its bin folder on the PATH",
};

/// The toolchain in use in the workspace.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// `<sysroot>/lib/rustlib/wasm32-wasip2/lib`, whether it exists or not.
    pub(crate) target_lib: PathBuf,
    /// What `rustc -vV` prints.
    pub(crate) version: String,
}

impl Toolchain {
    /// Asks the `rustc` cargo would use.
    pub(crate) fn find() -> Result<Self, BuildError> {
        let ask = |args: &[&str]| ASK.run(rustc().args(args));
        let target_lib = PathBuf::from(ask(&["--print", "target-libdir", "--target", TARGET])?.trim());
        Ok(Self { target_lib, version: ask(&["-vV"])? })
    }

    /// `<sysroot>/lib/rustlib`, the folder the targets are in.
    pub(crate) fn rustlib(&self) -> Result<&Path, BuildError> {
        self.target_lib
            .ancestors()
            .nth(2)
            .ok_or_else(|| ASK.unsupported(format!("{} is no library folder", self.target_lib.display())))
    }

    /// One field of `rustc -vV`: `release`, `host` or `commit-hash`.
    pub(crate) fn field(&self, name: &str) -> Result<&str, BuildError> {
        field(&self.version, name).ok_or_else(|| ASK.unsupported(format!("`rustc -vV` names no {name}")))
    }

    /// Whether the target's standard library is there and meant for this rustc.
    pub(crate) fn has_target(&self) -> bool {
        holds_std(&self.target_lib) && !self.is_outdated()
    }

    /// Whether an earlier rustc's standard library, installed by the fallback, is in the way.
    pub(crate) fn is_outdated(&self) -> bool {
        fs::read_to_string(self.target_lib.join(STAMP)).is_ok_and(|made_for| made_for != self.version)
    }
}

/// `rustc` as cargo would call it from the workspace.
fn rustc() -> Command {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(workspace_root());
    rustc
}

/// Whether a library folder holds a compiled standard library.
pub(crate) fn holds_std(lib: &Path) -> bool {
    fs::read_dir(lib).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

fn field<'a>(version: &'a str, name: &str) -> Option<&'a str> {
    version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_version() {
        let version = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\ncommit-hash: 5980\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        for (name, value) in [("release", Some("1.95.0")), ("commit-hash", Some("5980")), ("rel", None), ("", None)] {
            assert_eq!(field(version, name), value, "{name:?}");
        }
    }
}
