//! What can go wrong: every failure names its step, the command or path at fault, and the remedy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// Why the component could not be built.
#[derive(Debug)]
pub enum BuildError {
    /// A program could not be started, failed, or ran into its limit.
    Command {
        /// What was being done, as in "downloading rust-src".
        step: &'static str,
        /// The command line, for running it by hand.
        command: String,
        /// How it failed.
        failure: Failure,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A file or directory could not be read, made or moved.
    Files {
        /// What was being done.
        step: &'static str,
        /// The file or directory at fault.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Everything ran, but this machine or toolchain is not one the step can serve.
    Unsupported {
        /// What was being done.
        step: &'static str,
        /// What was found instead of what is needed.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Neither way to the `wasm32-wasip2` target worked.
    NoTarget {
        /// Why `rustup target add` did not help.
        rustup: Box<BuildError>,
        /// Why building the target from Debian's packages did not help.
        fallback: Box<BuildError>,
    },
}

/// How a command failed.
#[derive(Debug)]
pub enum Failure {
    /// It could not be started at all, most often because it is not installed.
    NotStarted(io::Error),
    /// It ended with this status; the text is the end of what it said.
    Exit(ExitStatus, String),
    /// It was still running after this long and was stopped.
    TimedOut(Duration),
}

impl BuildError {
    /// For `map_err`: a failure of the file system at `path`.
    pub(crate) fn files(
        step: &'static str,
        path: &Path,
        remedy: &'static str,
    ) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Files { step, path, source, remedy }
    }
}

impl BuildError {
    /// What to do about it.
    fn remedy(&self) -> &'static str {
        match self {
            Self::Command { remedy, .. } | Self::Files { remedy, .. } | Self::Unsupported { remedy, .. } => remedy,
            Self::NoTarget { fallback, .. } => fallback.remedy(),
        }
    }

    /// What happened, without the remedy.
    fn write_cause(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { step, command, failure, .. } => write!(f, "{step}: `{command}` {failure}"),
            Self::Files { step, path, source, .. } => write!(f, "{step}: {}: {source}", path.display()),
            Self::Unsupported { step, reason, .. } => write!(f, "{step}: {reason}"),
            Self::NoTarget { rustup, fallback } => {
                f.write_str("the wasm32-wasip2 target is missing and could not be installed\n  ")?;
                rustup.write_cause(f)?;
                f.write_str("\n  ")?;
                fallback.write_cause(f)
            }
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_cause(f)?;
        write!(f, "\n  what to do: {}", self.remedy())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(source) => write!(f, "could not be started: {source}"),
            Self::Exit(status, said) if said.is_empty() => write!(f, "failed ({status})"),
            Self::Exit(status, said) => write!(f, "failed ({status}):\n    {}", said.replace('\n', "\n    ")),
            Self::TimedOut(limit) => write!(f, "was stopped after {} s", limit.as_secs()),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Command { failure: Failure::NotStarted(source), .. } | Self::Files { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_failures_end_in_one_remedy() {
        let unsupported =
            |reason: &str, remedy| Box::new(BuildError::Unsupported { step: "trying", reason: reason.into(), remedy });
        let error = BuildError::NoTarget {
            rustup: unsupported("no server", "first"),
            fallback: unsupported("no version", "second"),
        };
        let shown = error.to_string();
        for part in ["no server", "no version", "what to do: second"] {
            assert!(shown.contains(part), "{part:?} is missing in {shown:?}");
        }
        assert_eq!(shown.matches("what to do").count(), 1, "{shown:?}");
    }

    #[test]
    fn names_step_command_and_remedy() {
        let error = BuildError::Command {
            step: "adding the target",
            command: "rustup target add x".into(),
            failure: Failure::TimedOut(Duration::from_secs(120)),
            remedy: "run it by hand",
        };
        let shown = error.to_string();
        for part in ["adding the target", "`rustup target add x`", "stopped after 120 s", "run it by hand"] {
            assert!(shown.contains(part), "{part:?} is missing in {shown:?}");
        }
    }
}
