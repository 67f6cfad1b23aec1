//! A store where the host has none of its own: a folder that it opens for the component, with a file for each key (see
//! [`gateway_core::file_name`]). Without the folder there is no store, and nothing is remembered.

use crate::host::bindings::random;
use gateway_core::backend::registry::Store;
use gateway_core::config::{ConfigError, Place};
use gateway_core::file_name;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Where the host has to put the folder.
const FOLDER: &str = "/store";

/// The folder within, where values are written before they take their place. What comes and goes in the store itself would fail its listing.
const WRITING: &str = "writing";

/// The longest value, in bytes. A larger file is not read, as it could exhaust the component's memory.
const MAX_VALUE: u64 = 1024 * 1024;

/// The store in `/store`.
pub(crate) struct FolderStore;

impl FolderStore {
    /// A store; nothing is opened yet.
    pub(crate) fn new() -> Self {
        FolderStore
    }

    /// Writes a value. Another instance that reads at the same time finds the old one or the new one, never a part.
    pub(crate) fn set(&self, key: &str, value: &[u8]) -> Result<(), ConfigError> {
        let folder = Path::new(FOLDER).join(WRITING);
        let temporary = folder.join(format!("{:016x}", random::get_random_u64()));
        let written = match fs::write(&temporary, value) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // It may have been made in between.
                _ = fs::create_dir(&folder);
                fs::write(&temporary, value)
            }
            other => other,
        };
        written.and_then(|()| fs::rename(&temporary, path(key))).map_err(|error| {
            // Where even this fails, the file stays behind, out of everybody's way.
            _ = fs::remove_file(&temporary);
            failed(Place::Key(key.to_owned()), "written", &error)
        })
    }

    /// Removes a key.
    pub(crate) fn delete(&self, key: &str) -> Result<(), ConfigError> {
        fs::remove_file(path(key)).map_err(|error| failed(Place::Key(key.to_owned()), "removed", &error))
    }
}

impl Store for FolderStore {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        match read(&path(key)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && Path::new(FOLDER).is_dir() => Ok(None),
            Err(error) => Err(failed(Place::Key(key.to_owned()), "read", &error)),
        }
    }

    fn keys(&self) -> Result<Vec<String>, ConfigError> {
        let names = fs::read_dir(FOLDER).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()
        });
        let names = names.map_err(|error| failed(Place::Store, "listed", &error))?;
        Ok(names.iter().filter_map(|name| file_name::to_key(name.to_str()?)).collect())
    }
}

fn path(key: &str) -> PathBuf {
    Path::new(FOLDER).join(file_name::of_key(key))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    // One byte more tells a value of the longest size from a longer one.
    File::open(path)?.take(MAX_VALUE.saturating_add(1)).read_to_end(&mut value)?;
    if u64::try_from(value.len()).is_ok_and(|length| length <= MAX_VALUE) {
        Ok(value)
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than 1 MiB"))
    }
}

fn failed(place: Place, action: &str, error: &io::Error) -> ConfigError {
    if Path::new(FOLDER).is_dir() {
        return ConfigError { place, reason: format!("cannot be {action}: {error}") };
    }
    ConfigError {
        place: Place::Store,
        reason: format!("is missing: start the host with a folder for it, `--dir <folder>::{FOLDER}`"),
    }
}
