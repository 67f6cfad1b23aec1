//! Which backend is meant: its id, and where it is looked up.

use crate::config::{ConfigError, ENVIRONMENT};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a backend is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// Among the Spin variables: reached from where the gateway runs.
    #[default]
    Local,
    /// In the key-value store: reached over the network.
    Cloud,
}

impl Location {
    /// The name used in headers, keys, logs and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Location::Local => "local",
            Location::Cloud => "cloud",
        }
    }

    /// Parses the exact names `local` and `cloud`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "local" => Some(Location::Local),
            "cloud" => Some(Location::Cloud),
            _ => None,
        }
    }

    /// The backend of requests that name none.
    pub fn default_backend(self) -> &'static str {
        match self {
            Location::Local => "bun-sqlite",
            Location::Cloud => "cf-d1",
        }
    }
}

/// One backend: nothing is known yet of whether it is configured. Shown as `id@location`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendRef {
    /// The value of `x-backend` that selects it.
    pub id: String,
    /// The registry to look it up in.
    pub location: Location,
}

impl BackendRef {
    /// The backend `id` of `location`.
    pub fn new(id: impl Into<String>, location: Location) -> Self {
        BackendRef { id: id.into(), location }
    }
}

impl fmt::Display for BackendRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.location.as_str())
    }
}

/// Reads the value of `environment`; nothing or an empty text means `local`.
///
/// # Errors
/// Any other text than `local` and `cloud`.
pub fn environment(value: Option<&str>) -> Result<Location, ConfigError> {
    match value.map(str::trim) {
        None | Some("") => Ok(Location::Local),
        Some(text) => Location::parse(text)
            .ok_or_else(|| ConfigError::variable(ENVIRONMENT, format!("must be 'local' or 'cloud', not '{text}'"))),
    }
}

/// Whether `id` can name a backend: 1 to 64 letters, digits, `-`, `_` or `.`. Anything else is refused before a registry is asked, so that
/// a header can never reach into foreign keys of the store.
pub fn is_valid_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments() {
        assert_eq!(environment(None), Ok(Location::Local));
        assert_eq!(environment(Some("")), Ok(Location::Local));
        assert_eq!(environment(Some("cloud")), Ok(Location::Cloud));
        let error = environment(Some("staging")).map_err(|error| error.to_string());
        assert_eq!(error, Err("variable 'environment' must be 'local' or 'cloud', not 'staging'".into()));
    }

    #[test]
    fn ids() {
        for good in ["a", "cf-d1", "A_1.b", &"x".repeat(64)] {
            assert!(is_valid_id(good), "{good}");
        }
        for bad in ["", "a b", "a:b", "ü", "a/b", "*", &"x".repeat(65)] {
            assert!(!is_valid_id(bad), "{bad}");
        }
    }
}
