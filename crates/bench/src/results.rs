//! What was measured, as it is written to `results.json`, and what follows from it.

use serde::Serialize;
use serde_json::Value;

use crate::machine::Machine;
use crate::peers::{NGINX, PEERS, counterpart};
use crate::stats::{Spread, paired};
use crate::units::micros;

/// Everything one run of the command found out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Results {
    /// Where it was measured.
    pub(crate) machine: Machine,
    /// What was left out, and why.
    pub(crate) notes: Vec<String>,
    /// Rounds planned.
    pub(crate) rounds: usize,
    /// How long one measurement took, in seconds.
    pub(crate) seconds: u64,
    /// The size of the gateway component, in bytes.
    pub(crate) component_bytes: u64,
    /// Medians and ratios, from `runs`.
    pub(crate) summaries: Vec<Summary>,
    /// One measurement each.
    pub(crate) runs: Vec<Run>,
    /// Large bodies.
    pub(crate) transfers: Vec<Transfer>,
    /// Requests held open.
    pub(crate) held: Vec<Held>,
    /// Starts of the host.
    pub(crate) starts: Vec<Start>,
    /// Means of many instantiations of the gateway component, nothing run in them, in microseconds.
    pub(crate) instantiations: Vec<f64>,
}

/// One peer at one workload in one round.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Run {
    pub(crate) round: usize,
    pub(crate) workload: String,
    pub(crate) peer: &'static str,
    pub(crate) requests_per_second: f64,
    pub(crate) p50_micros: f64,
    pub(crate) p99_micros: f64,
    /// Requests that failed.
    pub(crate) errors: f64,
    /// Processor time of the peer's processes per request.
    pub(crate) cpu_micros_per_request: Option<f64>,
}

/// One large body through one peer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Transfer {
    pub(crate) round: usize,
    /// `download` or `upload`.
    pub(crate) direction: &'static str,
    pub(crate) peer: &'static str,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    /// How far the peer's resident memory rose above what it was before, in bytes.
    pub(crate) memory_rise: Option<u64>,
    /// The most memory that was resident, in bytes.
    pub(crate) memory_peak: Option<u64>,
}

impl Transfer {
    /// Bytes per second.
    pub(crate) fn rate(&self) -> f64 {
        self.bytes as f64 / self.seconds
    }
}

/// Requests held open at once through one peer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Held {
    pub(crate) peer: &'static str,
    pub(crate) requests: usize,
    /// How many the backend saw open at once.
    pub(crate) open_at_once: usize,
    pub(crate) errors: usize,
    /// The first error, if there was one.
    pub(crate) first_error: Option<String>,
    /// From the first request sent to the last one that reached the backend.
    pub(crate) seconds_until_open: Option<f64>,
    /// From the first request sent to the last answer.
    pub(crate) seconds: f64,
    /// How far the memory rose that the peer's processes share with nobody, in bytes per request.
    pub(crate) memory_per_request: Option<f64>,
}

/// One start of the host, to its first answer from a backend.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Start {
    pub(crate) peer: &'static str,
    /// Whether compiled code was at hand.
    pub(crate) cached: bool,
    pub(crate) micros: f64,
}

/// One peer at one workload, over all rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) workload: String,
    pub(crate) peer: &'static str,
    pub(crate) requests_per_second: Spread,
    pub(crate) p50_micros: Spread,
    pub(crate) p99_micros: Spread,
    pub(crate) errors: f64,
    pub(crate) cpu_micros_per_request: Option<Spread>,
    /// Requests per second as a part of nginx' in the same round.
    pub(crate) to_nginx: Option<Spread>,
    /// The median latency above that of nginx in the same round.
    pub(crate) p50_above_nginx_micros: Option<Spread>,
    /// Requests per second as a part of the counterpart's in the same round, see [`counterpart`].
    pub(crate) to_counterpart: Option<Spread>,
}

