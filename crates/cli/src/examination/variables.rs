//! `[variables]`: names, values, and settings that reach none of them.

use std::collections::{BTreeMap, BTreeSet};

use gateway_host::manifest::Manifest;
use gateway_host::variables::{Sources, VariableError, environment_name, is_valid_name};

use super::findings::Findings;
use super::similar::nearest;
use crate::argument_values::Pair;
use crate::settings;

/// The values by name. A variable without one is an error, and missing in the result. Those in the set have lost their quotes, and more about
/// them would be about the same mistake.
pub(super) fn check(
    manifest: &Manifest,
    flags: &[Pair],
    findings: &mut Findings,
) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let sources = sources(flags, findings);
    strangers(manifest, &sources, findings);
    let unquoted = unquoted(manifest, &sources, findings);
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
    (values, unquoted)
}

/// JSON without quotes around it in `.env`, where double quotes mean no part of the value.
fn unquoted(manifest: &Manifest, sources: &Sources, findings: &mut Findings) -> BTreeSet<String> {
    let text =
        if sources.dotenv.is_empty() { String::new() } else { std::fs::read_to_string(".env").unwrap_or_default() };
    let mut names = BTreeSet::new();
    for (name, declaration) in &manifest.variables {
        let outside = environment_name(name);
        let counts = sources.value(name, declaration) == sources.dotenv.get(&outside).map(String::as_str);
        for (number, line) in (1..).zip(text.lines()).filter(|_| counts) {
            let line = line.trim();
            let written = line.strip_prefix("export ").unwrap_or(line).split_once('=');
            let Some(value) = written.filter(|(name, _)| name.trim() == outside).map(|(_, value)| value.trim()) else {
                continue;
            };
            if value.starts_with(['[', '{']) && value.contains('"') && names.insert(name.clone()) {
                // What may be a credential is not repeated.
                let shown = if declaration.secret || value.contains(['@', '\'']) { "[{\"id\":...}]" } else { value };
                findings.error(format_args!(
                    "the variable '{name}' loses its double quotes in .env, line {number}, because no quotes stand around it; \
                     write {outside}='{shown}'"
                ));
            }
        }
    }
    names
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
