//! Backends from Spin variables: one URL variable for each known backend, and `extra_backends` for further ones.

use super::entry::BackendEntry;
use super::known::{KNOWN_BACKENDS, KnownBackend, known_backend};
use super::reference::{BackendRef, Location, is_valid_id};
use super::registry::{Backend, BackendRegistry, Listed, Variables, by_id};
use super::url::BackendUrl;
use crate::config::{ConfigError, EXTRA_BACKENDS};
use serde_json::value::RawValue;

/// The registry of the local environment.
pub struct LocalRegistry<'a, V> {
    variables: &'a V,
}

impl<'a, V: Variables> LocalRegistry<'a, V> {
    /// A registry over `variables`.
    pub fn new(variables: &'a V) -> Self {
        LocalRegistry { variables }
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
        // The value is an entry of the allowed hosts, too, where Spin compares the scheme letter by letter.
        if !text.trim_start().starts_with(url.scheme().as_str()) {
            let scheme = url.scheme().as_str();
            let reason =
                format!("must have its scheme in lower case, {scheme}://: Spin denies every request to it otherwise");
            return Err(ConfigError::variable(known.url_variable, reason));
        }
        Ok(Some(Backend {
            reference: BackendRef::new(known.id, Location::Local),
            name: known.name.to_owned(),
            url,
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
            let problem = match error.is_data() {
                true => "it is another value".to_owned(),
                // What a shell and `.env` make of JSON without quotes around it.
                false if !text.contains('"') => {
                    "it has no double quotes; where a shell or .env reads the value, put all of it into single quotes"
                        .to_owned()
                }
                false => error.to_string(),
            };
            ConfigError::variable(EXTRA_BACKENDS, format!("is not a JSON array of backends: {problem}"))
        })?;
        Ok(elements
            .into_iter()
            .enumerate()
            .map(|(index, element)| {
                let place = format!("{EXTRA_BACKENDS}[{index}]");
                match BackendEntry::parse(element.get().as_bytes()) {
                    Err(problem) => {
                        let error =
                            ConfigError::variable(&place, format!("is not an object with 'id' and 'url': {problem}"));
                        listed(&place, &place, Err(error))
                    }
                    Ok(entry) => {
                        let (id, name) = (entry.id.clone(), entry.name());
                        let backend = entry.into_backend(Location::Local);
                        listed(&id, &name, backend.map_err(|reason| ConfigError::variable(&place, reason)))
                    }
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

fn listed(id: &str, name: &str, backend: Result<Backend, ConfigError>) -> Listed {
    Listed { reference: BackendRef::new(id, Location::Local), name: name.to_owned(), backend }
}

impl<V: Variables> BackendRegistry for LocalRegistry<'_, V> {
    fn get_backend(&self, id: &str) -> Result<Option<Backend>, ConfigError> {
        // The seven come first: `extra_backends` adds, it does not replace, and a mistake in it leaves them alone.
        if let Some(known) = known_backend(id) {
            return self.known(known);
        }
        // Neither a place in `extra_backends` nor an element's malformed id is a backend that could be asked for.
        if !is_valid_id(id) {
            return Ok(None);
        }
        self.extra()?.into_iter().find(|listed| listed.reference.id == id).map(|listed| listed.backend).transpose()
    }

    fn list_backends(&self) -> Result<Vec<Listed>, ConfigError> {
        let known = KNOWN_BACKENDS.iter().filter_map(|known| {
            let backend = self.known(known).transpose()?;
            Some(listed(known.id, known.name, backend))
        });
        let mut lines: Vec<Listed> = known.collect();
        match self.extra() {
            Ok(extra) => {
                for mut line in extra {
                    let id = &line.reference.id;
                    let problem = match known_backend(id) {
                        Some(known) => Some(format!("names '{id}', whose URL belongs into '{}'", known.url_variable)),
                        None if lines.iter().any(|other| other.reference == line.reference) => {
                            Some(format!("names '{id}', which is already configured"))
                        }
                        None => None,
                    };
                    if let Some(problem) = problem {
                        line.backend = Err(ConfigError::variable(EXTRA_BACKENDS, problem));
                    }
                    lines.push(line);
                }
            }
            Err(error) => lines.push(listed(EXTRA_BACKENDS, EXTRA_BACKENDS, Err(error))),
        }
        Ok(by_id(lines))
    }

    fn health_endpoint(&self, backend: &Backend) -> Result<Option<String>, ConfigError> {
        let Some(known) = known_backend(&backend.reference.id) else {
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
        let backend = LocalRegistry::new(&variables).get_backend("bun-sqlite").unwrap().unwrap();
        assert_eq!(backend.url.to_string(), "http://127.0.0.1:3001");
        assert_eq!(backend.name, "Bun + SQLite");
        assert_eq!(backend.reference.location, Location::Local);
    }

    #[test]
    fn a_known_backend_cannot_be_had_from_extra_backends_and_is_not_said_to_be() {
        let variables = Fake::new(&[("extra_backends", r#"[{"id":"cf-d1","url":"http://127.0.0.1:9000"}]"#)]);
        let registry = LocalRegistry::new(&variables);
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
            assert_eq!(LocalRegistry::new(&variables).get_backend("cf-d1"), Ok(None), "{value:?}");
        }
        assert_eq!(LocalRegistry::new(&Fake::new(&[])).get_backend("cf-d1"), Ok(None));
        assert_eq!(LocalRegistry::new(&Fake::new(&[])).get_backend("nope"), Ok(None));
    }

    #[test]
    fn what_cannot_be_an_id_selects_no_element_and_no_mistake() {
        let variables =
            Fake::new(&[("extra_backends", r#"[{"id":"a b","url":"http://h"},7,["c","n","http://h",null,null]]"#)]);
        let registry = LocalRegistry::new(&variables);
        for id in ["a b", "extra_backends[1]", "extra_backends[2]", "c", ""] {
            assert_eq!(registry.get_backend(id), Ok(None), "{id:?}");
        }
        assert_eq!(registry.list_backends().unwrap().len(), 3, "each is listed with its reason");
        assert!(registry.configured_ids().is_empty(), "an array is no object");
    }

    #[test]
    fn a_scheme_with_capitals_is_a_mistake_because_the_variable_is_an_allowed_host_too() {
        for value in ["HTTP://127.0.0.1:3001", " Https://h"] {
            let variables = Fake::new(&[
                ("backend_bun_sqlite_url", value),
                ("extra_backends", r#"[{"id":"go","url":"HTTP://127.0.0.1:9000"}]"#),
            ]);
            let registry = LocalRegistry::new(&variables);
            let error = registry.get_backend("bun-sqlite").unwrap_err().to_string();
            assert!(
                error.starts_with("variable 'backend_bun_sqlite_url' must have its scheme in lower case, http"),
                "{error}"
            );
            assert!(registry.get_backend("go").unwrap().is_some(), "what allows its host is written elsewhere");
        }
    }

    #[test]
    fn a_malformed_url_names_its_variable_and_harms_no_other_backend() {
        let variables =
            Fake::new(&[("backend_cf_d1_url", "http://user:secret@h"), ("backend_bun_sqlite_url", "http://h:1")]);
        let registry = LocalRegistry::new(&variables);
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
        let registry = LocalRegistry::new(&variables);
        assert_eq!(registry.get_backend("go-chi").unwrap().unwrap().url.to_string(), "http://h:2/api");
        assert_eq!(registry.get_backend("bun-sqlite").unwrap().unwrap().url.to_string(), "http://h:1");
        let shown: Vec<_> = registry
            .list_backends()
            .unwrap()
            .into_iter()
            .map(|l| format!("{} {}", l.reference.id, l.backend.map_or_else(|e| e.to_string(), |b| b.url.to_string())))
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
            let shown = format!("{:?}", LocalRegistry::new(&variables).list_backends());
            assert!(shown.contains("Err(") && !shown.contains("s3cret"), "{value}: {shown}");
        }
    }

    #[test]
    fn quotes_that_a_shell_has_removed_are_named() {
        for (value, says) in [
            (
                "[{id:go,url:http://127.0.0.1:9000}]",
                "no double quotes; where a shell or .env reads the value, put all of it into single",
            ),
            (r#"[{"id":"go","url":"http://127.0.0.1:9000"]"#, "line 1 column"),
            ("7", "it is another value"),
        ] {
            let variables = Fake::new(&[("extra_backends", value)]);
            let error = LocalRegistry::new(&variables).get_backend("go").unwrap_err().to_string();
            assert!(error.starts_with("variable 'extra_backends' is not a JSON array of backends: "), "{error}");
            assert!(error.contains(says), "{value}: {error}");
        }
    }

    #[test]
    fn the_health_path_is_read() {
        let variables = Fake::new(&[
            ("backend_cf_d1_url", "http://h:1"),
            ("backend_cf_d1_health", "/up"),
            ("backend_bun_sqlite_url", "http://h:1"),
            ("backend_bun_sqlite_health", "up"),
        ]);
        let registry = LocalRegistry::new(&variables);
        let endpoint = |id| registry.health_endpoint(&registry.get_backend(id).unwrap().unwrap());
        assert_eq!(endpoint("cf-d1"), Ok(Some("/up".into())));
        assert!(endpoint("bun-sqlite").unwrap_err().to_string().contains("'backend_bun_sqlite_health'"));
    }

    #[test]
    fn broken_extra_backends_harm_only_themselves() {
        let variables = Fake::new(&[("backend_bun_sqlite_url", "http://h:1"), ("extra_backends", "{")]);
        let registry = LocalRegistry::new(&variables);
        assert!(registry.get_backend("bun-sqlite").unwrap().is_some());
        assert!(registry.get_backend("go-chi").unwrap_err().to_string().contains("'extra_backends'"));
        assert_eq!(registry.list_backends().unwrap().len(), 2);
    }
}
