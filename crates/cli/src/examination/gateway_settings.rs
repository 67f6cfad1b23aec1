//! The settings that are not backends, and the credentials.

use std::collections::BTreeMap;
use std::time::Duration;

use gateway_core::backend::credentials::authorization;
use gateway_core::backend::known::KNOWN_BACKENDS;
use gateway_core::backend::reference::Location;
use gateway_core::backend::reference::environment;
use gateway_core::config::{CLOUD_HOSTS, ConfigError, ENVIRONMENT, EXTRA_BACKENDS, REQUEST_TIMEOUT, request_timeout};
use gateway_core::time::display_duration;

use super::findings::Findings;
use crate::snapshot::Values;

/// Hosted platforms end a request after this time, with an error of their own.
const PLATFORM_LIMIT: Duration = Duration::from_secs(30);

/// Judges a value in an environment: a warning, or the reason why no request would succeed.
type Judge = fn(Option<&str>, Location) -> Result<Option<String>, ConfigError>;

/// The variables that the gateway reads, apart from those of the seven known backends, each with its check. A new variable is a line here.
pub(super) const SETTINGS: [(&str, Judge); 4] = [
    (ENVIRONMENT, |value, _| readable(environment(value))),
    (REQUEST_TIMEOUT, |value, location| request_timeout(value).map(|timeout| beyond_platforms(timeout, location))),
    // With the backends.
    (EXTRA_BACKENDS, |_, _| Ok(None)),
    // With the allowed hosts.
    (CLOUD_HOSTS, |_, _| Ok(None)),
];

/// For a value that has to be readable and nothing more.
fn readable<T>(value: Result<T, ConfigError>) -> Result<Option<String>, ConfigError> {
    value.map(|_| None)
}

fn beyond_platforms(timeout: Duration, location: Location) -> Option<String> {
    (location == Location::Cloud && timeout >= PLATFORM_LIMIT).then(|| {
        format!(
            "the variable '{REQUEST_TIMEOUT}' is {}, and hosted platforms end requests after 30s, without the gateway's 504; set it to 25s there",
            display_duration(timeout)
        )
    })
}

/// The environment; `local` where the variable is wrong.
pub(super) fn check(variables: &BTreeMap<String, String>, findings: &mut Findings) -> Location {
    let value = |name: &str| variables.get(name).map(String::as_str);
    let location = environment(value(ENVIRONMENT)).unwrap_or_default();
    for (name, judge) in SETTINGS {
        match judge(value(name), location) {
            Err(error) => findings.fatal(error),
            Ok(Some(warning)) => findings.warning(warning),
            Ok(None) => {}
        }
    }
    for known in &KNOWN_BACKENDS {
        // The value is never shown.
        match authorization(&[], known.id, &Values(variables)) {
            Err(error) => findings.error(error),
            Ok(Some((_, value))) if !value.contains(&b' ') => findings.warning(format_args!(
                "the variable '{}' holds a single word; an authorization is a scheme and credentials, such as 'Bearer …'",
                known.authorization_variable
            )),
            Ok(_) => {}
        }
    }
    location
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[(&str, &str)]) -> (Location, String) {
        let mut findings = Findings::default();
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        (super::check(&values, &mut findings), findings.all())
    }

    #[test]
    fn good_ones_are_silent() {
        assert_eq!(check(&[]), (Location::Local, String::new()));
        let cloud = [("environment", "cloud"), ("request_timeout", "25s"), ("backend_cf_d1_authorization", "Bearer x")];
        assert_eq!(check(&cloud), (Location::Cloud, String::new()));
        assert_eq!(check(&[("request_timeout", "60s")]).1, "", "nobody ends requests here");
    }

    #[test]
    fn bad_ones_are_named_and_secrets_are_not_shown() {
        for (values, says) in [
            (
                [("environment", "prod"), ("request_timeout", "5")],
                "error: variable 'environment' must be 'local' or 'cloud'",
            ),
            ([("environment", "local"), ("request_timeout", "soon")], "error: variable 'request_timeout' must be"),
            ([("environment", "cloud"), ("request_timeout", "")], "warning: the variable 'request_timeout' is 30s"),
            (
                [("environment", ""), ("backend_cf_d1_authorization", "s3cret")],
                "warning: the variable 'backend_cf_d1_authorization'",
            ),
            (
                [("environment", ""), ("backend_cf_d1_authorization", "B s3cret\u{7}")],
                "error: variable 'backend_cf_d1_authorization'",
            ),
        ] {
            let (_, said) = check(&values);
            assert!(said.starts_with(says) && said.lines().count() == 1, "{values:?}: {said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
