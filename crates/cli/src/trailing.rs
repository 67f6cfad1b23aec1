//! `cargo up -- kv list`: the alias ends in `up --build`, so another command arrives as trailing arguments of `up`.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};

use crate::arguments::{Cli, Command, Up};
use crate::hints;

/// What may follow `--`.
const COMMANDS: [&str; 4] = ["kv", "check", "health", "shootout"];
/// The id of the trailing arguments in [`Up`].
const TRAILING: &str = "trailing";
/// Set by the alias, so it says nothing about what was meant.
const BUILD: &str = "build";

/// Reads the arguments of the process, the program's name first. The error is for the terminal, and knows its exit code.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let matches =
        Cli::command().try_get_matches_from(&arguments).map_err(|error| hints::add(error, &arguments, &COMMANDS))?;
    match Cli::from_arg_matches(&matches)?.command {
        Command::Up(up) if !up.trailing.is_empty() => other(up, &matches),
        command => Ok(command),
    }
}

fn other(up: Up, matches: &ArgMatches) -> Result<Command, clap::Error> {
    let first = up.trailing.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let is_command = COMMANDS.contains(&first.as_str());
    if !is_command && !matches!(first.as_str(), "help" | "--help" | "-h") {
        let hint = if first.starts_with('-') || first == "up" {
            "flags of `up` follow directly: cargo up --listen 127.0.0.1:8080"
        } else {
            "for example: cargo up -- kv list"
        };
        let message = format!("'{first}' after -- is no command; there are: {}; {hint}", COMMANDS.join(", "));
        return Err(Cli::command().error(ErrorKind::InvalidSubcommand, message));
    }
    // They would do nothing, silently.
    if let Some(flag) = given(matches) {
        let message =
            format!("--{flag} stands before the --; write it after the command: cargo up -- {first} --{flag}");
        return Err(Cli::command().error(ErrorKind::ArgumentConflict, message));
    }
    let name = OsString::from(Cli::command().get_name());
    Ok(Cli::try_parse_from(std::iter::once(name).chain(up.trailing))?.command)
}

/// A flag of `up` that was given.
fn given(matches: &ArgMatches) -> Option<String> {
    let (_, up) = matches.subcommand()?;
    let definition = Cli::command();
    let arguments = definition.find_subcommand("up")?.get_arguments();
    arguments
        .filter(|argument| ![TRAILING, BUILD].contains(&argument.get_id().as_str()))
        .filter(|argument| argument.get_long().is_some())
        .find(|argument| {
            up.try_contains_id(argument.get_id().as_str()).is_ok()
                && up.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine)
        })
        .and_then(|argument| argument.get_long().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::arguments::{Kv, KvAction};

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn another_command_after_the_dashes() {
        assert!(matches!(parsed("gateway-host up --build").unwrap(), Command::Up(_)));
        assert!(matches!(parsed("gateway-host up --build -- check").unwrap(), Command::Check(_)));
        assert!(matches!(parsed("gateway-host up --build -- health --url http://h").unwrap(), Command::Health(_)));
        let shootout = parsed("gateway-host up --build -- shootout http://localhost:3000/tasks --runs 50").unwrap();
        assert!(matches!(shootout, Command::Shootout(shootout) if shootout.runs == 50 && shootout.backends == "*"));
        let listing = parsed("gateway-host up --build -- kv list --json --state-dir x").unwrap();
        assert!(matches!(listing, Command::Kv(Kv { action: KvAction::List { json: true }, .. })));
        let literal = parsed("gateway-host up --build -- kv set key -- -1").unwrap();
        assert!(
            matches!(literal, Command::Kv(Kv { action: KvAction::Set(set), .. }) if set.value.as_deref() == Some("-1"))
        );
    }

    #[test]
    fn anything_else_there_is_a_usage_error_that_says_what_to_write() {
        for (line, expected) in [
            (
                "gateway-host up --build -- frobnicate",
                "'frobnicate' after -- is no command; there are: kv, check, health, shootout",
            ),
            ("gateway-host up --build -- --listen 127.0.0.1:1", "cargo up --listen"),
            ("gateway-host up --build -- up", "cargo up --listen"),
            ("gateway-host up --build --state-dir x -- kv list", "cargo up -- kv --state-dir"),
            ("gateway-host up --build -q -- check", "cargo up -- check --quiet"),
            ("gateway-host up --build -- kv set k", "required"),
            ("gateway-host up --build -- shootout", "required"),
            ("gateway-host shootout http://h/ --runs 51", "1..=50"),
            ("gateway-host shootout http://h/ --method POST", "GET, HEAD"),
            ("gateway-host kv set k v --url http://h", "cannot be used with"),
            ("gateway-host kv set k v --name n", "cannot be used with"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.to_string().contains(expected), "{line}: {error}");
            assert_eq!(error.exit_code(), 2, "{line}");
        }
        assert_eq!(parsed("gateway-host up --build -- --help").unwrap_err().exit_code(), 0);
    }

    #[test]
    fn what_was_probably_meant_is_said() {
        for (line, expected) in [
            ("up --build kv list", "tip: other commands stand behind --: cargo up -- kv list\n"),
            ("up --build --listen 127.0.0.1:1 check", "cargo up -- check\n"),
            ("up --build shootout http://h/t?a=1 --runs 50", "cargo up -- shootout 'http://h/t?a=1' --runs 50\n"),
            ("up --build health --url http://h", "cargo up -- health --url http://h\n"),
            ("up --build kv set backend:x --url https://h", "cargo up -- kv set backend:x --url https://h\n"),
            ("up kv list", "tip: other commands come without `up`: gateway-host kv list\n"),
            ("up --build help", "cargo up --help"),
            ("up --build up", "write cargo up alone"),
            ("up --build serve", "cargo up -- kv list"),
            ("up --build --port 8080", "--listen 127.0.0.1:8080"),
            ("up --build --port=8080", "--listen 127.0.0.1:8080"),
            ("up --build -p 8080", "--listen 127.0.0.1:8080"),
            ("up --build -p8080", "--listen 127.0.0.1:8080"),
            ("up --build --port", "--listen 127.0.0.1:3000"),
            ("up --build --host 0.0.0.0", "--listen 0.0.0.0:3000"),
            ("up --build --addr 0.0.0.0:80", "--listen 0.0.0.0:80\n"),
            ("up --build --env cloud", "--variable environment=cloud"),
            ("up --build --env A=b", "--variable A=b"),
            ("up --build -e", "--variable environment=cloud"),
            ("up --build --environment cloud", "--variable environment=cloud\n"),
            ("up --build --request-timeout=5s", "--variable request_timeout=5s"),
            ("up --build --backend-cf-d1-url http://h", "--variable backend_cf_d1_url=http://h"),
            ("up --build --verbose", "--quiet leaves that out"),
            ("up --build -v", "--quiet leaves that out"),
            ("up --build --file x.toml", "--from x.toml"),
            ("up --build --threads 2", "--workers 2"),
            ("up --build --instance-reuse 5", "--instance-reuse=5"),
            ("up --build --runtime-config-file x", "`spin up`"),
            ("up --build --tls-cert x", "`spin up`"),
            ("up --build --variabel a=b", "--variable"),
        ] {
            let error = parsed(&format!("gateway-host {line}")).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
            let error = error.to_string();
            assert!(error.contains(expected) && error.matches("tip:").count() == 1, "{line}: {error}");
        }
    }
}
