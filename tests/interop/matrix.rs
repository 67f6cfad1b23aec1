//! Runs a row of the matrix, cell by cell, and writes it down.

use crate::backends::{self, Backend, NODE, PHP, PUMA, Running};
use crate::clients::{CURL, Client, JAVA, NODE_FETCH, PYTHON};
use crate::endings::{ENDINGS, IDLES, half_a_minute_between, half_a_minute_on, idles};
use crate::exchanges::{EXCHANGES, Way};
use crate::programs::{Gateway, Program};
use crate::proxies::{Kind, Proxy};
use crate::secure::{SECURE, SecureWay};
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// No exchange takes this long on the slowest machine; without it a failure would be a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for `future` on a runtime of its own.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// One server or proxy with its cells.
struct Row {
    name: &'static str,
    version: String,
    without: &'static [(&'static str, &'static str)],
    green: usize,
    red: Vec<String>,
}

impl Row {
    fn new(name: &'static str, version: &str, without: &'static [(&'static str, &'static str)]) -> Self {
        Row { name, version: version.to_owned(), without, green: 0, red: Vec::new() }
    }

    /// Runs one cell, unless this server is without it.
    async fn cell(&mut self, exchange: &str, run: impl Future<Output = ()> + Send + 'static) {
        let server = format!("{} {}", self.name, self.version);
        if let Some((_, reason)) = self.without.iter().find(|(name, _)| *name == exchange) {
            println!("without {server}: {exchange}: {reason}");
            return;
        }
        let began = Instant::now();
        let result = tokio::spawn(tokio::time::timeout(PATIENCE, run)).await;
        let time = began.elapsed().as_secs_f64();
        let problem = match result {
            Ok(Ok(())) => {
                println!("green   {server}: {exchange} ({time:.1} s)");
                self.green += 1;
                return;
            }
            Ok(Err(_)) => format!("no end after {PATIENCE:?}"),
            Err(error) => match error.into_panic().downcast::<String>() {
                Ok(text) => *text,
                Err(other) => other.downcast::<&str>().map_or_else(|_| "a panic".to_owned(), |text| (*text).to_owned()),
            },
        };
        println!("RED     {server}: {exchange} ({time:.1} s): {problem}");
        self.red.push(format!("{exchange}: {problem}"));
    }

    /// Fails where a cell is red.
    fn end_unrecorded(&self) {
        assert!(self.red.is_empty(), "{} {}, red cells:\n{}", self.name, self.version, self.red.join("\n"));
    }

    /// Fails where a cell is red; else records the row where `RECORD` asks for it.
    fn end(self) {
        self.end_unrecorded();
        if std::env::var_os("RECORD").is_some() {
            record(&self);
        }
    }
}

/// Puts the row into its place in `docs/interop.md`.
fn record(row: &Row) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _guard = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/interop.md");
    let text = std::fs::read_to_string(&path).expect("docs/interop.md");
    let begin = format!("| {} |", row.name);
    let old = text.lines().find(|line| line.starts_with(&begin));
    let old = old.unwrap_or_else(|| panic!("docs/interop.md has a row that begins with {begin:?}"));
    let without: Vec<_> = row.without.iter().map(|(exchange, reason)| format!("`{exchange}`: {reason}")).collect();
    let new = format!("{begin} {} | {} | {} |", row.version, row.green, without.join("; "));
    std::fs::write(&path, text.replace(old, &new)).expect("docs/interop.md can be written");
}

/// A server that a test needs, or a line that says why the test is skipped.
fn or_skip<T>(started: Result<T, String>) -> Option<T> {
    started.map_err(|reason| println!("SKIPPED: {reason}")).ok()
}

/// The exchange's own backend at the gateway.
fn id(exchange: &str) -> String {
    format!("for-{exchange}")
}

fn way(to: SocketAddr, exchange: &str, server: &Running) -> Way {
    Way {
        to,
        backend: id(exchange),
        server: server.address,
        closing: if server.quick.is_some() { "/" } else { "/slow-close" },
        gates: server.folder.path().to_owned(),
    }
}

/// Every exchange through the gateway to this server.
pub(crate) fn behind(backend: &Backend) {
    let Some(server) = or_skip((backend.start)()) else { return };
    block_on(async {
        served(&server).await;
        let addresses = EXCHANGES
            .iter()
            .map(|(name, _)| name)
            .chain(ENDINGS.iter().map(|(name, _)| name))
            .map(|&name| (id(name), server.quick.filter(|_| name == "closes").unwrap_or(server.address)));
        let gateway = Gateway::start(&addresses.collect::<Vec<_>>());
        // It takes longest, and nobody else may use its connections: a gateway of its own, beside the others.
        let second = Gateway::start(&[(id(IDLES), server.address)]);
        let beside = tokio::spawn(idles(way(second.address(), IDLES, &server)));
        let mut row = Row::new(backend.name, &server.version, backend.without);
        for (name, exchange) in EXCHANGES.into_iter().chain(ENDINGS) {
            row.cell(name, exchange(way(gateway.address(), name, &server))).await;
        }
        row.cell(IDLES, async { beside.await.unwrap_or_else(|error| resume_unwind(error.into_panic())) }).await;
        row.end();
    });
}

async fn served(server: &Running) {
    for port in &server.ports {
        port.is_served().await;
    }
}

