//! Where backends come from: one abstraction over two sources.
//!
//! [`LocalRegistry`] reads Spin variables, [`CloudRegistry`] the key-value store. Which of them serves a request is decided by the environment
//! and `x-backend-location` (see [`crate::request::route`]).

use super::url::BackendUrl;
use crate::backend::reference::Location;
use crate::config::ConfigError;
use crate::health::entry::{Entry, key};

/// Reads configuration variables. Implemented by the component over Spin's variables.
pub trait Variables {
    /// The value of `name`, or `None` where it is not defined.
    ///
    /// # Errors
    /// The provider failed.
    fn get(&self, name: &str) -> Result<Option<String>, ConfigError>;
}

/// Reads the key-value store. Implemented by the component over Spin's store.
pub trait Store {
    /// The value of `key`, or `None` where there is none.
    ///
    /// # Errors
    /// The store cannot be read.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ConfigError>;

    /// All keys. Slow in some stores: for listings and error messages, not for the path of a request.
    ///
    /// # Errors
    /// The store cannot be read.
    fn keys(&self) -> Result<Vec<String>, ConfigError>;
}

/// A configured backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The value of `x-backend` that selects it.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where it is.
    pub url: BackendUrl,
    /// The registry it came from.
    pub location: Location,
    /// Path of its health endpoint, where one is configured.
    pub health_endpoint: Option<String>,
}

/// One line of a listing: a backend, or the reason why its configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The id.
    pub id: String,
    /// The name, for people.
    pub name: String,
    /// The backend, if its configuration is valid.
    pub backend: Result<Backend, ConfigError>,
}

/// A source of backends.
pub trait BackendRegistry {
    /// The backend called `id`; `None` where it is unknown or not configured.
    ///
    /// # Errors
    /// Its configuration is malformed, or the source cannot be read.
    fn get_backend(&self, id: &str) -> Result<Option<Backend>, ConfigError>;

    /// Every configured backend, malformed ones with their reason, sorted by id.
    ///
    /// # Errors
    /// The source cannot be read at all.
    fn list_backends(&self) -> Result<Vec<Listed>, ConfigError>;

    /// What the store knows of the health of `id`. Nothing where the store cannot be read or the entry is corrupt: the gateway fails open on health,
    /// never on configuration.
    fn check_health(&self, id: &str) -> Option<Entry>;

    /// The path of a backend's own health endpoint, where one is configured.
    ///
    /// # Errors
    /// Its configuration is malformed, or the source cannot be read.
    fn health_endpoint(&self, backend: &Backend) -> Result<Option<String>, ConfigError> {
        Ok(backend.health_endpoint.clone())
    }

    /// The ids that `x-backend` may name with success, sorted; empty where the source cannot be read. For error messages.
    fn configured_ids(&self) -> Vec<String> {
        self.list_backends()
            .unwrap_or_default()
            .into_iter()
            .filter(|listed| listed.backend.is_ok())
            .map(|listed| listed.id)
            .collect()
    }
}

/// Adds a line at its place in the order of the ids; sorting them all at the end would be more code.
pub(super) fn insert(listed: &mut Vec<Listed>, line: Listed) {
    let place = listed.partition_point(|other| other.id <= line.id);
    listed.insert(place, line);
}

pub(super) fn stored_health(store: &impl Store, location: Location, id: &str) -> Option<Entry> {
    Entry::parse(&store.get(&key(location, id)).ok()??)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use std::collections::BTreeMap;

    /// Variables and a store in memory; `broken` makes every read fail.
    #[derive(Default)]
    pub(crate) struct Fake {
        pub(crate) values: BTreeMap<String, String>,
        pub(crate) broken: bool,
    }

    impl Fake {
        pub(crate) fn new(values: &[(&str, &str)]) -> Self {
            let values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Fake { values, broken: false }
        }

        fn read(&self, name: &str) -> Result<Option<String>, ConfigError> {
            if self.broken {
                return Err(ConfigError::key(name, "cannot be read: disk on fire"));
            }
            Ok(self.values.get(name).cloned())
        }
    }

    impl Variables for Fake {
        fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
            self.read(name)
        }
    }

    impl Store for Fake {
        fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ConfigError> {
            Ok(self.read(key)?.map(String::into_bytes))
        }

        fn keys(&self) -> Result<Vec<String>, ConfigError> {
            self.read("")?;
            Ok(self.values.keys().cloned().collect())
        }
    }
}
