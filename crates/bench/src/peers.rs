//! The peers: what each is, how it is started, and that each does the job it is measured at.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Method, StatusCode};
use tokio::process::Command;

use crate::client;
use crate::nginx;
use crate::process::{Counts, Memory, Process};
use crate::site::{GATEWAY, PASS_THROUGH, Site, free_address, wait_until};
use crate::worker;
use crate::workload::{Kind, LARGE, SMALL, UPLOAD, Upstream};

/// The id of the proxy that all others are compared with.
pub(crate) const NGINX: &str = "nginx";

/// Something that answers the same requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// The name on the command line and in results.
    pub(crate) id: &'static str,
    /// The name for people.
    pub(crate) name: &'static str,
    launch: Launch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Launch {
    /// Nothing in between.
    Direct,
    Nginx,
    Worker,
    /// The gateway in the embedded host.
    Gateway {
        reused: bool,
        cloud: bool,
    },
    /// The minimal component in the same host.
    PassThrough {
        reused: bool,
    },
    /// A Worker as the gateway is served on workerd: the gateway, or the hand-written one under the same conditions.
    Workerd {
        gateway: bool,
    },
}

/// All peers.
pub(crate) const PEERS: [Peer; 12] = {
    const fn peer(id: &'static str, name: &'static str, launch: Launch) -> Peer {
        Peer { id, name, launch }
    }
    [
        peer("direct", "no proxy", Launch::Direct),
        peer(NGINX, "nginx as the proxy", Launch::Nginx),
        peer("control", "a second nginx, to see the noise", Launch::Nginx),
        peer("worker", "hand-written Worker on workerd", Launch::Worker),
        peer("pass-through-fresh", "minimal component, fresh instances", Launch::PassThrough { reused: false }),
        peer("pass-through-reused", "minimal component, reused instances", Launch::PassThrough { reused: true }),
        peer("gateway-fresh", "gateway, fresh instances", Launch::Gateway { reused: false, cloud: false }),
        peer("gateway-reused", "gateway, reused instances", Launch::Gateway { reused: true, cloud: false }),
        peer(
            "gateway-cloud-fresh",
            "gateway, cloud mode, fresh instances",
            Launch::Gateway { reused: false, cloud: true },
        ),
        peer(
            "gateway-cloud-reused",
            "gateway, cloud mode, reused instances",
            Launch::Gateway { reused: true, cloud: true },
        ),
        peer(
            "workerd-hand-written",
            "hand-written Worker, served like the gateway",
            Launch::Workerd { gateway: false },
        ),
        peer("workerd-gateway", "gateway on workerd", Launch::Workerd { gateway: true }),
    ]
};

/// The peer with this id.
pub(crate) fn by_id(id: &str) -> Option<Peer> {
    PEERS.into_iter().find(|peer| peer.id == id)
}

/// The name of the peer with this id, for people.
pub(crate) fn name(id: &str) -> &str {
    by_id(id).map_or(id, |peer| peer.name)
}

/// What a gateway is compared with beside nginx: the minimal component in the same host, used the same way, or on workerd the hand-written Worker.
pub(crate) fn counterpart(id: &str) -> Option<&'static str> {
    match by_id(id)?.launch {
        Launch::Gateway { reused: false, .. } => Some("pass-through-fresh"),
        Launch::Gateway { reused: true, .. } => Some("pass-through-reused"),
        Launch::Workerd { gateway: true } => Some("workerd-hand-written"),
        _ => None,
    }
}

impl Peer {
    /// Whether this workload is measured with it: the cloud mode, the control and the gateway on workerd are measured at small requests only, and
    /// `/health` is the gateway's own.
    pub(crate) fn takes(self, kind: Kind) -> bool {
        match kind {
            Kind::Small => true,
            Kind::Large | Kind::Upload => {
                self.id != "control"
                    && !matches!(self.launch, Launch::Gateway { cloud: true, .. } | Launch::Workerd { .. })
            }
            Kind::Health => matches!(self.launch, Launch::Gateway { cloud: false, .. }),
        }
    }

