//! Backends from Spin variables: one URL variable for each known backend, and `extra_backends` for further ones.

use super::entry::Description;
use super::registry::{BackendRegistry, Listed, Store, Variables, insert, stored_health};
use crate::backend::known::{KNOWN_BACKENDS, KnownBackend, known_backend};
use crate::backend::reference::{Location, is_valid_id};
use crate::backend::registry::Backend;
use crate::backend::url::BackendUrl;
use crate::config::{ConfigError, EXTRA_BACKENDS};
use crate::health::entry::Entry;
use serde_json::value::RawValue;

/// The registry of the local environment.
pub struct LocalRegistry<'a, V, S> {
    variables: &'a V,
    store: &'a S,
}

impl<'a, V: Variables, S: Store> LocalRegistry<'a, V, S> {
    /// A registry over `variables`; `store` is asked for health only.
    pub fn new(variables: &'a V, store: &'a S) -> Self {
        LocalRegistry { variables, store }
    }

    fn known(&self, known: &KnownBackend) -> Result<Option<Backend>, ConfigError> {
        let Some(text) = self.variables.get(known.url_variable)? else {
            return Ok(None);
        };
        if text.trim().is_empty() {
            return Ok(None);
        }
        let url =
            BackendUrl::parse(&text).map_err(|error| ConfigError::variable(known.url_variable, error.to_string()))?;
        if is_unset(&url) {
            return Ok(None);
        }
        Ok(Some(Backend {
            id: known.id.to_owned(),
            name: known.name.to_owned(),
            url,
            location: Location::Local,
            health_endpoint: None,
        }))
    }

    /// The elements of `extra_backends`. An element that cannot be read at all is listed under its place, as `extra_backends[2]`.
    fn extra(&self) -> Result<Vec<Listed>, ConfigError> {
        let text = self.variables.get(EXTRA_BACKENDS)?.unwrap_or_default();
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let elements: Vec<&RawValue> = serde_json::from_slice(text.as_bytes()).map_err(|error| {
            // Of a value of another type serde repeats what stands there, which may be a credential.
            let problem = if error.is_data() { "it is another value".to_owned() } else { error.to_string() };
            ConfigError::variable(EXTRA_BACKENDS, format!("is not a JSON array of backends: {problem}"))
        })?;
        Ok(elements
            .into_iter()
            .enumerate()
            .map(|(index, element)| {
                let place = format!("{EXTRA_BACKENDS}[{index}]");
                match Description::parse(element.get().as_bytes()) {
                    Err(problem) => Listed {
                        id: place.clone(),
                        name: place.clone(),
                        backend: Err(ConfigError::variable(
                            &place,
                            format!("is not an object with 'id' and 'url': {problem}"),
                        )),
                    },
                    Ok(entry) => Listed {
                        id: entry.id.clone(),
                        name: entry.name(),
                        backend: entry
                            .into_backend(Location::Local)
                            .map_err(|reason| ConfigError::variable(&place, reason)),
                    },
                }
            })
            .collect())
    }
}

/// A host under `.invalid` (RFC 2606) means "not configured": templates of the manifest need a value that loads.
fn is_unset(url: &BackendUrl) -> bool {
    let host = url.host();
    host == "invalid" || host.ends_with(".invalid")
}

