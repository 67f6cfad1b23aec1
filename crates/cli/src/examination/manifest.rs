//! The manifest itself, apart from variables and hosts.

use gateway_core::backend::reference::Location;
use gateway_host::HostError;
use gateway_host::manifest::{Manifest, ManifestError};

use super::findings::{Findings, Severity};
use crate::snapshot::STORE;

/// Whether the compiled component is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Component {
    /// Without it, nothing starts.
    Needed,
    /// It can be built in time.
    MayBeBuilt,
    /// It is built next.
    IsBuilt,
}

/// The compiled component.
pub(super) fn check_source(manifest: &Manifest, state: Component, findings: &mut Findings) {
    let component = &manifest.component;
    let can_build = component.build.is_some();
    if component.source.is_file() || state == Component::IsBuilt && can_build {
        return;
    }
    let missing = HostError::ComponentMissing { path: component.source.clone(), can_build };
    let severity = if state == Component::MayBeBuilt && can_build { Severity::Warning } else { Severity::Fatal };
    findings.add(severity, missing);
}

/// The key-value store that the gateway opens.
pub(super) fn check_store(manifest: &Manifest, location: Location, findings: &mut Findings) {
    let component = &manifest.component;
    if component.key_value_stores.iter().any(|label| label == STORE) {
        return;
    }
    let severity = if location == Location::Cloud { Severity::Fatal } else { Severity::Error };
    findings.add(
        severity,
        format_args!(
            "key_value_stores of [component.{}] in {} lacks \"{STORE}\": without it nothing is known of the health of backends, \
             and there are none in the cloud; write key_value_stores = [\"{STORE}\"]",
            component.id,
            manifest.path.display()
        ),
    );
}

/// A message of one line: of a TOML error the place and the reason, without the excerpt between them.
pub(super) fn describe(error: ManifestError) -> String {
    match error {
        ManifestError::Malformed(path, message) => {
            let excerpt =
                |line: &&str| line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').starts_with('|');
            let said: Vec<_> = message.lines().filter(|line| !excerpt(line) && !line.trim().is_empty()).collect();
            format!("the manifest {} is malformed: {}", path.display(), said.join(": "))
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::*;

    #[test]
    fn toml_errors_fit_a_line() {
        let message = describe(Manifest::parse(Path::new("spin.toml"), "a = 1\n[application").unwrap_err());
        assert!(message.contains("spin.toml") && message.contains("line 2") && !message.contains('\n'), "{message}");
        assert!(!message.contains('|') && message.ends_with("expected `]`"), "{message}");
    }
}