/// Medians and ratios: workloads in the order in which they first appear, peers in that of their list.
pub(crate) fn summarise(runs: &[Run]) -> Vec<Summary> {
    let mut summaries: Vec<Summary> = Vec::new();
    for run in runs {
        if summaries.iter().any(|summary| summary.workload == run.workload && summary.peer == run.peer) {
            continue;
        }
        let of = |peer: &str, value: fn(&Run) -> f64| -> Vec<(usize, f64)> {
            runs.iter()
                .filter(|other| other.workload == run.workload && other.peer == peer)
                .map(|other| (other.round, value(other)))
                .collect()
        };
        let rate = |run: &Run| run.requests_per_second;
        let p50 = |run: &Run| run.p50_micros;
        let spread = |value: fn(&Run) -> f64| Spread::of(of(run.peer, value).into_iter().map(|(_, value)| value));
        let (Some(requests_per_second), Some(p50_micros), Some(p99_micros)) =
            (spread(rate), spread(p50), spread(|run| run.p99_micros))
        else {
            continue;
        };
        summaries.push(Summary {
            workload: run.workload.clone(),
            peer: run.peer,
            requests_per_second,
            p50_micros,
            p99_micros,
            errors: of(run.peer, |run| run.errors).iter().map(|(_, errors)| errors).sum(),
            cpu_micros_per_request: spread(|run| run.cpu_micros_per_request.unwrap_or(f64::NAN)),
            to_nginx: paired(&of(run.peer, rate), &of(NGINX, rate), |ours, nginx| ours / nginx),
            p50_above_nginx_micros: paired(&of(run.peer, p50), &of(NGINX, p50), |ours, nginx| ours - nginx),
            to_counterpart: counterpart(run.peer)
                .and_then(|other| paired(&of(run.peer, rate), &of(other, rate), |ours, other| ours / other)),
        });
    }
    let workloads: Vec<&str> = runs.iter().map(|run| run.workload.as_str()).collect();
    summaries.sort_by_key(|summary| {
        let workload = workloads.iter().position(|workload| *workload == summary.workload);
        (workload, PEERS.iter().position(|peer| peer.id == summary.peer))
    });
    summaries
}

