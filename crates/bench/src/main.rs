//! The command behind `cargo bench-gateway`.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    use clap::Parser as _;

    match gateway_bench::run(&gateway_bench::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    say("error: the benchmark needs Linux or another Unix: it stops groups of processes");
    ExitCode::FAILURE
}

fn say(text: &str) {
    use std::io::Write as _;

    // Nobody has to read it.
    _ = writeln!(std::io::stderr().lock(), "{text}");
}
