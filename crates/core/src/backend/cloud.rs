//! Backends from the key-value store: `backend:<id>` holds one as JSON.

use super::entry::Description;
use super::registry::{BackendRegistry, Listed, Store, Variables, insert, stored_health};
use crate::backend::reference::{Location, is_valid_id};
use crate::backend::registry::Backend;
use crate::config::{CLOUD_HOSTS, ConfigError};
use crate::health::entry::Entry;
use crate::network::internal_host;

/// What the key of a backend begins with; its id follows.
pub const BACKEND_KEY: &str = "backend:";

/// The registry of the cloud.
pub struct CloudRegistry<'a, V, S> {
    variables: &'a V,
    store: &'a S,
}

/// The backend that the value of the key `backend:<id>` describes, wherever its URL leads.
///
/// # Errors
/// The value is malformed.
pub fn parse_entry(id: &str, value: &[u8]) -> Result<Backend, ConfigError> {
    let error = |reason| ConfigError::key(&key(id), reason);
    let entry = Description::parse(value)
        .map_err(|problem| error(format!("is not a JSON object with 'id' and 'url': {problem}")))?;
    if entry.id != id {
        return Err(error("has an 'id' that differs from the one in its key".to_owned()));
    }
    entry.into_backend(Location::Cloud).map_err(error)
}

fn key(id: &str) -> String {
    [BACKEND_KEY, id].concat()
}

impl<'a, V: Variables, S: Store> CloudRegistry<'a, V, S> {
    /// A registry over `store`; `variables` are asked for `cloud_hosts` where a URL leads inside the network.
    pub fn new(variables: &'a V, store: &'a S) -> Self {
        CloudRegistry { variables, store }
    }

    fn read(&self, id: &str) -> Result<Option<Backend>, ConfigError> {
        let key = key(id);
        let Some(value) = self.store.get(&key)? else {
            return Ok(None);
        };
        let backend = parse_entry(id, &value)?;
        // Where the variable cannot be read it names nothing.
        internal_host::check(&backend.url, &|| self.variables.get(CLOUD_HOSTS).ok().flatten())
            .map_err(|reason| ConfigError::key(&key, reason))?;
        Ok(Some(backend))
    }
}

impl<V: Variables, S: Store> BackendRegistry for CloudRegistry<'_, V, S> {
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
                insert(&mut listed, Listed { id: id.to_owned(), name, backend });
            }
        }
        Ok(listed)
    }

    fn check_health(&self, id: &str) -> Option<Entry> {
        stored_health(self.store, Location::Cloud, id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::testing::Fake;
    use super::*;

    const GOOD: &str = r#"{"id":"cf-d1","name":"D1","url":"https://d1.example.workers.dev/api/","type":"cloud","healthEndpoint":"/healthz"}"#;

    #[test]
    fn reads_an_entry() {
        let store = Fake::new(&[("backend:cf-d1", GOOD)]);
        let backend = CloudRegistry::new(&store, &store).get_backend("cf-d1").unwrap().unwrap();
        assert_eq!(backend.name, "D1");
        assert_eq!(backend.url.to_string(), "https://d1.example.workers.dev/api");
        assert_eq!(backend.health_endpoint.as_deref(), Some("/healthz"));
        assert_eq!(CloudRegistry::new(&store, &store).get_backend("nope"), Ok(None));
    }

    #[test]
    fn ids_never_reach_foreign_keys() {
        let store = Fake::new(&[("backend:a:b", GOOD), ("health:x", GOOD)]);
        for id in ["a:b", "", "../x", "*"] {
            assert_eq!(CloudRegistry::new(&store, &store).get_backend(id), Ok(None), "{id}");
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
            let error = CloudRegistry::new(&store, &store).get_backend("x").unwrap_err().to_string();
            assert!(error.starts_with("key 'backend:x' of the key-value store"), "{error}");
            assert!(error.contains(says), "{value}: {error}");
            assert!(!error.contains("u:p"), "no secrets: {error}");
        }
    }

    #[test]
    fn an_entry_that_leads_inside_needs_cloud_hosts() {
        let entry = r#"{"id":"x","url":"http://169.254.169.254/latest"}"#;
        for (cloud_hosts, allowed) in
            [("https://*.workers.dev", false), ("*://*:*", false), ("http://169.254.169.254", true)]
        {
            let store = Fake::new(&[("backend:x", entry), ("cloud_hosts", cloud_hosts)]);
            let registry = CloudRegistry::new(&store, &store);
            let got = registry.get_backend("x");
            assert_eq!(got.is_ok(), allowed, "{cloud_hosts}");
            assert_eq!(registry.configured_ids().is_empty(), !allowed, "{cloud_hosts}");
            if let Err(error) = got {
                let error = error.to_string();
                assert!(
                    error.starts_with("key 'backend:x' of the key-value store has a 'url' that leads inside"),
                    "{error}"
                );
                assert!(error.contains("'cloud_hosts'") && !error.contains("latest"), "{error}");
                assert_eq!(registry.list_backends().unwrap().len(), 1, "listed with its reason");
            }
        }
    }

    #[test]
    fn where_cloud_hosts_cannot_be_read_nothing_inside_is_reached() {
        let entry = r#"{"id":"x","url":"http://10.0.0.1"}"#;
        let store = Fake::new(&[("backend:x", entry)]);
        let broken = Fake { broken: true, ..Fake::new(&[("cloud_hosts", "http://10.0.0.1")]) };
        assert!(CloudRegistry::new(&broken, &store).get_backend("x").is_err());
    }

    #[test]
    fn one_bad_entry_leaves_the_others_standing() {
        let store = Fake::new(&[("backend:cf-d1", GOOD), ("backend:bad", "?"), ("other", "x")]);
        let listed = CloudRegistry::new(&store, &store).list_backends().unwrap();
        let shown: Vec<_> = listed.iter().map(|l| (l.id.as_str(), l.backend.is_ok())).collect();
        assert_eq!(shown, [("bad", false), ("cf-d1", true)]);
    }

    #[test]
    fn a_broken_store_is_an_error_not_an_empty_one() {
        let store = Fake { broken: true, ..Fake::default() };
        assert!(CloudRegistry::new(&store, &store).get_backend("cf-d1").is_err());
        assert!(CloudRegistry::new(&store, &store).list_backends().is_err());
        assert_eq!(CloudRegistry::new(&store, &store).configured_ids(), Vec::<String>::new());
    }
}
