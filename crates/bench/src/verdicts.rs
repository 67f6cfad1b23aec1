//! Comparisons, asked for again and again as clients do: how often one backend is called the fastest, where that is true and where it is not.
//!
//! The gateway is the built component in the embedded host with its defaults, an instance for each request; servers and requests are real, over loopback.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use gateway_comparison::report::Report;
use hyper::StatusCode;
use tempfile::TempDir;

use crate::client;
use crate::machine::Machine;
use crate::peer_command::host;
use crate::process::Process;
use crate::progress;
use crate::site::{self, COMPONENT, GATEWAY, free_address, wait_until};
use crate::timed::{Timed, Work};
use crate::verdict_figures::{Counted, Goal, VerdictFigures, load};

/// Comparisons of each kind; of a quick run.
const COMPARISONS: (usize, usize) = (200, 5);
/// How long the faster server takes.
const TIME: Duration = Duration::from_millis(2);
/// How long all comparisons may take together. Builds are not counted.
const LIMIT: Duration = Duration::from_secs(14 * 60);
/// How many comparisons pass between two words on the progress.
const TOLD_EVERY: usize = 50;

const IDS: [&str; 7] =
    ["bun-sqlite", "cf-d1", "dotnet-api", "elixir-phoenix", "java-spring-boot", "php-laravel", "ruby-rails"];

/// Which servers are behind the ids.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Servers {
    /// The same one behind all.
    One,
    /// One behind each, all alike.
    Copies,
    /// One behind the last, and another that takes so many times as long behind the others.
    Slower(f64),
}

/// A kind of comparison that is made many times.
#[derive(Debug, Clone, Copy)]
struct Experiment {
    what: &'static str,
    servers: Servers,
    work: Work,
    backends: usize,
    rounds: usize,
    goal: Goal,
}

/// Those with a goal first, should the time run out.
const EXPERIMENTS: [Experiment; 12] = {
    const fn new(what: &'static str, servers: Servers, work: Work, size: (usize, usize), goal: Goal) -> Experiment {
        Experiment { what, servers, work, backends: size.0, rounds: size.1, goal }
    }
    use Servers::{Copies, One, Slower};
    use Work::{Computes, Waits};
    const SELDOM: Goal = Goal::AtMost(0.05);
    [
        new("one server", One, Waits, (2, 50), SELDOM),
        new("one server", One, Waits, (7, 50), SELDOM),
        new("a server, and one that takes a tenth longer", Slower(1.1), Waits, (2, 50), Goal::AtLeast(0.95)),
        new("one server", One, Waits, (2, 6), SELDOM),
        new("one server", One, Waits, (2, 10), SELDOM),
        new("one server", One, Waits, (2, 20), SELDOM),
        new("one server", One, Computes, (2, 50), SELDOM),
        new("a server, and one that takes a tenth longer", Slower(1.1), Computes, (2, 50), Goal::None),
        new("a server, and one that takes twice as long", Slower(2.0), Waits, (2, 10), Goal::None),
        new("two copies of a server", Copies, Waits, (2, 50), Goal::None),
        new("two copies of a server", Copies, Computes, (2, 50), Goal::None),
        new("a server, and six that take a tenth longer", Slower(1.1), Waits, (7, 50), Goal::None),
    ]
};