    /// Whether it is measured at long transfers and thousands of open requests too.
    pub(crate) fn takes_heavy(self) -> bool {
        self.takes(Kind::Large)
    }

    /// Why it cannot be started here.
    pub(crate) fn missing(self, site: &Site) -> Option<String> {
        match self.launch {
            Launch::Worker => site.workerd.as_ref().err().cloned(),
            Launch::Workerd { .. } => site.cloudflare.as_ref().err().cloned(),
            _ => None,
        }
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(self, site: &Site) -> anyhow::Result<Running> {
        self.start_with(site, &site.folder().join("cache")).await
    }

    /// Starts it with this folder for compiled code.
    pub(crate) async fn start_with(self, site: &Site, cache: &Path) -> anyhow::Result<Running> {
        let (files, bodies) = (site.files, site.bodies.address);
        let mut running = Running { processes: Vec::new(), files, bodies, started_in: Duration::ZERO };
        match self.launch {
            Launch::Direct => {}
            // It has one upstream: one process for each.
            Launch::PassThrough { reused } => {
                running.files = free_address()?;
                running.bodies = free_address()?;
                for (listen, upstream) in [(running.files, files), (running.bodies, bodies)] {
                    let manifest = site.snapshot.join(PASS_THROUGH);
                    let variables = [format!("upstream=http://{upstream}")];
                    let mut command = host(site, &manifest, listen, reused, &variables);
                    running.add(site, self.id, listen, command.env("XDG_CACHE_HOME", cache)).await?;
                }
            }
            _ => {
                let listen = free_address()?;
                (running.files, running.bodies) = (listen, listen);
                let mut command = self.command(site, listen)?;
                running.add(site, self.id, listen, command.env("XDG_CACHE_HOME", cache)).await?;
            }
        }
        Ok(running)
    }

    /// The command line of a peer that routes by header.
    fn command(self, site: &Site, listen: SocketAddr) -> anyhow::Result<Command> {
        let (files, bodies) = (site.files, site.bodies.address);
        let folder = format!("{}-{}", self.id, listen.port());
        match self.launch {
            Launch::Direct | Launch::PassThrough { .. } => bail!("{} routes nothing", self.id),
            Launch::Nginx => {
                let config = site.write(&folder, "nginx.conf", |folder| nginx::proxy(folder, listen, files, bodies))?;
                let mut nginx = Command::new("nginx");
                nginx.arg("-c").arg(&config).arg("-p").arg(config.with_file_name(""));
                nginx.arg("-e").arg(config.with_file_name("error.log"));
                Ok(nginx)
            }
            Launch::Worker => {
                let config = site.write(&folder, "config.capnp", |_| worker::config(listen, files, bodies))?;
                let source = site.root.join("crates/bench/peers/worker.mjs");
                std::fs::copy(&source, config.with_file_name("worker.mjs"))
                    .with_context(|| format!("cannot read {}", source.display()))?;
                let workerd = site.workerd.as_ref().map_err(|reason| anyhow::anyhow!("no workerd: {reason}"))?;
                let mut command = Command::new(workerd);
                command.arg("serve").arg(&config);
                Ok(command)
            }
            Launch::Workerd { gateway } => {
                let mut node = Command::new("node");
                node.arg(site.root.join("cloudflare/serve.mjs")).args([
                    "--plain",
                    "--quiet",
                    "--listen",
                    &listen.to_string(),
                ]);
                if gateway {
                    for variable in gateway_variables(files, bodies) {
                        node.args(["--var", &variable]);
                    }
                    node.args(["--var", "environment=local"]);
                } else {
                    node.arg("--worker").arg(site.root.join("crates/bench/peers/worker.mjs"));
                    node.args(["--var", &format!("backends={}", worker::backends(files, bodies))]);
                }
                Ok(node)
            }
            Launch::Gateway { reused, cloud } => {
                let mut variables = gateway_variables(files, bodies);
                if cloud {
                    variables.push("environment=cloud".to_owned());
                    variables.push("cloud_hosts=http://127.0.0.1:*".to_owned());
                }
                let mut command = host(site, &site.snapshot.join(GATEWAY), listen, reused, &variables);
                if cloud {
                    for (upstream, address) in [(Upstream::Files, files), (Upstream::Bodies, bodies)] {
                        let id = upstream.backend();
                        let entry = serde_json::json!({"id": id, "name": id, "url": format!("http://{address}"), "type": "cloud"});
                        command.arg("--key-value").arg(format!("backend:{id}={entry}"));
                    }
                }
                Ok(command)
            }
        }
    }
}

/// The two backends, and nothing where others would be: checks of their health must not reach programs that happen to run here.
fn gateway_variables(files: SocketAddr, bodies: SocketAddr) -> Vec<String> {
    let mut variables = vec![
        format!("backend_{}_url=http://{files}", Upstream::Files.backend().replace('-', "_")),
        format!("backend_{}_url=http://{bodies}", Upstream::Bodies.backend().replace('-', "_")),
    ];
    for other in ["dotnet_api", "elixir_phoenix", "java_spring_boot", "php_laravel", "ruby_rails"] {
        variables.push(format!("backend_{other}_url=http://unset.invalid"));
    }
    variables
}

/// The embedded host with this manifest. Its defaults are measured, health checks included.
fn host(site: &Site, manifest: &Path, listen: SocketAddr, reused: bool, variables: &[String]) -> Command {
    let state: PathBuf = site.folder().join(format!("state-{}", listen.port()));
    let mut command = Command::new(&site.host);
    command.args(["up", "--quiet", "--no-example", "--listen", &listen.to_string(), "--from"]).arg(manifest);
    command.arg("--state-dir").arg(state);
    // Without a number, as often as the host recommends.
    command.arg(if reused { "--instance-reuse" } else { "--instance-reuse=1" });
    for variable in variables {
        command.args(["--variable", variable]);
    }
    // What the person who runs this has set for a gateway of their own is none of the benchmark's business.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
            command.env_remove(name);
        }
    }
    command
}

