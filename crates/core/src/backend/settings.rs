//! The variables that each request needs, in one: asking a host for a variable costs more than reading it.
//!
//! The manifest composes them into a variable of the component, one line for each: `environment=local`. Where that is missing, or lacks one of
//! them, the host is asked for it by its own name, so a manifest that passes them one by one works too.

use super::registry::Variables;
use crate::config::{
    CORS_ORIGINS, ConfigError, ENVIRONMENT, IDLE_TIMEOUT, LABEL_DOMAIN, LOCAL_BACKENDS, REQUEST_TIMEOUT, SHOOTOUT,
    TRUSTED_PROXIES,
};
use std::cell::OnceCell;
use std::ops::Range;

/// The variable that holds the others.
pub const SETTINGS: &str = "settings";

/// The variables that may be lines of [`SETTINGS`].
pub const COMPOSED: [&str; 8] =
    [ENVIRONMENT, REQUEST_TIMEOUT, IDLE_TIMEOUT, TRUSTED_PROXIES, LOCAL_BACKENDS, CORS_ORIGINS, LABEL_DOMAIN, SHOOTOUT];

/// A host's variables, with those of [`COMPOSED`] read at once and kept.
pub struct Settings<V> {
    host: V,
    composed: OnceCell<Composed>,
}

/// The value of [`SETTINGS`], and where in it the value of each of [`COMPOSED`] stands.
struct Composed {
    text: String,
    values: [Option<Range<usize>>; COMPOSED.len()],
}

impl<V: Variables> Settings<V> {
    /// Nothing is read yet.
    pub fn new(host: V) -> Self {
        Settings { host, composed: OnceCell::new() }
    }

    fn composed(&self) -> Result<&Composed, ConfigError> {
        if let Some(composed) = self.composed.get() {
            return Ok(composed);
        }
        let text = self.host.get(SETTINGS)?.unwrap_or_default();
        Ok(self.composed.get_or_init(|| Composed::new(text)))
    }
}

impl<V: Variables> Variables for Settings<V> {
    fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        if let Some(place) = COMPOSED.iter().position(|composed| *composed == name)
            && let Some(value) = self.composed()?.value(place)
        {
            return Ok(Some(value.to_owned()));
        }
        self.host.get(name)
    }
}

impl Composed {
    /// Finds the lines. One that names none of [`COMPOSED`] continues the value before it: a list may have been written in lines.
    fn new(text: String) -> Self {
        let mut values = [const { None }; COMPOSED.len()];
        let mut current = None;
        let mut start: usize = 0;
        for line in text.as_bytes().split(|byte| *byte == b'\n') {
            let end = start.saturating_add(line.len());
            let named = COMPOSED
                .iter()
                .position(|name| line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'=')));
            let begin = match named.and_then(|place| Some((place, COMPOSED.get(place)?.len()))) {
                Some((place, name)) => {
                    current = Some(place);
                    start.saturating_add(name).saturating_add(1)
                }
                None => start,
            };
            if let Some(value) = current.and_then(|place| values.get_mut(place)) {
                let range: &mut Range<usize> = value.get_or_insert(begin..end);
                range.end = end;
            }
            start = end.saturating_add(1);
        }
        Composed { text, values }
    }

    fn value(&self, place: usize) -> Option<&str> {
        self.text.get(self.values.get(place)?.clone()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::testing::Fake;
    use super::*;

    #[test]
    fn a_line_of_the_composed_variable_comes_first_then_the_hosts_own() {
        let composed = "environment=cloud\nlabel_domain=\ncors_origins=https://a.example,\n  https://b.example\nshootout=auto\nfoo=bar";
        let settings = Settings::new(Fake::new(&[
            ("settings", composed),
            ("environment", "ignored"),
            ("idle_timeout", "5s"),
            ("backend_cf_d1_url", "http://h:1"),
        ]));
        let get = |name| settings.get(name).unwrap();
        assert_eq!(get("environment").as_deref(), Some("cloud"));
        assert_eq!(get("label_domain").as_deref(), Some(""), "empty is a value");
        assert_eq!(get("cors_origins").as_deref(), Some("https://a.example,\n  https://b.example"));
        assert_eq!(get("shootout").as_deref(), Some("auto\nfoo=bar"), "foo is none of the settings");
        assert_eq!(get("idle_timeout").as_deref(), Some("5s"), "not composed");
        assert_eq!(get("backend_cf_d1_url").as_deref(), Some("http://h:1"));
        assert_eq!(get("trusted_proxies"), None);
        assert_eq!(get("foo"), None);
    }

    #[test]
    fn without_the_composed_variable_each_is_asked_for() {
        let settings = Settings::new(Fake::new(&[("environment", "cloud")]));
        assert_eq!(settings.get("environment").unwrap().as_deref(), Some("cloud"));
        assert!(Settings::new(Fake { broken: true, ..Fake::default() }).get("environment").is_err());
    }
}
