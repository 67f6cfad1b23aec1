//! The key-value store: backends and what is known of their health.

use std::path::Path;

use gateway_core::backend::cloud::BACKEND_KEY;
use gateway_core::backend::reference::Location;
use gateway_core::health::entry::{Entry, HEALTH_KEY};
use gateway_host::KeyValueStore;

use super::backends::{Setting, check_all, key_of};
use super::findings::Findings;
use crate::backend_entry;
use crate::snapshot::Snapshot;

/// How a backend gets into the store.
const EXAMPLE: &str = "store one with `kv set backend:cf-d1 --url https://...`";

/// What the store in this folder will hold once the `seeds` are in it; `None` where there is none. Nothing is created.
pub(super) fn read(
    folder: &Path,
    location: Location,
    seeds: &[(String, Vec<u8>)],
    findings: &mut Findings,
) -> Option<Snapshot> {
    let read =
        KeyValueStore::open_read_only(folder).and_then(|store| store.map(|store| Snapshot::read(&store)).transpose());
    match read {
        Ok(Some(mut snapshot)) => {
            snapshot.0.extend(seeds.iter().cloned());
            Some(snapshot)
        }
        Ok(None) if !seeds.is_empty() => Some(Snapshot(seeds.iter().cloned().collect())),
        Ok(None) => {
            if location == Location::Cloud {
                findings.warning(format_args!(
                    "the environment is 'cloud', and there is no key-value store in {} yet; {EXAMPLE}, \
                     or name the folder with --state-dir",
                    folder.display()
                ));
            }
            None
        }
        Err(error) => {
            findings.fatal(format_args!(
                "the key-value store in {} cannot be read: {error}; remove sqlite_key_value.db there, or name another folder with --state-dir",
                folder.display()
            ));
            None
        }
    }
}

/// Its backends and health entries; how many backends there are.
pub(super) fn check(setting: &Setting<'_>, folder: &Path, stored: Option<&Snapshot>, findings: &mut Findings) -> usize {
    let severity = setting.severity(Location::Cloud);
    let Some(snapshot) = stored else { return 0 };
    let mut backends = Vec::new();
    let mut keys: usize = 0;
    for (key, value) in &snapshot.0 {
        if key.starts_with(BACKEND_KEY) {
            keys = keys.saturating_add(1);
            match backend_entry::parse(key, value) {
                Ok(backend) => backends.push(backend),
                Err(reason) => findings.add(
                    severity,
                    format_args!(
                        "{reason}; correct it with `kv set '{key}' --url ...`, or remove it with `kv delete '{key}'`"
                    ),
                ),
            }
        } else if key.starts_with(HEALTH_KEY) && Entry::parse(value).is_none() {
            findings.warning(format_args!(
                "key '{key}' of the key-value store is no health entry; the gateway ignores it and replaces it with the next check, \
                 `kv delete '{key}'` removes it"
            ));
        }
    }
    let judged: Vec<_> = backends.iter().collect();
    check_all(setting, &judged, &key_of, stored, findings);
    if keys == 0 && setting.location == Location::Cloud {
        findings.error(format_args!(
            "the environment is 'cloud', and the key-value store in {} holds no backend, so every request is answered with 400; \
             {EXAMPLE}",
            folder.display()
        ));
    }
    backends.len()
}
