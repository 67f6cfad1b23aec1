//! Whether `allowed_outbound_hosts` cover the URL of a backend, and which value of `cloud_hosts` would.

mod pattern;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use gateway_core::backend::url::BackendUrl;
use gateway_core::config::CLOUD_HOSTS;
use gateway_host::allowed_hosts::AllowedHosts;
use gateway_host::expansion::Template;
use gateway_host::manifest::Manifest;
use gateway_host::variables::environment_name;

use self::pattern::Pattern;

/// The entries of `allowed_outbound_hosts` that can be used; other code reports those that cannot.
#[derive(Debug)]
pub(crate) struct Coverage {
    all: AllowedHosts,
    /// Without the entries that `cloud_hosts` fills.
    fixed: AllowedHosts,
    has_variable: bool,
    component: String,
    manifest: PathBuf,
}

impl Coverage {
    /// The rules of a manifest with these values of its variables.
    pub(crate) fn new(manifest: &Manifest, variables: &BTreeMap<String, String>) -> Self {
        let mut usable = Vec::new();
        for entry in &manifest.component.allowed_outbound_hosts {
            let Ok(template) = Template::parse(entry) else { continue };
            let Ok(value) = template.expand(variables) else { continue };
            if compile([value.as_str()]).is_some() {
                usable.push((value, template.variables().any(|name| name == CLOUD_HOSTS)));
            }
        }
        let rules = |keep: &dyn Fn(bool) -> bool| {
            let kept = usable.iter().filter(|(_, of_variable)| keep(*of_variable)).map(|(value, _)| value.as_str());
            compile(kept).unwrap_or_default()
        };
        Self {
            all: rules(&|_| true),
            fixed: rules(&|of_variable| !of_variable),
            // Not only usable ones: a variable that holds nonsense can be set to something better.
            has_variable: manifest.component.allowed_outbound_hosts.iter().any(|entry| {
                Template::parse(entry).is_ok_and(|template| template.variables().any(|name| name == CLOUD_HOSTS))
            }),
            component: manifest.component.id.clone(),
            manifest: manifest.path.clone(),
        }
    }

    /// Whether requests to this URL are allowed.
    pub(crate) fn covers(&self, url: &BackendUrl) -> bool {
        allows(&self.all, url)
    }

    /// How to have `url` allowed without losing the `others`, as the end of a sentence.
    pub(crate) fn advice<'a>(&self, url: &BackendUrl, others: impl IntoIterator<Item = &'a BackendUrl>) -> String {
        let entry = format!(
            "add {:?} to allowed_outbound_hosts of [component.{}] in {}",
            url.origin(),
            self.component,
            self.manifest.display()
        );
        if !self.has_variable {
            return entry;
        }
        let others: Vec<_> = others.into_iter().filter(|other| !allows(&self.fixed, other)).collect();
        let one = others.iter().copied().try_fold(Pattern::of(url), Pattern::widened);
        // One pattern serves on Spin as well.
        let value = one.map_or_else(|| list(url, &others), |pattern| pattern.to_string());
        format!("set {CLOUD_HOSTS} to '{value}', for example as {}='{value}'", environment_name(CLOUD_HOSTS))
    }
}

/// The origins of all, each once.
fn list(url: &BackendUrl, others: &[&BackendUrl]) -> String {
    let origins: BTreeSet<_> = others.iter().copied().chain([url]).map(BackendUrl::origin).collect();
    origins.into_iter().collect::<Vec<_>>().join(",")
}

/// `None` if an entry is unusable.
fn compile<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<AllowedHosts> {
    AllowedHosts::compile(values.into_iter().map(|value| (value, value))).ok().filter(|hosts| hosts.poison().is_none())
}

fn allows(hosts: &AllowedHosts, url: &BackendUrl) -> bool {
    hosts.allows(url.scheme().as_str(), url.host(), Some(url.port()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::*;

    fn coverage(entries: &str, cloud_hosts: &str) -> Coverage {
        let text = format!(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/...\"\ncomponent = \"c\"\n\
             [component.c]\nsource = \"c.wasm\"\nallowed_outbound_hosts = [{entries}]\n"
        );
        let manifest = Manifest::parse(Path::new("app/spin.toml"), &text).unwrap();
        Coverage::new(&manifest, &BTreeMap::from([("cloud_hosts".to_owned(), cloud_hosts.to_owned())]))
    }

    fn url(text: &str) -> BackendUrl {
        BackendUrl::parse(text).unwrap()
    }

    #[test]
    fn covers_as_the_host_allows() {
        let coverage = coverage(
            r#""http://127.0.0.1:3001", "{{ cloud_hosts }}", "{{ absent }}", "http://poison/path""#,
            "https://*.workers.dev",
        );
        for (text, expected) in [
            ("https://a.workers.dev", true),
            ("https://a.workers.dev/base", true),
            ("https://a.workers.dev:443", true),
            ("http://a.workers.dev", false),
            ("http://127.0.0.1:3001", true),
            ("http://127.0.0.1:3002", false),
            ("http://[::1]:3001", false),
        ] {
            assert_eq!(coverage.covers(&url(text)), expected, "{text}");
        }
        assert_eq!(url("https://h").port(), 443);
    }

    #[test]
    fn advice_names_the_variable_and_keeps_the_others() {
        let new = url("https://b.example.dev/api");
        let stored = [url("https://a.example.dev"), url("http://127.0.0.1:3001")];
        let with = coverage(r#""http://127.0.0.1:3001", "{{ cloud_hosts }}""#, "https://a.example.dev");
        let advice = with.advice(&new, &stored);
        assert_eq!(
            advice,
            "set cloud_hosts to 'https://*.example.dev', for example as SPIN_VARIABLE_CLOUD_HOSTS='https://*.example.dev'"
        );
        let several = with.advice(&url("https://10.0.0.1/api"), &stored);
        assert!(several.starts_with("set cloud_hosts to 'https://10.0.0.1,https://a.example.dev', for"), "{several}");
        let without = coverage(r#""http://127.0.0.1:3001""#, "").advice(&new, &stored);
        assert_eq!(
            without,
            "add \"https://b.example.dev\" to allowed_outbound_hosts of [component.c] in app/spin.toml"
        );
    }
}
