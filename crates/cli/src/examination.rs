//! The look through a configuration before a start.
//!
//! ```text
//! manifest ─ variables ─ passed ─ gateway_settings ─┬─ hosts ─ backends ─┬─ findings
//!                                                   └─ store ────────────┘
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

use gateway_host::manifest::Manifest;

use self::findings::Findings;
use crate::arguments::Check;
use crate::coverage::Coverage;
use crate::output::number;

/// What was looked at, in numbers; `None` where the manifest cannot be read.
pub(crate) fn examine(arguments: &Check, findings: &mut Findings) -> Option<String> {
    let manifest = match Manifest::load(&arguments.place.from) {
        Ok(manifest) => manifest,
        Err(error) => {
            findings.error(manifest::describe(error));
            return None;
        }
    };
    manifest::check(&manifest, findings);
    let variables = variables::check(&manifest, &arguments.place.variables, findings);
    let component_variables = passed::check(&manifest, &variables, findings);
    let location = gateway_settings::check(&component_variables, findings);
    let at_fault = hosts::check(&manifest, &variables, findings);
    let subject = backends::Subject {
        variables: &component_variables,
        at_fault: &at_fault,
        coverage: &Coverage::new(&manifest, &variables),
        location,
        listen: arguments.listen,
    };
    let folder = arguments.place.state_dir.clone().unwrap_or_else(|| manifest.state_dir());
    let stored = store::read(&folder, location, findings);
    let local = backends::check_local(&subject, stored.as_ref(), findings);
    let cloud = store::check(&subject, &folder, stored.as_ref(), findings);
    Some(format!(
        "{}, {}, {} and {} in the key-value store, environment '{}'",
        number(manifest.variables.len(), "variable"),
        number(manifest.component.allowed_outbound_hosts.len(), "allowed host"),
        number(local, "local backend"),
        cloud,
        location.as_str(),
    ))
}
