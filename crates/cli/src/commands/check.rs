//! `check`: what would keep the gateway from starting, or a request from its backend, found out before either.

use std::process::ExitCode;

use crate::arguments::Check;
use crate::examination::findings::Findings;
use crate::examination::{Component, Subject, examine};
use crate::output::{number, print};

/// Everything goes to stdout: the findings are what was asked for.
pub(crate) fn run(arguments: &Check) -> ExitCode {
    let mut findings = Findings::default();
    let subject = Subject {
        from: &arguments.place.from,
        variables: &arguments.place.variables,
        state_dir: arguments.place.state_dir.as_deref(),
        listen: arguments.listen,
        seeds: &[],
        component: Component::MayBeBuilt,
    };
    let counts = examine(&subject, &mut findings);
    print(findings.all());
    let warnings = number(findings.warnings(), "warning");
    match counts {
        Some(counts) if findings.errors() == 0 => {
            print(format!("ok: {counts}; {warnings}\n"));
            ExitCode::SUCCESS
        }
        _ => {
            print(format!("failed: {}, {warnings}\n", number(findings.errors(), "error")));
            ExitCode::FAILURE
        }
    }
}
