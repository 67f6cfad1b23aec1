//! Starts the gateway, or finds the one to test.

use super::backend::Backends;
use gateway_host::{Host, HostOptions};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::Runtime;

/// The deadline the gateway runs with, so that tests of it are quick.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

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

/// The gateway under test with its surroundings.
pub(crate) struct Lab {
    pub(crate) runtime: Arc<Runtime>,
    /// Where the gateway listens.
    pub(crate) gateway: SocketAddr,
    /// The backends.
    pub(crate) backends: Arc<Backends>,
    /// The embedded host, where the suite started it.
    pub(crate) host: Option<Host>,
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
        gateway_build::build_component().expect("the component builds");
        return embedded(runtime, backends, |_| {});
    };
    // A gateway that runs already was told these addresses beforehand.
    let first_port = std::env::var("SUITE_FIRST_PORT").map_or(18_100, |port| port.parse().expect("a port"));
    let backends = Arc::new(runtime.block_on(Backends::bind(Some(first_port))));
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let gateway = address.parse().expect("GATEWAY_URL is http://<ip>:<port>");
    print_requirements(&backends, gateway);
    Lab { runtime, gateway, backends, host: None }
}

/// Another embedded host beside the suite's gateway. It lives as long as the test run; hosts are small.
pub(crate) fn second(settings: impl FnOnce(&mut HostOptions)) -> &'static Lab {
    let first = lab();
    if first.host.is_none() {
        gateway_build::build_component().expect("the component builds");
    }
    Box::leak(Box::new(embedded(Arc::clone(&first.runtime), Arc::clone(&first.backends), settings)))
}

fn embedded(runtime: Arc<Runtime>, backends: Arc<Backends>, settings: impl FnOnce(&mut HostOptions)) -> Lab {
    // The loop test needs the gateway's address in the gateway's own configuration.
    let listen = runtime.block_on(super::backend::free_address());
    let mut options = HostOptions::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("spin.toml"));
    options.listen = listen;
    options.variables = variables(&backends, listen);
    options.key_values = key_values(&backends).into_iter().map(|(key, value)| (key, value.into_bytes())).collect();
    options.quiet = true;
    settings(&mut options);
    let host = runtime.block_on(Host::start(options)).expect("the embedded host starts");
    Lab { gateway: host.local_addr(), runtime, backends, host: Some(host) }
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
        ("cloud_hosts", "http://127.0.0.1:*".to_owned()),
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
        entry("outside", "http://localhost:1".to_owned()),
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
