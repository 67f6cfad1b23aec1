//! What many comparisons said, counted, and as a table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::Context as _;
use gateway_comparison::report::Report;
use serde::{Serialize, Serializer};

use crate::machine::Machine;
use crate::timed::Work;

/// How often one is to be called the fastest, as a part of the comparisons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It is looked at, without a goal.
    None,
}

/// What a run found.
#[derive(Debug, Serialize)]
pub(crate) struct VerdictFigures {
    machine: Machine,
    /// How long the faster server takes, in milliseconds.
    time_ms: f64,
    /// How many comparisons of each kind were asked for.
    asked: usize,
    /// How many processes wanted a processor, on average over a minute: before and after. `None` where the system does not say.
    load_before: Option<f64>,
    /// See `load_before`.
    pub(crate) load_after: Option<f64>,
    /// In the order in which they were made.
    pub(crate) counted: Vec<Counted>,
}

/// What comparisons of one kind said.
#[derive(Debug, Serialize)]
pub(crate) struct Counted {
    what: &'static str,
    work: Work,
    backends: usize,
    rounds: usize,
    /// The id that is the fastest in truth, if any is.
    fastest: Option<String>,
    goal: Goal,
    /// How often each id was called the fastest.
    called: BTreeMap<String, usize>,
    /// How often none was, by the reason.
    undecided: BTreeMap<String, usize>,
    /// Those of the verdicts that name one: ratio, lower and upper end.
    intervals: Vec<[Rounded; 3]>,
    /// How many times as fast the last backend was as the first, by the medians of their times, in each comparison.
    ratios: Vec<Rounded>,
}

/// Written with four digits after the point: more would only be noise.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Rounded(f64);

impl Serialize for Rounded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.0 * 1e4).round() / 1e4)
    }
}

impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl Goal {
    fn to_text(self) -> String {
        match self {
            Self::AtMost(part) => format!("at most {:.0} %", part * 100.0),
            Self::AtLeast(part) => format!("at least {:.0} %", part * 100.0),
            Self::None => String::new(),
        }
    }
}

impl Counted {
    /// Nothing yet.
    pub(crate) fn new(
        what: &'static str,
        work: Work,
        backends: usize,
        rounds: usize,
        fastest: Option<String>,
        goal: Goal,
    ) -> Self {
        let (called, undecided) = (BTreeMap::new(), BTreeMap::new());
        Self {
            what,
            work,
            backends,
            rounds,
            fastest,
            goal,
            called,
            undecided,
            intervals: Vec::new(),
            ratios: Vec::new(),
        }
    }

    /// What is compared, in words.
    pub(crate) fn title(&self) -> String {
        let work = match self.work {
            Work::Waits => "waiting",
            Work::Computes => "computing",
        };
        format!("{}, {work}, {} ids, {} rounds", self.what, self.backends, self.rounds)
    }

    /// Counts a comparison.
    pub(crate) fn add(&mut self, report: &Report) -> anyhow::Result<()> {
        let median = |row: Option<&gateway_comparison::report::ReportRow>| {
            row.and_then(|row| row.times).map(|times| times.total_ms.median).context("a row without times")
        };
        self.ratios.push(Rounded(median(report.backends.first())? / median(report.backends.last())?));
        let (counts, key) = match &report.verdict.fastest {
            Some(fastest) => {
                self.intervals.push([fastest.ratio, fastest.low, fastest.high].map(Rounded));
                (&mut self.called, fastest.backend.clone())
            }
            None => (&mut self.undecided, report.verdict.why.clone().context("no reason why none is fastest")?),
        };
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(1);
        Ok(())
    }

    /// How many were made.
    pub(crate) fn comparisons(&self) -> usize {
        self.ratios.len()
    }

    /// How often one was called the fastest; those in which it was not.
    fn named(&self) -> (usize, usize) {
        let all = self.called.values().sum::<usize>();
        let right = self.fastest.as_ref().and_then(|id| self.called.get(id)).copied().unwrap_or_default();
        (all, all.saturating_sub(right))
    }

    /// Whether the goal is reached; `None` where there is no goal, or no comparison was made.
    pub(crate) fn is_reached(&self) -> Option<bool> {
        let comparisons = Some(self.comparisons() as f64).filter(|count| *count > 0.0)?;
        let (all, wrong) = self.named();
        match self.goal {
            Goal::AtMost(part) => Some(all as f64 <= part * comparisons),
            Goal::AtLeast(part) => Some(all.saturating_sub(wrong) as f64 >= part * comparisons),
            Goal::None => None,
        }
    }