/// A peer that answers. Dropping it ends its processes.
#[derive(Debug)]
pub(crate) struct Running {
    processes: Vec<Process>,
    files: SocketAddr,
    bodies: SocketAddr,
    /// From the start of its (last) process to its first answer.
    pub(crate) started_in: Duration,
}

impl Running {
    async fn add(&mut self, site: &Site, id: &str, listen: SocketAddr, command: &mut Command) -> anyhow::Result<()> {
        let name = format!("{id}-{}", listen.port());
        let mut process = Process::start(&name, site.folder(), command)?;
        let headers = self.headers(Upstream::Files);
        let answers =
            || async { matches!(client::get(listen, Kind::Small.path(), &headers).await, Ok((StatusCode::OK, _, _))) };
        wait_until(&mut process, answers).await.with_context(|| format!("{id} did not start"))?;
        self.started_in = process.started().elapsed();
        self.processes.push(process);
        Ok(())
    }

    /// Where to send requests for this upstream.
    pub(crate) fn address(&self, upstream: Upstream) -> SocketAddr {
        match upstream {
            Upstream::Files => self.files,
            Upstream::Bodies => self.bodies,
        }
    }

    /// What routes them there. Sent to all peers, also to those that do not look at it.
    pub(crate) fn headers(&self, upstream: Upstream) -> Vec<(String, String)> {
        vec![("x-backend".to_owned(), upstream.backend().to_owned())]
    }

    /// Whether there is a process to measure.
    pub(crate) fn has_process(&self) -> bool {
        !self.processes.is_empty()
    }

