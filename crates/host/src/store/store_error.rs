//! Why the store does not work. Each message says what to do.

use std::path::PathBuf;
use std::time::Duration;

/// Why the store does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be created.
    #[error("cannot create the state folder {path}: {1}; choose another with --state-dir", path = .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// The database cannot be opened.
    #[error(
        "cannot open the key-value store {path}: {1}; remove the file, or choose another folder with --state-dir",
        path = .0.display()
    )]
    Open(PathBuf, #[source] rusqlite::Error),
    /// A statement failed.
    #[error("the key-value store failed: {0}")]
    Statement(#[from] rusqlite::Error),
    /// Other writes took so long that this one never had its turn.
    #[error(
        "the key-value store could not be written within {0:?}: another process holds it, or its disk is slow; choose \
         another folder with --state-dir"
    )]
    Busy(Duration),
    /// The thread for writing is gone: the host is stopping.
    #[error("the key-value store is closed: the host is stopping")]
    Stopped,
}
