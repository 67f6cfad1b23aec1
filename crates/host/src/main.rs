//! `gateway-host up`: builds and serves the gateway, for people without the Spin CLI.

mod banner;
mod cli;
mod signals;
mod up;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli::Cli { command: cli::Command::Up(arguments) } = cli::Cli::parse();
    let result =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from).and_then(
            |runtime| {
                let result = runtime.block_on(up::run(arguments));
                // What still runs now has outlived the drain timeout.
                runtime.shutdown_background();
                result
            },
        );
    gateway_host::log::flush();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
