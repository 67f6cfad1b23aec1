//! Makes sure the `wasm32-wasip2` target is there: looks, takes a lock, looks again, asks rustup, and falls back on Debian's packages.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::command::Step;
use crate::component::workspace_root;
use crate::error::BuildError;
use crate::stdlib;
use crate::toolchain::{TARGET, Toolchain};

/// Enough for the 20 MB on a slow line, short enough where rustup's server is out of reach and it hangs instead of failing.
const RUSTUP: Step = Step {
    name: "adding the target with rustup",
    limit: Duration::from_secs(120),
    remedy: "run `rustup target add wasm32-wasip2` by hand; where Rust came from a package manager, install that manager's package \
             for the target (Debian: libstd-rust-dev-wasm32)",
};

const PREPARE: &str = "preparing the installation of the target";
const PREPARE_REMEDY: &str = "run this once as somebody who may write into the toolchain, or install the target by hand: \
                              `rustup target add wasm32-wasip2`, or your package manager's package for it";

/// The lock stays where it is: taking it away would let two installations hold two files of the same name.
const LOCK: &str = ".gateway-build.lock";

/// Installs the `wasm32-wasip2` target for the `rustc` on the path, where it is missing; otherwise does nothing.
///
/// First `rustup target add`, for at most two minutes. Where that does not help, the standard library is built from Debian's
/// `rust-src` and `wasi-libc` packages of exactly this rustc's version, which takes a minute or two. Says in one line on stderr what it does.
/// Safe to call twice and from several processes at once; a failure leaves the toolchain as it was.
///
/// # Errors
///
/// When rustc cannot be asked, the toolchain's folder cannot be written, or both ways failed; the message says what to do by hand.
pub fn ensure_target() -> Result<(), BuildError> {
    let toolchain = Toolchain::find()?;
    if toolchain.has_target() {
        return Ok(());
    }
    let _lock = lock(toolchain.rustlib()?)?;
    // Somebody else may have installed it while we waited.
    if toolchain.has_target() {
        return Ok(());
    }
    if toolchain.is_outdated() {
        // An older rustc's, made by us and of no use to anyone; rustup would refuse to install over it.
        fs::remove_dir_all(&toolchain.target_lib).map_err(BuildError::files(
            PREPARE,
            &toolchain.target_lib,
            PREPARE_REMEDY,
        ))?;
    }
    let Err(rustup) = add_with_rustup(&toolchain) else {
        return Ok(());
    };
    stdlib::install(&toolchain)
        .map_err(|fallback| BuildError::NoTarget { rustup: Box::new(rustup), fallback: Box::new(fallback) })
}

fn add_with_rustup(toolchain: &Toolchain) -> Result<(), BuildError> {
    eprintln!("gateway-build: installing the {TARGET} target: rustup target add {TARGET}");
    RUSTUP.run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(workspace_root()))?;
    if toolchain.has_target() {
        return Ok(());
    }
    Err(RUSTUP.unsupported(format!(
        "rustup succeeded, but for another toolchain than the rustc on the PATH, which looks in {}",
        toolchain.target_lib.display()
    )))
}

/// Waits for the toolchain's lock; it is released when the file is dropped.
fn lock(rustlib: &Path) -> Result<File, BuildError> {
    let path = rustlib.join(LOCK);
    let failed = || BuildError::files(PREPARE, &path, PREPARE_REMEDY);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("gateway-build: waiting for another process that is installing the {TARGET} target");
            file.lock().map_err(failed())?;
        }
        Err(TryLockError::Error(error)) => return Err(failed()(error)),
    }
    Ok(file)
}
