//! One large body through every peer, in both directions: how fast, and how much memory it takes.
//!
//! Every transfer has a peer of its own, started for it, so that memory tells of this transfer alone.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use anyhow::bail;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Method;
use hyper::body::{Body, Frame, SizeHint};

use crate::cli::{Heavy, Plan};
use crate::client;
use crate::peers::Peer;
use crate::progress;
use crate::results::Transfer;
use crate::running::Running;
use crate::site::{HUGE, Site};
use crate::workload::Upstream;

/// How long one transfer may take.
const LIMIT: Duration = Duration::from_secs(120);
/// What the client hands over at once.
const CHUNK: usize = 64 << 10;
/// Rounds, where more are asked for: a transfer takes as long as it takes.
const ROUNDS: usize = 3;

/// Measures the directions that are planned.
pub(crate) async fn measure(
    plan: &Plan,
    site: &Site,
    deadline: Option<Instant>,
    notes: &mut Vec<String>,
) -> Vec<Transfer> {
    let mut transfers = Vec::new();
    for direction in [Heavy::Download, Heavy::Upload].into_iter().filter(|direction| plan.has(*direction)) {
        for round in 0..plan.rounds.min(ROUNDS) {
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                notes.push(format!("{round} rounds of {} were measured: time was up", direction.id()));
                break;
            }
            progress::say(&format!("{}, round {}", direction.id(), round.saturating_add(1)));
            for peer in plan.peers().filter(|peer| peer.takes_heavy() && peer.missing(site).is_none()) {
                match one(site, peer, direction, plan.body, round).await {
                    Ok(transfer) => transfers.push(transfer),
                    Err(error) => notes.push(format!("FAILED {} at {}: {error:#}", peer.id, direction.id())),
                }
            }
        }
    }
    transfers
}

async fn one(site: &Site, peer: Peer, direction: Heavy, bytes: u64, round: usize) -> anyhow::Result<Transfer> {
    let running = peer.start(site).await?;
    running.reset_peak();
    let before = running.memory();
    let started = Instant::now();
    let moved = match direction {
        Heavy::Download => download(&running),
        _ => upload(&running, bytes),
    };
    let moved = tokio::time::timeout(LIMIT, moved).await.with_context(|| format!("not through after {LIMIT:?}"))??;
    let seconds = started.elapsed().as_secs_f64();
    if moved != bytes {
        bail!("{moved} of {bytes} bytes came through");
    }
    let after = running.memory().filter(|_| running.has_process());
    running.stop().await;
    Ok(Transfer {
        round,
        direction: direction.id(),
        peer: peer.id,
        bytes,
        seconds,
        memory_rise: after.zip(before).map(|(after, before)| after.peak.saturating_sub(before.resident)),
        memory_peak: after.map(|after| after.peak),
    })
}

type Moved<'a> = Pin<Box<dyn Future<Output = anyhow::Result<u64>> + Send + 'a>>;

fn download(running: &Running) -> Moved<'_> {
    Box::pin(async {
        let address = running.address(Upstream::Files);
        let headers = running.headers(Upstream::Files);
        let request = client::request(address, Method::GET, HUGE, &headers, Empty::<Bytes>::new())?;
        client::drain(client::connect(address).await?.send_request(request).await?).await
    })
}

/// Sends the body and returns how much of it the backend says it has read.
fn upload(running: &Running, bytes: u64) -> Moved<'_> {
    Box::pin(async move {
        let address = running.address(Upstream::Bodies);
        let headers = running.headers(Upstream::Bodies);
        let request = client::request(address, Method::POST, HUGE, &headers, Zeros::new(bytes))?;
        let response = client::connect(address).await?.send_request(request).await?;
        let status = response.status();
        let said = response.into_body().collect().await?.to_bytes();
        let said = String::from_utf8_lossy(&said);
        said.parse().with_context(|| format!("answered with {status}: {said}"))
    })
}

/// A body of zeros of a known length.
struct Zeros {
    chunk: Bytes,
    left: u64,
}

impl Zeros {
    fn new(length: u64) -> Self {
        Self { chunk: Bytes::from(vec![0; CHUNK]), left: length }
    }
}

impl Body for Zeros {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.left).map_or(CHUNK, |left| left.min(CHUNK));
        self.left = self.left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        let data = self.chunk.slice(..length);
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
