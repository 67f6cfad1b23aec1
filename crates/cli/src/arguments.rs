//! The command line: `up` with the flags of `spin up` that make sense here, under the same names, and the commands beside it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args, Parser, Subcommand};
use hyper::header::{HeaderName, HeaderValue};

use crate::argument_values::{Pair, at_least_one, duration, field_value, header, ignore_rules, pair};
use crate::listen_address::listen_address;

/// The manifest that is read where none is named.
pub(crate) const DEFAULT_MANIFEST: &str = "spin.toml";

/// Serves the gateway component on this machine, checks its configuration, and edits its key-value store.
#[derive(Debug, Parser)]
#[command(name = "gateway-host", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the gateway (as `cargo up` does) and serve until Ctrl+C.
    ///
    /// Looks through the configuration first, as `check` does: what would fail every request ends the start with exit code 1, other problems
    /// are shown as warnings.
    Up(Up),
    /// Read and edit the key-value store, also while a host is running on it.
    Kv(Kv),
    /// Check manifest, variables and key-value store before a start: one line per problem, exit code 1 on errors.
    Check(Check),
    /// Ask a running gateway for its health: exit code 0 when it is healthy, 1 otherwise.
    Health(Health),
    /// Send one request to several backends of a running gateway, and compare their answers and times.
    Shootout(Shootout),
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Build the component first, with the command of the manifest.
    #[arg(long, action = ArgAction::Count)]
    pub(crate) build: u8,

    /// The address to listen on, or a name of this machine such as localhost; port 0 takes any free port.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000", value_parser = listen_address)]
    pub(crate) listen: SocketAddr,

    /// The manifest, or the folder it is in.
    #[arg(long, short = 'f', value_name = "PATH", default_value = DEFAULT_MANIFEST)]
    pub(crate) from: PathBuf,

    /// Set a variable of the manifest. Wins over SPIN_VARIABLE_NAME in the environment and in .env. With @ the value is
    /// read from a file.
    #[arg(long = "variable", value_name = "NAME=VALUE|NAME=@FILE", value_parser = pair)]
    pub(crate) variables: Vec<Pair>,

    /// Put a value into the default key-value store before starting. With @ the value is read from a file.
    #[arg(long = "key-value", value_name = "KEY=VALUE|KEY=@FILE", value_parser = pair)]
    pub(crate) key_values: Vec<Pair>,

    /// Where the key-value store is kept. Default: .spin next to the manifest.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Print errors of the host only: no warnings, no start-up text, no output of the component.
    #[arg(long, short = 'q')]
    pub(crate) quiet: bool,

    /// Requests served at once; more are answered with 503. Beyond 10,000, Linux needs a higher vm.max_map_count; the
    /// host says which.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = at_least_one)]
    pub(crate) max_concurrency: usize,

    /// Let an instance serve up to this many requests, one after the other, 1000 without a number. Faster than a fresh
    /// instance for each request, which isolates requests from each other as Spin does and is the default.
    #[arg(long, value_name = "REQUESTS", num_args = 0..=1, require_equals = true, default_value = "1", default_missing_value = "1000")]
    pub(crate) instance_reuse: NonZeroU32,

    /// Threads that serve requests. Default: one per core.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) workers: Option<NonZeroUsize>,

    /// How long a client's connection may wait for its next request: 75s, 1500ms or plain seconds. Let it be longer than
    /// what a load balancer in front keeps connections for.
    #[arg(long, value_name = "DURATION", default_value = "75s", value_parser = duration)]
    pub(crate) keep_alive_timeout: Duration,

    /// How often to check the health of the backends without traffic: 30s, 1500ms or plain seconds; 0 leaves it to
    /// requests.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) health_interval: Duration,

    /// Leave the port of the default backend to a backend of your own: do not start the example backend there. It is started in the
    /// environment local only, where nothing listens.
    #[arg(long)]
    pub(crate) no_example: bool,

    /// Run another command of the host instead: `cargo up -- kv list`, `cargo up -- check`,
    /// `cargo up -- shootout http://127.0.0.1:3000/tasks --runs 50`.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) trailing: Vec<OsString>,
}

