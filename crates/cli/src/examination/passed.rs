//! `[component.<id>.variables]`: whether what the gateway reads is declared and gets through to it.

use std::collections::BTreeMap;

use gateway_core::backend::known::KNOWN_BACKENDS;
use gateway_core::config::{CLOUD_HOSTS, ENVIRONMENT, EXTRA_BACKENDS, REQUEST_TIMEOUT};
use gateway_host::expansion::{Template, TemplateError};
use gateway_host::manifest::Manifest;

use super::findings::Findings;

/// The values that the component sees, as far as there are any.
pub(super) fn check(
    manifest: &Manifest,
    variables: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    for name in [ENVIRONMENT, REQUEST_TIMEOUT, EXTRA_BACKENDS, CLOUD_HOSTS] {
        used(manifest, name, findings);
    }
    for known in &KNOWN_BACKENDS {
        // Without its URL the other two say nothing.
        if used(manifest, known.url_variable, findings) {
            used(manifest, known.health_variable, findings);
            used(manifest, known.authorization_variable, findings);
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

    let component = &manifest.component;
    let mut values = BTreeMap::new();
    for (name, text) in &component.variables {
        match Template::parse(text).and_then(|template| template.expand(variables)) {
            Ok(value) => drop(values.insert(name.clone(), value)),
            // That it has no value was said before.
            Err(TemplateError::Undefined(missing)) if manifest.variables.contains_key(&missing) => {}
            Err(error) => findings.error(format_args!("component.{}.variables.{name}: {error}", component.id)),
        }
    }
    values
}

/// Whether the gateway can read this variable.
fn used(manifest: &Manifest, name: &str, findings: &mut Findings) -> bool {
    let component = &manifest.component;
    let passed = component.variables.contains_key(name);
    let path = manifest.path.display();
    match (manifest.variables.contains_key(name), passed) {
        (true, false) => findings.error(format_args!(
            "the variable '{name}' does not reach the gateway, whatever its value is; \
             add {name} = \"{{{{ {name} }}}}\" under [component.{}.variables] in {path}",
            component.id
        )),
        (false, false) => findings.warning(format_args!(
            "the gateway reads the variable '{name}', and {path} does not declare it; \
             add it under [variables] and [component.{}.variables] to be able to set it",
            component.id
        )),
        // A constant or another variable, which is up to the manifest.
        (_, true) => {}
    }
    passed
}
