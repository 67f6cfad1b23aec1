//! Backends from the key-value store: `backend:<id>` holds one as JSON.

use super::entry::Description;
use super::{BackendRegistry, Listed, Store, stored_health};
use crate::backend::{Backend, Location, is_valid_id};
use crate::config::ConfigError;
use crate::health::Entry;

/// What the key of a backend begins with; its id follows.
pub const BACKEND_KEY: &str = "backend:";

/// The registry of the cloud.
pub struct CloudRegistry<'a, S> {
    store: &'a S,
}

impl<'a, S: Store> CloudRegistry<'a, S> {
    /// A registry over `store`.
    pub fn new(store: &'a S) -> Self {
        CloudRegistry { store }
    }

    fn read(&self, id: &str) -> Result<Option<Backend>, ConfigError> {
        let key = format!("{BACKEND_KEY}{id}");
        let Some(value) = self.store.get(&key)? else {
            return Ok(None);
        };
        let entry: Description = serde_json::from_slice(&value)
            .map_err(|error| ConfigError::key(&key, format!("is not a JSON object with 'id' and 'url': {error}")))?;
        if entry.id != id {
            return Err(ConfigError::key(&key, "has an 'id' that differs from the one in its key"));
        }
        entry.into_backend(Location::Cloud).map(Some).map_err(|reason| ConfigError::key(&key, reason))
    }
}

impl<S: Store> BackendRegistry for CloudRegistry<'_, S> {
    fn get_backend(&self, id: &str) -> Result<Option<Backend>, ConfigError> {
        if !is_valid_id(id) {
            return Ok(None);
        }
        self.read(id)
    }

    fn list_backends(&self) -> Result<Vec<Listed>, ConfigError> {
        let mut ids: Vec<String> = self
            .store
            .keys()?
            .iter()
            .filter_map(|key| key.strip_prefix(BACKEND_KEY))
            .filter(|id| is_valid_id(id))
            .map(str::to_owned)
            .collect();
        ids.sort_unstable();
        Ok(ids
            .into_iter()
            .filter_map(|id| {
                // An entry that was deleted in between is no entry.
                let backend = self.read(&id).transpose()?;
                let name = backend.as_ref().map_or_else(|_| id.clone(), |backend| backend.name.clone());
                Some(Listed { id, name, backend })
            })
            .collect())
    }

    fn check_health(&self, id: &str) -> Option<Entry> {
        stored_health(self.store, Location::Cloud, id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fake;
    use super::*;

    const GOOD: &str = r#"{"id":"cf-d1","name":"D1","url":"https://d1.example.workers.dev/api/","type":"cloud","healthEndpoint":"/healthz"}"#;

    #[test]
    fn reads_an_entry() {
        let store = Fake::new(&[("backend:cf-d1", GOOD)]);
        let backend = CloudRegistry::new(&store).get_backend("cf-d1").unwrap().unwrap();
        assert_eq!(backend.name, "D1");
        assert_eq!(backend.url.to_string(), "https://d1.example.workers.dev/api");
        assert_eq!(backend.health_endpoint.as_deref(), Some("/healthz"));
        assert_eq!(CloudRegistry::new(&store).get_backend("nope"), Ok(None));
    }

    #[test]
    fn ids_never_reach_foreign_keys() {
        let store = Fake::new(&[("backend:a:b", GOOD), ("health:x", GOOD)]);
        for id in ["a:b", "", "../x", "*"] {
            assert_eq!(CloudRegistry::new(&store).get_backend(id), Ok(None), "{id}");
        }
    }

    #[test]
    fn malformed_entries_name_their_key() {
        for (value, says) in [
            ("not json", "is not a JSON object"),
            ("[]", "is not a JSON object"),
            (r#"{"id":"x"}"#, "missing field `url`"),
            (r#"{"id":"y","url":"http://h"}"#, "differs from the one in its key"),
            (r#"{"id":"x","url":"ftp://h"}"#, "has a 'url' that must start with http:// or https://"),
            (r#"{"id":"x","url":"http://u:p@h"}"#, "must not contain a user name"),
            (r#"{"id":"x","url":"http://h","type":"local"}"#, "has the type 'local'"),
            (r#"{"id":"x","url":"http://h","healthEndpoint":"ok"}"#, "does not start with '/'"),
        ] {
            let store = Fake::new(&[("backend:x", value)]);
            let error = CloudRegistry::new(&store).get_backend("x").unwrap_err().to_string();
            assert!(error.starts_with("key 'backend:x' of the key-value store"), "{error}");
            assert!(error.contains(says), "{value}: {error}");
            assert!(!error.contains("u:p"), "no secrets: {error}");
        }
    }

    #[test]
    fn one_bad_entry_leaves_the_others_standing() {
        let store = Fake::new(&[("backend:cf-d1", GOOD), ("backend:bad", "?"), ("other", "x")]);
        let listed = CloudRegistry::new(&store).list_backends().unwrap();
        let shown: Vec<_> = listed.iter().map(|l| (l.id.as_str(), l.backend.is_ok())).collect();
        assert_eq!(shown, [("bad", false), ("cf-d1", true)]);
    }

    #[test]
    fn a_broken_store_is_an_error_not_an_empty_one() {
        let store = Fake { broken: true, ..Fake::default() };
        assert!(CloudRegistry::new(&store).get_backend("cf-d1").is_err());
        assert!(CloudRegistry::new(&store).list_backends().is_err());
        assert_eq!(CloudRegistry::new(&store).configured_ids(), Vec::<String>::new());
    }
}
