//! Variables and store contents as values, so that the registries of `gateway-core` can be asked about them.

use std::collections::BTreeMap;

use gateway_core::backend::cloud::BACKEND_KEY;
use gateway_core::backend::registry::Backend;
use gateway_core::backend::registry::{Store, Variables};
use gateway_core::backend::settings::{COMPOSED, Settings};
use gateway_core::config::ConfigError;
use gateway_host::{KeyValueStore, StoreError};

use crate::backend_entry;

/// The store that the gateway opens.
pub(crate) const STORE: &str = "default";

/// What the gateway's store held at one time.
#[derive(Debug, Default)]
pub(crate) struct Snapshot(pub(crate) BTreeMap<String, Vec<u8>>);

impl Snapshot {
    /// The backends whose entries are well formed, wherever their URLs lead.
    pub(crate) fn backends(&self) -> impl Iterator<Item = Backend> {
        self.0
            .iter()
            .filter(|(key, _)| key.starts_with(BACKEND_KEY))
            .filter_map(|(key, value)| backend_entry::parse(key, value).ok())
    }

    /// Reads everything. A key that is deleted meanwhile is none.
    pub(crate) fn read(store: &KeyValueStore) -> Result<Self, StoreError> {
        let mut values = BTreeMap::new();
        for key in store.keys(STORE)? {
            if let Some(value) = store.get(STORE, &key)? {
                values.insert(key, value);
            }
        }
        Ok(Self(values))
    }
}

impl Store for Snapshot {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        Ok(self.0.get(key).cloned())
    }

    fn keys(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.0.keys().cloned().collect())
    }
}

/// What the gateway reads, by name: the variables that the component sees, and those that are lines of one of them.
pub(crate) fn read_by_gateway(component_variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let settings = Settings::new(Values(component_variables));
    let composed = COMPOSED.into_iter().filter_map(|name| Some((name.to_owned(), settings.get(name).ok()??)));
    let mut all = component_variables.clone();
    all.extend(composed);
    all
}

/// The variables that the component sees.
pub(crate) struct Values<'a>(pub(crate) &'a BTreeMap<String, String>);

impl Variables for Values<'_> {
    fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.0.get(name).cloned())
    }
}
