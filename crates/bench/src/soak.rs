//! Mixed load for a long time: whether the gateway's memory, descriptors and threads stay as they are.
//!
//! The load is bounded and slower than the gateway could go: what is looked for needs time, not speed.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::{Method, Request, StatusCode};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client;
use crate::peers::{self, Running};
use crate::process::Counts;
use crate::progress;
use crate::site::{HUGE, Programs, Site};
use crate::units;
use crate::workload::{Kind, UPLOAD, Upstream};

/// Requests per second, all kinds together.
const RATE: u64 = 200;
/// How many may be open at once; when as many are, the next waits.
const OPEN: usize = 64;
/// Samples of a run.
const SAMPLES: u32 = 60;
/// The file that clients break off, in bytes.
const HUGE_BYTES: u64 = 256 << 20;
/// How much of it they read.
const READ_BEFORE_LEAVING: usize = 1 << 20;
/// What memory may gain over the second half, as a share of itself, and still be called flat: the noise of allocators.
const FLAT: f64 = 0.05;

/// What clients do, in turn. The last three leave in the middle.
#[derive(Debug, Clone, Copy)]
enum Act {
    Get,
    GetLarge,
    Post,
    Health,
    Preflight,
    Backends,
    UnknownBackend,
    LeaveDownload,
    LeaveUpload,
    LeaveAtOnce,
}

const ACTS: [Act; 16] = [
    Act::Get,
    Act::Post,
    Act::Get,
    Act::GetLarge,
    Act::Get,
    Act::Preflight,
    Act::Get,
    Act::UnknownBackend,
    Act::Get,
    Act::Post,
    Act::LeaveUpload,
    Act::Get,
    Act::Health,
    Act::LeaveAtOnce,
    Act::LeaveDownload,
    Act::Backends,
];

/// One look at the gateway's processes.
#[derive(Debug, Clone, Copy, Serialize)]
struct Sample {
    seconds: u64,
    resident: u64,
    descriptors: u64,
    threads: u64,
}

/// What a run found.
#[derive(Debug, Serialize)]
struct Report {
    minutes: f64,
    requests: u64,
    errors: u64,
    first_error: Option<String>,
    /// What memory gained over the second half by its fitted line, as a share of its mean.
    growth: f64,
    is_flat: bool,
    samples: Vec<Sample>,
}

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
    let report = load(running, Duration::from_secs_f64(minutes * 60.0)).await?;
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    for (name, text) in [("soak.md", report.to_markdown()), ("soak.json", serde_json::to_string(&report)? + "\n")] {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    progress::say(&format!("written to {}", out.display()));
    if report.errors > 0 {
        bail!("{} of {} requests failed: {:?}", report.errors, report.requests, report.first_error);
    }
    if !report.is_flat {
        bail!("memory, descriptors or threads grew: see soak.md");
    }
    Ok(())
}

async fn load(mut running: Running, length: Duration) -> anyhow::Result<Report> {
    let target = Arc::new(Target {
        address: running.address(Upstream::Files),
        files: running.headers(Upstream::Files),
        bodies: running.headers(Upstream::Bodies),
    });
    let started = Instant::now();
    let pause = length.checked_div(SAMPLES).unwrap_or(length);
    let mut report = Report {
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
            report.count(ended?);
        }
        if started.elapsed() >= next_sample {
            next_sample = next_sample.saturating_add(pause);
            running.check()?;
            report.samples.push(sample(&running, started).context("this system has no /proc to look at")?);
        }
    }
    while let Some(ended) = open.join_next().await {
        report.count(ended?);
    }
    running.stop().await;
    report.judge();
    Ok(report)
}

fn sample(running: &Running, started: Instant) -> Option<Sample> {
    let Counts { descriptors, threads } = running.counts()?;
    let resident = running.memory()?.resident;
    Some(Sample { seconds: started.elapsed().as_secs(), resident, descriptors, threads })
}

/// The gateway, as its clients see it.
struct Target {
    address: std::net::SocketAddr,
    files: Vec<(String, String)>,
    bodies: Vec<(String, String)>,
}

impl Target {
    async fn act(&self, act: Act) -> anyhow::Result<()> {
        let unknown = [("x-backend".to_owned(), "nope".to_owned())];
        match act {
            Act::Get => self.expect(Method::GET, Kind::Small.path(), &self.files, StatusCode::OK).await,
            Act::GetLarge => self.expect(Method::GET, Kind::Large.path(), &self.files, StatusCode::OK).await,
            Act::Health => self.expect(Method::GET, "/health", &[], StatusCode::OK).await,
            Act::Backends => self.expect(Method::GET, "/backends", &[], StatusCode::OK).await,
            Act::Preflight => self.expect(Method::OPTIONS, "/", &[], StatusCode::NO_CONTENT).await,
            Act::UnknownBackend => self.expect(Method::GET, "/", &unknown, StatusCode::BAD_REQUEST).await,
            Act::Post => {
                let body = Full::from(vec![b'x'; UPLOAD]);
                let request = client::request(self.address, Method::POST, "/upload", &self.bodies, body)?;
                let (status, _, body) = client::fetch(self.address, request).await?;
                is_expected(status, StatusCode::OK)?;
                if body != UPLOAD.to_string().as_bytes() {
                    bail!("the backend read another body: {}", String::from_utf8_lossy(&body));
                }
                Ok(())
            }
            Act::LeaveDownload => self.leave_download().await,
            Act::LeaveUpload => self.leave("POST", "content-length: 100000\r\n", &[b'x'; 10_000], &self.bodies).await,
            Act::LeaveAtOnce => self.leave("GET", "", &[], &self.files).await,
        }
    }

