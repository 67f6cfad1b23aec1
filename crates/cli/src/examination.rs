//! The look through a configuration before a start.
//!
//! ```text
//! manifest ─ variables ─ passed ─ hosts ─ gateway_settings ─┬─ backends ─┬─ findings
//!                                                           └─ store ────┘
//! ```
//!
//! Each part looks at one thing, goes on after a problem, and leaves out what only follows from one that it has reported.
//! Whether a value is right is decided by the code that will use it: the host's, and `gateway-core` for the gateway.

mod backends;
pub(crate) mod findings;
mod gateway_settings;
mod hosts;
mod manifest;
mod passed;
mod similar;
mod store;
mod variables;

use std::net::SocketAddr;
use std::path::Path;

use gateway_host::manifest::Manifest;

use self::findings::Findings;
pub(crate) use self::manifest::Component;
use crate::argument_values::Pair;
use crate::coverage::Coverage;
use crate::output::number;

/// The configuration to look through: what a host is started with.
pub(crate) struct Subject<'a> {
    /// The manifest, or its folder.
    pub(crate) from: &'a Path,
    /// The values of `--variable`.
    pub(crate) variables: &'a [Pair],
    /// The folder of the key-value store; by default that of the manifest.
    pub(crate) state_dir: Option<&'a Path>,
    /// Where the gateway will be.
    pub(crate) listen: SocketAddr,
    /// What a start puts into the store.
    pub(crate) seeds: &'a [(String, Vec<u8>)],
    /// Whether the compiled component is there.
    pub(crate) component: Component,
}

/// The names of the variables that the gateway reads, apart from those of the seven known backends.
pub(crate) fn settings() -> impl Iterator<Item = &'static str> {
    gateway_settings::SETTINGS.into_iter().map(|(name, _)| name)
}

/// What was looked at, in numbers; `None` where the manifest cannot be read.
pub(crate) fn examine(subject: &Subject<'_>, findings: &mut Findings) -> Option<String> {
    let manifest = match Manifest::load(subject.from) {
        Ok(manifest) => manifest,
        Err(error) => {
            findings.fatal(manifest::describe(error));
            return None;
        }
    };
    manifest::check_source(&manifest, subject.component, findings);
    let (variables, unquoted) = variables::check(&manifest, subject.variables, findings);
    let component_variables = passed::values(&manifest, &variables, findings);
    let mut at_fault = hosts::check(&manifest, &variables, findings);
    at_fault.extend(unquoted);
    if !passed::is_gateway(&manifest) {
        findings.warning(format_args!(
            "[component.{}] takes none of the gateway's variables, so it is looked at as another program: its manifest alone",
            manifest.component.id
        ));
        return Some(number(manifest.variables.len(), "variable"));
    }
    passed::check(&manifest, findings);
    let location = gateway_settings::check(&component_variables, findings);
    manifest::check_store(&manifest, location, findings);
    let setting = backends::Setting {
        variables: &component_variables,
        at_fault: &at_fault,
        coverage: &Coverage::new(&manifest, &variables),
        location,
        listen: subject.listen,
    };
    let folder = subject.state_dir.map_or_else(|| manifest.state_dir(), Path::to_owned);
    let stored = store::read(&folder, location, subject.seeds, findings);
    let local = backends::check_local(&setting, stored.as_ref(), findings);
    let cloud = store::check(&setting, &folder, stored.as_ref(), findings);
    Some(format!(
        "{}, {}, {} and {} in the key-value store, environment '{}'",
        number(manifest.variables.len(), "variable"),
        number(manifest.component.allowed_outbound_hosts.len(), "allowed host"),
        number(local, "local backend"),
        cloud,
        location.as_str(),
    ))
}
