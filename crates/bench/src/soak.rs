//! Mixed load for a long time: whether the gateway's memory, descriptors and threads stay as they are.
//!
//! The load is bounded and slower than the gateway could go: what is looked for needs time, not speed.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;

use crate::peers;
use crate::process::Counts;
use crate::progress;
use crate::running::Running;
use crate::site::{Programs, Site};
use crate::soak_clients::{ACTS, RATE, Target};
use crate::soak_figures::{Sample, SoakFigures};
use crate::workload::Upstream;

/// How many requests may be open at once; when as many are, the next waits.
const OPEN: usize = 64;
/// Samples of a run.
const SAMPLES: u32 = 60;
/// The file that clients break off, in bytes.
const HUGE_BYTES: u64 = 256 << 20;

/// Runs for so many minutes and writes `soak.md` and `soak.json` to `out`.
///
/// # Errors
///
/// When it cannot start, when the gateway ends, or when it was not flat or not free of errors.
pub(crate) async fn run(minutes: f64, out: &Path) -> anyhow::Result<()> {
    progress::say("building what is measured");
    let site = Site::prepare(Programs::build(false, false).await?, HUGE_BYTES).await?;
    let peer = peers::by_id("gateway-fresh").context("the gateway is among the peers")?;
    let running = peer.start(&site).await?;
    running.verify(peer).await?;
    progress::say(&format!("{minutes} minutes of mixed load, {RATE} requests per second"));
    let figures = load(running, Duration::from_secs_f64(minutes * 60.0)).await?;
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    for (name, text) in [("soak.md", figures.to_markdown()), ("soak.json", serde_json::to_string(&figures)? + "\n")] {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    progress::say(&format!("written to {}", out.display()));
    if figures.errors > 0 {
        bail!("{} of {} requests failed: {:?}", figures.errors, figures.requests, figures.first_error);
    }
    if !figures.is_flat {
        bail!("memory, descriptors or threads grew: see soak.md");
    }
    Ok(())
}

async fn load(mut running: Running, length: Duration) -> anyhow::Result<SoakFigures> {
    let target = Arc::new(Target {
        address: running.address(Upstream::Files),
        files: running.headers(Upstream::Files),
        bodies: running.headers(Upstream::Bodies),
    });
    let started = Instant::now();
    let pause = length.checked_div(SAMPLES).unwrap_or(length);
    let mut figures = SoakFigures {
        minutes: length.as_secs_f64() / 60.0,
        requests: 0,
        errors: 0,
        first_error: None,
        growth: 0.0,
        is_flat: false,
        samples: Vec::new(),
    };
    let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / RATE));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut open = JoinSet::new();
    let mut acts = ACTS.iter().cycle();
    let mut next_sample = pause;
    while started.elapsed() < length {
        ticks.tick().await;
        if let Some(act) = acts.next() {
            let target = Arc::clone(&target);
            open.spawn(async move { target.act(*act).await.with_context(|| format!("{act:?}")) });
        }
        while let Some(ended) = if open.len() < OPEN { open.try_join_next() } else { open.join_next().await } {
            figures.count(ended?);
        }
        if started.elapsed() >= next_sample {
            next_sample = next_sample.saturating_add(pause);
            running.check()?;
            figures.samples.push(sample(&running, started).context("this system has no /proc to look at")?);
        }
    }
    while let Some(ended) = open.join_next().await {
        figures.count(ended?);
    }
    running.stop().await;
    figures.judge();
    Ok(figures)
}

fn sample(running: &Running, started: Instant) -> Option<Sample> {
    let Counts { descriptors, threads } = running.counts()?;
    let resident = running.memory()?.resident;
    Some(Sample { seconds: started.elapsed().as_secs(), resident, descriptors, threads })
}
