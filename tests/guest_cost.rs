//! What a request costs inside the component: instructions executed and functions of the host called, per kind of
//! request. No noise of the machine touches these figures, so they are recorded, in `guest_cost.json` beside this file,
//! and a change has to be recorded on purpose: `RECORD=1 cargo test --test guest_cost`.
//!
//! Another component is measured with `GATEWAY_MANIFEST`, the path of a manifest that names it: the failure tells the
//! difference.
//!
//! Calls have to match exactly. Instructions may differ by [`TOLERANCE`], because timing decides how often a stream is
//! asked before it has something; another compiler may differ by [`OTHER_COMPILER`].
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

#[path = "support/host_calls.rs"]
mod host_calls;
#[path = "support/wire.rs"]
mod wire;

use crate::host_calls::{HostCalls, counted};
use crate::wire::{backend, read_message};
use gateway_host::{Host, HostOptions};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::layer::SubscriberExt;

const TOLERANCE: f64 = 0.01;
const OTHER_COMPILER: f64 = 0.10;
/// Each request is measured this often; the cheapest run counts, the one that waited least.
const RUNS: usize = 15;

/// What a browser sends, with ids of a fixed length.
fn request(method: &str, path: &str, backend: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: gateway.example\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
         accept: application/json\r\naccept-language: en\r\naccept-encoding: gzip\r\norigin: http://app.example\r\n\
         x-request-id: 00000000-0000-4000-8000-000000000000\r\nx-backend: {backend}\r\n{length}\r\n{body}"
    )
}

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\ncontent-length: 180\r\n\r\n\
    [{\"id\":1,\"title\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},\
     {\"id\":2,\"title\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}]                    ";

/// One kind of request: instructions and calls of its cheapest run.
async fn measure(host: &Host, calls: &HostCalls, request: &str, status: &str) -> Value {
    let mut client = TcpStream::connect(host.local_addr()).await.unwrap();
    let mut best: Option<(u64, BTreeMap<String, u64>)> = None;
    for _ in 0..RUNS {
        host.idle().await;
        calls.take();
        let before = host.instructions();
        client.write_all(request.as_bytes()).await.unwrap();
        let answer = read_message(&mut client).await.expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        host.idle().await;
        let run = (host.instructions() - before, counted(calls.take()));
        if best.as_ref().is_none_or(|best| run.0 < best.0) {
            best = Some(run);
        }
    }
    let (instructions, calls) = best.unwrap();
    json!({ "instructions": instructions, "calls": calls.values().sum::<u64>(), "calls_by_function": calls })
}

async fn measured() -> Map<String, Value> {
    gateway_build::build_component().expect("the component builds");
    let calls = HostCalls::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(calls.clone()))
        .expect("the only subscriber");

    let healthy = backend(ANSWER).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let manifest = std::env::var_os("GATEWAY_MANIFEST").map(PathBuf::from);
    let mut options =
        HostOptions::new(manifest.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("spin.toml")));
    options.listen.set_port(0);
    options.meter_instructions = true;
    options.quiet = true;
    for (name, value) in [
        ("backend_bun_sqlite_url", format!("http://{healthy}")),
        ("backend_cf_d1_url", format!("http://{healthy}")),
        ("backend_ruby_rails_url", format!("http://{gone}")),
        ("cloud_hosts", "http://127.0.0.1:*".to_owned()),
    ] {
        options.variables.insert(name.to_owned(), value);
    }
    let entry =
        |id: &str| json!({ "id": id, "name": id, "url": format!("http://{healthy}"), "type": "cloud" }).to_string();
    options.key_values.push(("backend:cf-d1".to_owned(), entry("cf-d1").into_bytes()));
    let host = Host::start(options).await.expect("the host starts");

    let body = "x".repeat(10 * 1024);
    let mut figures = Map::new();
    let cloud = request("GET", "/tasks", "cf-d1", "").replace("x-backend:", "x-backend-location: cloud\r\nx-backend:");
    for (name, request, status) in [
        ("GET, local", request("GET", "/tasks", "bun-sqlite", ""), "200"),
        ("GET, cloud", cloud, "200"),
        ("POST of 10 KiB, local", request("POST", "/tasks", "bun-sqlite", &body), "200"),
        ("GET of an unhealthy backend", request("GET", "/tasks", "ruby-rails", ""), "503"),
        ("OPTIONS", request("OPTIONS", "/tasks", "bun-sqlite", ""), "204"),
        ("GET /health", request("GET", "/health", "bun-sqlite", ""), "200"),
        ("GET of two backends, compared", request("GET", "/tasks", "bun-sqlite,cf-d1", ""), "200"),
    ] {
        figures.insert(name.to_owned(), measure(&host, &calls, &request, status).await);
    }
    host.shutdown().await;
    figures
}

fn compiler() -> String {
    let output = std::process::Command::new(env!("CARGO")).args(["version"]).output().expect("cargo runs");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest_cost.json")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cost_of_a_request_is_the_recorded_one() {
    let figures = measured().await;
    let compiler = compiler();
    if std::env::var_os("RECORD").is_some() {
        let text = serde_json::to_string_pretty(&json!({ "compiler": compiler, "requests": figures })).unwrap();
        std::fs::write(recording(), text + "\n").unwrap();
        return;
    }
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(recording()).unwrap()).unwrap();
    let tolerance = if recorded["compiler"] == compiler { TOLERANCE } else { OTHER_COMPILER };
    let mut changes = Vec::new();
    for (name, now) in &figures {
        let before = &recorded["requests"][name];
        if now["calls_by_function"] != before["calls_by_function"] {
            changes.push(format!("{name}: calls {} → {}", before["calls_by_function"], now["calls_by_function"]));
        }
        let (was, is) = (before["instructions"].as_f64().unwrap_or(0.0), now["instructions"].as_f64().unwrap());
        if (is - was).abs() > was * tolerance {
            changes.push(format!("{name}: instructions {was} → {is} ({:+.1} %)", 100.0 * (is / was - 1.0)));
        }
    }
    assert!(
        changes.is_empty(),
        "the cost of a request changed; if that is meant, record it with RECORD=1 cargo test --test guest_cost and say why in the commit\n{}",
        changes.join("\n")
    );
}
