//! Backends: those of the variables, and what holds for those of the key-value store as well.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use gateway_core::backend::cloud::BACKEND_KEY;
use gateway_core::backend::known::{KNOWN_BACKENDS, known_backend};
use gateway_core::backend::local::LocalRegistry;
use gateway_core::backend::reference::{BackendRef, Location};
use gateway_core::backend::registry::Backend;
use gateway_core::backend::registry::BackendRegistry;
use gateway_core::backend::url::BackendUrl;
use gateway_core::config::{CLOUD_HOSTS, EXTRA_BACKENDS, Place};
use gateway_core::network::internal_host;

use super::findings::{Findings, Severity};
use crate::coverage::Coverage;
use crate::snapshot::{Snapshot, Values};

/// What backends are checked against.
pub(super) struct Setting<'a> {
    /// What the component sees.
    pub(super) variables: &'a BTreeMap<String, String>,
    /// Variables about whose value enough has been said.
    pub(super) at_fault: &'a BTreeSet<String>,
    pub(super) coverage: &'a Coverage,
    pub(super) location: Location,
    /// Where the gateway will be.
    pub(super) listen: SocketAddr,
}

impl Setting<'_> {
    /// What is wrong elsewhere than in the environment concerns only requests that ask for it.
    pub(super) fn severity(&self, location: Location) -> Severity {
        if location == self.location { Severity::Error } else { Severity::Warning }
    }

    /// The URLs of all backends, wherever they stand.
    fn urls(&self, stored: Option<&Snapshot>) -> Vec<BackendUrl> {
        let nothing = Snapshot::default();
        let stored = stored.unwrap_or(&nothing);
        let local = LocalRegistry::new(&Values(self.variables)).list_backends();
        let local = local.unwrap_or_default().into_iter().filter_map(|listed| listed.backend.ok());
        local.chain(stored.backends()).map(|backend| backend.url).collect()
    }
}

/// The backends of the variables; how many there are.
pub(super) fn check_local(setting: &Setting<'_>, stored: Option<&Snapshot>, findings: &mut Findings) -> usize {
    let severity = setting.severity(Location::Local);
    let variables = Values(setting.variables);
    let registry = LocalRegistry::new(&variables);
    let listed = registry.list_backends().unwrap_or_default();
    let told = |name: &str| setting.at_fault.contains(name);
    let mut usable = Vec::new();
    for listed in &listed {
        match &listed.backend {
            Ok(backend) => usable.push(backend.clone()),
            Err(error) if matches!(&error.place, Place::Variable(name) if told(name)) => {}
            Err(error) => findings.add(severity, error),
        }
    }
    for known in &KNOWN_BACKENDS {
        if let Some(Err(error)) = health_endpoint(&registry, known.id) {
            findings.add(severity, error);
        }
    }
    let culprit = |backend: &Backend| match known_backend(&backend.reference.id) {
        Some(known) => format!("variable '{}'", known.url_variable),
        None => format!("variable '{EXTRA_BACKENDS}', backend '{}'", backend.reference.id),
    };
    // Entries with a mistake of their own do not count as covered.
    let judged: Vec<_> = usable
        .iter()
        .filter(|backend| known_backend(&backend.reference.id).is_none_or(|known| !told(known.url_variable)))
        .collect();
    check_all(setting, &judged, &culprit, stored, findings);
    if usable.is_empty() && setting.location == Location::Local {
        // Those of the store can be had with a header.
        let is_alone = stored.is_none_or(|stored| stored.backends().next().is_none());
        let severity = if is_alone { Severity::Fatal } else { Severity::Error };
        let first = KNOWN_BACKENDS.first().map(|known| known.url_variable).unwrap_or_default();
        if listed.is_empty() {
            findings.add(
                severity,
                format_args!(
                    "no backend is configured, so every request is answered with 400; set its URL, for example {first}"
                ),
            );
        } else {
            findings.add(
                severity,
                "none of the configured backends is usable, so every request fails; correct one of them",
            );
        }
    }
    usable.len()
}

/// What the gateway reads as the path of a known backend's health endpoint, whether the backend is configured or not.
fn health_endpoint(
    registry: &impl BackendRegistry,
    id: &str,
) -> Option<Result<Option<String>, gateway_core::config::ConfigError>> {
    let url = BackendUrl::parse("http://unset.invalid").ok()?;
    let reference = BackendRef::new(id, Location::Local);
    let backend = Backend { reference, name: id.to_owned(), url, health_endpoint: None };
    Some(registry.health_endpoint(&backend))
}

