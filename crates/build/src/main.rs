//! `gateway-build`: installs what is missing and builds the component, for people and for the `build` command of `spin.toml`.
//! `gateway-build --plain` builds the one for hosts without Spin's interfaces.

use std::process::ExitCode;

use gateway_build::{build_component, build_plain_component};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let built = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => build_component(),
        ["--plain"] => build_plain_component(),
        other => {
            eprintln!(
                "gateway-build: unknown arguments `{}`; the only one is --plain, for hosts such as `wasmtime serve`",
                other.join(" ")
            );
            return ExitCode::FAILURE;
        }
    };
    match built {
        Ok(component) => {
            let size = std::fs::metadata(&component).map_or(0, |metadata| metadata.len().div_ceil(1024));
            eprintln!("gateway-build: {} ({size} KiB)", component.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("gateway-build: {error}");
            ExitCode::FAILURE
        }
    }
}
