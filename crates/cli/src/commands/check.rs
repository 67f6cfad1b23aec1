//! `check`: what would keep the gateway from starting, or a request from its backend, found out before either.
//!
//! ```text
//! manifest ─ variables ─ passed ─ settings ─┬─ hosts ─ backends ─┬─ one line per problem, or `ok`
//!                                           └─ store ────────────┘
//! ```
//!
//! Each part looks at one thing, goes on after a problem, and leaves out what is only a consequence of one already told.
//! Whether a value is right is decided by the code that will use it: the host's, and `gateway-core` for the gateway.

mod backends;
mod findings;
mod gateway_settings;
mod hosts;
mod manifest;
mod passed;
mod similar;
mod store;
mod variables;

use std::process::ExitCode;

use gateway_host::manifest::Manifest;

use self::findings::Report;
use crate::arguments::Check;
use crate::coverage::Coverage;
use crate::output::{number, print};

/// Everything goes to stdout: the report is what was asked for.
pub(crate) fn run(arguments: &Check) -> ExitCode {
    let mut report = Report::default();
    let counts = examine(arguments, &mut report);
    print(report.to_string());
    let warnings = number(report.warnings(), "warning");
    match counts {
        Some(counts) if report.errors() == 0 => {
            print(format!("ok: {counts}; {warnings}\n"));
            ExitCode::SUCCESS
        }
        _ => {
            print(format!("failed: {}, {warnings}\n", number(report.errors(), "error")));
            ExitCode::FAILURE
        }
    }
}

/// What was looked at, in numbers; `None` where the manifest cannot be read.
fn examine(arguments: &Check, report: &mut Report) -> Option<String> {
    let manifest = match Manifest::load(&arguments.place.from) {
        Ok(manifest) => manifest,
        Err(error) => {
            report.error(manifest::describe(error));
            return None;
        }
    };
    manifest::check(&manifest, report);
    let variables = variables::check(&manifest, &arguments.place.variables, report);
    let component_variables = passed::check(&manifest, &variables, report);
    let location = gateway_settings::check(&component_variables, report);
    let at_fault = hosts::check(&manifest, &variables, report);
    let subject = backends::Subject {
        variables: &component_variables,
        at_fault: &at_fault,
        coverage: &Coverage::new(&manifest, &variables),
        location,
        listen: arguments.listen,
    };
    let folder = arguments.place.state_dir.clone().unwrap_or_else(|| manifest.state_dir());
    let stored = store::read(&folder, location, report);
    let local = backends::check_local(&subject, stored.as_ref(), report);
    let cloud = store::check(&subject, &folder, stored.as_ref(), report);
    Some(format!(
        "{}, {}, {} and {} in the key-value store, environment '{}'",
        number(manifest.variables.len(), "variable"),
        number(manifest.component.allowed_outbound_hosts.len(), "allowed host"),
        number(local, "local backend"),
        cloud,
        location.as_str(),
    ))
}
