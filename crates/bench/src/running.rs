//! A peer while it runs: started until it answers, where to send requests, what its processes use, and its end.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use hyper::StatusCode;
use tokio::process::Command;

use crate::client;
use crate::peer_command::host;
use crate::peers::{Launch, Peer};
use crate::process::{Counts, Memory, Process};
use crate::site::{PASS_THROUGH, Site, free_address, wait_until};
use crate::workload::{Kind, Upstream};

impl Peer {
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
                    let mut command = host(&site.host, site.folder(), &manifest, listen, reused, &variables);
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
}
