//! The binary from outside: what it says, and its exit code, when it cannot start; what it does while it serves; how it
//! ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// Signals are sent to it.
#[cfg(unix)]
mod serving;
mod start;

use std::path::Path;
use std::process::Command;

/// `gateway-host up` in this folder, on any free port, without the example backend, untouched by our own environment.
fn up(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway-host"));
    command.current_dir(folder).args(["up", "--no-example"]).args(arguments);
    if !arguments.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
            command.env_remove(name);
        }
    }
    command
}
