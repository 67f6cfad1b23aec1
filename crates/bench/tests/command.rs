//! The command as it is used: a short run measures everything it names, and an interrupted one leaves nothing behind.
#![cfg(unix)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails loudly, and says what it skips on stdout"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::tempdir;

/// One at a time: runs beside each other would only slow each other down.
static RUNNING: Mutex<()> = Mutex::new(());

/// Whether a program can be started at all.
fn has(program: &str) -> bool {
    Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Whether what every run needs is there; says so where it is not.
fn can_run(test: &str) -> bool {
    let missing: Vec<&str> = ["nginx", "wrk"].into_iter().filter(|program| !has(program)).collect();
    if !missing.is_empty() {
        println!("SKIPPED {test}: {} is not installed", missing.join(" and "));
    }
    missing.is_empty()
}

/// The command, with all it writes below `folder`.
fn bench(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway-bench"));
    command.args(arguments).arg("--out").arg(folder.join("out")).env("TMPDIR", folder);
    command
}

/// The command lines of all processes that name this text.
#[cfg(target_os = "linux")]
fn processes_that_name(text: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("processes are listed").flatten();
    entries
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(text))
        .collect()
}

#[test]
fn a_short_run_measures_what_it_names() {
    let test = "a_short_run_measures_what_it_names";
    if !can_run(test) {
        return;
    }
    let _guard = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut peers = vec!["nginx", "pass-through-fresh", "gateway-fresh", "gateway-reused"];
    if has("npm") {
        peers.push("worker");
    } else {
        println!("SKIPPED the Worker in {test}: npm is not installed");
    }
    let folder = tempdir().unwrap();
    let only = format!("get-180-c1,post-10k-c64,upload,download,held,start,{}", peers.join(","));
    let output = bench(folder.path(), &["--quick", "--only", &only]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));

    let json = fs::read(folder.path().join("out/results.json")).expect("results are written");
    let results: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(results["notes"], Value::Array(Vec::new()), "nothing failed and nothing was left out");
    for peer in &peers {
        for workload in ["get-180-c1", "post-10k-c64"] {
            let run = results["runs"]
                .as_array()
                .and_then(|runs| runs.iter().find(|run| run["peer"] == *peer && run["workload"] == workload))
                .unwrap_or_else(|| panic!("{peer} was not measured at {workload}"));
            assert_eq!(run["errors"], 0.0, "{run}");
            assert!(run["requests_per_second"].as_f64() > Some(0.0) && run["p50_micros"].as_f64() > Some(0.0), "{run}");
        }
        for direction in ["download", "upload"] {
            let is_there = |transfer: &Value| transfer["peer"] == *peer && transfer["direction"] == direction;
            assert!(results["transfers"].as_array().unwrap().iter().any(is_there), "no {direction} through {peer}");
        }
        let held = results["held"].as_array().unwrap().iter().find(|held| held["peer"] == *peer).unwrap();
        assert_eq!((&held["errors"], &held["open_at_once"]), (&Value::from(0), &held["requests"]), "{held}");
    }
    let starts = results["starts"].as_array().unwrap();
    assert!([true, false].iter().all(|cached| starts.iter().any(|start| start["cached"] == *cached)), "{starts:?}");
    let figures = fs::read_to_string(folder.path().join("out/figures.md")).unwrap();
    assert!(figures.contains("| size of the component |") && said.contains(&figures), "{figures}");
    let chart = fs::read_to_string(folder.path().join("out/ratios.svg")).unwrap();
    assert!(chart.contains("one large body to the client") && chart.ends_with("</svg>\n"), "{chart}");
    nothing_is_left(folder.path());
}

/// Few comparisons, so only what luck cannot break: chance calls one server the fastest in 2 % of comparisons at most, so 11 of 30 come once in 10^10 runs.
/// And of 20 comparisons in which one is faster, not a single right one would have to come.
#[test]
fn verdicts_on_speed_follow_the_servers() {
    let _guard = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempdir().unwrap();
    let output = bench(folder.path(), &["--verdicts", "--quick"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let json = fs::read(folder.path().join("out/verdicts.json")).expect("figures are written");
    let figures: Value = serde_json::from_slice(&json).unwrap();
    let counted = figures["counted"].as_array().unwrap();
    let sum = |counts: &Value| counts.as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
    let (mut equal, mut named, mut found) = (0, 0, 0);
    for kind in counted {
        let comparisons = kind["ratios"].as_array().unwrap().len() as u64;
        assert_eq!(sum(&kind["called"]) + sum(&kind["undecided"]), comparisons, "{kind}");
        if kind["what"] == "one server" {
            equal += comparisons;
            named += sum(&kind["called"]);
        }
        if let Some(fastest) = kind["fastest"].as_str() {
            found += kind["called"][fastest].as_u64().unwrap_or_default();
        }
        for interval in kind["intervals"].as_array().unwrap() {
            let [low, ratio, high] = [1, 0, 2].map(|at| interval[at].as_f64().unwrap());
            assert!(1.005 <= low && low <= ratio && ratio <= high, "{interval}");
        }
    }
    assert!(equal > 0 && named * 3 <= equal, "one server was called the fastest in {named} of {equal}");
    assert!(found > 0, "no faster server was found: {figures}");
    let text = fs::read_to_string(folder.path().join("out/verdicts.md")).unwrap();
    let rows =
        text.lines().filter(|line| line.starts_with("| one server |") || line.starts_with("| a server,")).count();
    assert!(rows > 0 && text.contains("at most 5 %"), "{text}");
    nothing_is_left(folder.path());
}

#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    if !can_run("an_interrupted_run_leaves_nothing_behind") {
        return;
    }
    let _guard = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for signal in [Signal::INT, Signal::TERM] {
        let folder = tempdir().unwrap();
        let arguments = ["--quick", "--seconds", "600", "--only", "get-180-c1,gateway-fresh"];
        let mut run = bench(folder.path(), &arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(run.stderr.take().unwrap()).lines().map_while(Result::ok);
        let before: Vec<String> = lines.by_ref().take_while(|line| !line.contains("round 1 of 1")).collect();
        assert!(run.try_wait().unwrap().is_none(), "it ended before it began to measure: {before:?}");
        let id = i32::try_from(run.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(id, signal).unwrap();
        let rest: Vec<String> = lines.collect();
        assert!(!run.wait().unwrap().success(), "an interrupted run is no success");
        assert!(rest.iter().any(|line| line.contains("nothing was written")), "{rest:?}");
        assert!(!folder.path().join("out").exists(), "there are no results");
        nothing_is_left(folder.path());
    }
}

/// No temporary folder, and no process that was started with a file in one.
fn nothing_is_left(folder: &Path) {
    let left: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| name == "out"), "{left:?}");
    #[cfg(target_os = "linux")]
    {
        // Killed processes may take a moment to disappear: the assertion is about the end, not about its time.
        let name = folder.to_str().unwrap();
        for _ in 0..100_000 {
            if processes_that_name(name).is_empty() {
                return;
            }
            std::thread::yield_now();
        }
        panic!("still running: {:?}", processes_that_name(name));
    }
}

#[test]
fn a_name_that_selects_nothing_is_an_error_that_lists_the_names() {
    let folder = tempdir().unwrap();
    let output = bench(folder.path(), &["--only", "gateway-slow"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("--only gateway-slow") && said.contains("gateway-reused") && said.contains("held"), "{said}");
}
