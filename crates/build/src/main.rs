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
                "gateway-build: `{}` is not understood; there is only --plain, which builds for hosts such as `wasmtime serve`",
                other.join(" ")
            );
            return ExitCode::FAILURE;
        }
    };
    let component = match built {
        Ok(component) => component,
        Err(error) => {
            eprintln!("gateway-build: {error}");
            return ExitCode::FAILURE;
        }
    };
    match std::fs::metadata(&component) {
        Ok(metadata) => {
            eprintln!("gateway-build: {} ({} KiB)", component.display(), metadata.len().div_ceil(1024));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("gateway-build: cargo succeeded, but {} cannot be read: {error}", component.display());
            ExitCode::FAILURE
        }
    }
}
