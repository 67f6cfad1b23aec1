//! Starts the gateway, or finds the one to test.

use super::backend::Backends;
use super::host_process::MANIFEST;
use super::hosts::HostKind;
use super::process::Process;
use gateway_host::{Host, HostOptions};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::Runtime;

/// The deadline the gateway runs with: shorter than its default of 30 s, so that tests of it are quick, and long enough for whatever a busy machine
/// makes of an exchange that is not about it.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Cloud backends for tests that make a backend look bad: each has its own, so that no test's failures gate another's requests. (`silent`,
/// `nameless` and `no-tls` are in the cloud for the same reason; the local listing would check them.)
pub(crate) const FAULTY: [&str; 16] = [
    "faulty-0",
    "faulty-1",
    "faulty-2",
    "faulty-3",
    "faulty-4",
    "faulty-5",
    "faulty-6",
    "faulty-7",
    "faulty-8",
    "faulty-9",
    "faulty-10",
    "faulty-11",
    "faulty-12",
    "faulty-13",
    "faulty-14",
    "faulty-15",
];

/// What a gateway is started with.
pub(crate) struct Settings {
    /// Where it will listen.
    pub(crate) listen: SocketAddr,
    /// The variables.
    pub(crate) variables: BTreeMap<String, String>,
    /// What its store holds at first.
    pub(crate) key_values: Vec<(String, Vec<u8>)>,
    /// Whether it has a store at all. Default: yes.
    pub(crate) store: bool,
    /// Where the embedded host keeps its store on disk. Default: in memory.
    pub(crate) state_dir: Option<PathBuf>,
    /// Threads that serve requests, where the host is the embedded one. Default: its own default.
    pub(crate) workers: Option<NonZeroUsize>,
    /// Requests served at once, where the host is the embedded one. Default: its own default.
    pub(crate) max_concurrency: Option<usize>,
    /// How long the embedded host lets a connection wait for its next request. Default: its own default.
    pub(crate) keep_alive_timeout: Option<Duration>,
    /// Whether the embedded host runs as a process of its own; other hosts do anyway. For tests that measure a process, or read its log. Default: no.
    pub(crate) own_process: bool,
    /// Environment variables of the embedded host, where it runs as a process of its own.
    pub(crate) environment: BTreeMap<String, String>,
    /// Further arguments for a host that is a program of its own.
    pub(crate) arguments: Vec<String>,
}

impl Settings {
    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }
}

/// The gateway under test with its surroundings.
pub(crate) struct Lab {
    pub(crate) runtime: Arc<Runtime>,
    /// Where the gateway listens.
    pub(crate) gateway: SocketAddr,
    /// The backends.
    pub(crate) backends: Arc<Backends>,
    /// The embedded host, where that is what runs the gateway, in this process.
    pub(crate) host: Option<Host>,
    /// The process, where the suite started one.
    pub(crate) process: Option<Process>,
}

/// Where a request to it goes.
impl From<&Lab> for SocketAddr {
    fn from(lab: &Lab) -> Self {
        lab.gateway
    }
}

/// The one gateway of this test run.
pub(crate) fn lab() -> &'static Lab {
    static LAB: LazyLock<Lab> = LazyLock::new(start);
    &LAB
}

fn start() -> Lab {
    let runtime = Arc::new(tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime"));
    let Ok(url) = std::env::var("GATEWAY_URL") else {
        let backends = Arc::new(runtime.block_on(Backends::bind(None)));
        return launch(runtime, backends, |_| {});
    };
    let kind = HostKind::current();
    assert!(kind == HostKind::Spin, "the suite starts {kind} itself: unset GATEWAY_URL");
    // A gateway that runs already was told these addresses beforehand.
    let first_port = std::env::var("SUITE_FIRST_PORT").map_or(18_100, |port| port.parse().expect("a port"));
    let backends = Arc::new(runtime.block_on(Backends::bind(Some(first_port))));
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let gateway = address.parse().expect("GATEWAY_URL is http://<ip>:<port>");
    print_requirements(&backends, gateway);
    Lab { runtime, gateway, backends, host: None, process: None }
}

/// Another gateway beside the suite's, in the same kind of host and with the same backends.
pub(crate) fn second(settings: impl FnOnce(&mut Settings)) -> Lab {
    let first = lab();
    launch(Arc::clone(&first.runtime), Arc::clone(&first.backends), settings)
}

fn launch(runtime: Arc<Runtime>, backends: Arc<Backends>, change: impl FnOnce(&mut Settings)) -> Lab {
    // The loop test needs the gateway's address in the gateway's own configuration.
    let listen = runtime.block_on(super::backend::free_address());
    let mut settings = Settings {
        listen,
        variables: variables(&backends, listen),
        key_values: key_values(&backends).into_iter().map(|(key, value)| (key, value.into_bytes())).collect(),
        store: true,
        state_dir: None,
        workers: None,
        max_concurrency: None,
        keep_alive_timeout: None,
        own_process: false,
        environment: BTreeMap::new(),
        arguments: Vec::new(),
    };
    change(&mut settings);
    let (host, process) = match HostKind::current() {
        HostKind::Embedded if settings.own_process => {
            component();
            (None, Some(Process::embedded(listen, &settings)))
        }
        HostKind::Embedded => (Some(embedded(&runtime, listen, settings)), None),
        HostKind::WasmtimeServe => (None, Some(Process::wasmtime_serve(listen, &settings))),
        HostKind::Workerd => (None, Some(Process::workerd(listen, &settings))),
        HostKind::Spin => panic!("start the gateway in Spin and name it in GATEWAY_URL"),
    };
    Lab { gateway: listen, runtime, backends, host, process }
}

/// The component, built once per run.
fn component() -> &'static Path {
    static COMPONENT: LazyLock<PathBuf> =
        LazyLock::new(|| gateway_build::build_component().expect("the component builds"));
    &COMPONENT
}

