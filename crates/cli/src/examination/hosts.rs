//! `allowed_outbound_hosts`: each entry by itself, so that one bad entry does not hide another.

use std::collections::{BTreeMap, BTreeSet};

use gateway_host::allowed_hosts::AllowedHosts;
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
                findings.error(format_args!("{setting}: {error}"));
                continue;
            }
        };
        let value = match template.expand(variables) {
            Ok(value) => value,
            Err(TemplateError::Undefined(missing)) if manifest.variables.contains_key(&missing) => continue,
            Err(error) => {
                findings.error(format_args!("{setting}: {error}"));
                continue;
            }
        };
        let names: Vec<_> = template.variables().map(str::to_owned).collect();
        let culprit = match names.as_slice() {
            [] => format!("{setting}: "),
            names => format!("variable '{}': ", names.join("', '")),
        };
        match AllowedHosts::compile([(entry.as_str(), value.as_str())]) {
            Err(error) => findings.error(format_args!("{culprit}{error}")),
            // Its value may hold a credential in the part that does not belong there.
            Ok(hosts) if hosts.poison().is_some() => findings.error(format_args!(
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
                continue;
            }
        }
        at_fault.extend(names);
    }
    at_fault
}

/// `*://*:*`, `https://*` and the like.
fn is_everything(value: &str) -> bool {
    let host = value.trim().split_once("://").map(|(_, rest)| rest.trim_end_matches('/'));
    host.is_some_and(|host| host.split_once(':').map_or(host, |(host, _)| host) == "*")
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
        ] {
            assert_eq!(is_everything(value), expected, "{value}");
        }
    }
}
