//! Configuration values and the ways they can be wrong.

use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// The variable that says where the gateway runs.
pub const ENVIRONMENT: &str = "environment";
/// The variable with the deadline.
pub const REQUEST_TIMEOUT: &str = "request_timeout";
/// The variable with further local backends.
pub const EXTRA_BACKENDS: &str = "extra_backends";
/// The variable with the hosts that backends of the store may have: patterns of allowed hosts with commas between them.
pub const CLOUD_HOSTS: &str = "cloud_hosts";
/// The variable with the longest silence within a response.
pub const IDLE_TIMEOUT: &str = "idle_timeout";
/// The variable that says whose `x-forwarded-*` fields are believed.
pub const TRUSTED_PROXIES: &str = "trusted_proxies";
/// The variable that says from where local backends can be reached.
pub const LOCAL_BACKENDS: &str = "local_backends";
/// The variable with the origins whose pages may send credentials.
pub const CORS_ORIGINS: &str = "cors_origins";
/// The variable with the domain below which a label of the host name selects a backend.
pub const LABEL_DOMAIN: &str = "label_domain";
/// The variable with secret fields for backends.
pub const BACKEND_SECRETS: &str = "backend_secrets";
/// The variable that bounds comparisons.
pub const SHOOTOUT: &str = "shootout";
/// Deadline and longest silence where none is configured.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest time that can be configured.
const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

/// A value that cannot be used, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place} {reason}")]
pub struct ConfigError {
    /// The variable or key at fault.
    pub place: Place,
    /// What is wrong with it, as the end of a sentence. Never repeats a value that may be secret.
    pub reason: String,
}

/// Where a configuration value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A Spin variable, by its name.
    Variable(String),
    /// A key in the key-value store.
    Key(String),
    /// The key-value store itself.
    Store,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Variable(name) => write!(f, "variable '{name}'"),
            Place::Key(key) => write!(f, "key '{key}' of the key-value store"),
            Place::Store => f.write_str("the key-value store 'default'"),
        }
    }
}

impl ConfigError {
    /// An error about a variable.
    pub fn variable(name: &str, reason: impl Into<String>) -> Self {
        ConfigError { place: Place::Variable(name.to_owned()), reason: reason.into() }
    }

    /// An error about a key.
    pub fn key(key: &str, reason: impl Into<String>) -> Self {
        ConfigError { place: Place::Key(key.to_owned()), reason: reason.into() }
    }
}

/// Reads the value of `request_timeout`, the deadline of a request to a backend: `30s`, `1500ms` or plain seconds; nothing or an empty text means 30 s.
///
/// # Errors
/// Another form, zero, or more than a day.
pub fn request_timeout(value: Option<&str>) -> Result<Duration, ConfigError> {
    timeout(REQUEST_TIMEOUT, value)
}

/// Reads the value of `idle_timeout`, the longest silence between two chunks of a response, as [`request_timeout`] does.
///
/// # Errors
/// As there.
pub fn idle_timeout(value: Option<&str>) -> Result<Duration, ConfigError> {
    timeout(IDLE_TIMEOUT, value)
}

fn timeout(name: &str, value: Option<&str>) -> Result<Duration, ConfigError> {
    let text = match value.map(str::trim) {
        None | Some("") => return Ok(DEFAULT_TIMEOUT),
        Some(text) => text,
    };
    duration(text).filter(|timeout| !timeout.is_zero()).ok_or_else(|| {
        ConfigError::variable(
            name,
            format!("must be a time such as 30s, 1500ms or 30 (seconds), above zero and at most a day, not '{text}'"),
        )
    })
}

/// Reads a time as people write it in the configuration: `30s`, `1500ms` or plain seconds, at most a day.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit_millis) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').unwrap_or(text), 1_000),
    };
    let number = number.trim_end();
    // `parse` alone would take a sign.
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    let millis = number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(unit_millis)?;
    Some(Duration::from_millis(millis)).filter(|duration| *duration <= MAX_DURATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        for (text, millis) in [("", 30_000), ("30s", 30_000), ("1500ms", 1_500), ("5", 5_000), (" 2 s ", 2_000)] {
            assert_eq!(request_timeout(Some(text)), Ok(Duration::from_millis(millis)), "{text:?}");
        }
        for text in [
            "0",
            "0ms",
            "-1",
            "+1",
            "1.5s",
            "soon",
            "1m",
            "s",
            "99999999999999999999",
            "25000000000000000000ms",
            "90000s",
        ] {
            assert!(request_timeout(Some(text)).is_err(), "{text:?}");
        }
        let error = idle_timeout(Some("soon")).map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.starts_with("variable 'idle_timeout' must be a time such as 30s")));
    }
}