/// Coverage, loops and duplicates among backends of one place. `culprit` names where a backend is configured.
pub(super) fn check_all(
    setting: &Setting<'_>,
    backends: &[&Backend],
    culprit: &dyn Fn(&Backend) -> String,
    stored: Option<&Snapshot>,
    findings: &mut Findings,
) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for backend in backends {
        let (BackendRef { id, location }, url) = (&backend.reference, &backend.url);
        let severity = setting.severity(*location);
        let culprit = culprit(backend);
        if is_at(url, setting.listen) {
            findings.add(
                severity,
                format_args!(
                    "{culprit}: {} is where the gateway itself listens, so requests to '{id}' end with 508 Loop Detected; \
                     correct the URL, or check with the right --listen",
                    url.origin()
                ),
            );
        }
        if !setting.coverage.covers(url) {
            let advice = match known_backend(id).filter(|_| *location == Location::Local) {
                Some(known) => format!("add \"{{{{ {} }}}}\" to it", known.url_variable),
                None => setting.coverage.advice(url, &setting.urls(stored)),
            };
            findings.add(
                severity,
                format_args!(
                    "{culprit}: allowed_outbound_hosts does not cover {}, so requests to '{id}' would be denied; {advice}",
                    url.origin()
                ),
            );
        } else if *location == Location::Cloud
            && let Err(reason) = internal_host::check(url, &|| setting.variables.get(CLOUD_HOSTS).cloned())
        {
            findings.add(severity, format_args!("{culprit} {reason}"));
        }
        if let Some(other) = seen.insert(comparable(url), id) {
            findings.warning(format_args!(
                "{culprit}: '{id}' has the same URL as '{other}', {}; correct one of them if that is not meant",
                url.origin()
            ));
        }
    }
}

/// Where the backend of a key stands.
pub(super) fn key_of(backend: &Backend) -> String {
    format!("key '{BACKEND_KEY}{}' of the key-value store", backend.reference.id)
}

/// One form for URLs that lead to the same place.
fn comparable(url: &BackendUrl) -> String {
    let host = if url.host() == "localhost" { "127.0.0.1" } else { url.host() };
    format!("{}://{host}:{}{}", url.scheme().as_str(), url.port(), url.join("/"))
}

/// Whether a connection to this URL would reach a listener on this address.
fn is_at(url: &BackendUrl, listen: SocketAddr) -> bool {
    if url.port() != listen.port() {
        return false;
    }
    match url.host().trim_matches(['[', ']']) {
        "localhost" => listen.ip().is_loopback() || listen.ip().is_unspecified(),
        host => host.parse::<IpAddr>().is_ok_and(|ip| {
            let at_all_addresses = listen.ip().is_unspecified() && ip.is_loopback();
            // Connecting to 0.0.0.0 leads to this machine.
            let at_any_address = ip.is_unspecified() && listen.ip().is_loopback();
            ip == listen.ip() || at_all_addresses || at_any_address
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_gateways_own_address() {
        for (url, listen, expected) in [
            ("http://127.0.0.1:3000", "127.0.0.1:3000", true),
            ("http://localhost:3000", "127.0.0.1:3000", true),
            ("http://localhost:3000", "[::1]:3000", true),
            ("http://127.0.0.1:3000", "0.0.0.0:3000", true),
            ("http://[::1]:3000", "[::]:3000", true),
            ("http://0.0.0.0:3000", "127.0.0.1:3000", true),
            ("http://127.0.0.1", "127.0.0.1:80", true),
            ("http://127.0.0.1:3001", "127.0.0.1:3000", false),
            ("http://127.0.0.1:3000", "127.0.0.2:3000", false),
            ("http://backend:3000", "0.0.0.0:3000", false),
            ("http://10.0.0.1:3000", "127.0.0.1:3000", false),
        ] {
            assert_eq!(is_at(&BackendUrl::parse(url).unwrap(), listen.parse().unwrap()), expected, "{url} {listen}");
        }
    }

    #[test]
    fn the_same_place() {
        let same =
            |a: &str, b: &str| comparable(&BackendUrl::parse(a).unwrap()) == comparable(&BackendUrl::parse(b).unwrap());
        assert!(same("http://localhost", "http://127.0.0.1:80/"));
        assert!(same("https://H.example/a/", "https://h.example:443/a"));
        assert!(!same("https://h.example/a", "https://h.example/b"));
        assert!(!same("https://h.example", "http://h.example"));
    }
}