    /// The ratio that this part of the comparisons does not exceed.
    fn ratio(&self, part: f64) -> f64 {
        let mut sorted: Vec<f64> = self.ratios.iter().map(|ratio| ratio.0).collect();
        sorted.sort_by(f64::total_cmp);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last index")]
        let index = (part * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    fn row(&self) -> String {
        let (all, wrong) = self.named();
        let percent = all as f64 * 100.0 / self.comparisons().max(1) as f64;
        let wrong = if self.fastest.is_some() { wrong.to_string() } else { String::new() };
        let goal = match self.is_reached() {
            Some(true) => format!("{}: yes", self.goal.to_text()),
            Some(false) => format!("{}: **no**", self.goal.to_text()),
            None => self.goal.to_text(),
        };
        format!(
            "| {} | {} | {} | {} | {} | {all} ({percent:.1} %) | {wrong} | {goal} | {:.3} ({:.3}–{:.3}) |",
            self.what,
            match self.work {
                Work::Waits => "waits",
                Work::Computes => "computes",
            },
            self.backends,
            self.rounds,
            self.comparisons(),
            self.ratio(0.5),
            self.ratio(0.05),
            self.ratio(0.95),
        )
    }
}

impl VerdictFigures {
    /// Nothing yet; `time_ms` is how long the faster server takes.
    pub(crate) fn new(machine: Machine, time_ms: f64, asked: usize) -> Self {
        Self { machine, time_ms, asked, load_before: load(), load_after: None, counted: Vec::new() }
    }

    /// The figures for people.
    pub(crate) fn to_markdown(&self) -> String {
        let Self { machine, time_ms, .. } = self;
        let load = |load: Option<f64>| load.map_or("unknown".to_owned(), |load| format!("{load:.1}"));
        let mut text = format!(
            "# Is the verdict on speed true?\n\n\
             Written by `cargo bench-gateway --verdicts`, not by hand; every figure is in [verdicts.json](verdicts.json). {}, rustc {}. Processes that wanted a processor (load average): {} before, {} after.\n\n\
             A comparison is one request with `x-backend: a,b` and `x-shootout-runs`, sent to the gateway in the embedded host as it is shipped, with a fresh instance for each. The \
             servers are known: one takes {time_ms} ms for an answer, asleep (waits) or in processor time of its own (computes). \"One server\" is behind several ids: whichever is \
             called the fastest, it is wrong. With another that takes longer, the verdict is right if it names the faster one; \"wrong\" counts those that name another. The last \
             column is how many times as fast the last backend was as the first, by the medians of their times: the median over the comparisons, and what 5 and 95 of \
             100 do not exceed.\n\n\
             | servers | each | ids | rounds | comparisons | called fastest | wrong | goal | ratio |\n\
             | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |\n",
            machine.in_words(),
            machine.rustc,
            load(self.load_before),
            load(self.load_after),
        );
        for counted in &self.counted {
            // Writing to a string cannot fail.
            _ = writeln!(text, "{}", counted.row());
        }
        if self.counted.iter().any(|counted| counted.comparisons() < self.asked) {
            text.push_str("\nTime was up before all comparisons were made.\n");
        }
        text.push_str(
            "\nTwo copies of a server have no goal. What lasts for a whole comparison, such as another program on the processor of one of them, is a difference that rounds cannot tell \
             from one of the programs: ask again, later, and compare a backend with a second copy of itself. [How the verdict is made](decisions/verdict-on-speed.md).\n",
        );
        text
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails loudly")]

    use super::*;

    fn report(fastest: Option<&str>, first: f64, last: f64) -> Report {
        let row = |median: f64| {
            let times = serde_json::json!({"min": 1.0, "median": median, "p95": 9.0});
            serde_json::json!({"times": {"first_byte_ms": times, "total_ms": times}})
        };
        let fastest = fastest.map(|id| {
            serde_json::json!({
                "backend": id, "location": "local", "over": "x@local", "ratio": 1.1, "low": 1.05, "high": 1.2, "confidence": 0.95
            })
        });
        let why = fastest.is_none().then_some("no difference seen");
        serde_json::from_value(serde_json::json!({
            "request": {"method": "GET", "path": "/"},
            "runs": {"asked": 50, "done": 50},
            "backends": [row(first), row(last)],
            "verdict": {"agree": true, "fastest": fastest, "why": why},
        }))
        .unwrap()
    }

    fn counted(fastest: Option<&str>, goal: Goal, verdicts: &[(Option<&str>, usize)]) -> Counted {
        let mut counted = Counted::new("a server", Work::Waits, 2, 50, fastest.map(str::to_owned), goal);
        for (verdict, times) in verdicts {
            for _ in 0..*times {
                counted.add(&report(*verdict, 3.0, 2.0)).unwrap();
            }
        }
        counted
    }

    #[test]
    fn one_server_called_fastest_is_wrong_whichever_id_it_is() {
        let seldom = Goal::AtMost(0.05);
        assert_eq!(counted(None, seldom, &[(None, 195), (Some("a"), 2), (Some("b"), 3)]).is_reached(), Some(true));
        assert_eq!(counted(None, seldom, &[(None, 95), (Some("a"), 2), (Some("b"), 3)]).is_reached(), Some(true));
        assert_eq!(counted(None, seldom, &[(None, 94), (Some("a"), 6)]).is_reached(), Some(false));
        assert_eq!(counted(None, seldom, &[]).is_reached(), None);
    }

    #[test]
    fn a_faster_server_is_found_only_by_its_own_id() {
        let often = Goal::AtLeast(0.95);
        assert_eq!(counted(Some("b"), often, &[(Some("b"), 95), (None, 5)]).is_reached(), Some(true));
        let wrong = counted(Some("b"), often, &[(Some("b"), 90), (Some("a"), 10)]);
        assert_eq!((wrong.is_reached(), wrong.named()), (Some(false), (100, 10)));
        assert!(
            wrong.row().contains("| 100 (100.0 %) | 10 | at least 95 %: **no** | 1.500 (1.500–1.500) |"),
            "{}",
            wrong.row()
        );
        assert_eq!(counted(Some("b"), Goal::None, &[(None, 5)]).is_reached(), None);
    }

    #[test]
    fn a_report_without_times_is_an_error() {
        let mut report = report(None, 1.0, 1.0);
        report.backends[1].times = None;
        assert!(counted(None, Goal::None, &[]).add(&report).is_err());
    }
}
