//! `allowed_outbound_hosts`: each entry by itself, so that one bad entry does not hide another.

use std::collections::{BTreeMap, BTreeSet};

use gateway_core::backend::known::KNOWN_BACKENDS;
use gateway_host::allowed_hosts::{AllowedHosts, patterns};
use gateway_host::expansion::{Template, TemplateError};
use gateway_host::manifest::Manifest;

use super::findings::Findings;

/// The variables whose values make unusable entries; more about these would be about the same mistake.
pub(super) fn check(
    manifest: &Manifest,
    variables: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> BTreeSet<String> {
    let mut at_fault = BTreeSet::new();
    for entry in &manifest.component.allowed_outbound_hosts {
        let setting = format!("component.{}.allowed_outbound_hosts", manifest.component.id);
        let template = match Template::parse(entry) {
            Ok(template) => template,
            Err(error) => {
                findings.fatal(format_args!("{setting}: {error}"));
                continue;
            }
        };
        let value = match template.expand(variables) {
            Ok(value) => value,
            Err(TemplateError::Undefined(missing)) if manifest.variables.contains_key(&missing) => continue,
            Err(error) => {
                findings.fatal(format_args!("{setting}: {error}"));
                continue;
            }
        };
        let names: Vec<_> = template.variables().map(str::to_owned).collect();
        let culprit = match names.as_slice() {
            [] => format!("{setting}: "),
            names => format!("variable '{}': ", names.join("', '")),
        };
        match AllowedHosts::compile([(entry.as_str(), value.as_str())]) {
            Err(error) => findings.fatal(format_args!("{culprit}{error}")),
            // Its value may hold a credential in the part that does not belong there.
            Ok(hosts) if hosts.poison().is_some() && is_bracketed_range(&value) => findings.fatal(format_args!(
                "{culprit}the entry {entry:?} of allowed_outbound_hosts holds a range of IPv6 addresses in brackets, which Spin takes for a path, \
                 and with a path every request to any backend is denied; write it without brackets, such as http://fd00::/8:*"
            )),
            Ok(hosts) if hosts.poison().is_some() => findings.fatal(format_args!(
                "{culprit}the entry {entry:?} of allowed_outbound_hosts carries a path, and with such an entry every request \
                 to any backend is denied, as in Spin; leave only scheme, host and port, such as http://127.0.0.1:3001"
            )),
            Ok(_) => {
                if is_everything(&value) {
                    findings.warning(format_args!(
                        "{culprit}the entry {entry:?} of allowed_outbound_hosts allows every host, also those inside your network; \
                         name the hosts of the backends, with '*.domain' for all below a domain"
                    ));
                }
                // What the gateway itself says of such a URL is enough.
                let is_backend = names.iter().any(|name| KNOWN_BACKENDS.iter().any(|known| known.url_variable == name));
                if has_capitals(&value) && !is_backend {
                    findings.warning(format_args!(
                        "{culprit}the entry {entry:?} of allowed_outbound_hosts has a scheme with capitals, which allows nothing; \
                         write it in lower case"
                    ));
                }
                on_spin(&culprit, entry, &value, findings);
                continue;
            }
        }
        at_fault.extend(names);
    }
    at_fault
}

/// What Spin makes of a value that this host takes.
fn on_spin(culprit: &str, entry: &str, value: &str, findings: &mut Findings) {
    let count = patterns(value).count();
    if count > 1 {
        findings.elsewhere(format_args!(
            "{culprit}the entry {entry:?} of allowed_outbound_hosts holds {count} patterns, and Spin takes one: it would deny every request; \
             for Spin write each further pattern as an entry of its own there, see \"Several cloud_hosts on Spin\" in README.md"
        ));
    }
    if patterns(value).any(|pattern| pattern.trim_end_matches('/').ends_with(']')) {
        findings.elsewhere(format_args!(
            "{culprit}the entry {entry:?} of allowed_outbound_hosts is an IPv6 address without a port, with which Spin 4.0 denies every request; \
             write the port, :80 for http and :443 for https"
        ));
    }
}

/// `http://[fd00::]/8` in a list of patterns.
fn is_bracketed_range(value: &str) -> bool {
    patterns(value).any(|pattern| {
        let length = pattern.split_once("]/").map(|(_, length)| length.split(':').next().unwrap_or_default());
        length.is_some_and(|length| length.parse::<u8>().is_ok())
    })
}

/// Whether a scheme in a list of patterns has capital letters.
fn has_capitals(value: &str) -> bool {
    let schemes = patterns(value).filter_map(|pattern| pattern.split_once("://")).map(|(scheme, _)| scheme);
    schemes.into_iter().any(|scheme| scheme.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// `*://*:*`, `https://*` and the like, alone or in a list.
fn is_everything(value: &str) -> bool {
    patterns(value).any(|pattern| {
        let host = pattern.split_once("://").map(|(_, rest)| rest.trim_end_matches('/'));
        host.is_some_and(|host| host.split_once(':').map_or(host, |(host, _)| host) == "*")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host() {
        for (value, expected) in [
            ("*://*:*", true),
            (" https://* ", true),
            ("http://*:8080/", true),
            ("https://*.workers.dev", false),
            ("*://h:*", false),
            ("http://[::1]:*", false),
            ("https://*.workers.dev,*://*:*", true),
            ("https://*.workers.dev,https://*.a.dev", false),
        ] {
            assert_eq!(is_everything(value), expected, "{value}");
        }
    }
}
