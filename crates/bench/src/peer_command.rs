//! The command line of each peer, with the configuration that it reads.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::nginx;
use crate::peers::{Launch, Peer};
use crate::site::{GATEWAY, Site};
use crate::worker;
use crate::workload::Upstream;

impl Peer {
    /// The command line of a peer that routes by header.
    pub(crate) fn command(self, site: &Site, listen: SocketAddr) -> anyhow::Result<Command> {
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
                let manifest = site.snapshot.join(GATEWAY);
                let mut command = host(&site.host, site.folder(), &manifest, listen, reused, &variables);
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

/// The embedded host, which is `program`, with this manifest; its state goes to `folder`. Its defaults are measured, health checks included.
pub(crate) fn host(
    program: &Path,
    folder: &Path,
    manifest: &Path,
    listen: SocketAddr,
    reused: bool,
    variables: &[String],
) -> Command {
    let state: PathBuf = folder.join(format!("state-{}", listen.port()));
    let mut command = Command::new(program);
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
