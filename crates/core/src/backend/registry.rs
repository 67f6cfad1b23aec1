//! Where backends come from: one abstraction over two sources.
//!
//! `local` reads Spin variables, `cloud` the key-value store. The environment and `x-backend-location` decide which of them serves a request.

use super::reference::BackendRef;
use super::url::BackendUrl;
use crate::config::ConfigError;

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

/// A backend whose configuration is complete and valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// What selects it, and the registry it came from.
    pub reference: BackendRef,
    /// Shown to people; the id where none is configured.
    pub name: String,
    /// Where it is, with the base path of its API.
    pub url: BackendUrl,
    /// Path of its health endpoint, where one is configured beside its URL.
    pub health_endpoint: Option<String>,
}

/// One line of a listing: a backend, or the reason why its configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What would select it.
    pub reference: BackendRef,
    /// The name, for people.
    pub name: String,
    /// The backend, if its configuration is valid.
    pub backend: Result<Backend, ConfigError>,
}

/// Lines in the order of their ids. By insertion: the library's sort would add 8 KB to the component for each place that uses it.
pub(super) fn by_id(lines: Vec<Listed>) -> Vec<Listed> {
    let mut sorted: Vec<Listed> = Vec::with_capacity(lines.len());
    for line in lines {
        let place = sorted.partition_point(|other| other.reference.id <= line.reference.id);
        sorted.insert(place, line);
    }
    sorted
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
            .map(|listed| listed.reference.id)
            .collect()
    }
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
