//! The settings that are not backends, and the credentials.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gateway_comparison::exchange_limit::ExchangeLimit;
use gateway_core::backend::credentials;
use gateway_core::backend::known::{KNOWN_BACKENDS, known_backend};
use gateway_core::backend::reference::Location;
use gateway_core::backend::reference::environment;
use gateway_core::config::{
    BACKEND_SECRETS, CLOUD_HOSTS, CORS_ORIGINS, ConfigError, ENVIRONMENT, EXTRA_BACKENDS, IDLE_TIMEOUT, LABEL_DOMAIN,
    LOCAL_BACKENDS, REQUEST_TIMEOUT, SHOOTOUT, TRUSTED_PROXIES, idle_timeout, request_timeout,
};
use gateway_core::network::trusted_proxies::TrustedProxies;
use gateway_core::request::label::label_domain;
use gateway_core::request::local_backends::LocalBackends;
use gateway_core::response::cors::AllowedOrigin;
use gateway_core::time::display_duration;

use super::findings::Findings;
use crate::snapshot::Values;

/// Hosted platforms end a request after this time, with an error of their own.
const PLATFORM_LIMIT: Duration = Duration::from_secs(30);

/// Judges a value in an environment: a warning, or the reason why no request would succeed.
type Judge = fn(Option<&str>, Location) -> Result<Option<String>, ConfigError>;

/// The variables that the gateway reads, apart from those of the seven known backends, each with its check. A new variable is a line here.
pub(super) const SETTINGS: [(&str, Judge); 11] = [
    (ENVIRONMENT, |value, _| readable(environment(value))),
    (REQUEST_TIMEOUT, |value, location| request_timeout(value).map(|timeout| beyond_platforms(timeout, location))),
    (IDLE_TIMEOUT, |value, _| readable(idle_timeout(value))),
    (TRUSTED_PROXIES, |value, _| readable(TrustedProxies::parse(value))),
    (LOCAL_BACKENDS, |value, _| readable(LocalBackends::parse(value))),
    (CORS_ORIGINS, |value, _| readable(AllowedOrigin::of(&[], value))),
    (LABEL_DOMAIN, |value, _| readable(label_domain(value))),
    (SHOOTOUT, |value, location| readable(ExchangeLimit::parse(value, location))),
    // With the credentials.
    (BACKEND_SECRETS, |_, _| Ok(None)),
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
    check_secrets(variables, findings);
    location
}

/// The gateway's own credentials. Values are never shown.
fn check_secrets(variables: &BTreeMap<String, String>, findings: &mut Findings) {
    // Something wrong may concern every backend, and is said once.
    let mut wrong = BTreeSet::new();
    let (mut holds_some, mut concerns_all) = (false, true);
    let ids = KNOWN_BACKENDS.iter().map(|known| known.id.to_owned());
    for id in ids.chain(with_secrets(variables)) {
        let result = credentials::fields(&[], &id, &Values(variables));
        concerns_all &= result.is_err();
        let fields = result.unwrap_or_else(|error| {
            wrong.insert(error.to_string());
            Vec::new()
        });
        holds_some |= !fields.is_empty();
        if let Some((name, value)) = fields.first()
            && name == "authorization"
            && !value.contains(&b' ')
        {
            let known = known_backend(&id).map(|known| known.authorization_variable);
            let variable = known.filter(|name| variables.get(*name).is_some_and(|value| !value.trim().is_empty()));
            findings.warning(format_args!(
                "the variable '{}' holds a single word for '{id}'; an authorization is a scheme and credentials, such as 'Bearer …'",
                variable.unwrap_or(BACKEND_SECRETS)
            ));
        }
    }
    for error in wrong {
        if concerns_all { findings.fatal(error) } else { findings.error(error) }
    }
    if holds_some && AllowedOrigin::of(&[], variables.get(CORS_ORIGINS).map(String::as_str)) == Ok(AllowedOrigin::Any) {
        findings.warning(format_args!(
            "the gateway adds credentials of its own, and every web page that a visitor opens can use them and read the answers; set the variable \
             '{CORS_ORIGINS}' to the origins that may"
        ));
    }
}

/// The ids under which `backend_secrets` has something, if it is JSON.
fn with_secrets(variables: &BTreeMap<String, String>) -> Vec<String> {
    let text = variables.get(BACKEND_SECRETS).map(String::as_str).unwrap_or_default();
    serde_json::from_str::<BTreeMap<String, serde_json::Value>>(text)
        .map(|entries| entries.into_keys().collect())
        .unwrap_or_default()
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
        let cloud = [
            ("environment", "cloud"),
            ("request_timeout", "25s"),
            ("backend_cf_d1_authorization", "Bearer x"),
            ("cors_origins", "https://app.example"),
        ];
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
                [("cors_origins", "https://a.example"), ("backend_cf_d1_authorization", "s3cret")],
                "warning: the variable 'backend_cf_d1_authorization'",
            ),
            (
                [("cors_origins", "https://a.example"), ("backend_cf_d1_authorization", "B s3cret\u{7}")],
                "error: variable 'backend_cf_d1_authorization'",
            ),
        ] {
            let (_, said) = check(&values);
            assert!(said.starts_with(says) && said.lines().count() == 1, "{values:?}: {said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn each_wrong_setting_is_one_line() {
        for (name, value) in [
            ("idle_timeout", "soon"),
            ("trusted_proxies", "everyone"),
            ("local_backends", "yes"),
            ("cors_origins", "app.example"),
            ("label_domain", "https://shootout.example"),
            ("shootout", "many"),
            ("backend_secrets", "s3cret"),
            ("backend_secrets", r#"{"go-chi":{"x-key":["s3cret"]}}"#),
        ] {
            let (_, said) = check(&[(name, value)]);
            assert!(said.starts_with(&format!("error: variable '{name}' ")) && said.lines().count() == 1, "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn credentials_that_every_page_can_use_are_a_warning() {
        for (name, value) in
            [("backend_cf_d1_authorization", "Bearer x"), ("backend_secrets", r#"{"go-chi":{"x-key":"v"}}"#)]
        {
            let (_, said) = check(&[(name, value)]);
            assert!(
                said.starts_with("warning: the gateway adds credentials of its own") && said.contains("'cors_origins'"),
                "{said}"
            );
            assert_eq!(check(&[(name, value), ("cors_origins", "https://app.example")]).1, "");
        }
    }
}