/// Makes all comparisons and writes `verdicts.md` and `verdicts.json` to `out`.
///
/// # Errors
///
/// When it cannot start, when a comparison does not come about, or when a goal is missed.
pub(crate) async fn run(is_quick: bool, out: &Path) -> anyhow::Result<()> {
    let place = Place::prepare().await?;
    let comparisons = if is_quick { COMPARISONS.1 } else { COMPARISONS.0 };
    let deadline = Instant::now().checked_add(LIMIT).context("the clock has an end")?;
    let mut figures =
        VerdictFigures::new(Machine::look(&place.root, None).await, TIME.as_secs_f64() * 1e3, comparisons);
    for experiment in &EXPERIMENTS {
        figures.counted.push(experiment.run(&place, comparisons, deadline).await?);
    }
    figures.load_after = load();
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    for (name, text) in
        [("verdicts.md", figures.to_markdown()), ("verdicts.json", serde_json::to_string(&figures)? + "\n")]
    {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    progress::say(&format!("written to {}", out.display()));
    // So few comparisons are no proof.
    let missed = figures.counted.iter().filter(|counted| counted.is_reached() == Some(false)).count();
    if missed > 0 && !is_quick {
        bail!("{missed} goals were missed: see verdicts.md");
    }
    Ok(())
}

/// The gateway, built, in a folder that goes with it.
struct Place {
    root: PathBuf,
    program: PathBuf,
    manifest: PathBuf,
    folder: TempDir,
}

impl Place {
    async fn prepare() -> anyhow::Result<Self> {
        progress::say("building what is measured");
        let root = site::workspace();
        tokio::task::spawn_blocking(gateway_build::build_component).await??;
        let host = site::host(&root).await?;
        let folder = tempfile::Builder::new().prefix("bench-gateway-").tempdir().context("no temporary folder")?;
        // Whoever goes on working in the meantime does not change what is measured.
        let copied = |file: &str| folder.path().join("snapshot").join(file);
        for file in [GATEWAY, COMPONENT] {
            site::copy(&root.join(file), &copied(file))?;
        }
        site::copy(&host, &copied("gateway-host"))?;
        Ok(Self { root, program: copied("gateway-host"), manifest: copied(GATEWAY), folder })
    }

    /// Starts the gateway with these backends, and nothing behind the other ids.
    async fn start(&self, backends: &[SocketAddr]) -> anyhow::Result<(Process, SocketAddr)> {
        let listen = free_address()?;
        let variables: Vec<String> = IDS
            .iter()
            .enumerate()
            .map(|(index, id)| {
                let url = backends.get(index).map_or("http://unset.invalid".to_owned(), |at| format!("http://{at}"));
                format!("backend_{}_url={url}", id.replace('-', "_"))
            })
            .collect();
        let folder = self.folder.path();
        let mut command = host(&self.program, folder, &self.manifest, listen, false, &variables);
        command.env("XDG_CACHE_HOME", folder.join("cache"));
        let mut process = Process::start(&format!("gateway-{}", listen.port()), folder, &mut command)?;
        let answers = || async { matches!(client::get(listen, "/health", &[]).await, Ok((StatusCode::OK, _, _))) };
        wait_until(&mut process, answers).await.context("the gateway did not start")?;
        Ok((process, listen))
    }
}

impl Experiment {
    async fn run(&self, place: &Place, comparisons: usize, deadline: Instant) -> anyhow::Result<Counted> {
        let servers = self.start()?;
        let of = |index: usize| servers.get(index).or(servers.first()).map(|server| server.address);
        let last = self.backends.saturating_sub(1);
        let addresses: Option<Vec<SocketAddr>> = (0..self.backends)
            .map(|index| match self.servers {
                Servers::One => of(0),
                Servers::Copies => of(index),
                Servers::Slower(_) => of(usize::from(index != last)),
            })
            .collect();
        let (mut process, gateway) = place.start(&addresses.context("no server")?).await?;
        let fastest = matches!(self.servers, Servers::Slower(_)).then(|| IDS.get(last).copied()).flatten();
        let mut counted =
            Counted::new(self.what, self.work, self.backends, self.rounds, fastest.map(str::to_owned), self.goal);
        let title = counted.title();
        progress::say(&title);
        while counted.comparisons() < comparisons && Instant::now() < deadline {
            let report = self.compare(gateway).await.with_context(|| title.clone())?;
            counted.add(&report).with_context(|| title.clone())?;
            let done = counted.comparisons();
            if done.is_multiple_of(TOLD_EVERY) && done < comparisons {
                progress::say(&format!("{title}: {done} of {comparisons}"));
            }
        }
        process.check()?;
        process.stop().await;
        Ok(counted)
    }

    fn start(&self) -> anyhow::Result<Vec<Timed>> {
        let factors = match self.servers {
            Servers::One => vec![1.0],
            Servers::Copies => vec![1.0; self.backends],
            Servers::Slower(factor) => vec![1.0, factor],
        };
        factors.into_iter().map(|factor| Timed::start(self.work, TIME.mul_f64(factor))).collect()
    }

    /// One comparison, as a client asks for it.
    async fn compare(&self, gateway: SocketAddr) -> anyhow::Result<Report> {
        let ids = IDS.get(..self.backends).unwrap_or(&IDS).join(",");
        let fields = [("x-backend".to_owned(), ids), ("x-shootout-runs".to_owned(), self.rounds.to_string())];
        let (status, _, body) = client::get(gateway, "/compared", &fields).await?;
        if status != StatusCode::OK {
            bail!("status {status}: {}", String::from_utf8_lossy(&body));
        }
        let report: Report = serde_json::from_slice(&body).context("not a report")?;
        let is_whole = |row: &gateway_comparison::report::ReportRow| {
            row.answers.total == self.rounds && row.answers.failed == 0 && row.status == Some(200)
        };
        if report.backends.len() != self.backends || !report.backends.iter().all(is_whole) {
            bail!("not every round was answered: {}", String::from_utf8_lossy(&body));
        }
        Ok(report)
    }
}
