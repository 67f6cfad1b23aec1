//! What was probably meant by an argument that `up` does not know.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use gateway_core::backend::known::KNOWN_BACKENDS;

use crate::examination::settings;

/// Flags of `spin up` that mean nothing here.
const OF_SPIN: [&str; 24] = [
    "--allow-transient-write",
    "--cache",
    "--component-id",
    "--debug-info",
    "--direct-mounts",
    "--disable-cache",
    "--disable-pooling",
    "--experimental-wasm-feature",
    "--follow",
    "--from-registry",
    "--insecure",
    "--launch-metadata-only",
    "--log-dir",
    "--max-instance-reuse-count",
    "--profile",
    "--runtime-config-file",
    "--sqlite",
    "--temp",
    "--tls-cert",
    "--tls-key",
    "--truncate-logs",
    "-L",
    "-c",
    "-s",
];

/// Adds to an error about an argument what to write instead. `arguments` are those of the process; `commands` may stand behind `--`.
pub(crate) fn add(mut error: clap::Error, arguments: &[OsString], commands: &[&str]) -> clap::Error {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let unknown = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(unknown)) if error.kind() == ErrorKind::UnknownArgument => unknown.clone(),
        _ => return error,
    };
    if words.get(1).is_none_or(|command| command != "up") {
        return error;
    }
    let hint = if unknown.starts_with('-') {
        // A misspelt flag gets clap's own.
        let has_own = error.get(ContextKind::SuggestedArg).is_some();
        flag(&unknown, value_of(&unknown, &words)).filter(|_| !has_own)
    } else {
        Some(command(&unknown, &words, commands))
    };
    // Clap's would be to write it behind `--`, where only commands stand.
    error.remove(ContextKind::Suggested);
    if let Some(hint) = hint {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(hint)]));
    }
    error
}

/// What was written behind a flag.
fn value_of<'a>(flag: &str, words: &'a [String]) -> Option<&'a str> {
    let at = words.iter().position(|word| word.starts_with(flag))?;
    let rest = words.get(at)?.strip_prefix(flag)?;
    if rest.is_empty() {
        return words.get(at.saturating_add(1)).map(String::as_str).filter(|word| !word.starts_with('-'));
    }
    Some(rest.strip_prefix('=').unwrap_or(rest))
}

fn flag(name: &str, value: Option<&str>) -> Option<String> {
    // A variable as a flag: --request-timeout 5s, --environment=cloud.
    let variable = name.trim_start_matches('-').replace('-', "_");
    let variables = || {
        KNOWN_BACKENDS
            .iter()
            .flat_map(|known| [known.url_variable, known.health_variable, known.authorization_variable])
    };
    if settings().chain(variables()).any(|known| known == variable) {
        return Some(format!("variables are set with --variable {variable}={}", value.unwrap_or("...")));
    }
    Some(match name {
        "--port" | "-p" => {
            let port = value.filter(|value| value.parse::<u16>().is_ok()).unwrap_or("3000");
            format!("address and port are one flag: --listen 127.0.0.1:{port}")
        }
        "--host" | "--hostname" | "--address" | "--addr" | "--bind" | "--ip" | "-a" | "-b" | "-l" | "-H" => {
            let address = value.unwrap_or("127.0.0.1");
            let port = if address.contains(':') { "" } else { ":3000" };
            format!("address and port are one flag: --listen {address}{port}")
        }
        "--env" | "-e" => {
            let pair = match value {
                Some(value @ ("local" | "cloud")) => format!("environment={value}"),
                Some(value) if value.contains('=') => value.to_owned(),
                _ => "environment=cloud".to_owned(),
            };
            format!("a variable is set with --variable {pair}, or as SPIN_VARIABLE_<NAME> in the environment")
        }
        "--var" | "--set" | "--vars" => format!("variables are set with --variable {}", value.unwrap_or("NAME=VALUE")),
        "--kv" | "--seed" => format!("values are put into the store with --key-value {}", value.unwrap_or("KEY=VALUE")),
        "--verbose" | "-v" | "--debug" | "--log-level" => {
            "each request is a line on stderr already; --quiet leaves that out".to_owned()
        }
        "--file" | "--from-file" | "--manifest" | "--manifest-path" | "--config" => {
            format!("the manifest is named with --from {}", value.unwrap_or("PATH"))
        }
        "--threads" | "-j" | "--jobs" => format!("threads are set with --workers {}", value.unwrap_or("NUMBER")),
        "--no-build" | "--skip-build" => {
            "`gateway-host up` starts without building; `cargo up` always builds".to_owned()
        }
        "--release" => "the component is always built for release; for an optimised host write \
                        cargo run --release --package gateway-cli -- up --build"
            .to_owned(),
        _ if OF_SPIN.contains(&name) => {
            format!(
                "{name} is a flag of `spin up` that this host does not have; start the gateway with `spin up` to use it"
            )
        }
        _ => return None,
    })
}

fn command(unknown: &str, words: &[String], commands: &[&str]) -> String {
    // The alias of cargo always builds.
    let by_cargo = words.iter().any(|word| word == "--build");
    let (up, others) = if by_cargo { ("cargo up", "cargo up --") } else { ("gateway-host up", "gateway-host") };
    match unknown {
        number if follows_reuse(number, words) => format!("the number is written with '=': --instance-reuse={number}"),
        "help" => format!("write {up} --help"),
        "up" => format!("write {up} alone"),
        _ if commands.contains(&unknown) => {
            let rest = words.iter().skip_while(|word| *word != unknown).map(|word| quoted(word));
            format!("other commands stand behind --: {others} {}", rest.collect::<Vec<_>>().join(" "))
                .replace("stand behind --: gateway-host", "come without `up`: gateway-host")
        }
        _ => format!("there are flags here, and other commands such as: {others} kv list"),
    }
}

/// `--instance-reuse 5`: a flag that may stand without its value takes none after a space.
fn follows_reuse(word: &str, words: &[String]) -> bool {
    words.windows(2).any(|pair| matches!(pair, [flag, value] if flag == "--instance-reuse" && value == word))
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
