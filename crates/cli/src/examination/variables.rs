//! `[variables]`: names, values, and settings that reach none of them.

use std::collections::{BTreeMap, BTreeSet};

use gateway_host::manifest::Manifest;
use gateway_host::variables::{Sources, VariableError, environment_name, is_valid_name};

use super::findings::Findings;
use super::similar::nearest;
use crate::argument_values::Pair;
use crate::settings;

/// The values by name. A variable without one is an error, and missing in the result.
pub(super) fn check(manifest: &Manifest, flags: &[Pair], findings: &mut Findings) -> BTreeMap<String, String> {
    let sources = sources(flags, findings);
    strangers(manifest, &sources, findings);
    let mut values = BTreeMap::new();
    for (name, declaration) in &manifest.variables {
        if !is_valid_name(name) {
            findings.fatal(format_args!(
                "{} under [variables] in {}",
                VariableError::InvalidName(name.clone()),
                manifest.path.display()
            ));
            continue;
        }
        match sources.value(name, declaration) {
            Some(value) => drop(values.insert(name.clone(), value.to_owned())),
            None => findings.fatal(VariableError::Missing(name.clone())),
        }
    }
    values
}

fn sources(flags: &[Pair], findings: &mut Findings) -> Sources {
    let mut values = BTreeMap::new();
    for Pair { name, value } in flags {
        match settings::variable(name, value) {
            Ok(value) => drop(values.insert(name.clone(), value)),
            Err(error) => findings.fatal(error),
        }
    }
    match Sources::from_flags(values.clone()).with_environment() {
        Ok(sources) => sources,
        Err(error) => {
            findings.fatal(error);
            Sources::from_flags(values)
        }
    }
}

/// Settings for variables that the manifest does not declare.
fn strangers(manifest: &Manifest, sources: &Sources, findings: &mut Findings) {
    let declared = || manifest.variables.keys().map(String::as_str);
    for name in sources.flags.keys().filter(|name| !manifest.variables.contains_key(*name)) {
        let hint = match nearest(name, declared()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("it has: {}", declared().collect::<Vec<_>>().join(", ")),
        };
        findings
            .fatal(format_args!("--variable {name}: {} declares no such variable; {hint}", manifest.path.display()));
    }
    let names: BTreeSet<_> = declared().map(environment_name).collect();
    let places = [("the environment", &sources.environment), (".env", &sources.dotenv)];
    for (place, settings) in places {
        for name in settings.keys().filter(|name| name.starts_with("SPIN_VARIABLE_") && !names.contains(*name)) {
            // Names are compared without case, so that the right letters in the wrong case are near.
            let hint = match nearest(&name.to_ascii_uppercase(), names.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "remove it, or declare it there".to_owned(),
            };
            findings.warning(format_args!(
                "{name} in {place} has no effect: {} declares no such variable; {hint}",
                manifest.path.display()
            ));
        }
    }
}
