//! Why there is no comparison, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use gateway_core::backend_url::UrlError;
use hyper::StatusCode;

#[derive(Debug)]
pub(crate) enum ShootoutError {
    /// The gateway's part of the URL.
    Url(UrlError),
    /// The URL is an https one.
    Https,
    /// The path cannot be sent as it is.
    Path(String),
    /// `--backends` names fewer than two.
    Alone(String),
    /// Nothing there takes a connection.
    Connect(String, io::Error),
    /// No whole answer within `--timeout`.
    Late(String, Duration),
    /// The connection ended before the answer did, or it was no HTTP.
    Broken(String, String),
    /// The gateway's own error.
    Refused { origin: String, status: StatusCode, error: String, message: String, valid: Vec<String> },
    /// Something answers, but not with a comparison.
    Foreign(String),
    /// `--out` cannot take the files.
    Write(PathBuf, io::Error),
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

impl fmt::Display for ShootoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => write!(f, "URL {error}; for example http://localhost:3000/tasks"),
            Self::Https => f.write_str("URL must start with http://: the gateway itself speaks no TLS"),
            Self::Path(path) => {
                write!(f, "URL: the path '{path}' cannot be sent as it is; percent-encode spaces and the like")
            }
            Self::Alone(named) => {
                write!(f, "--backends {named} leaves nothing to compare; name two or more, such as a,b, or '*' for all")
            }
            Self::Connect(origin, error) => {
                write!(f, "cannot connect to {origin}: {error}; is the gateway running there? `cargo up` starts it")
            }
            Self::Late(origin, limit) => {
                write!(
                    f,
                    "{origin} gave no whole answer within {limit:?}; ask for fewer --runs or give a longer --timeout"
                )
            }
            Self::Broken(origin, reason) => write!(f, "the answer of {origin} broke off: {reason}"),
            Self::Refused { origin, status, error, message, valid } => {
                write!(f, "{origin} answered {status}: {error}: {message}")?;
                if !valid.is_empty() {
                    write!(f, "; --backends may name {}", valid.join(", "))?;
                }
                Ok(())
            }
            Self::Foreign(origin) => {
                write!(
                    f,
                    "what {origin} answers is no comparison; is the gateway there, of the version of this command, and is \
                     the path one of a backend (not /health or /backends)?"
                )
            }
            Self::Write(path, error) => {
                write!(f, "cannot write {}: {error}; --out names another folder", path.display())
            }
        }
    }
}

impl std::error::Error for ShootoutError {}
