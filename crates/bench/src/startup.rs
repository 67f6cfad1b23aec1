//! From the start of the host's process to its first answer from a backend, with compiled code at hand and without.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::{Heavy, Plan};
use crate::peers::{Peer, by_id};
use crate::progress;
use crate::results::Start;
use crate::site::Site;

/// The peer that is started.
const PEER: &str = "gateway-fresh";

/// Measures as many starts as planned.
pub(crate) async fn measure(plan: &Plan, site: &Site) -> anyhow::Result<Vec<Start>> {
    let mut starts = Vec::new();
    if !plan.has(Heavy::Start) {
        return Ok(starts);
    }
    let peer = by_id(PEER).context("the gateway is no peer")?;
    let (cached, uncached) = plan.starts;
    progress::say("starts without compiled code");
    for _ in 0..uncached {
        let empty = tempfile::tempdir_in(site.folder())?;
        starts.push(one(site, peer, empty.path(), false).await?);
    }
    progress::say("starts with compiled code");
    let cache = tempfile::tempdir_in(site.folder())?;
    // The first fills the cache, which happens beside serving.
    let first = peer.start_with(site, cache.path()).await?;
    filled(cache.path()).await?;
    first.stop().await;
    for _ in 0..cached {
        starts.push(one(site, peer, cache.path(), true).await?);
    }
    Ok(starts)
}

async fn one(site: &Site, peer: Peer, cache: &Path, cached: bool) -> anyhow::Result<Start> {
    let running = peer.start_with(site, cache).await?;
    let micros = running.started_in.as_secs_f64() * 1e6;
    running.stop().await;
    Ok(Start { peer: peer.id, cached, micros })
}

/// Waits until compiled code is in the cache: a large file that is not being written any more.
async fn filled(cache: &Path) -> anyhow::Result<()> {
    const LIMIT: Duration = Duration::from_secs(20);
    const PAUSE: Duration = Duration::from_millis(20);
    let wait = async {
        let mut last = 0;
        loop {
            let size = largest(cache);
            if size > 0 && size == last {
                return;
            }
            last = size;
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(LIMIT, wait).await.context("the host keeps no compiled code; is its cache switched off?")
}

fn largest(folder: &Path) -> u64 {
    const CODE: u64 = 64 << 10;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => largest(&entry.path()),
            Ok(metadata) if metadata.len() >= CODE => metadata.len(),
            _ => 0,
        })
        .max()
        .unwrap_or_default()
}
