//! `shootout`: one request to several backends through a running gateway, and what came of it as a table, in words and
//! as files.
//!
//! ```text
//! asked_url ─ client ─ report (the gateway's JSON) ─┬─ terminal ── stdout
//!                                                   ├─ csv ─┐
//!                                                   └─ svg ─┴─ files, beside the JSON as it came
//! ```
//!
//! The gateway measures and compares; nothing here asks a backend.

mod asked_url;
mod client;
mod csv;
mod shootout_error;
mod svg;
mod terminal;

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gateway_comparison::report::Report;

use self::asked_url::AskedUrl;
use self::shootout_error::ShootoutError;
use self::terminal::Paint;
use crate::arguments::Shootout;
use crate::output::print;

/// Backends answered differently.
const DISAGREE: u8 = 3;
/// A backend gave no answer, in one round at least; those that did agree.
const FAILED: u8 = 4;

/// Asks once, prints, writes the files. The exit code says whether the backends agree.
pub(crate) async fn run(arguments: &Shootout) -> Result<ExitCode, ShootoutError> {
    asked_url::several(&arguments.backends)?;
    let target = AskedUrl::parse(&arguments.url)?;
    let body = client::ask(&target, arguments).await?;
    let report: Report = serde_json::from_slice(&body).map_err(|_| ShootoutError::Foreign(target.origin()))?;
    let paint = Paint::new(colours(
        std::io::stdout().is_terminal(),
        std::env::var_os("NO_COLOR").as_deref(),
        std::env::var_os("TERM").as_deref(),
    ));
    print(terminal::render(&report, &target.origin(), paint));
    let files = write(
        &arguments.out,
        &[("json", &body), ("csv", csv::render(&report).as_bytes()), ("svg", svg::render(&report).as_bytes())],
    )?;
    let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    print(format!("\nwritten: {}\n", files.join(", ")));
    Ok(exit_code(&report))
}

fn exit_code(report: &Report) -> ExitCode {
    let failed = !report.summary.failed.is_empty() || report.backends.iter().any(|row| row.failed > 0);
    if !report.summary.disagree.is_empty() {
        ExitCode::from(DISAGREE)
    } else if failed {
        ExitCode::from(FAILED)
    } else if report.summary.agree {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DISAGREE)
    }
}

/// Colours are for terminals, unless the user does not want them (no-color.org).
fn colours(terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

fn write(folder: &Path, files: &[(&str, &[u8])]) -> Result<Vec<PathBuf>, ShootoutError> {
    let failed = |path: &Path, error| ShootoutError::Write(path.to_owned(), error);
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut written = Vec::new();
    for (extension, content) in files {
        let path = folder.join("shootout").with_extension(extension);
        std::fs::write(&path, content).map_err(|error| failed(&path, error))?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_and_those_who_want_them() {
        let (set, empty, dumb) = (Some(OsStr::new("1")), Some(OsStr::new("")), Some(OsStr::new("dumb")));
        assert!(colours(true, None, None) && colours(true, empty, Some(OsStr::new("xterm"))));
        assert!(!colours(false, None, None) && !colours(true, set, None) && !colours(true, None, dumb));
    }
}
