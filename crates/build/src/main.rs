//! `gateway-build`: installs what is missing and builds the component, for people and for the `build` command of `spin.toml`.

use std::process::ExitCode;

use gateway_build::build_component;

fn main() -> ExitCode {
    let component = match build_component() {
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
