//! `shootout`: one request to several backends through a running gateway, and what came of it as a table, in words and as files.
//!
//! ```text
//! asked_url ─ client ─ reading (the gateway's report) ─┬─ outcome ── exit code
//!                                                      ├─ differences ─ terminal ── stdout
//!                                                      ├─ csv ─┐
//!                                                      └─ svg ─┴─ files, beside the JSON as it came
//! ```
//!
//! The gateway measures and compares; nothing here asks a backend. What renders a report knows nothing of how it was asked for.

mod asked_url;
mod client;
mod csv;
mod differences;
mod outcome;
mod reading;
mod shootout_error;
mod shown;
mod svg;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::asked_url::AskedUrl;
use self::outcome::Outcome;
use self::reading::{ReadReport, Unread};
use self::shootout_error::ShootoutError;
use self::terminal::{Context, Paint};
use crate::arguments::Shootout;
use crate::output::print;

/// Asks once, prints, writes the files. The exit code says whether the backends agree.
pub(crate) async fn run(arguments: &Shootout) -> Result<ExitCode, ShootoutError> {
    asked_url::several(&arguments.backends)?;
    let target = AskedUrl::parse(&arguments.url)?;
    let body = client::ask(&target, arguments).await?;
    let report = read(&target, &body).await?;
    let file = |extension: &str| arguments.out.join("shootout").with_extension(extension);
    let context = Context {
        origin: &target.origin(),
        strict: arguments.strict,
        file: &file("json").display().to_string(),
        width: terminal::width(),
        paint: Paint::of_stdout(),
    };
    print(terminal::render(&report, &context));
    let files = write(
        &arguments.out,
        [
            (file("json"), body.as_ref()),
            (file("csv"), csv::render(&report).as_bytes()),
            (file("svg"), svg::render(&report).as_bytes()),
        ],
    )?;
    print(format!("\nwritten: {}\n", files.join(", ")));
    Ok(ExitCode::from(Outcome::of(&report, arguments.strict).exit_code()))
}

async fn read(target: &AskedUrl, body: &[u8]) -> Result<ReadReport, ShootoutError> {
    match reading::read(body) {
        Ok(report) => Ok(report),
        Err(Unread::Foreign) => Err(ShootoutError::Foreign(target.origin())),
        Err(Unread::Older) => Err(ShootoutError::Older(target.origin(), client::version(target).await)),
        Err(Unread::Unknown(error)) => {
            Err(ShootoutError::Unreadable { origin: target.origin(), version: client::version(target).await, error })
        }
    }
}

fn write<const N: usize>(folder: &Path, files: [(PathBuf, &[u8]); N]) -> Result<Vec<String>, ShootoutError> {
    std::fs::create_dir_all(folder).map_err(|error| ShootoutError::Write(folder.to_owned(), error))?;
    let mut written = Vec::new();
    for (path, content) in files {
        std::fs::write(&path, content).map_err(|error| ShootoutError::Write(path.clone(), error))?;
        written.push(path.display().to_string());
    }
    Ok(written)
}
