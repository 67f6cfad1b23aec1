//! The binary from outside: what it says, and its exit code, when it cannot start; what it does while it serves; how it
//! ends; and the commands beside `up`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod check;
mod health;
mod kv;
// Signals are sent to it.
#[cfg(unix)]
mod serving;
mod shootout;
mod start;

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

/// The head of a message, up to the empty line; nothing where the connection ends before.
fn read_head(mut connection: &TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte).ok()?;
        head.extend_from_slice(&byte);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// `gateway-host` in this folder, untouched by our own environment.
fn host(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway-host"));
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
            command.env_remove(name);
        }
    }
    command
}

/// `gateway-host up` on any free port, without the example backend.
fn up(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = host(folder, &["up", "--no-example"]);
    command.args(arguments);
    if !arguments.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command
}

/// The manifest of this repository, which has to be free of what `check` warns of.
fn real_manifest() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spin.toml")).unwrap()
}
