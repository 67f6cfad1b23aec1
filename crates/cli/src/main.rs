//! `gateway-host up` builds and serves the gateway, for people without the Spin CLI; its other commands look after what is served.
//!
//! ```text
//! trailing ─┬─ hints                           what was meant
//!           └─ arguments ─ argument_values, listen_address    what was written
//! commands ─┬─ settings ─ arguments            what it means
//!           ├─ examination                   what is wrong with it
//!           ├─ coverage, snapshot ─ backend_entry    what is configured and stored
//!           └─ one_request, output             a running gateway, the terminal
//! ```

mod argument_values;
mod arguments;
mod backend_entry;
mod commands;
mod coverage;
mod examination;
mod hints;
mod listen_address;
mod one_request;
mod output;
mod settings;
mod snapshot;
mod trailing;

use std::process::ExitCode;

use self::arguments::Command;

fn main() -> ExitCode {
    let command = trailing::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(1, error))
        .and_then(|runtime| {
            let result = runtime.block_on(run(command));
            // What still runs now has outlived the drain timeout.
            runtime.shutdown_background();
            result
        });
    gateway_host::stderr::flush();
    match result {
        Ok(code) => code,
        Err(Failure { code, error }) => {
            // Its message names the cause; with {:#} the cause would follow once more.
            eprintln!("error: {error}");
            ExitCode::from(code)
        }
    }
}

/// Why a command failed, for people, and its exit code, for scripts.
struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl Failure {
    fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self { code, error: error.into() }
    }
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Up(arguments) => {
            commands::up::run(arguments).await.map_err(|error| Failure::new(1, error))?;
        }
        Command::Kv(arguments) => {
            commands::kv::run(&arguments).await.map_err(|error| Failure::new(error.exit_code(), error))?;
        }
        Command::Check(arguments) => return Ok(commands::check::run(&arguments)),
        Command::Health(arguments) => {
            let healthy = commands::health::run(&arguments.url).await;
            let healthy = healthy.map_err(|error| Failure::new(error.exit_code(), error))?;
            output::print(format!("{healthy}\n"));
        }
        Command::Shootout(arguments) => {
            let outcome = commands::shootout::run(&arguments).await;
            return outcome.map_err(|error| Failure::new(error.exit_code(), error));
        }
    }
    Ok(ExitCode::SUCCESS)
}
