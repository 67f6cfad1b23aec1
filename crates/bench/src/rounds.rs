//! Rounds of load: every peer in turn, workload by workload, so that ratios are made of minutes in which the machine was the same.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::cli::Plan;
use crate::peers::Peer;
use crate::progress;
use crate::results::Run;
use crate::running::Running;
use crate::site::Site;
use crate::workload::{Kind, Workload};
use crate::wrk;

/// What is left to the measurements that follow. A round takes less than three minutes of it.
const RESERVE: Duration = Duration::from_secs(6 * 60);

/// Starts the peers, checks them, and measures all rounds.
pub(crate) async fn measure(
    plan: &Plan,
    site: &Site,
    deadline: Option<Instant>,
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<Run>> {
    let mut running = Vec::new();
    if plan.workloads.is_empty() {
        return Ok(Vec::new());
    }
    for peer in plan.peers().filter(|peer| peer.missing(site).is_none()) {
        if plan.workloads.iter().any(|workload| peer.takes(workload.kind)) {
            let started = peer.start(site).await?;
            started.verify(peer).await?;
            running.push((peer, started));
        }
    }
    if plan.warm_up {
        progress::say("warming up");
        for (peer, running) in &running {
            one(site, *peer, running, Workload { kind: Kind::Small, connections: 64 }, 0, 1).await?;
        }
    }
    let mut runs = Vec::new();
    for round in 0..plan.rounds {
        if deadline.is_some_and(|deadline| deadline.saturating_duration_since(Instant::now()) < RESERVE) {
            notes.push(format!("{round} of {} rounds were measured: time was up", plan.rounds));
            break;
        }
        for (index, workload) in plan.workloads.iter().enumerate() {
            progress::say(&format!("round {} of {}: {}", round.saturating_add(1), plan.rounds, workload.title()));
            let mut order: Vec<usize> = (0..running.len()).collect();
            // Nobody is always first, or always after the same other.
            order.rotate_left(round.saturating_add(index).checked_rem(running.len().max(1)).unwrap_or_default());
            if round % 2 == 1 {
                order.reverse();
            }
            for (peer, running) in order.into_iter().filter_map(|index| running.get(index)) {
                if peer.takes(workload.kind) {
                    // What fails is told, and does not cost the others their results.
                    match one(site, *peer, running, *workload, round, plan.seconds).await {
                        Ok(run) => runs.push(run),
                        Err(error) => notes.push(format!("FAILED {error:#}")),
                    }
                }
            }
        }
    }
    for (peer, mut running) in running {
        if let Err(error) = running.check() {
            notes.push(format!("FAILED {} did not last: {error:#}", peer.id));
        }
        running.stop().await;
    }
    Ok(runs)
}

async fn one(
    site: &Site,
    peer: Peer,
    running: &Running,
    workload: Workload,
    round: usize,
    seconds: u64,
) -> anyhow::Result<Run> {
    let upstream = workload.kind.upstream();
    let url = format!("http://{}", running.address(upstream));
    let before = running.cpu_time();
    let measured = wrk::run(site.folder(), workload, &url, &running.headers(upstream), seconds)
        .await
        .with_context(|| format!("{} at {}", peer.id, workload.id()))?;
    let used = running.cpu_time().zip(before).map(|(after, before)| after.saturating_sub(before));
    Ok(Run {
        round,
        workload: workload.id(),
        peer: peer.id,
        requests_per_second: measured.rate(),
        p50_micros: measured.p50,
        p99_micros: measured.p99,
        errors: measured.errors,
        cpu_micros_per_request: used
            .filter(|_| running.has_process())
            .map(|used| used.as_secs_f64() * 1e6 / measured.requests),
    })
}