fn embedded(runtime: &Runtime, listen: SocketAddr, settings: Settings) -> Host {
    let component = component();
    let manifest = PathBuf::from(MANIFEST);
    // Removed once the host has read it.
    let folder = tempfile::tempdir().expect("a folder");
    let mut options =
        HostOptions::new(if settings.store { manifest } else { without_store(&manifest, component, folder.path()) });
    options.listen = listen;
    options.variables = settings.variables;
    options.key_values = settings.key_values;
    options.quiet = true;
    options.state_dir = settings.state_dir;
    options.workers = settings.workers.unwrap_or(options.workers);
    options.max_concurrency = settings.max_concurrency.unwrap_or(options.max_concurrency);
    options.keep_alive_timeout = settings.keep_alive_timeout.unwrap_or(options.keep_alive_timeout);
    options.instance_reuse = instance_reuse().unwrap_or(options.instance_reuse);
    runtime.block_on(Host::start(options)).expect("the embedded host starts")
}

/// How many requests an instance serves, where `INSTANCE_REUSE` says so: the suite has to hold with instances reused as well.
pub(crate) fn instance_reuse() -> Option<NonZeroU32> {
    let reuse = std::env::var("INSTANCE_REUSE").ok()?;
    Some(reuse.parse().expect("INSTANCE_REUSE is a number above zero"))
}

/// A manifest in `folder` that gives the component no store.
fn without_store(manifest: &Path, component: &Path, folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(manifest).expect("the manifest");
    let source = "target/wasm32-wasip2/release/gateway.wasm";
    let stores = "key_value_stores = [\"default\"]";
    assert!(text.contains(source) && text.contains(stores), "the manifest is as it was");
    let text = text.replace(stores, "key_value_stores = []").replace(source, &component.display().to_string());
    let path = folder.join("spin.toml");
    std::fs::write(&path, text).expect("a writable folder");
    path
}

/// The component for hosts other than Spin, built once per run.
pub(crate) fn plain_component() -> &'static Path {
    static COMPONENT: LazyLock<PathBuf> =
        LazyLock::new(|| gateway_build::build_plain_component().expect("the component builds"));
    &COMPONENT
}

/// The variables the gateway runs with.
pub(crate) fn variables(backends: &Backends, gateway: SocketAddr) -> BTreeMap<String, String> {
    let unset = || "http://unset.invalid".to_owned();
    let extra = serde_json::json!([
        { "id": "based", "name": "With a base path", "url": format!("http://{}/base/path/", backends.first) },
        { "id": "malformed", "url": "http://user:secret@127.0.0.1:1" },
        { "id": "denied", "url": format!("http://localhost:{}", backends.first.port()) },
    ]);
    [
        ("request_timeout", format!("{}ms", REQUEST_TIMEOUT.as_millis())),
        ("backend_bun_sqlite_url", format!("http://{}", backends.first)),
        ("backend_cf_d1_url", format!("http://{}/", backends.second)),
        ("backend_dotnet_api_url", format!("http://{}", backends.silent)),
        ("backend_elixir_phoenix_url", nameless()),
        ("backend_java_spring_boot_url", unset()),
        ("backend_php_laravel_url", format!("https://{}", backends.first)),
        ("backend_ruby_rails_url", format!("http://{gateway}")),
        ("extra_backends", extra.to_string()),
        ("cloud_hosts", "*://127.0.0.1:*".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// A name that no resolver accepts, so that none is asked.
fn nameless() -> String {
    format!("http://{}.test", "x".repeat(64))
}

/// The key-value entries the gateway runs with.
pub(crate) fn key_values(backends: &Backends) -> Vec<(String, String)> {
    let entry = |id: &str, url: String| {
        let value = serde_json::json!({ "id": id, "name": format!("Cloud {id}"), "url": url, "type": "cloud" });
        (format!("backend:{id}"), value.to_string())
    };
    let mut entries = vec![
        entry("cf-d1", format!("http://{}/cloud", backends.second)),
        entry("cloud-only", format!("http://{}", backends.second)),
        entry("outside", format!("{}:1", nameless())),
        // Loopback: even a gateway that asked there would ask nobody else's machine.
        entry("inside", "http://localhost:1/secret".to_owned()),
        ("backend:broken".to_owned(), "not json".to_owned()),
    ];
    entries.push(entry("silent", format!("http://{}", backends.silent)));
    entries.push(entry("silent-too", format!("http://{}", backends.silent)));
    entries.push(entry("nameless", nameless()));
    entries.push(entry("no-tls", format!("https://{}", backends.first)));
    entries.extend(FAULTY.iter().map(|id| entry(id, format!("http://{}", backends.first))));
    entries
}

fn print_requirements(backends: &Backends, gateway: SocketAddr) {
    let mut text = format!("The gateway at {gateway} must be started with:\n");
    for (name, value) in variables(backends, gateway) {
        text.push_str(&format!("  SPIN_VARIABLE_{}='{value}' \\\n", name.to_uppercase()));
    }
    text.push_str("  spin up");
    for (key, value) in key_values(backends) {
        text.push_str(&format!(" \\\n  --key-value '{key}={value}'"));
    }
    text.push('\n');
    // Not through `eprint!`, which the test runner would swallow.
    _ = std::io::stderr().write_all(text.as_bytes());
}
