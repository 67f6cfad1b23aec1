//! Backends from the key-value store: `backend:<id>` holds one as JSON.

use super::entry::BackendEntry;
use super::reference::{BackendRef, Location, is_valid_id};
use super::registry::{Backend, BackendRegistry, Listed, Store, by_id};
use super::url::BackendUrl;
use crate::config::ConfigError;

/// What the key of a backend begins with; its id follows.
pub const BACKEND_KEY: &str = "backend:";

/// Why a URL of the store may not be used, as the end of a sentence; see `network::internal_host`.
pub type UrlGuard<'a> = &'a dyn Fn(&BackendUrl) -> Result<(), String>;

/// The registry of the cloud.
pub struct CloudRegistry<'a, S> {
    store: &'a S,
    guard: UrlGuard<'a>,
}

/// The backend that the value of the key `backend:<id>` describes, wherever its URL leads.
///
/// # Errors
/// The value is malformed.
pub fn parse_entry(id: &str, value: &[u8]) -> Result<Backend, ConfigError> {
    let error = |reason| ConfigError::key(&key(id), reason);
    let entry = BackendEntry::parse(value)
        .map_err(|problem| error(format!("is not a JSON object with 'id' and 'url': {problem}")))?;
    if entry.id != id {
        return Err(error("has an 'id' that differs from the one in its key".to_owned()));
    }
    entry.into_backend(Location::Cloud).map_err(error)
}

fn key(id: &str) -> String {
    [BACKEND_KEY, id].concat()
}

impl<'a, S: Store> CloudRegistry<'a, S> {
    /// A registry over `store`, whose entries may lead where `guard` lets them.
    pub fn new(store: &'a S, guard: UrlGuard<'a>) -> Self {
        CloudRegistry { store, guard }
    }

    fn read(&self, id: &str) -> Result<Option<Backend>, ConfigError> {
        let key = key(id);
        let Some(value) = self.store.get(&key)? else {
            return Ok(None);
        };
        let backend = parse_entry(id, &value)?;
        (self.guard)(&backend.url).map_err(|reason| ConfigError::key(&key, reason))?;
        Ok(Some(backend))
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
        let mut listed = Vec::new();
        for key in self.store.keys()? {
            let Some(id) = key.strip_prefix(BACKEND_KEY).filter(|id| is_valid_id(id)) else {
                continue;
            };
            // An entry that was deleted in between is no entry.
            if let Some(backend) = self.read(id).transpose() {
                let name = backend.as_ref().map_or_else(|_| id.to_owned(), |backend| backend.name.clone());
                listed.push(Listed { reference: BackendRef::new(id, Location::Cloud), name, backend });
            }
        }
        Ok(by_id(listed))
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::testing::Fake;
    use super::*;

    fn registry(store: &Fake) -> CloudRegistry<'_, Fake> {
        CloudRegistry::new(store, &|_| Ok(()))
    }

    const GOOD: &str = r#"{"id":"cf-d1","name":"D1","url":"https://d1.example.workers.dev/api/","type":"cloud","healthEndpoint":"/healthz"}"#;

    #[test]
    fn reads_an_entry() {
        let store = Fake::new(&[("backend:cf-d1", GOOD)]);
        let backend = registry(&store).get_backend("cf-d1").unwrap().unwrap();
        assert_eq!(backend.name, "D1");
        assert_eq!(backend.url.to_string(), "https://d1.example.workers.dev/api");
        assert_eq!(backend.health_endpoint.as_deref(), Some("/healthz"));
        assert_eq!(registry(&store).get_backend("nope"), Ok(None));
    }

    #[test]
    fn ids_never_reach_foreign_keys() {
        let store = Fake::new(&[("backend:a:b", GOOD), ("health:x", GOOD)]);
        for id in ["a:b", "", "../x", "*"] {
            assert_eq!(registry(&store).get_backend(id), Ok(None), "{id}");
        }
    }

    #[test]
    fn malformed_entries_name_their_key() {
        for (value, says) in [
            ("not json", "is not a JSON object"),
            ("[]", "is not a JSON object"),
            (r#""http://u:p@h""#, "is not a JSON object"),
            (r#"{"id":"x","url":["http://u:p@h"]}"#, "is not a JSON object"),
            (r#"{"id":"x","url":"http://h","name":{"http://u:p@h":1}}"#, "has the wrong type"),
            (r#"{"id":"x"}"#, "missing field `url`"),
            (r#"{"id":"y","url":"http://h"}"#, "differs from the one in its key"),
            (r#"{"id":"x","url":"ftp://h"}"#, "has a 'url' that must start with http:// or https://"),
            (r#"{"id":"x","url":"http://u:p@h"}"#, "must not contain a user name"),
            (r#"{"id":"x","url":"http://h","type":"local"}"#, "has the type 'local'"),
            (r#"{"id":"x","url":"http://h","healthEndpoint":"ok"}"#, "does not start with '/'"),
        ] {
            let store = Fake::new(&[("backend:x", value)]);
            let error = registry(&store).get_backend("x").unwrap_err().to_string();
            assert!(error.starts_with("key 'backend:x' of the key-value store"), "{error}");
            assert!(error.contains(says), "{value}: {error}");
            assert!(!error.contains("u:p"), "no secrets: {error}");
        }
    }

    #[test]
    fn an_entry_may_lead_where_the_guard_lets_it() {
        let store = Fake::new(&[("backend:cf-d1", GOOD)]);
        let registry = CloudRegistry::new(&store, &|url| Err(format!("leads to {}", url.host())));
        let error = registry.get_backend("cf-d1").unwrap_err().to_string();
        assert_eq!(error, "key 'backend:cf-d1' of the key-value store leads to d1.example.workers.dev");
        assert_eq!(registry.configured_ids(), Vec::<String>::new());
        assert_eq!(registry.list_backends().unwrap().len(), 1, "listed with its reason");
    }

    #[test]
    fn one_bad_entry_leaves_the_others_standing() {
        let store = Fake::new(&[("backend:cf-d1", GOOD), ("backend:bad", "?"), ("other", "x")]);
        let listed = registry(&store).list_backends().unwrap();
        let shown: Vec<_> = listed.iter().map(|l| (l.reference.id.as_str(), l.backend.is_ok())).collect();
        assert_eq!(shown, [("bad", false), ("cf-d1", true)]);
    }

    #[test]
    fn a_broken_store_is_an_error_not_an_empty_one() {
        let store = Fake { broken: true, ..Fake::default() };
        assert!(registry(&store).get_backend("cf-d1").is_err());
        assert!(registry(&store).list_backends().is_err());
        assert_eq!(registry(&store).configured_ids(), Vec::<String>::new());
    }
}