impl<V: Variables, S: Store> BackendRegistry for LocalRegistry<'_, V, S> {
    fn get_backend(&self, id: &str) -> Result<Option<Backend>, ConfigError> {
        // The seven come first: `extra_backends` adds, it does not replace, and a mistake in it leaves them alone.
        if let Some(known) = known_backend(id) {
            return self.known(known);
        }
        // Neither a place in `extra_backends` nor an element's malformed id is a backend that could be asked for.
        if !is_valid_id(id) {
            return Ok(None);
        }
        self.extra()?.into_iter().find(|listed| listed.id == id).map(|listed| listed.backend).transpose()
    }

    fn list_backends(&self) -> Result<Vec<Listed>, ConfigError> {
        let mut listed = Vec::new();
        for known in &KNOWN_BACKENDS {
            if let Some(backend) = self.known(known).transpose() {
                insert(&mut listed, Listed { id: known.id.to_owned(), name: known.name.to_owned(), backend });
            }
        }
        match self.extra() {
            Ok(extra) => {
                for mut extra in extra {
                    if let Some(known) = known_backend(&extra.id) {
                        extra.backend = Err(ConfigError::variable(
                            EXTRA_BACKENDS,
                            format!("names '{}', whose URL belongs into '{}'", extra.id, known.url_variable),
                        ));
                    } else if listed.iter().any(|other| other.id == extra.id) {
                        extra.backend = Err(ConfigError::variable(
                            EXTRA_BACKENDS,
                            format!("names '{}', which is already configured", extra.id),
                        ));
                    }
                    insert(&mut listed, extra);
                }
            }
            Err(error) => insert(
                &mut listed,
                Listed { id: EXTRA_BACKENDS.to_owned(), name: EXTRA_BACKENDS.to_owned(), backend: Err(error) },
            ),
        }
        Ok(listed)
    }

    fn check_health(&self, id: &str) -> Option<Entry> {
        stored_health(self.store, Location::Local, id)
    }

    fn health_endpoint(&self, backend: &Backend) -> Result<Option<String>, ConfigError> {
        let Some(known) = known_backend(&backend.id) else {
            return Ok(backend.health_endpoint.clone());
        };
        match self.variables.get(known.health_variable)?.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(path) if path.starts_with('/') => Ok(Some(path.to_owned())),
            Some(_) => Err(ConfigError::variable(known.health_variable, "must be a path that starts with '/'")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::testing::Fake;
    use super::*;

    #[test]
    fn reads_the_url_variable_of_a_known_backend() {
        let variables = Fake::new(&[("backend_bun_sqlite_url", "http://127.0.0.1:3001/")]);
        let backend = LocalRegistry::new(&variables, &variables).get_backend("bun-sqlite").unwrap().unwrap();
        assert_eq!(backend.url.to_string(), "http://127.0.0.1:3001");
        assert_eq!(backend.name, "Bun + SQLite");
        assert_eq!(backend.location, Location::Local);
    }

    #[test]
    fn a_known_backend_cannot_be_had_from_extra_backends_and_is_not_said_to_be() {
        let variables = Fake::new(&[("extra_backends", r#"[{"id":"cf-d1","url":"http://127.0.0.1:9000"}]"#)]);
        let registry = LocalRegistry::new(&variables, &variables);
        assert_eq!(registry.get_backend("cf-d1"), Ok(None));
        assert_eq!(registry.configured_ids(), [""; 0]);
        let listed = registry.list_backends().unwrap();
        let reason = listed[0].backend.as_ref().unwrap_err().to_string();
        assert!(reason.contains("backend_cf_d1_url"), "{reason}");
    }

    #[test]
    fn unset_means_absent_empty_or_under_invalid() {
        for value in ["", "  ", "http://unset.invalid", "https://INVALID:1/"] {
            let variables = Fake::new(&[("backend_cf_d1_url", value)]);
            assert_eq!(LocalRegistry::new(&variables, &variables).get_backend("cf-d1"), Ok(None), "{value:?}");
        }
        assert_eq!(LocalRegistry::new(&Fake::new(&[]), &Fake::new(&[])).get_backend("cf-d1"), Ok(None));
        assert_eq!(LocalRegistry::new(&Fake::new(&[]), &Fake::new(&[])).get_backend("nope"), Ok(None));
    }

    #[test]
    fn what_cannot_be_an_id_selects_no_element_and_no_mistake() {
        let variables =
            Fake::new(&[("extra_backends", r#"[{"id":"a b","url":"http://h"},7,["c","n","http://h",null,null]]"#)]);
        let registry = LocalRegistry::new(&variables, &variables);
        for id in ["a b", "extra_backends[1]", "extra_backends[2]", "c", ""] {
            assert_eq!(registry.get_backend(id), Ok(None), "{id:?}");
        }
        assert_eq!(registry.list_backends().unwrap().len(), 3, "each is listed with its reason");
        assert!(registry.configured_ids().is_empty(), "an array is no object");
    }

    #[test]
    fn a_malformed_url_names_its_variable_and_harms_no_other_backend() {
        let variables =
            Fake::new(&[("backend_cf_d1_url", "http://user:secret@h"), ("backend_bun_sqlite_url", "http://h:1")]);
        let registry = LocalRegistry::new(&variables, &variables);
        let error = registry.get_backend("cf-d1").unwrap_err().to_string();
        assert_eq!(error, "variable 'backend_cf_d1_url' must not contain a user name or password");
        assert!(registry.get_backend("bun-sqlite").unwrap().is_some());
        assert_eq!(registry.configured_ids(), ["bun-sqlite"]);
        assert_eq!(registry.list_backends().unwrap().len(), 2, "listed with its reason");
    }

    #[test]
    fn extra_backends_add_to_the_seven() {
        let variables = Fake::new(&[
            ("backend_bun_sqlite_url", "http://h:1"),
            (
                "extra_backends",
                r#"[{"id":"go-chi","name":"Go","url":"http://h:2/api"},{"id":"bun-sqlite","url":"http://h:3"},7,{"id":"a b","url":"http://h"}]"#,
            ),
        ]);
        let registry = LocalRegistry::new(&variables, &variables);
        assert_eq!(registry.get_backend("go-chi").unwrap().unwrap().url.to_string(), "http://h:2/api");
        assert_eq!(registry.get_backend("bun-sqlite").unwrap().unwrap().url.to_string(), "http://h:1");
        let shown: Vec<_> = registry
            .list_backends()
            .unwrap()
            .into_iter()
            .map(|l| format!("{} {}", l.id, l.backend.map_or_else(|e| e.to_string(), |b| b.url.to_string())))
            .collect();
        assert_eq!(shown.len(), 5, "{shown:#?}");
        assert!(shown.iter().any(|line| line.contains("belongs into 'backend_bun_sqlite_url'")), "{shown:#?}");
        assert!(shown.iter().any(|line| line.contains("variable 'extra_backends[2]' is not an object")), "{shown:#?}");
    }

    #[test]
    fn what_a_malformed_value_holds_is_not_repeated() {
        for value in [
            r#""http://u:s3cret@h""#,
            r#"["http://u:s3cret@h"]"#,
            r#"[{"id":"x","url":"http://u:s3cret@h"}]"#,
            r#"[{"id":"x","url":"http://h","name":["s3cret"]}]"#,
            r#"[{"id":"x","url":"http://h","healthEndpoint":"s3cret"}]"#,
            "http://u:s3cret@h",
        ] {
            let variables = Fake::new(&[("extra_backends", value)]);
            let shown = format!("{:?}", LocalRegistry::new(&variables, &variables).list_backends());
            assert!(shown.contains("Err(") && !shown.contains("s3cret"), "{value}: {shown}");
        }
    }

    #[test]
    fn the_health_path_and_the_health_entry_are_read() {
        let entry = r#"{"state":"healthy","checked_at":1,"expires_at":2}"#;
        let variables = Fake::new(&[
            ("backend_cf_d1_url", "http://h:1"),
            ("backend_cf_d1_health", "/up"),
            ("backend_bun_sqlite_url", "http://h:1"),
            ("backend_bun_sqlite_health", "up"),
            ("health:local:cf-d1", entry),
            ("health:local:bun-sqlite", "garbage"),
        ]);
        let registry = LocalRegistry::new(&variables, &variables);
        let endpoint = |id| registry.health_endpoint(&registry.get_backend(id).unwrap().unwrap());
        assert_eq!(endpoint("cf-d1"), Ok(Some("/up".into())));
        assert!(endpoint("bun-sqlite").unwrap_err().to_string().contains("'backend_bun_sqlite_health'"));
        assert!(registry.check_health("cf-d1").is_some());
        assert_eq!(registry.check_health("bun-sqlite"), None, "corrupt is unknown");
        let broken = Fake { broken: true, ..Fake::default() };
        assert_eq!(LocalRegistry::new(&variables, &broken).check_health("cf-d1"), None, "the store fails open");
    }

    #[test]
    fn broken_extra_backends_harm_only_themselves() {
        let variables = Fake::new(&[("backend_bun_sqlite_url", "http://h:1"), ("extra_backends", "{")]);
        let registry = LocalRegistry::new(&variables, &variables);
        assert!(registry.get_backend("bun-sqlite").unwrap().is_some());
        assert!(registry.get_backend("go-chi").unwrap_err().to_string().contains("'extra_backends'"));
        assert_eq!(registry.list_backends().unwrap().len(), 2);
    }
}