/// Which application a command beside `up` is about. The flags mean what they mean there.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The manifest, or the folder it is in.
    #[arg(long, short = 'f', value_name = "PATH", default_value = DEFAULT_MANIFEST, global = true)]
    pub(crate) from: PathBuf,

    /// Set a variable of the manifest, as the host is started with. With @ the value is read from a file.
    #[arg(long = "variable", value_name = "NAME=VALUE|NAME=@FILE", value_parser = pair, global = true)]
    pub(crate) variables: Vec<Pair>,

    /// Where the key-value store is kept. Default: .spin next to the manifest.
    #[arg(long, value_name = "FOLDER", global = true)]
    pub(crate) state_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Kv {
    #[command(flatten)]
    pub(crate) place: Place,

    #[command(subcommand)]
    pub(crate) action: KvAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KvAction {
    /// All keys, each with what it holds in short.
    List {
        /// As a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// The value of a key, byte for byte.
    Get {
        /// The key, as `kv list` shows it.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        key: String,
    },
    /// Set a key. A backend:<id> is checked as the gateway would read it.
    Set(KvSet),
    /// Remove a key.
    Delete {
        /// The key, as `kv list` shows it.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        key: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KvSet {
    /// The key. That of a backend is backend:<id>.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) key: String,

    /// The value; with @ it is read from a file, and - reads it from stdin.
    #[arg(value_name = "VALUE|@FILE|-", allow_hyphen_values = true, required_unless_present = "url")]
    #[arg(conflicts_with_all = ["url", "name", "health_endpoint"])]
    pub(crate) value: Option<String>,

    /// For a backend:<id>, instead of a value: where the backend is.
    #[arg(long)]
    pub(crate) url: Option<String>,

    /// The backend's name, for people. Default: the usual name of a known backend, otherwise the id.
    #[arg(long, requires = "url")]
    pub(crate) name: Option<String>,

    /// The path that tells the backend's health, such as /up.
    #[arg(long, requires = "url", value_name = "PATH")]
    pub(crate) health_endpoint: Option<String>,

    /// Store a backend:<id> even if the gateway cannot read it.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The address the gateway will listen on: no backend may be there.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000", value_parser = listen_address)]
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Where the gateway is.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    pub(crate) url: String,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 the backends agree; 1 no comparison, or one that cannot say whether they agree; 2 wrong usage; \
    3 they disagree; 4 a backend failed. Where several apply, 3 comes first, then 4."
)]
pub(crate) struct Shootout {
    /// The address of the gateway, with the path and query that every backend is asked for.
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// The ids of two or more backends, each with @local or @cloud if needed; * takes all that are healthy, *@cloud all healthy ones of the
    /// cloud.
    #[arg(long, value_name = "ID,ID|*", default_value = "*", value_parser = field_value)]
    pub(crate) backends: String,

    /// Where the gateway looks up ids without @local or @cloud. Default: where its environment says.
    #[arg(long, value_name = "LOCATION", value_parser = ["local", "cloud"])]
    pub(crate) location: Option<String>,

    /// How many rounds to measure: 1 to 50. Each round asks every backend once. A verdict on speed needs 6 or more.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub(crate) runs: u8,

    /// How many rounds to make before them, which are neither measured nor compared: 0 to 5. Default: 1 if there is more than one run.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(0..=5))]
    pub(crate) warmup: Option<u8>,

    /// What not to compare, with commas between rules: a JSON Pointer, in which * stands for any one member or index (/*/updated_at), or the
    /// name of a header (header:etag). May be given several times.
    #[arg(long, value_name = "RULES", value_parser = ignore_rules)]
    pub(crate) ignore: Vec<String>,

    /// The backend that the others are compared with. Default: the first named that answers without an error.
    #[arg(long, value_name = "ID", value_parser = field_value)]
    pub(crate) reference: Option<String>,

    /// Accept only identical and equal answers: those that differ in ids, times or other parts that are set aside count as a disagreement.
    #[arg(long)]
    pub(crate) strict: bool,

    /// A header to send to every backend. May be given several times.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,

    /// The method of the requests to the backends. Only GET and HEAD: the others could write, once in each backend.
    #[arg(long, value_name = "METHOD", default_value = "GET", value_parser = ["GET", "HEAD"])]
    pub(crate) method: String,

    /// The folder for shootout.json, shootout.csv and shootout.svg. It is created if needed; files of an earlier run are replaced.
    #[arg(long, value_name = "FOLDER", default_value = "target/shootout")]
    pub(crate) out: PathBuf,

    /// How long to wait for the whole comparison: 120s, 1500ms or plain seconds.
    #[arg(long, value_name = "DURATION", default_value = "120s", value_parser = duration)]
    pub(crate) timeout: Duration,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
