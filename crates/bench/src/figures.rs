//! The design's table of goals with what was measured, and all ratios, as Markdown.

use crate::machine::Machine;
use crate::peers::{self, NGINX};
use crate::results::Results;
use crate::stats::Spread;
use crate::units::{bytes, count, micros, ratio, spread};

/// The workloads the goals are about.
const ONE: &str = "get-180-c1";
const MANY: &str = "get-180-c64";
const HEALTH: &str = "health-c1";
/// What stands where there is no figure.
const NOT_MEASURED: &str = "not measured in this run";

/// One goal.
struct Goal {
    what: &'static str,
    peer: &'static str,
    goal: &'static str,
    measured: String,
    /// Whether it is reached, where that is known.
    reached: Option<bool>,
}

/// The text of `figures.md`.
pub(crate) fn render(results: &Results) -> String {
    let mut text = format!("# Figures\n\n{}\n\n", about(&results.machine, results));
    text.push_str(
        "Medians of the rounds, in brackets the smallest and the largest. A ratio is made within a round.\n\n",
    );
    text.push_str("| what | compared with | goal | measured | reached |\n| --- | --- | --- | --- | --- |\n");
    for Goal { what, peer, goal, measured, reached } in goals(results) {
        let reached = match reached {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        text.push_str(&format!("| {what} | {peer} | {goal} | {measured} | {reached} |\n"));
    }
    text.push_str(&rates(results));
    for note in &results.notes {
        text.push_str(&format!("\n{note}\n"));
    }
    text
}

fn about(machine: &Machine, results: &Results) -> String {
    let workerd = if machine.workerd.is_empty() { String::new() } else { format!("workerd {}, ", machine.workerd) };
    format!(
        "{}, nginx {}, {workerd}wrk {}, rustc {}. {} rounds of {} s. Load, peers and upstream share the \
         cores, so absolute rates are lower than a machine of their own would show.",
        machine.in_words(),
        machine.nginx,
        machine.wrk,
        machine.rustc,
        results.rounds,
        results.seconds,
    )
}

fn goals(results: &Results) -> Vec<Goal> {
    vec![
        throughput(
            results,
            "gateway-reused",
            "throughput, 64 connections, instances reused",
            "at least 0.5, then 1.0",
            0.5,
        ),
        throughput(
            results,
            "gateway-fresh",
            "throughput, 64 connections, a fresh instance per request",
            "at least 0.2",
            0.2,
        ),
        latency(results, "gateway-reused", "median latency, one connection, instances reused", "at most +40 µs", 40.0),
        latency(
            results,
            "gateway-fresh",
            "median latency, one connection, a fresh instance per request",
            "at most +100 µs",
            100.0,
        ),
        counterpart(results, "gateway-reused", "throughput, 64 connections, instances reused", 0.9),
        counterpart(results, "gateway-fresh", "throughput, 64 connections, a fresh instance per request", 0.9),
        counterpart(results, "workerd-gateway", "throughput on workerd, 64 connections", 0.5),
        start(results, true, "start of the host, code cached, to the first answer", "under 50 ms", Some(50_000.0)),
        start(results, false, "the same, code not cached", "", None),
        goal(
            ("an instance created and let go, nothing run in it", "", "under 1 ms"),
            Spread::of(results.instantiations.iter().copied()),
            |spent| spread(*spent, micros),
            |spent| Some(spent.median < 1_000.0),
        ),
        instance(results),
        held(results, "gateway-reused", "10,000 open requests, instances reused"),
        held(results, "gateway-fresh", "10,000 open requests, a fresh instance per request"),
        transfer(results, "download", "1 GiB to the client"),
        transfer(results, "upload", "1 GiB to the backend"),
        Goal {
            what: "size of the component",
            peer: "",
            goal: "under 512 KiB",
            measured: bytes(results.component_bytes as f64),
            reached: Some(results.component_bytes < 512 << 10),
        },
    ]
}

/// A goal from an optional measurement.
fn goal<T>(
    (what, peer, goal): (&'static str, &'static str, &'static str),
    measured: Option<T>,
    shown: impl Fn(&T) -> String,
    reached: impl Fn(&T) -> Option<bool>,
) -> Goal {
    Goal {
        what,
        peer,
        goal,
        reached: measured.as_ref().and_then(reached),
        measured: measured.map_or_else(|| NOT_MEASURED.to_owned(), |measured| shown(&measured)),
    }
}

fn throughput(results: &Results, id: &str, what: &'static str, wanted: &'static str, least: f64) -> Goal {
    let measured = results.summary(MANY, id).and_then(|summary| summary.to_nginx);
    goal((what, "nginx as the proxy", wanted), measured, |to| ratio(*to), |to| Some(to.median >= least))
}

fn latency(results: &Results, id: &str, what: &'static str, wanted: &'static str, most: f64) -> Goal {
    let measured = results.summary(ONE, id).and_then(|summary| summary.p50_above_nginx_micros);
    let shown =
        |above: &Spread| spread(*above, |value| format!("{}{}", if value < 0.0 { "" } else { "+" }, micros(value)));
    goal((what, "nginx as the proxy", wanted), measured, shown, |above| Some(above.median <= most))
}

fn counterpart(results: &Results, id: &str, what: &'static str, least: f64) -> Goal {
    let measured = results.summary(MANY, id).and_then(|summary| summary.to_counterpart);
    let (peer, wanted) = match id {
        "workerd-gateway" => ("a hand-written Worker under the same conditions", "at least 0.5"),
        _ => ("a minimal component in the same host", "at least 0.9 (in Spin)"),
    };
    goal((what, peer, wanted), measured, |to| ratio(*to), |to| Some(to.median >= least))
}

fn start(results: &Results, cached: bool, what: &'static str, wanted: &'static str, most: Option<f64>) -> Goal {
    let reached = |start: &Spread| most.map(|most| start.median < most);
    goal((what, "", wanted), results.start(cached), |start| spread(*start, micros), reached)
}

/// What a fresh instance costs a request: `/health` touches nothing else, so the difference to a reused instance is the instance.
fn instance(results: &Results) -> Goal {
    let p50 = |id| Some(results.summary(HEALTH, id)?.p50_micros.median);
    let shown = |(fresh, reused): &(f64, Option<f64>)| match reused {
        Some(reused) => format!("{}; {} with a reused instance", micros(*fresh), micros(*reused)),
        None => micros(*fresh),
    };
    goal(
        ("a whole `/health` request in a fresh instance, median at one connection", "", "the instance under 1 ms"),
        p50("gateway-fresh").map(|fresh| (fresh, p50("gateway-reused"))),
        shown,
        |(fresh, _)| Some(*fresh < 1_000.0),
    )
}

fn held(results: &Results, id: &str, what: &'static str) -> Goal {
    let measured = results.held.iter().find(|held| held.peer == id);
    goal(
        (what, "", "no error, under 128 KiB each"),
        measured,
        |held| {
            let memory = held
                .memory_per_request
                .map_or_else(|| "memory unknown".to_owned(), |memory| format!("{} of its own each", bytes(memory)));
            format!("{} open at once, {} errors, {memory}", count(held.open_at_once as f64), count(held.errors as f64))
        },
        |held| {
            let memory = held.memory_per_request?;
            Some(held.open_at_once >= 10_000 && held.errors == 0 && memory < 128.0 * 1024.0)
        },
    )
}

fn transfer(results: &Results, direction: &'static str, what: &'static str) -> Goal {
    let of = |id| Some((id, results.transfer(direction, id)?.1?, rise(results, direction, id)));
    let measured = of("gateway-reused").or_else(|| of("gateway-fresh"));
    goal(
        (what, "nginx as the proxy", "at least 0.5, memory flat"),
        measured,
        |(id, to, rise)| {
            let rise = rise.map_or_else(|| "unknown".to_owned(), |rise| bytes(rise as f64));
            format!("{} ({}), memory rises by {rise}", ratio(*to), peers::name(id))
        },
        // Flat: what is under way, not what has passed.
        |(_, to, rise)| Some(to.median >= 0.5 && (*rise)? < 64 << 20),
    )
}

fn rise(results: &Results, direction: &str, id: &str) -> Option<u64> {
    let of_peer = |transfer: &&crate::results::Transfer| transfer.direction == direction && transfer.peer == id;
    results.transfers.iter().filter(of_peer).filter_map(|transfer| transfer.memory_rise).max()
}

/// Every workload and peer: requests per second, as a part of nginx', and latencies.
fn rates(results: &Results) -> String {
    if results.summaries.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n| workload | peer | requests/s | of nginx | p50 | p99 | processor time per request (times that of nginx) | errors |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for summary in &results.summaries {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            summary.workload,
            peers::name(summary.peer),
            spread(summary.requests_per_second, count),
            match summary.to_nginx {
                Some(to) if summary.peer != NGINX => ratio(to),
                _ => String::new(),
            },
            micros(summary.p50_micros.median),
            micros(summary.p99_micros.median),
            results.cpu(summary).unwrap_or_default(),
            count(summary.errors),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{run, some};

    #[test]
    fn goals_are_judged_by_their_medians() {
        let results = some(vec![
            run(0, NGINX, 1000.0, 100.0),
            run(0, "gateway-reused", 510.0, 130.0),
            run(0, "gateway-fresh", 190.0, 900.0),
        ]);
        let text = render(&results);
        for row in [
            "| throughput, 64 connections, instances reused | nginx as the proxy | at least 0.5, then 1.0 | 0.51 | yes |",
            "| throughput, 64 connections, a fresh instance per request | nginx as the proxy | at least 0.2 | 0.19 | no |",
            "| median latency, one connection, instances reused | nginx as the proxy | at most +40 µs | not measured in this run |  |",
            "| 10,000 open requests, instances reused |  | no error, under 128 KiB each | 9,000 open at once, 3 errors, 90 KiB of its own each | no |",
            "| size of the component |  | under 512 KiB | 391 KiB | yes |",
        ] {
            assert!(text.contains(row), "{row}\nis missing in\n{text}");
        }
    }
}
