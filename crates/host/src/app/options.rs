//! What a host is started with.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

/// Settings of [`crate::Host::start`]; [`HostOptions::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The manifest: a file, or a folder that holds a `spin.toml`.
    pub manifest: PathBuf,
    /// Where to listen; port 0 takes any free one. Default: `127.0.0.1:3000`.
    pub listen: SocketAddr,
    /// Values of variables, by name, that win over every other source. Default: none.
    pub variables: BTreeMap<String, String>,
    /// Whether `SPIN_VARIABLE_…` and the file `.env` in the working folder count. Default: no.
    pub read_environment: bool,
    /// Keys and values that are written into the store `default` before the first request. Default: none.
    pub key_values: Vec<(String, Vec<u8>)>,
    /// Where the stores are kept on disk; without it they live in memory. Default: memory.
    pub state_dir: Option<PathBuf>,
    /// Discards what the component writes to its stdout and stderr. Default: no.
    pub quiet: bool,
    /// Requests served at once; more are answered with 503. Fewer where vm.max_map_count is too low for as many; the host
    /// then says so. Default: 10,000.
    pub max_concurrency: usize,
    /// How long a client's connection may wait for its next request. The head of a request has 30 s from its first byte. Default: 75 s, more than
    /// the minute for which load balancers keep connections.
    pub keep_alive_timeout: Duration,
    /// How long [`crate::Host::shutdown`] waits for requests in flight. Default: 30 s.
    pub drain_timeout: Duration,
    /// Memory that one instance may use, in bytes. Default: 128 MiB.
    pub memory_limit: usize,
    /// How long an instance may compute without waiting for anything. Default: 10 s.
    pub compute_limit: Duration,
    /// Threads that serve requests. Default: one per core.
    pub workers: NonZeroUsize,
    /// How many requests one instance may serve, one after the other. Default: 1, which isolates requests from each
    /// other as Spin does.
    pub instance_reuse: NonZeroU32,
    /// Counts the instructions that the component executes, see [`crate::Host::instructions`]. It makes the component
    /// slower. Default: no.
    pub meter_instructions: bool,
    /// Switches Nagle's algorithm off on every connection. Spin leaves it on, and so do tests of what goes out together. Default: yes.
    pub nodelay: bool,
    /// How often the gateway is asked for its backends, which checks their health without traffic; `None` leaves it to
    /// requests. Default: `None`.
    pub health_interval: Option<Duration>,
}

impl HostOptions {
    /// The defaults, for the manifest at this path.
    pub fn new(manifest: impl Into<PathBuf>) -> Self {
        Self {
            manifest: manifest.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
            variables: BTreeMap::new(),
            read_environment: false,
            key_values: Vec::new(),
            state_dir: None,
            quiet: false,
            max_concurrency: 10_000,
            keep_alive_timeout: Duration::from_secs(75),
            drain_timeout: Duration::from_secs(30),
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            instance_reuse: NonZeroU32::MIN,
            memory_limit: 128 << 20,
            compute_limit: Duration::from_secs(10),
            meter_instructions: false,
            nodelay: true,
            health_interval: None,
        }
    }
}
