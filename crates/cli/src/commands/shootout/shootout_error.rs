//! Why there is no comparison, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use gateway_core::backend::url::UrlError;
use hyper::StatusCode;

/// Of this command.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, thiserror::Error)]
pub(crate) enum ShootoutError {
    /// The gateway's part of the URL.
    #[error("URL {0}; for example http://localhost:3000/tasks")]
    Url(#[source] UrlError),
    /// The URL is an https one.
    #[error("URL must start with http://: the gateway itself speaks no TLS")]
    Https,
    /// The path cannot be sent as it is.
    #[error("URL: the path '{0}' cannot be sent as it is; percent-encode spaces and the like")]
    Path(String),
    /// `--backends` names fewer than two.
    #[error("--backends {0} leaves nothing to compare; name two or more, such as a,b, or '*' for all")]
    Alone(String),
    /// Nothing there takes a connection.
    #[error("cannot connect to {0}: {1}; is the gateway running there? `cargo up` starts it")]
    Connect(String, #[source] io::Error),
    /// No whole answer within `--timeout`.
    #[error("{0} gave no whole answer within {1:?}; ask for fewer --runs or give a longer --timeout")]
    Late(String, Duration),
    /// The connection ended before the answer did, or it was no HTTP.
    #[error("the answer of {0} broke off: {1}")]
    Broken(String, String),
    /// The gateway's own error.
    #[error("{origin} answered {status}: {error}: {message}{}", next(*.status, .valid))]
    Refused { origin: String, status: StatusCode, error: String, message: String, valid: Vec<String> },
    /// Something answers, but not with a comparison.
    #[error(
        "the answer of {0} is not a comparison; is the gateway running there, and is the path one of a backend \
         (not /health or /backends)?"
    )]
    Foreign(String),
    /// A comparison from before reports had a verdict.
    #[error(
        "the gateway at {0} sends its comparison in an older format, which this command cannot read (its version: {1}, \
         of this command: {VERSION}); restart it from the source of this command, or use the command of its source"
    )]
    Older(String, String),
    /// A comparison that is not as this command knows it.
    #[error(
        "cannot read the comparison of the gateway at {origin} (its version: {version}, of this command: {VERSION}): \
         {error}; use the command of the gateway's version"
    )]
    Unreadable {
        origin: String,
        version: String,
        #[source]
        error: serde_json::Error,
    },
    /// `--out` cannot take the files.
    #[error("cannot write {path}: {1}; --out names another folder", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
}

impl ShootoutError {
    /// 2 for what was written wrongly, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Url(_) | Self::Https | Self::Path(_) | Self::Alone(_) => 2,
            _ => 1,
        }
    }
}

/// What to do next.
fn next(status: StatusCode, valid: &[String]) -> String {
    match status {
        StatusCode::CONFLICT => "; start another backend, or name two or more with --backends, such as \
                                 --backends a,b: those are asked whatever their health"
            .to_owned(),
        _ if valid.is_empty() => String::new(),
        _ => format!("; --backends may name {}", valid.join(", ")),
    }
}
