//! The hand-written Worker: its runtime, installed by npm on first use, and its configuration.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::workload::Upstream;

/// Installs the runtime below `target` where it is missing or of another version, and returns its path.
pub(crate) async fn install(root: &Path) -> anyhow::Result<PathBuf> {
    let source = root.join("crates/bench/peers");
    let folder = root.join("target/bench-peers");
    let lock = fs::read(source.join("package-lock.json")).context("crates/bench/peers/package-lock.json is missing")?;
    // Written by npm at the end, so that an installation cut short does not count.
    let is_current = fs::read(folder.join("package-lock.json")).is_ok_and(|installed| installed == lock)
        && folder.join("node_modules/.package-lock.json").is_file();
    if !is_current {
        fs::create_dir_all(&folder)?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(source.join(name), folder.join(name))?;
        }
        npm_ci(&folder).await?;
    }
    find(&folder.join("node_modules/@cloudflare"))
        .context("the package workerd has no build for this machine; the Worker is left out")
}

/// Installs what serves the gateway as a Worker, where that was not done before.
pub(crate) async fn install_cloudflare(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("cloudflare");
    if !folder.join("node_modules/.package-lock.json").is_file() {
        npm_ci(&folder).await?;
    }
    Ok(())
}

async fn npm_ci(folder: &Path) -> anyhow::Result<()> {
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot start npm; install Node.js to compare with a Worker")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("npm ci in {} ended with {}; is the npm registry reachable? {said}", folder.display(), output.status);
    }
    Ok(())
}

/// The runtime itself, of the one package among them that fits this machine; the package `workerd` only starts it.
fn find(packages: &Path) -> Option<PathBuf> {
    fs::read_dir(packages).ok()?.flatten().map(|entry| entry.path().join("bin/workerd")).find(|path| path.is_file())
}

/// The Worker's setting: where each backend is, as JSON.
pub(crate) fn backends(files: SocketAddr, bodies: SocketAddr) -> String {
    let backends = serde_json::json!({
        Upstream::Files.backend(): format!("http://{files}"),
        Upstream::Bodies.backend(): format!("http://{bodies}"),
    });
    backends.to_string()
}

/// The configuration of the runtime, which embeds `worker.mjs` from the same folder.
pub(crate) fn config(listen: SocketAddr, files: SocketAddr, bodies: SocketAddr) -> String {
    // As a string of the configuration language, whose escapes are those of JSON.
    let backends = serde_json::Value::String(backends(files, bodies));
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "backends", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "{listen}", http = (), service = "worker")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  bindings = [(name = "BACKENDS", text = {backends})],
  globalOutbound = "backends",
  compatibilityDate = "2026-02-07",
);
"#
    )
}
