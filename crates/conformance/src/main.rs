//! `gateway-conformance`: runs the black-box suite on each host and writes what they do to `docs/hosts.md`, as a table of host and feature.
//!
//! ```text
//! main     for each host: the suite as a child process; then the file
//!   report what a run printed → the outcome of each test
//!   table  outcomes of all hosts → the text
//! ```
//!
//! Nothing in the table is written by hand: results and reasons come from the output of the suite, the features from the list of its modules.

mod report;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::report::{Outcome, Test};
use crate::table::{Column, features, render};

const USAGE: &str = "\
usage: gateway-conformance [HOST]...

Runs the black-box suite on each HOST and writes docs/hosts.md. Hosts: embedded, wasmtime-serve, workerd, spin.
Default: all but spin, and spin too where GATEWAY_URL names a gateway that runs there.";

/// The hosts, by their names in `GATEWAY_HOST`, and how people call them.
const HOSTS: [(&str, &str); 4] = [
    ("embedded", "`cargo up`"),
    ("wasmtime-serve", "`wasmtime serve`"),
    ("workerd", "Cloudflare's workerd"),
    ("spin", "Spin"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen = match choose(&arguments, std::env::var_os("GATEWAY_URL").is_some()) {
        Ok(chosen) => chosen,
        Err(problem) => {
            eprintln!("gateway-conformance: {problem}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match run(&chosen) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("gateway-conformance: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// The hosts to run on.
fn choose(arguments: &[String], has_url: bool) -> Result<Vec<&'static str>, String> {
    let names = HOSTS.iter().map(|(name, _)| *name);
    if arguments.is_empty() {
        return Ok(names.filter(|name| *name != "spin" || has_url).collect());
    }
    if let Some(unknown) = arguments.iter().find(|argument| !names.clone().any(|name| name == argument.as_str())) {
        return Err(format!("there is no host `{unknown}`"));
    }
    let chosen: Vec<_> = names.filter(|name| arguments.iter().any(|argument| argument == name)).collect();
    if chosen.contains(&"spin") && !has_url {
        return Err("GATEWAY_URL is not set: start the gateway in Spin and name its address there, as in \
                    GATEWAY_URL=http://127.0.0.1:3000; the suite says which settings it needs"
            .to_owned());
    }
    Ok(chosen)
}

/// Runs the suite and writes the table. `false` where a test failed or was skipped.
fn run(chosen: &[&str]) -> Result<bool, String> {
    let root = root();
    let suite = root.join("tests/blackbox/main.rs");
    let suite = std::fs::read_to_string(&suite).map_err(|error| format!("{}: {error}", suite.display()))?;
    let outputs = root.join("target/hosts");
    std::fs::create_dir_all(&outputs).map_err(|error| format!("{}: {error}", outputs.display()))?;

    let mut columns = Vec::new();
    for (host, title) in HOSTS {
        let tests = if chosen.contains(&host) { Some(suite_on(host, &outputs)?) } else { None };
        columns.push(Column { title, tests });
    }
    let path = root.join("docs/hosts.md");
    std::fs::write(&path, render(&features(&suite), &columns))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("gateway-conformance: wrote {}", path.display());
    let good = |test: &Test| !matches!(test.outcome, Outcome::Failed | Outcome::Skipped);
    Ok(columns.iter().filter_map(|column| column.tests.as_ref()).flatten().all(good))
}

/// Runs the suite on one host. What it printed is kept in `outputs`.
fn suite_on(host: &str, outputs: &Path) -> Result<Vec<Test>, String> {
    eprintln!("gateway-conformance: the suite on {host} (some minutes)");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--package", "gateway", "--test", "blackbox", "--", "--show-output"]);
    command.current_dir(root()).env("GATEWAY_HOST", host).env("RUST_BACKTRACE", "0").stderr(Stdio::inherit());
    // What cargo has told this program about itself would make build scripts that look at it build anew.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| name.to_string_lossy().starts_with(own)) {
            command.env_remove(name);
        }
    }
    if host != "spin" {
        // The suite starts every other host itself.
        command.env_remove("GATEWAY_URL");
    }
    let output = command.output().map_err(|error| format!("cargo cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let kept = outputs.join(format!("{host}.txt"));
    std::fs::write(&kept, &text).map_err(|error| format!("{}: {error}", kept.display()))?;
    let tests = report::parse(&text);
    if tests.is_empty() {
        return Err(format!("the suite did not run on {host}: {}; see above", output.status));
    }
    let failed = tests.iter().filter(|test| test.outcome == Outcome::Failed).count();
    eprintln!("gateway-conformance: {host}: {} tests, {failed} failed; output in {}", tests.len(), kept.display());
    Ok(tests)
}

/// The workspace this program was built in.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(arguments: &[&str], has_url: bool) -> Result<Vec<&'static str>, String> {
        choose(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>(), has_url)
    }

    #[test]
    fn spin_is_run_where_one_runs() {
        assert_eq!(choice(&[], false).unwrap(), ["embedded", "wasmtime-serve", "workerd"]);
        assert_eq!(choice(&[], true).unwrap().len(), 4);
        assert_eq!(choice(&["workerd", "embedded"], true).unwrap(), ["embedded", "workerd"]);
        assert!(choice(&["spin"], false).unwrap_err().contains("GATEWAY_URL"));
        assert!(choice(&["spin", "wasmer"], true).unwrap_err().contains("wasmer"));
    }
}