impl Results {
    /// As JSON with a line for each measurement, so that two runs can be compared line by line.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        let mut members = Vec::new();
        if let Value::Object(object) = serde_json::to_value(self)? {
            for (name, value) in object {
                members.push(match value {
                    Value::Array(items) if !items.is_empty() => {
                        let lines: Vec<String> = items.iter().map(|item| format!("    {item}")).collect();
                        format!("  {}: [\n{}\n  ]", Value::String(name), lines.join(",\n"))
                    }
                    value => format!("  {}: {value}", Value::String(name)),
                });
            }
        }
        Ok(format!("{{\n{}\n}}\n", members.join(",\n")))
    }

    /// The summary of a peer at a workload.
    pub(crate) fn summary(&self, workload: &str, peer: &str) -> Option<&Summary> {
        self.summaries.iter().find(|summary| summary.workload == workload && summary.peer == peer)
    }

    /// Processor time per request, and how many times that of nginx it is. Where others use the machine too, this says more than rates.
    pub(crate) fn cpu(&self, summary: &Summary) -> Option<String> {
        let cpu = summary.cpu_micros_per_request?.median;
        let nginx = self.summary(&summary.workload, NGINX).and_then(|nginx| nginx.cpu_micros_per_request);
        Some(match nginx {
            Some(nginx) => format!("{} ({:.1})", micros(cpu), cpu / nginx.median),
            None => micros(cpu),
        })
    }

    /// The rate of large bodies in one direction, and as a part of nginx' in the same round.
    pub(crate) fn transfer(&self, direction: &str, peer: &str) -> Option<(Spread, Option<Spread>)> {
        let of = |peer: &str| -> Vec<(usize, f64)> {
            self.transfers
                .iter()
                .filter(|transfer| transfer.direction == direction && transfer.peer == peer)
                .map(|transfer| (transfer.round, transfer.rate()))
                .collect()
        };
        let rate = Spread::of(of(peer).into_iter().map(|(_, rate)| rate))?;
        Some((rate, paired(&of(peer), &of(NGINX), |ours, nginx| ours / nginx)))
    }

    /// How long the host took to its first answer, in microseconds.
    pub(crate) fn start(&self, cached: bool) -> Option<Spread> {
        Spread::of(self.starts.iter().filter(|start| start.cached == cached).map(|start| start.micros))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A measurement with this many requests per second.
    pub(crate) fn run(round: usize, peer: &'static str, requests_per_second: f64, p50_micros: f64) -> Run {
        Run {
            round,
            workload: "get-180-c64".to_owned(),
            peer,
            requests_per_second,
            p50_micros,
            p99_micros: p50_micros * 3.0,
            errors: 0.0,
            cpu_micros_per_request: None,
        }
    }

    /// Results with these measurements and a few of everything else.
    pub(crate) fn some(runs: Vec<Run>) -> Results {
        let text = str::to_owned;
        Results {
            machine: Machine {
                date: text("2026-02-07 10:00 UTC"),
                gateway: text("0.1.0"),
                cpu: text("Tom & Jerry"),
                cores: 2,
                memory_bytes: 8 << 30,
                kernel: text("linux 6.1"),
                nginx: text("1.22.1"),
                wrk: text("4.1.0"),
                workerd: text(""),
                rustc: text("1.95.0"),
                wasmtime: text("48.0.0"),
            },
            notes: Vec::new(),
            rounds: 1,
            seconds: 2,
            component_bytes: 400_000,
            summaries: summarise(&runs),
            runs,
            transfers: Vec::new(),
            held: vec![Held {
                peer: "gateway-reused",
                requests: 10_000,
                open_at_once: 9_000,
                errors: 3,
                first_error: None,
                seconds_until_open: None,
                seconds: 4.0,
                memory_per_request: Some(92_160.0),
            }],
            starts: Vec::new(),
            instantiations: vec![60.0, 40.0, 50.0],
        }
    }

    #[test]
    fn json_has_a_line_for_each_measurement() {
        let results = some(vec![run(0, NGINX, 1000.0, 100.0), run(1, NGINX, 900.0, 110.0)]);
        let json = results.to_json().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), serde_json::to_value(&results).unwrap());
        assert_eq!(json.matches("\n    {").count(), 4, "two runs, one summary, one of open requests:\n{json}");
        assert!(json.contains("\n  \"starts\": []"), "{json}");
    }

    #[test]
    fn ratios_and_differences() {
        let runs = [
            run(0, NGINX, 1000.0, 100.0),
            run(0, "pass-through-fresh", 400.0, 150.0),
            run(0, "gateway-fresh", 200.0, 200.0),
            run(1, "gateway-fresh", 90.0, 420.0),
            run(1, NGINX, 500.0, 300.0),
            run(1, "pass-through-fresh", 200.0, 290.0),
        ];
        let summaries = summarise(&runs);
        let ids: Vec<&str> = summaries.iter().map(|summary| summary.peer).collect();
        assert_eq!(ids, [NGINX, "pass-through-fresh", "gateway-fresh"]);
        let gateway = summaries.last().unwrap();
        assert_eq!(gateway.to_nginx, Some(Spread { median: 0.19, min: 0.18, max: 0.2 }));
        assert_eq!(gateway.p50_above_nginx_micros, Some(Spread { median: 110.0, min: 100.0, max: 120.0 }));
        assert_eq!(gateway.to_counterpart, Some(Spread { median: 0.475, min: 0.45, max: 0.5 }));
        assert_eq!(summaries[0].to_nginx, Some(Spread { median: 1.0, min: 1.0, max: 1.0 }));
        assert_eq!((summaries[0].to_counterpart, gateway.cpu_micros_per_request), (None, None));
    }
}
