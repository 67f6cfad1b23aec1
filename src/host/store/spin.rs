//! The host's key-value store, opened when first needed.

use crate::host::bindings::fermyon::spin::key_value;
use gateway_core::backend::registry::Store;
use gateway_core::config::{ConfigError, Place};
use std::cell::OnceCell;

const LABEL: &str = "default";

/// Spin's default store.
pub(crate) struct SpinStore {
    opened: OnceCell<Result<key_value::Store, ConfigError>>,
}

impl SpinStore {
    /// A store that is not yet opened.
    pub(crate) fn new() -> Self {
        SpinStore { opened: OnceCell::new() }
    }

    fn store(&self) -> Result<&key_value::Store, ConfigError> {
        self.opened
            .get_or_init(|| key_value::Store::open(LABEL).map_err(|error| failed(Place::Store, "opened", &error)))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Writes a value. Slow in some hosts (a sync to disk): only after the response is out.
    pub(crate) fn set(&self, key: &str, value: &[u8]) -> Result<(), ConfigError> {
        self.store()?.set(key, value).map_err(|error| failed(Place::Key(key.to_owned()), "written", &error))
    }

    /// Removes a key. As slow as [`SpinStore::set`].
    pub(crate) fn delete(&self, key: &str) -> Result<(), ConfigError> {
        self.store()?.delete(key).map_err(|error| failed(Place::Key(key.to_owned()), "removed", &error))
    }
}

impl Store for SpinStore {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        self.store()?.get(key).map_err(|error| failed(Place::Key(key.to_owned()), "read", &error))
    }

    fn keys(&self) -> Result<Vec<String>, ConfigError> {
        self.store()?.get_keys().map_err(|error| failed(Place::Store, "listed", &error))
    }
}

fn failed(place: Place, action: &str, error: &key_value::Error) -> ConfigError {
    let reason = match error {
        key_value::Error::StoreTableFull => "too many stores are open",
        key_value::Error::NoSuchStore => "the host has no such store",
        key_value::Error::AccessDenied => "the component has no access; see key_value_stores in spin.toml",
        key_value::Error::Other(text) => text.as_str(),
    };
    ConfigError { place, reason: format!("cannot be {action}: {reason}") }
}
