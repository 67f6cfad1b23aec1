//! Variables and store contents as values, so that the registries of `gateway-core` can be asked about them.

use std::collections::BTreeMap;

use gateway_core::config::ConfigError;
use gateway_core::registry::{Store, Variables};
use gateway_host::{KeyValueStore, StoreError};

use super::STORE;

/// What the gateway's store held at one time.
#[derive(Debug, Default)]
pub(super) struct Snapshot(pub(super) BTreeMap<String, Vec<u8>>);

impl Snapshot {
    /// A store that holds one key.
    pub(super) fn one(key: &str, value: &[u8]) -> Self {
        Self(BTreeMap::from([(key.to_owned(), value.to_owned())]))
    }

    /// Reads everything. A key that is deleted meanwhile is none.
    pub(super) fn read(store: &KeyValueStore) -> Result<Self, StoreError> {
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

/// The variables that the component sees.
pub(super) struct Values<'a>(pub(super) &'a BTreeMap<String, String>);

impl Variables for Values<'_> {
    fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.0.get(name).cloned())
    }
}