    /// The processor time used so far.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        self.processes.iter().map(Process::cpu_time).try_fold(Duration::ZERO, |sum, time| sum.checked_add(time?))
    }

    /// Memory of all its processes.
    pub(crate) fn memory(&self) -> Option<Memory> {
        self.processes.iter().map(Process::memory).try_fold(Memory { resident: 0, peak: 0 }, |sum, memory| {
            let memory = memory?;
            Some(Memory {
                resident: sum.resident.checked_add(memory.resident)?,
                peak: sum.peak.checked_add(memory.peak)?,
            })
        })
    }

    /// Memory that all its processes share with nobody, in bytes.
    pub(crate) fn unshared(&self) -> Option<u64> {
        self.processes.iter().map(Process::unshared).try_fold(0_u64, |sum, bytes| sum.checked_add(bytes?))
    }

    /// Descriptors and threads of all its processes.
    pub(crate) fn counts(&self) -> Option<Counts> {
        self.processes.iter().map(Process::counts).try_fold(Counts { descriptors: 0, threads: 0 }, |sum, counts| {
            let counts = counts?;
            Some(Counts {
                descriptors: sum.descriptors.checked_add(counts.descriptors)?,
                threads: sum.threads.checked_add(counts.threads)?,
            })
        })
    }

    /// Makes the memory's peak count from now on.
    pub(crate) fn reset_peak(&self) {
        self.processes.iter().for_each(Process::reset_peak);
    }

    /// An error if one of its processes has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        self.processes.iter_mut().try_for_each(Process::check)
    }

    /// Ends it and waits for that.
    pub(crate) async fn stop(self) {
        for process in self.processes {
            process.stop().await;
        }
    }

    /// Checks that every kind of request is answered as it should be: fast and wrong is no result.
    pub(crate) async fn verify(&self, peer: Peer) -> anyhow::Result<()> {
        for kind in Kind::PROXIED {
            let upstream = kind.upstream();
            let (address, headers) = (self.address(upstream), self.headers(upstream));
            let (method, body) = match kind.request_body() {
                None => (Method::GET, Bytes::new()),
                Some(length) => (Method::POST, Bytes::from(vec![b'x'; length])),
            };
            let request = client::request(address, method, kind.path(), &headers, Full::from(body))?;
            let (status, fields, body) = client::fetch(address, request).await?;
            is_right(peer, kind, status, &fields, &body)
                .with_context(|| format!("{} answers {} wrongly", peer.id, kind.title()))?;
        }
        Ok(())
    }
}

fn is_right(peer: Peer, kind: Kind, status: StatusCode, fields: &HeaderMap, body: &[u8]) -> anyhow::Result<()> {
    if status != StatusCode::OK {
        bail!("status {status}: {}", String::from_utf8_lossy(body));
    }
    let is_whole = match kind {
        Kind::Small => body.len() == SMALL,
        Kind::Large => body.len() == LARGE,
        Kind::Upload => body == UPLOAD.to_string().as_bytes(),
        Kind::Health => !body.is_empty(),
    };
    if !is_whole {
        bail!("a body of {} bytes", body.len());
    }
    if matches!(peer.launch, Launch::Direct | Launch::PassThrough { .. }) {
        return Ok(());
    }
    for name in [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "vary",
        "x-gateway-backend",
        "x-request-id",
        "server-timing",
    ] {
        if !fields.contains_key(name) {
            bail!("the header {name} is missing");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_counterparts_exist() {
        for (index, peer) in PEERS.iter().enumerate() {
            assert!(PEERS[..index].iter().all(|other| other.id != peer.id), "{}", peer.id);
            assert!(counterpart(peer.id).is_none_or(|other| by_id(other).is_some()), "{}", peer.id);
        }
        assert_eq!(counterpart("gateway-cloud-reused"), Some("pass-through-reused"));
        assert_eq!(counterpart(NGINX), None);
    }

    #[test]
    fn a_proxy_that_leaves_its_work_undone_is_noticed() {
        let body = [b'x'; SMALL];
        let check = |id, status, fields: &HeaderMap, body: &[u8]| {
            is_right(by_id(id).unwrap(), Kind::Small, status, fields, body).is_ok()
        };
        let none = HeaderMap::new();
        assert!(check("direct", StatusCode::OK, &none, &body));
        assert!(!check("direct", StatusCode::OK, &none, &body[1..]), "a short body");
        assert!(!check("direct", StatusCode::BAD_GATEWAY, &none, &body), "an error");
        assert!(!check(NGINX, StatusCode::OK, &none, &body), "no CORS");
    }
}
