//! Thousands of requests open at once: how many a peer can hold, without an error, and the memory each takes.
//!
//! The backend answers when all have arrived and a second has passed, so that they are really open at once however fast the peer takes them in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Method;
use hyper::client::conn::http1::SendRequest;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::backend;
use crate::cli::{Heavy, Plan};
use crate::client;
use crate::peers::Peer;
use crate::progress;
use crate::results::Held;
use crate::site::Site;
use crate::workload::Upstream;

/// Connections opened at the same time; the system drops those that do not fit into its queue, for a second.
const OPENING: usize = 200;
/// How long all requests together may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How often the memory is looked at; all requests are open for longer than that.
const LOOK: Duration = Duration::from_millis(100);

/// Measures every peer once, if that is planned.
pub(crate) async fn measure(
    plan: &Plan,
    site: &Site,
    room: usize,
    deadline: Option<Instant>,
    notes: &mut Vec<String>,
) -> Vec<Held> {
    let mut all = Vec::new();
    if !plan.has(Heavy::Held) {
        return all;
    }
    let count = plan.held.min(room);
    if count < plan.held {
        notes.push(format!(
            "{count} instead of {} requests were held open: raise the limit on open files (ulimit -n) to 32768",
            plan.held
        ));
    }
    for peer in plan.peers().filter(|peer| peer.takes_heavy() && peer.missing(site).is_none()) {
        if deadline.is_some_and(|deadline| Instant::now() > deadline) {
            notes.push(format!("{} was not measured at open requests: time was up", peer.id));
            continue;
        }
        progress::say(&format!("{count} open requests: {}", peer.name));
        match one(site, peer, count).await {
            Ok(held) => all.push(held),
            Err(error) => notes.push(format!("FAILED {} at {count} open requests: {error:#}", peer.id)),
        }
    }
    all
}

async fn one(site: &Site, peer: Peer, count: usize) -> anyhow::Result<Held> {
    let running = peer.start(site).await?;
    let address = running.address(Upstream::Bodies);
    // Before the connections: they are part of what a request takes.
    let before = running.unshared();
    let connections = connect(address, count).await?;
    site.bodies.hold(count);
    let started = Instant::now();
    let mut requests = JoinSet::new();
    let headers = Arc::new(running.headers(Upstream::Bodies));
    for connection in connections {
        requests.spawn(ask(connection, address, Arc::clone(&headers)));
    }
    let mut errors: usize = count.saturating_sub(requests.len());
    let mut first_error = (errors > 0).then(|| "connections were refused".to_owned());
    let all = async {
        while let Some(ended) = requests.join_next().await {
            if let Err(error) = ended.map_err(anyhow::Error::new).and_then(|answer| answer) {
                errors = errors.saturating_add(1);
                first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    };
    let mut most = before;
    let watch = async {
        loop {
            tokio::time::sleep(LOOK).await;
            most = most.max(running.unshared());
        }
    };
    let in_time = tokio::select! {
        ended = tokio::time::timeout(LIMIT, all) => ended.is_ok(),
        () = watch => false,
    };
    if !in_time {
        errors = errors.saturating_add(requests.len());
        first_error.get_or_insert_with(|| format!("no answer within {LIMIT:?}"));
    }
    let seconds = started.elapsed().as_secs_f64();
    let (open_at_once, last) = site.bodies.held();
    let most = most.max(running.unshared()).filter(|_| running.has_process());
    running.stop().await;
    Ok(Held {
        peer: peer.id,
        requests: count,
        open_at_once,
        errors,
        first_error,
        seconds_until_open: last.map(|last| last.saturating_duration_since(started).as_secs_f64()),
        seconds,
        memory_per_request: most
            .zip(before)
            .map(|(most, before)| most.saturating_sub(before) as f64 / count.max(1) as f64),
    })
}

/// Opens the connections; those that fail are missing from the list.
async fn connect(address: SocketAddr, count: usize) -> anyhow::Result<Vec<SendRequest<Empty<Bytes>>>> {
    let opening = Arc::new(Semaphore::new(OPENING));
    let mut connecting = JoinSet::new();
    for _ in 0..count {
        let opening = Arc::clone(&opening);
        connecting.spawn(async move {
            let _permit = opening.acquire().await?;
            client::connect(address).await
        });
    }
    let connected = tokio::time::timeout(LIMIT, connecting.join_all())
        .await
        .with_context(|| format!("{count} connections were not open within {LIMIT:?}"))?;
    Ok(connected.into_iter().flatten().collect())
}

async fn ask(
    mut connection: SendRequest<Empty<Bytes>>,
    address: SocketAddr,
    headers: Arc<Vec<(String, String)>>,
) -> anyhow::Result<()> {
    let request = client::request(address, Method::GET, backend::HELD, &headers, Empty::new())?;
    client::drain(connection.send_request(request).await?).await?;
    Ok(())
}
