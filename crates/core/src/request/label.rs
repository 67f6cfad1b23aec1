//! The first label of the host name as the name of a backend: `cf-d1.localhost`, or `cf-d1.` below a configured domain. For what cannot set a field:
//! links, images, forms, `EventSource`, and cookies that have to stay apart.

use crate::authority::host_and_port;
use crate::config::{ConfigError, LABEL_DOMAIN};

/// What every machine takes for itself (RFC 6761 §6.3), and every name below it.
const LOCALHOST: &str = "localhost";

/// Reads the value of `label_domain`: a domain such as `shootout.example`, in lower case, or nothing.
///
/// # Errors
/// No host name; an address, a port or a wildcard is none.
pub fn label_domain(value: Option<&str>) -> Result<Option<String>, ConfigError> {
    let domain = value.unwrap_or_default().trim().trim_matches('.').to_ascii_lowercase();
    if domain.is_empty() {
        return Ok(None);
    }
    let label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    if domain.split('.').all(label) && !domain.split('.').next_back().is_some_and(number) {
        return Ok(Some(domain));
    }
    let expected = "must be a domain such as shootout.example, without a scheme, a port or a wildcard";
    Err(ConfigError::variable(LABEL_DOMAIN, expected))
}

/// The label of `host` that names a backend, in lower case: all that stands before `.localhost` or before `domain`. `None` where nothing does.
pub fn label(host: Option<&str>, domain: Option<&str>) -> Option<String> {
    let (host, _) = host_and_port(host?)?;
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let below = |domain: &str| host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
    domain.and_then(below).or_else(|| below(LOCALHOST)).filter(|label| !label.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        let check = |host: &str, domain: Option<&str>, expected: Option<&str>| {
            assert_eq!(label(Some(host), domain).as_deref(), expected, "{host} {domain:?}");
        };
        check("cf-d1.localhost", None, Some("cf-d1"));
        check("CF-D1.LocalHost:3000", None, Some("cf-d1"));
        check("cf-d1.localhost.", None, Some("cf-d1"));
        check("cf-d1.localhost.:3000", None, Some("cf-d1"));
        check("a.b.localhost", None, Some("a.b"));
        for host in [
            "localhost",
            "localhost:3000",
            ".localhost",
            "cf-d1.localhost.example",
            "127.0.0.1:3000",
            "[::1]:3000",
            "",
            "g",
        ] {
            check(host, None, None);
        }
        check("cf-d1.shootout.example", None, None);
        check("cf-d1.shootout.example", Some("shootout.example"), Some("cf-d1"));
        check("cf-d1.localhost", Some("shootout.example"), Some("cf-d1"));
        check("shootout.example", Some("shootout.example"), None);
        check("evilshootout.example", Some("shootout.example"), None);
        // The configured domain may itself be below localhost.
        check("cf-d1.gateway.localhost", Some("gateway.localhost"), Some("cf-d1"));
        assert_eq!(label(None, None), None);
    }

    #[test]
    fn domains() {
        for (value, expected) in [
            (None, None),
            (Some(" "), None),
            (Some("Shootout.Example"), Some("shootout.example")),
            (Some(".shootout.example."), Some("shootout.example")),
            (Some("internal"), Some("internal")),
        ] {
            assert_eq!(label_domain(value), Ok(expected.map(str::to_owned)), "{value:?}");
        }
        for value in [
            "https://shootout.example",
            "shootout.example:80",
            "*.shootout.example",
            "a..b",
            "10.0.0.1",
            "a/b",
            "[::1]",
        ] {
            let error = label_domain(Some(value)).unwrap_err().to_string();
            assert!(error.starts_with("variable 'label_domain' must be a domain"), "{value}: {error}");
        }
    }
}
