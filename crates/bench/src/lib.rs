//! `cargo bench-gateway`: the gateway measured beside its peers, in the same minutes and on the same processors.
//!
//! ```text
//! cli        what is asked for, as a plan
//! site       programs built, upstreams started: nginx, and backend for what nginx does not do
//! peers      who is measured, and at what; peer_command, how each is started (nginx, worker)
//! running    a peer from its start to its end, and what it uses (process); verify, that it does its job
//! rounds     requests per second and latencies, by wrk, for each workload
//! transfer   one large body through a peer, by client
//! held       thousands of open requests, by client
//! soak       mixed load for a long time; soak_clients, what is sent (client); soak_figures, what it found
//! verdicts   comparisons, made many times; timed, the servers that are compared; verdict_figures, what was found
//! startup    the start of the host; instantiation, an instance alone
//! results    what was measured; stats makes medians and ratios of it
//! table figures chart    the results for the terminal, for design goals, for the README; units are theirs
//! machine open_files progress
//! ```
//!
//! In scope: figures of one machine against others of the same minutes. Out of scope: absolute claims, and networks: everything is loopback.
#![cfg(unix)]

mod backend;
mod chart;
mod cli;
mod client;
mod figures;
mod held;
mod instantiation;
mod machine;
mod nginx;
mod open_files;
mod peer_command;
mod peers;
mod process;
mod progress;
mod results;
mod rounds;
mod running;
mod site;
mod soak;
mod soak_clients;
mod soak_figures;
mod startup;
mod stats;
mod table;
mod timed;
mod transfer;
mod units;
mod verdict_figures;
mod verdicts;
mod verify;
mod worker;
mod workload;
mod wrk;

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};

pub use self::cli::Cli;

use self::cli::Plan;
use self::machine::Machine;
use self::results::{Results, summarise};
use self::site::{Programs, Site};

/// Measures what the arguments ask for and writes the results. On Ctrl+C or SIGTERM, everything that was started ends and the error says so.
///
/// # Errors
///
/// When something that is needed is missing or does not work; the error says what to do.
pub fn run(cli: &Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            ended = start(cli) => ended,
            _ = interrupt.recv() => bail!("interrupted: nothing was written"),
            _ = terminate.recv() => bail!("terminated: nothing was written"),
        }
    });
    // A build that goes on in a thread of its own is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}

async fn start(cli: &Cli) -> anyhow::Result<()> {
    let out = |folder| cli.out.clone().unwrap_or_else(|| site::workspace().join(folder));
    match cli.soak {
        Some(minutes) => soak::run(minutes, &out("docs/bench")).await,
        None if cli.verdicts => {
            verdicts::run(cli.quick, &out(if cli.quick { "target/bench-gateway" } else { "docs" })).await
        }
        None => measure(cli).await,
    }
}

async fn measure(cli: &Cli) -> anyhow::Result<()> {
    let plan = Plan::new(cli, &site::workspace())?;
    let room = open_files::requests_that_fit();
    progress::say("building what is measured");
    let programs =
        Programs::build(plan.wants("worker"), plan.wants("workerd-hand-written") || plan.wants("workerd-gateway"))
            .await?;
    let site = Site::prepare(programs, plan.body).await?;
    let deadline = plan.deadline();
    let mut notes = Vec::new();
    for peer in plan.peers() {
        if let Some(reason) = peer.missing(&site) {
            notes.push(format!("SKIPPED {}: {reason}", peer.id));
        }
    }
    let runs = rounds::measure(&plan, &site, deadline, &mut notes).await?;
    let transfers = transfer::measure(&plan, &site, deadline, &mut notes).await;
    let held = held::measure(&plan, &site, room, deadline, &mut notes).await;
    let starts = startup::measure(&plan, &site).await?;
    let instantiations = instantiation::measure(&plan, &site.root).await?;
    let results = Results {
        machine: Machine::look(&site.root, site.workerd.as_deref().ok()).await,
        notes,
        rounds: plan.rounds,
        seconds: plan.seconds,
        component_bytes: site.component_bytes,
        summaries: summarise(&runs),
        runs,
        transfers,
        held,
        starts,
        instantiations,
    };
    write(&plan, &results)
}

fn write(plan: &Plan, results: &Results) -> anyhow::Result<()> {
    let figures = figures::render(results);
    fs::create_dir_all(&plan.out).with_context(|| format!("cannot create {}", plan.out.display()))?;
    let json = results.to_json()?;
    for (name, text) in [("results.json", &json), ("figures.md", &figures), ("ratios.svg", &chart::render(results))] {
        let path = plan.out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut stdout = std::io::stdout().lock();
    write!(stdout, "{}\n{figures}\nWritten to {}\n", table::render(results), plan.out.display())?;
    Ok(())
}