/// Every exchange through this proxy and the gateway to an app on Node.
pub(crate) fn before(proxy: &Proxy) {
    if proxy.kind == Kind::Secure {
        return before_securely(proxy);
    }
    let Some(server) = or_skip((NODE.start)()) else { return };
    block_on(async {
        let ids: Vec<_> = EXCHANGES.iter().map(|(name, _)| (id(name), server.address)).collect();
        let gateway = Gateway::start(&ids);
        let Some(running) = or_skip((proxy.start)(gateway.address())) else { return };
        served(&running).await;
        let mut row = Row::new(proxy.name, &running.version, proxy.without);
        if proxy.kind == Kind::Checks {
            row.cell("checks", checks(running.folder.path().join("stats"))).await;
        }
        for (name, exchange) in EXCHANGES {
            row.cell(name, exchange(way(running.address, name, &server))).await;
        }
        row.end();
    });
}

/// HAProxy's own checks find the gateway up.
async fn checks(socket: std::path::PathBuf) {
    loop {
        // The socket may come a moment after the port.
        let Ok(mut stream) = UnixStream::connect(&socket).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        stream.write_all(b"show stat -1 4 -1\n").await.expect("HAProxy reads");
        let mut said = String::new();
        stream.read_to_string(&mut said).await.expect("text");
        let mut lines = said.lines();
        let names: Vec<_> = lines.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
        let values: Vec<_> = lines.next().unwrap_or_default().split(',').collect();
        let value = |name: &str| {
            let at = names.iter().position(|known| *known == name).expect("HAProxy knows the column");
            values.get(at).copied().unwrap_or_default().to_owned()
        };
        let check = value("check_status");
        // A check that is under way has a star before its last result; none has ended before the first.
        if !check.is_empty() && check != "INI" && !check.starts_with('*') {
            let seen = (value("status"), check, value("check_code"));
            let up = ("UP".to_owned(), "L7OK".to_owned(), "204".to_owned());
            assert_eq!(seen, up, "state, kind of check and status of OPTIONS");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The exchanges over TLS and HTTP/2.
fn before_securely(proxy: &Proxy) {
    let servers: Option<Vec<(String, Running)>> = [&NODE, &PHP, &PUMA]
        .into_iter()
        .zip(["node", "php", "puma"])
        .map(|(backend, id)| Some((id.to_owned(), or_skip((backend.start)())?)))
        .collect();
    let (Some(servers), Some(_)) = (servers, or_skip(Program::find(&["curl"], "--version"))) else { return };
    block_on(async {
        let ids: Vec<_> = servers.iter().map(|(id, server)| (id.clone(), server.address)).collect();
        let gateway = Gateway::start(&ids);
        let Some(running) = or_skip((proxy.start)(gateway.address())) else { return };
        served(&running).await;
        let gates = servers[0].1.folder.path().to_owned();
        let way = SecureWay::through(&running, gates, ids.into_iter().map(|(id, _)| id).collect()).await;
        let mut row = Row::new(proxy.name, &running.version, proxy.without);
        for (name, exchange) in SECURE {
            row.cell(name, exchange(way.clone())).await;
        }
        row.end();
    });
}

/// This client asks an app on Node through the gateway.
pub(crate) fn from(client: &'static Client) {
    let (Some(server), Some(program)) = (or_skip((NODE.start)()), or_skip((client.program)())) else { return };
    block_on(async {
        let gateway = Gateway::start(&[(id("client"), server.address)]);
        let mut row = Row::new(client.name, &program.version, &[]);
        row.cell("client", client.run(program, gateway.address())).await;
        row.end();
    });
}

/// Connections that a proxy keeps to the gateway stay open for longer than the gateway waits for a request head.
pub(crate) fn idle_before(proxy: &Proxy) {
    let Some(server) = or_skip((NODE.start)()) else { return };
    block_on(async {
        let gateway = Gateway::start(&[(id("idle"), server.address)]);
        let Some(running) = or_skip((proxy.start)(gateway.address())) else { return };
        served(&running).await;
        let (through, direct) = (way(running.address, "idle", &server), way(gateway.address(), "idle", &server));
        let mut row = Row::new(proxy.name, &running.version, &[]);
        row.cell("idle", async { _ = tokio::join!(half_a_minute_between(through), half_a_minute_on(direct)) }).await;
        row.end_unrecorded();
    });
}

/// A row and an exchange that the document does not have would be recorded nowhere.
#[test]
fn the_document_names_every_server_and_exchange() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/interop.md");
    let text = std::fs::read_to_string(path).expect("docs/interop.md");
    let servers = [
        &NODE,
        &PHP,
        &PUMA,
        &backends::GUNICORN,
        &backends::UVICORN,
        &backends::BUN,
        &backends::PHP_FPM,
        &backends::TOMCAT,
    ]
    .map(|backend| backend.name);
    let proxies = {
        use crate::proxies::{APACHE, CADDY, HAPROXY, NGINX, NGINX_AS_IT_COMES};
        [&NGINX, &NGINX_AS_IT_COMES, &HAPROXY, &APACHE, &CADDY].map(|proxy| proxy.name)
    };
    let clients = [&CURL, &PYTHON, &NODE_FETCH, &JAVA].map(|client| client.name);
    for name in servers.iter().chain(&proxies).chain(&clients) {
        assert!(text.contains(&format!("\n| {name} |")), "docs/interop.md has a row for {name}");
    }
    let exchanges = EXCHANGES.map(|(name, _)| name).into_iter().chain(ENDINGS.map(|(name, _)| name));
    for name in exchanges.chain(SECURE.map(|(name, _)| name)).chain([IDLES, "checks", "client"]) {
        assert!(text.contains(&format!("\n| `{name}` |")), "docs/interop.md says what {name} is");
    }
}
