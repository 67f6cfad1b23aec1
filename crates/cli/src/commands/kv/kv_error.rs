//! Why a `kv` command failed.

use std::io;
use std::path::PathBuf;

use gateway_host::StoreError;

use crate::settings::SettingsError;

/// Each message names the culprit and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KvError {
    /// There is no such key.
    #[error(
        "there is no key '{key}' in the key-value store in {folder}; `kv list` shows all, --state-dir names another store",
        folder = .folder.display()
    )]
    NotFound { key: String, folder: PathBuf },
    /// The gateway could not read this entry; it says so in these words.
    #[error("{reason}; nothing was stored. {hint}--force stores it all the same", hint = hint(.key, *.is_json))]
    Refused {
        reason: String,
        key: String,
        /// Whether the JSON was written by hand.
        is_json: bool,
    },
    /// `--url` with a key that is no backend's.
    #[error("--url describes a backend, and '{0}' is no key of one; write `kv set backend:{id} --url ...`, or a value without --url", id = .0.trim_matches(':'))]
    UrlWithoutBackend(String),
    /// A URL in the place of the JSON.
    #[error("the value of '{key}' is JSON, and this is a URL; write `kv set {key} --url {url}`", url = shown(.url))]
    UrlAsValue { key: String, url: String },
    /// The file after `@` cannot be read.
    #[error("cannot read {path}: {1}", path = .0.display())]
    File(PathBuf, #[source] io::Error),
    /// `-` was given, and stdin cannot be read.
    #[error("cannot read stdin: {0}")]
    Stdin(#[source] io::Error),
    /// The flags have no usable values.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KvError {
    /// 2 for what was written wrongly, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::UrlWithoutBackend(_) | Self::UrlAsValue { .. } => 2,
            _ => 1,
        }
    }
}

/// A URL as it was written, unless it has a password.
fn shown(url: &str) -> &str {
    if url.contains('@') { "https://..." } else { url }
}

fn hint(key: &str, is_json: bool) -> String {
    if is_json { format!("`kv set {key} --url https://...` writes the JSON for you; ") } else { String::new() }
}
