//! Why the component could not be built, and what to do about it.

use std::ffi::OsStr;
use std::io;
use std::iter;
use std::process::{Command, ExitStatus};

use thiserror::Error;

/// Why the component could not be built. Each message is complete in itself: it contains what the system said, so there is no `source`.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A program is not installed, or the system refuses to run it.
    #[error("cannot run `{program}`: {error}; install Rust, or put its bin folder on the PATH")]
    Start {
        /// `cargo` or `rustc`, or what `CARGO` or `RUSTC` names.
        program: String,
        /// What the system said.
        error: io::Error,
    },
    /// rustc or cargo ran and failed; its messages are on stderr.
    #[error("`{command}` failed ({status}); see its messages above")]
    Failed {
        /// The command line, for running it by hand in the workspace's root.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The target is missing, and neither rustup nor Debian's packages gave it; the script's messages are on stderr.
    #[error("the wasm32-wasip2 target is missing: {reason}; install it by hand: rustup target add wasm32-wasip2")]
    NoTarget {
        /// Why the script did not help.
        reason: String,
    },
}

impl BuildError {
    pub(crate) fn start(command: &Command, error: io::Error) -> Self {
        Self::Start { program: command.get_program().to_string_lossy().into_owned(), error }
    }

    pub(crate) fn failed(command: &Command, status: ExitStatus) -> Self {
        let words = iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_string_lossy);
        Self::Failed { command: words.collect::<Vec<_>>().join(" "), status }
    }
}