    async fn expect(
        &self,
        method: Method,
        path: &str,
        headers: &[(String, String)],
        status: StatusCode,
    ) -> anyhow::Result<()> {
        let request: Request<Empty<Bytes>> = client::request(self.address, method, path, headers, Empty::new())?;
        is_expected(client::fetch(self.address, request).await?.0, status)
    }

    async fn leave_download(&self) -> anyhow::Result<()> {
        let request = client::request(self.address, Method::GET, HUGE, &self.files, Empty::<Bytes>::new())?;
        let response = client::connect(self.address).await?.send_request(request).await?;
        is_expected(response.status(), StatusCode::OK)?;
        let mut body = response.into_body();
        let mut read: usize = 0;
        while read < READ_BEFORE_LEAVING {
            let frame = body.frame().await.context("it ended early")??;
            read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        }
        Ok(())
    }

    /// Sends part of a request and closes. What comes back is nobody's any more.
    async fn leave(&self, method: &str, fields: &str, part: &[u8], headers: &[(String, String)]) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        let mut head = format!("{method} /left HTTP/1.1\r\nhost: {}\r\n{fields}", self.address);
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n")?;
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(part).await?;
        // Reads what is there by then, if anything, so that the end is not always a reset.
        _ = tokio::time::timeout(Duration::from_millis(2), stream.read(&mut [0; 64])).await;
        Ok(())
    }
}

fn is_expected(status: StatusCode, expected: StatusCode) -> anyhow::Result<()> {
    if status != expected {
        bail!("{status} instead of {expected}");
    }
    Ok(())
}

impl Report {
    fn count(&mut self, ended: anyhow::Result<()>) {
        self.requests = self.requests.saturating_add(1);
        if let Err(error) = ended {
            self.errors = self.errors.saturating_add(1);
            self.first_error.get_or_insert_with(|| format!("{error:#}"));
        }
    }

    /// The first half is for caches and pools to fill.
    fn judge(&mut self) {
        let second = self.samples.get(self.samples.len() / 2..).unwrap_or_default();
        let points: Vec<(f64, f64)> =
            second.iter().map(|sample| (sample.seconds as f64, sample.resident as f64)).collect();
        self.growth = growth(&points);
        // Open requests come and go; what leaks, goes up from one quarter to the next.
        let (third, fourth) = second.split_at(second.len() / 2);
        let least = |part: &[Sample], of: fn(&Sample) -> u64| part.iter().map(of).min().unwrap_or_default();
        let grows = |of: fn(&Sample) -> u64, slack: u64| least(fourth, of) > least(third, of).saturating_add(slack);
        self.is_flat =
            self.growth <= FLAT && !grows(|sample| sample.descriptors, 8) && !grows(|sample| sample.threads, 0);
    }

    fn to_markdown(&self) -> String {
        let mut text = format!(
            "# A long run\n\n`cargo bench-gateway --soak {:.0}` on this machine: {} requests, {RATE} per second, of ten kinds, three of them clients that \
             leave in the middle; {} failed. A fresh instance per request.\n\nOver the second half, memory changed by {:+.1} % by its fitted line: **{}**.\n\n\
             | after | memory | descriptors | threads |\n| ---: | ---: | ---: | ---: |\n",
            self.minutes,
            units::count(self.requests as f64),
            self.errors,
            self.growth * 100.0,
            if self.is_flat { "flat" } else { "not flat" },
        );
        let step = (self.samples.len() / 12).max(1);
        let first = self.samples.first();
        for sample in first.into_iter().chain(self.samples.iter().skip(step.saturating_sub(1)).step_by(step)) {
            let minutes = sample.seconds as f64 / 60.0;
            let memory = units::bytes(sample.resident as f64);
            // Writing to a string cannot fail.
            _ = writeln!(text, "| {minutes:.1} min | {memory} | {} | {} |", sample.descriptors, sample.threads);
        }
        text
    }
}

/// What the fitted line gains from the first point to the last, as a share of the mean.
fn growth(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 0.0 };
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if variance == 0.0 || y == 0.0 { 0.0 } else { covariance / variance * (last.0 - first.0) / y }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails loudly")]

    use super::*;

    fn judged(resident: impl Fn(u64) -> u64, descriptors: impl Fn(u64) -> u64) -> bool {
        let samples =
            (0..60).map(|n| Sample { seconds: n * 30, resident: resident(n), descriptors: descriptors(n), threads: 5 });
        let mut report = Report {
            minutes: 30.0,
            requests: 1,
            errors: 0,
            first_error: None,
            growth: 0.0,
            is_flat: false,
            samples: samples.collect(),
        };
        report.judge();
        report.is_flat
    }

    #[test]
    fn what_grows_is_noticed_and_what_settles_is_not() {
        let noise = |n: u64| 50_000_000 + n % 7 * 100_000;
        assert!(judged(noise, |n| 100 + n % 20));
        assert!(judged(|n| 50_000_000 - 20_000_000 / (n + 1), |_| 100), "it settles");
        assert!(!judged(|n| 50_000_000 + n * 200_000, |_| 100), "memory");
        assert!(!judged(noise, |n| 100 + n), "descriptors");
    }

    #[test]
    fn the_fitted_line() {
        assert!((growth(&[(0.0, 100.0), (1.0, 110.0), (2.0, 120.0)]) - 20.0 / 110.0).abs() < 1e-9);
        assert_eq!(growth(&[]), 0.0);
        assert_eq!(growth(&[(1.0, 5.0)]), 0.0);
    }
}
