//! An instance alone: created and let go, with nothing run in it.

use std::path::Path;

use anyhow::Context as _;
use gateway_host::{Host, HostOptions};

use crate::cli::{Heavy, Plan};
use crate::progress;

const ROUNDS: usize = 5;
const TIMES: u32 = 500;

/// The mean of each round, in microseconds. Measured in this process, as there is no request to send for it.
pub(crate) async fn measure(plan: &Plan, workspace: &Path) -> anyhow::Result<Vec<f64>> {
    let mut means = Vec::new();
    if !plan.has(Heavy::Start) {
        return Ok(means);
    }
    progress::say("instances alone");
    let mut options = HostOptions::new(workspace.join("spin.toml"));
    options.listen.set_port(0);
    options.quiet = true;
    let host = Host::start(options).await.context("the host does not start in this process")?;
    for _ in 0..ROUNDS {
        let mean = host.time_instantiation(TIMES).await?;
        means.push(mean.as_secs_f64() * 1e6);
    }
    host.shutdown().await;
    Ok(means)
}
