//! The command line, and what it selects.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Parser;

use crate::peers::{NGINX, PEERS, Peer};
use crate::workload::{Kind, Workload};

/// Measures the gateway beside nginx as the same proxy, a hand-written Worker on workerd, and a minimal component in the same host.
///
/// Needs nginx and wrk; the Worker needs npm. Everything listens on this machine's loopback only.
#[derive(Debug, Parser)]
#[command(name = "cargo bench-gateway", version)]
pub struct Cli {
    /// One short round of fewer workloads, in less than a minute: a look, no result to quote.
    #[arg(long)]
    pub(crate) quick: bool,

    /// How many rounds; each measures every peer once at every workload. Default: 5, quick 1.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: Option<u16>,

    /// How long one measurement takes, in seconds. Default: 2, quick 1.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: Option<u64>,

    /// Only these peers and workloads, by name or by the beginning of a name: gateway, pass-through-fresh, get-180,
    /// post-10k-c64, download, upload, held, start. nginx is always measured.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// Instead: mixed load for so many minutes, and whether memory, descriptors and threads stay as they are. Writes soak.md and
    /// soak.json.
    #[arg(long, value_name = "MINUTES", conflicts_with_all = ["quick", "rounds", "seconds", "only"], value_parser = minutes)]
    pub(crate) soak: Option<f64>,

    /// Instead: how often a comparison finds a difference in speed, where there is one and where there is none. Writes verdicts.md
    /// and verdicts.json. With --quick, 5 comparisons of each kind.
    #[arg(long, conflicts_with_all = ["rounds", "seconds", "only", "soak"])]
    pub(crate) verdicts: bool,

    /// Where results.json, figures.md and ratios.svg are written. Default: docs/bench for a whole run, otherwise
    /// target/bench-gateway.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if (0.1..=24.0 * 60.0).contains(&minutes) => Ok(minutes),
        _ => Err("a number of minutes, at least 0.1 and at most a day".to_owned()),
    }
}

/// How long a run of the default length may take, also on a slow machine. Builds are not counted.
const LIMIT: Duration = Duration::from_secs(19 * 60);

/// Whom a quick run measures.
const QUICK_PEERS: [&str; 6] =
    [NGINX, "worker", "pass-through-fresh", "pass-through-reused", "gateway-fresh", "gateway-reused"];

/// What is measured beside requests per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heavy {
    /// One large body to the client.
    Download,
    /// One large body to the backend.
    Upload,
    /// Thousands of open requests.
    Held,
    /// From the start of the host to its first answer.
    Start,
}

impl Heavy {
    const ALL: [Self; 4] = [Self::Download, Self::Upload, Self::Held, Self::Start];

    /// The name on the command line and in results.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Upload => "upload",
            Self::Held => "held",
            Self::Start => "start",
        }
    }
}

/// What to measure, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) peers: Vec<&'static str>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) heavy: Vec<Heavy>,
    /// The size of a large body, in bytes.
    pub(crate) body: u64,
    /// How many requests are held open at once.
    pub(crate) held: usize,
    /// How many starts with compiled code at hand, and without.
    pub(crate) starts: (usize, usize),
    /// How long it may take altogether, where the number of rounds and their length were not asked for.
    pub(crate) limit: Option<Duration>,
    /// Whether peers are warmed up by a second of load. Quick runs do without.
    pub(crate) warm_up: bool,
    pub(crate) out: PathBuf,
}

