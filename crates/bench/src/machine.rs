//! Where it was measured: figures mean little without it.

use std::fs;
use std::path::Path;

use serde::Serialize;
use tokio::process::Command;

use crate::units::bytes;

/// The machine and the versions of what ran on it. What cannot be found out is an empty text.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// Day and time, in UTC.
    pub(crate) date: String,
    /// The gateway's version, and the commit it was built from.
    pub(crate) gateway: String,
    /// The processor's name.
    pub(crate) cpu: String,
    /// Processors available to this process.
    pub(crate) cores: usize,
    /// Memory, in bytes.
    pub(crate) memory_bytes: u64,
    /// The system and its release.
    pub(crate) kernel: String,
    pub(crate) nginx: String,
    pub(crate) wrk: String,
    pub(crate) workerd: String,
    pub(crate) rustc: String,
    pub(crate) wasmtime: String,
}

impl Machine {
    /// When and on what something was measured, up to the versions of gateway and wasmtime.
    pub(crate) fn in_words(&self) -> String {
        let memory = bytes(self.memory_bytes as f64);
        format!(
            "{}, {} cores of {}, {memory} of memory, {}; gateway {}, wasmtime {}",
            self.date, self.cores, self.cpu, self.kernel, self.gateway, self.wasmtime
        )
    }

    /// Looks around. `root` is the workspace.
    pub(crate) async fn look(root: &Path, workerd: Option<&Path>) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let date = chrono::DateTime::from_timestamp(i64::try_from(now.as_secs()).unwrap_or_default(), 0);
        let mut git = Command::new("git");
        let commit = said(git.args(["describe", "--always", "--dirty"]).current_dir(root)).await;
        let workerd = match workerd {
            Some(path) => said(Command::new(path).arg("--version")).await,
            None => String::new(),
        };
        Self {
            date: date.map(|date| date.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default(),
            gateway: format!("{} {commit}", env!("CARGO_PKG_VERSION")).trim().to_owned(),
            cpu: after(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: after(&read("/proc/meminfo"), "MemTotal")
                .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024))
                .unwrap_or_default(),
            kernel: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
            nginx: version(&said(Command::new("nginx").arg("-v")).await),
            wrk: version(&said(Command::new("wrk").arg("-v")).await),
            workerd: version(&workerd),
            rustc: version(&said(Command::new("rustc").arg("--version").current_dir(root)).await),
            wasmtime: locked(&fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default(), "wasmtime"),
        }
    }
}

/// The first line a program prints, wherever it prints it.
async fn said(command: &mut Command) -> String {
    let Ok(output) = command.kill_on_drop(true).output().await else {
        return String::new();
    };
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().trim().to_owned()
}

/// The first word with a digit in it, without the program's name before it.
fn version(line: &str) -> String {
    let word = line.split_whitespace().find(|word| word.contains(|c: char| c.is_ascii_digit())).unwrap_or_default();
    word.rsplit('/').next().unwrap_or_default().to_owned()
}

fn after(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The version of a package in Cargo.lock.
fn locked(lock: &str, package: &str) -> String {
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    lines.nth(1).and_then(|line| line.strip_prefix("version = ")).unwrap_or_default().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (line, expected) in [
            ("nginx version: nginx/1.22.1", "1.22.1"),
            ("wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012", "4.1.0-3+b2"),
            ("rustc 1.95.0 (5980 2026-04-14)", "1.95.0"),
            ("workerd 2026-11-17", "2026-11-17"),
            ("", ""),
        ] {
            assert_eq!(version(line), expected, "{line}");
        }
        let lock = "[[package]]\nname = \"wasmtime-wasi\"\nversion = \"1.0.0\"\n[[package]]\nname = \"wasmtime\"\nversion = \"48.0.8\"\n";
        assert_eq!(locked(lock, "wasmtime"), "48.0.8");
        assert_eq!(after("processor : 0\nmodel name\t: AMD EPYC\n", "model name").as_deref(), Some("AMD EPYC"));
    }
}
