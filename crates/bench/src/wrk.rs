//! One run of `wrk`: its script, and what the script reports.
//!
//! wrk's own summary rounds to two figures of whatever unit fits; the script's `done` has the whole numbers, in microseconds. wrk corrects
//! latencies for requests it could not send in time, for every peer alike.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::workload::Workload;

/// Begins the line with the result.
const MARK: &str = "measured: ";
/// How long a request may take before wrk counts it as an error, in seconds.
const REQUEST_LIMIT: u64 = 10;
/// How long wrk may take beyond the time it was given.
const OVERTIME: Duration = Duration::from_secs(20);

/// What one run measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Requests answered with a status below 400.
    pub(crate) requests: f64,
    /// How long it took, in microseconds.
    pub(crate) micros: f64,
    /// Requests that failed: connections refused or broken, limits passed, statuses from 400 on.
    pub(crate) errors: f64,
    /// The median latency, in microseconds.
    pub(crate) p50: f64,
    /// The latency that one in a hundred requests exceeds, in microseconds.
    pub(crate) p99: f64,
}

impl Measured {
    /// Requests per second.
    pub(crate) fn rate(self) -> f64 {
        self.requests / self.micros * 1e6
    }
}

/// Runs `workload` against `url` for some seconds. The script is written into `folder`.
pub(crate) async fn run(
    folder: &Path,
    workload: Workload,
    url: &str,
    headers: &[(String, String)],
    seconds: u64,
) -> anyhow::Result<Measured> {
    let script = write_script(folder, workload, headers)?;
    // More threads than connections are refused; more than two would take the processor from the peer.
    let threads = workload.connections.min(2).to_string();
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", &threads, "--connections", &workload.connections.to_string()])
        .args(["--duration", &format!("{seconds}s"), "--timeout", &format!("{REQUEST_LIMIT}s")])
        .arg("--script")
        .arg(&script)
        .arg(format!("{url}{}", workload.kind.path()))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let limit = Duration::from_secs(seconds).saturating_add(OVERTIME);
    let output = tokio::time::timeout(limit, wrk.output())
        .await
        .with_context(|| format!("wrk did not end within {limit:?}"))?
        .context("cannot start wrk; install it (Debian: apt-get install wrk)")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("wrk ended with {}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    parse(&said).with_context(|| format!("wrk reported nothing usable:\n{said}"))
}

fn write_script(folder: &Path, workload: Workload, headers: &[(String, String)]) -> anyhow::Result<PathBuf> {
    let path = folder.join("load.lua");
    std::fs::write(&path, script(workload, headers)).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The script: the request, and the report at the end. Without a `request` function wrk formats the request once, so the script costs nothing.
fn script(workload: Workload, headers: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in headers {
        text.push_str(&format!("wrk.headers[{name:?}] = {value:?}\n"));
    }
    if let Some(length) = workload.kind.request_body() {
        text.push_str(&format!("wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", {length})\n"));
    }
    text.push_str(&format!(
        r#"function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{MARK}{{"requests":%.0f,"micros":%.0f,"errors":%.0f,"p50":%.0f,"p99":%.0f}}\n',
    summary.requests - e.status, summary.duration, e.connect + e.read + e.write + e.timeout + e.status,
    latency:percentile(50), latency:percentile(99)))
end
"#
    ));
    text
}

fn parse(said: &str) -> anyhow::Result<Measured> {
    let line = said.lines().find_map(|line| line.strip_prefix(MARK)).context("the script's line is missing")?;
    let measured: Measured = serde_json::from_str(line)?;
    if measured.requests < 1.0 || measured.micros < 1.0 {
        bail!("not one request was answered");
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Kind;

    #[test]
    fn the_report_is_found_among_the_rest() {
        let said = "Running 2s test\n  1 threads\n\
                    measured: {\"requests\":1000,\"micros\":500000,\"errors\":2,\"p50\":91,\"p99\":180}\n";
        let measured = parse(said).unwrap();
        assert_eq!(measured, Measured { requests: 1000.0, micros: 500000.0, errors: 2.0, p50: 91.0, p99: 180.0 });
        assert!((measured.rate() - 2000.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_run_without_answers_is_an_error() {
        for said in [
            "",
            "Requests/sec: 10",
            "measured: {}",
            "measured: {\"requests\":0,\"micros\":1,\"errors\":9,\"p50\":0,\"p99\":0}",
        ] {
            assert!(parse(said).is_err(), "{said:?}");
        }
    }

    #[test]
    fn scripts() {
        let headers = [("x-backend".to_owned(), "bun-sqlite".to_owned())];
        let get = script(Workload { kind: Kind::Small, connections: 1 }, &headers);
        assert!(get.starts_with("wrk.headers[\"x-backend\"] = \"bun-sqlite\"\nfunction done"), "{get}");
        let post = script(Workload { kind: Kind::Upload, connections: 1 }, &[]);
        assert!(post.starts_with("wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", 10240)\n"), "{post}");
    }
}