impl Plan {
    /// The plan for these arguments. The error names the word that selects nothing.
    pub(crate) fn new(cli: &Cli, root: &Path) -> anyhow::Result<Self> {
        let words = &cli.only;
        let peers: Vec<&str> = PEERS.iter().map(|peer| peer.id).collect();
        let workloads = Workload::all();
        for word in words {
            let is_known = peers.iter().any(|id| selects(word, id))
                || workloads.iter().any(|workload| selects(word, &workload.id()))
                || Heavy::ALL.iter().any(|heavy| selects(word, heavy.id()));
            if !is_known {
                bail!(
                    "--only {word} names nothing that is measured; peers: {}; workloads: {}, {}",
                    peers.join(", "),
                    workloads.iter().map(|workload| workload.id()).collect::<Vec<_>>().join(", "),
                    Heavy::ALL.map(Heavy::id).join(", "),
                );
            }
        }
        let is_named = |id: &str| words.iter().any(|word| selects(word, id));
        let peers_named = peers.iter().any(|id| is_named(id));
        let what_named = workloads.iter().any(|workload| is_named(&workload.id()))
            || Heavy::ALL.iter().any(|heavy| is_named(heavy.id()));
        let is_quick_workload = |workload: &Workload| {
            !cli.quick || matches!((workload.kind, workload.connections), (_, 64) | (Kind::Small, 1))
        };
        let whole = !cli.quick && words.is_empty();
        Ok(Self {
            rounds: cli.rounds.map_or(if cli.quick { 1 } else { 5 }, usize::from),
            seconds: cli.seconds.unwrap_or(if cli.quick { 1 } else { 2 }),
            peers: peers
                .into_iter()
                .filter(|id| match peers_named {
                    true => *id == NGINX || is_named(id),
                    false => !cli.quick || QUICK_PEERS.contains(id),
                })
                .collect(),
            workloads: workloads
                .into_iter()
                .filter(|workload| if what_named { is_named(&workload.id()) } else { is_quick_workload(workload) })
                .collect(),
            heavy: Heavy::ALL.into_iter().filter(|heavy| !what_named || is_named(heavy.id())).collect(),
            body: if cli.quick { 128 << 20 } else { 1 << 30 },
            held: if cli.quick { 500 } else { 10_000 },
            starts: if cli.quick { (3, 1) } else { (15, 5) },
            limit: (cli.rounds.is_none() && cli.seconds.is_none()).then_some(LIMIT),
            warm_up: !cli.quick,
            out: cli
                .out
                .clone()
                .unwrap_or_else(|| root.join(if whole { "docs/bench" } else { "target/bench-gateway" })),
        })
    }

    /// The peers, in the order of the list.
    pub(crate) fn peers(&self) -> impl Iterator<Item = Peer> + '_ {
        PEERS.into_iter().filter(|peer| self.peers.contains(&peer.id))
    }

    /// When a run that begins now has to end.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.limit.and_then(|limit| Instant::now().checked_add(limit))
    }

    /// Whether this peer is measured.
    pub(crate) fn wants(&self, peer: &str) -> bool {
        self.peers.contains(&peer)
    }

    /// Whether this is measured.
    pub(crate) fn has(&self, heavy: Heavy) -> bool {
        self.heavy.contains(&heavy)
    }
}

/// Whether a word stands for a name: it is the name, or the beginning of it up to a hyphen.
fn selects(word: &str, name: &str) -> bool {
    name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn plan(arguments: &[&str]) -> anyhow::Result<Plan> {
        let cli = Cli::try_parse_from([&["bench"], arguments].concat())?;
        Plan::new(&cli, "/w".as_ref())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_whole_run_and_a_quick_one() {
        let whole = plan(&[]).unwrap();
        assert_eq!((whole.rounds, whole.seconds, whole.peers.len(), whole.heavy.len()), (5, 2, PEERS.len(), 4));
        assert_eq!(whole.out, PathBuf::from("/w/docs/bench"));
        let quick = plan(&["--quick", "--seconds", "3"]).unwrap();
        assert_eq!((quick.rounds, quick.seconds), (1, 3));
        assert!(quick.workloads.len() < whole.workloads.len());
        assert_eq!(quick.out, PathBuf::from("/w/target/bench-gateway"));
    }

    #[test]
    fn parts_of_it() {
        let ids = |plan: &Plan| plan.workloads.iter().map(|workload| workload.id()).collect::<Vec<_>>();
        let plan_of = |only: &str| plan(&["--only", only]).unwrap();
        let some = plan_of("get-180-c1,get-180-c64,gateway-fresh,pass-through");
        assert_eq!(some.peers, [NGINX, "pass-through-fresh", "pass-through-reused", "gateway-fresh"]);
        assert_eq!(ids(&some), ["get-180-c1", "get-180-c64"], "c1 does not mean c128");
        assert!(some.heavy.is_empty());
        assert_eq!(plan_of("held").heavy, [Heavy::Held]);
        assert!(plan_of("held").workloads.is_empty() && plan_of("held").peers.len() == PEERS.len());
        assert_eq!(plan_of("worker").workloads.len(), Workload::all().len());
        assert!(plan(&["--only", "get-18"]).is_err() && plan(&["--only", "nothing"]).is_err());
        assert!(plan(&["--rounds", "0"]).is_err());
    }
}
