//! What every peer needs: programs built and installed, upstreams running, a folder for everything that is written.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Method;
use tempfile::TempDir;
use tokio::process::Command;

use crate::backend::Backend;
use crate::client;
use crate::nginx;
use crate::process::Process;
use crate::worker;
use crate::workload::LARGE;

/// The file that is downloaded whole.
pub(crate) const HUGE: &str = "/huge";

/// The manifests, in the workspace and in the snapshot.
pub(crate) const GATEWAY: &str = "spin.toml";
/// See [`GATEWAY`].
pub(crate) const PASS_THROUGH: &str = "crates/bench/pass-through/spin.toml";
/// The components, where the manifests expect them.
pub(crate) const COMPONENT: &str = "target/wasm32-wasip2/release/gateway.wasm";
const PASS_THROUGH_COMPONENT: &str = "target/wasm32-wasip2/release/bench_pass_through.wasm";

/// The place where peers are measured. Dropping it stops the upstreams and removes the folder.
#[derive(Debug)]
pub(crate) struct Site {
    /// nginx with the files.
    pub(crate) files: SocketAddr,
    /// The upstream that reads bodies and holds requests.
    pub(crate) bodies: Backend,
    /// The host, both components and their manifests, as they were when measuring began: whoever goes on working in the meantime
    /// does not change what is measured.
    pub(crate) snapshot: PathBuf,
    /// The host, in the snapshot.
    pub(crate) host: PathBuf,
    /// The size of the gateway component, in bytes.
    pub(crate) component_bytes: u64,
    /// The Workers runtime, or why there is none.
    pub(crate) workerd: Result<PathBuf, String>,
    /// Whether the gateway as a Worker can be served, or why not.
    pub(crate) cloudflare: Result<(), String>,
    /// The workspace.
    pub(crate) root: PathBuf,
    // The process before the folder it writes to.
    _nginx: Process,
    folder: TempDir,
}

/// What is built once, whatever is measured.
#[derive(Debug)]
pub(crate) struct Programs {
    root: PathBuf,
    host: PathBuf,
    workerd: Result<PathBuf, String>,
    cloudflare: Result<(), String>,
}

impl Programs {
    /// Builds the host and both components, and installs what npm has for those of the others that are wanted.
    pub(crate) async fn build(worker_wanted: bool, cloudflare_wanted: bool) -> anyhow::Result<Self> {
        let root = workspace();
        // First, because it installs the target of both components.
        tokio::task::spawn_blocking(gateway_build::build_component).await??;
        let target = root.join("target");
        cargo(&root, &["--package", "bench-pass-through", "--release", "--target", "wasm32-wasip2"], Some(&target))
            .await?;
        let host = host(&root).await?;
        let workerd = match worker_wanted {
            true => worker::install(&root).await.map_err(|error| format!("{error:#}")),
            false => Err("not asked for".to_owned()),
        };
        let cloudflare = match cloudflare_wanted {
            true => worker::install_cloudflare(&root).await.map_err(|error| format!("{error:#}")),
            false => Err("not asked for".to_owned()),
        };
        Ok(Self { root, host, workerd, cloudflare })
    }
}

impl Site {
    /// Starts the upstreams. `huge` is the size of the file that is downloaded whole, in bytes.
    pub(crate) async fn prepare(programs: Programs, huge: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-gateway-").tempdir().context("no temporary folder")?;
        let files = folder.path().join("files");
        fs::create_dir(&files)?;
        fs::write(files.join("large"), "x".repeat(LARGE))?;
        // A file of holes: read from memory like any other that was read before.
        File::create(files.join(HUGE.trim_start_matches('/')))?.set_len(huge)?;

        let address = free_address()?;
        let config = write(folder.path(), "upstream", "nginx.conf", |folder| nginx::upstream(folder, &files, address))?;
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&config).arg("-p").arg(folder.path().join("upstream"));
        command.arg("-e").arg(folder.path().join("upstream/error.log"));
        let mut nginx = Process::start("upstream", folder.path(), &mut command)
            .context("the upstream is nginx; install it (Debian: apt-get install nginx-light)")?;
        wait_until(&mut nginx, || async move { client::get(address, "/health", &[]).await.is_ok() }).await?;
        // Read once, so that the first download finds it in memory like all others.
        let request = client::request(address, Method::GET, HUGE, &[], Empty::<Bytes>::new())?;
        client::drain(client::connect(address).await?.send_request(request).await?).await?;
        let Programs { root, host, workerd, cloudflare } = programs;
        let snapshot = folder.path().join("snapshot");
        for file in [GATEWAY, PASS_THROUGH, COMPONENT, PASS_THROUGH_COMPONENT] {
            copy(&root.join(file), &snapshot.join(file))?;
        }
        let component_bytes = fs::metadata(snapshot.join(COMPONENT))?.len();
        let copied = snapshot.join("gateway-host");
        copy(&host, &copied)?;
        let bodies = Backend::start()?;
        Ok(Self {
            files: address,
            bodies,
            snapshot,
            host: copied,
            component_bytes,
            workerd,
            cloudflare,
            root,
            _nginx: nginx,
            folder,
        })
    }

    /// Where everything is written.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A folder for one start of a peer, with one file in it.
    pub(crate) fn write(&self, name: &str, file: &str, text: impl FnOnce(&Path) -> String) -> anyhow::Result<PathBuf> {
        write(self.folder(), name, file, text)
    }
}

fn write(folder: &Path, name: &str, file: &str, text: impl FnOnce(&Path) -> String) -> anyhow::Result<PathBuf> {
    let folder = folder.join(name);
    fs::create_dir_all(&folder)?;
    let path = folder.join(file);
    fs::write(&path, text(&folder)).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Builds the host.
pub(crate) async fn host(root: &Path) -> anyhow::Result<PathBuf> {
    cargo(root, &["--package", "gateway-cli", "--bin", "gateway-host"], None).await?;
    beside_us("gateway-host")
}

/// With its permissions, in a folder that is made for it.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// An address of this machine that was free a moment ago.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr())?)
}

/// Asks until the answer is yes, as long as the process lives, for at most a minute.
pub(crate) async fn wait_until<F: Future<Output = bool>>(
    process: &mut Process,
    mut is_ready: impl FnMut() -> F,
) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(60);
    const PAUSE: Duration = Duration::from_millis(1);
    let started = Instant::now();
    while !is_ready().await {
        process.check()?;
        if started.elapsed() > PATIENCE {
            bail!("not ready after {PATIENCE:?}:\n{}", process.last_lines());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// The workspace this command was built in; it is a tool of the workspace and does not travel without it.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Another binary of the workspace, which cargo puts beside ours.
fn beside_us(name: &str) -> anyhow::Result<PathBuf> {
    let ours = std::env::current_exe().context("where is this program?")?;
    let path = ours.with_file_name(name);
    if !path.is_file() {
        bail!("{} was built but is not there; run this with cargo bench-gateway", path.display());
    }
    Ok(path)
}

async fn cargo(root: &Path, arguments: &[&str], target: Option<&Path>) -> anyhow::Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.arg("build").arg("--quiet").args(arguments).current_dir(root).kill_on_drop(true);
    if let Some(target) = target {
        command.arg("--target-dir").arg(target);
        // Flags for native code, from a coverage run for example, have no place in a WebAssembly build.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            command.env_remove(name);
        }
    }
    let status = command.status().await.context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo build {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}
