//! `check`: what would keep the gateway from starting, or a request from its backend, found out before either.

use std::process::ExitCode;

use crate::arguments::Check;
use crate::examination::examine;
use crate::examination::findings::Findings;
use crate::output::{number, print};

/// Everything goes to stdout: the findings are what was asked for.
pub(crate) fn run(arguments: &Check) -> ExitCode {
    let mut findings = Findings::default();
    let counts = examine(arguments, &mut findings);
    print(findings.to_string());
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
