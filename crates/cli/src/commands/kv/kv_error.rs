//! Why a `kv` command failed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use gateway_host::StoreError;

use crate::settings::SettingsError;

/// Each message names the culprit and what to do.
#[derive(Debug)]
pub(crate) enum KvError {
    /// There is no such key.
    NotFound { key: String, folder: PathBuf },
    /// The gateway could not read this entry; it says so in these words.
    Refused(String),
    /// `--url` with a key that is no backend's.
    UrlWithoutBackend(String),
    /// The file after `@` cannot be read.
    File(PathBuf, io::Error),
    /// `-` was given, and stdin cannot be read.
    Stdin(io::Error),
    /// The flags have no usable values.
    Settings(SettingsError),
    /// The store failed.
    Store(StoreError),
}

impl KvError {
    /// 2 for what was written wrongly, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::UrlWithoutBackend(_) => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { key, folder } => write!(
                f,
                "there is no key '{key}' in the key-value store in {}; `kv list` shows all, --state-dir names another store",
                folder.display()
            ),
            Self::Refused(reason) => write!(f, "{reason}; nothing was stored. --force stores it all the same"),
            Self::UrlWithoutBackend(key) => {
                write!(f, "--url describes a backend, and '{key}' is no key of one; write backend:<id>, or a value")
            }
            Self::File(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Stdin(error) => write!(f, "cannot read stdin: {error}"),
            Self::Settings(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for KvError {}

impl From<SettingsError> for KvError {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}

impl From<StoreError> for KvError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
