//! `[component.<id>.variables]`: whether what the gateway reads is declared and gets through to it.

use std::collections::BTreeMap;

use gateway_core::backend::known::KNOWN_BACKENDS;
use gateway_core::backend::settings;
use gateway_host::expansion::{Template, TemplateError};
use gateway_host::manifest::Manifest;

use super::findings::Findings;
use super::gateway_settings::SETTINGS;
use crate::snapshot::read_by_gateway;

/// Whether the component of the manifest is the gateway, as far as its variables tell.
pub(super) fn is_gateway(manifest: &Manifest) -> bool {
    let settings = SETTINGS.iter().map(|(name, _)| *name);
    let mut names = settings.chain(KNOWN_BACKENDS.iter().map(|known| known.url_variable));
    names.any(|name| manifest.component.variables.contains_key(name) || is_composed(manifest, name))
}

/// What the gateway reads.
pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    let mut undeclared = Vec::new();
    for (name, _) in SETTINGS {
        used(manifest, name, &mut undeclared, findings);
    }
    for known in &KNOWN_BACKENDS {
        // Without its URL the other two say nothing.
        if used(manifest, known.url_variable, &mut undeclared, findings) {
            used(manifest, known.health_variable, &mut undeclared, findings);
            used(manifest, known.authorization_variable, &mut undeclared, findings);
        }
        let secret = manifest.variables.get(known.authorization_variable);
        if secret.is_some_and(|declaration| !declaration.secret) {
            findings.warning(format_args!(
                "the variable '{}' is not declared as secret in {}; add secret = true",
                known.authorization_variable,
                manifest.path.display()
            ));
        }
    }
    if !undeclared.is_empty() {
        findings.warning(format_args!(
            "the gateway reads {} '{}', and {} does not declare {}; \
             add what is to be set under [variables] and [component.{}.variables]",
            if undeclared.len() == 1 { "the variable" } else { "the variables" },
            undeclared.join("', '"),
            manifest.path.display(),
            if undeclared.len() == 1 { "it" } else { "them" },
            manifest.component.id
        ));
    }
}

/// The values that the component sees, as far as there are any.
pub(super) fn values(
    manifest: &Manifest,
    variables: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    let component = &manifest.component;
    let mut values = BTreeMap::new();
    for (name, text) in &component.variables {
        match Template::parse(text).and_then(|template| template.expand(variables)) {
            Ok(value) => drop(values.insert(name.clone(), value)),
            // That it has no value was said before.
            Err(TemplateError::Undefined(missing)) if manifest.variables.contains_key(&missing) => {}
            Err(error) => findings.fatal(format_args!("component.{}.variables.{name}: {error}", component.id)),
        }
    }
    read_by_gateway(&values)
}

/// Whether the variable is a line of the one that holds the settings.
fn is_composed(manifest: &Manifest, name: &str) -> bool {
    let template = manifest.component.variables.get(settings::SETTINGS).and_then(|text| Template::parse(text).ok());
    settings::COMPOSED.contains(&name)
        && template.is_some_and(|template| template.variables().any(|other| other == name))
}

/// Whether the gateway can read this variable.
fn used<'a>(manifest: &Manifest, name: &'a str, undeclared: &mut Vec<&'a str>, findings: &mut Findings) -> bool {
    let component = &manifest.component;
    let passed = component.variables.contains_key(name) || is_composed(manifest, name);
    let path = manifest.path.display();
    match (manifest.variables.contains_key(name), passed) {
        (true, false) => findings.error(format_args!(
            "the variable '{name}' does not reach the gateway, whatever its value is; \
             add {name} = \"{{{{ {name} }}}}\" under [component.{}.variables] in {path}",
            component.id
        )),
        (false, false) => undeclared.push(name),
        // A constant or another variable, which is up to the manifest.
        (_, true) => {}
    }
    passed
}
