//! What several commands read from their flags in the same way.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use gateway_host::HostOptions;
use gateway_host::manifest::{Manifest, ManifestError};

use crate::argument_values::{Pair, PairValue};
use crate::arguments::Place;

/// Why flags have no usable values.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file of `--variable name=@file` cannot be read.
    #[error("--variable {name}: cannot read {file}: {error}", file = .file.display())]
    VariableFile {
        name: String,
        file: PathBuf,
        #[source]
        error: io::Error,
    },
    /// The state folder follows from the manifest, which cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// The values of `--variable`, by name; files are read.
pub(crate) fn variables(pairs: &[Pair]) -> Result<BTreeMap<String, String>, SettingsError> {
    pairs.iter().map(|Pair { name, value }| Ok((name.clone(), variable(name, value)?))).collect()
}

/// The value of one `--variable`.
pub(crate) fn variable(name: &str, value: &PairValue) -> Result<String, SettingsError> {
    match value {
        PairValue::Text(text) => Ok(text.clone()),
        PairValue::File(file) => std::fs::read_to_string(file).map_err(|error| SettingsError::VariableFile {
            name: name.to_owned(),
            file: file.clone(),
            error,
        }),
    }
}

/// The folder of the key-value store: that of the flag, otherwise `.spin` next to the manifest.
pub(crate) fn state_dir(from: &Path, flag: Option<&Path>) -> Result<PathBuf, SettingsError> {
    match flag {
        Some(folder) => Ok(folder.to_owned()),
        None => Ok(Manifest::load(from)?.state_dir()),
    }
}

/// What a host would be started with, as far as manifest and variables go.
pub(crate) fn options(place: &Place) -> Result<HostOptions, SettingsError> {
    let mut options = HostOptions::new(&place.from);
    options.read_environment = true;
    options.variables = variables(&place.variables)?;
    Ok(options)
}
