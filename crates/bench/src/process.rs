//! Programs started for the benchmark: each leads a process group, is measured as that group, and ends with its handle.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(3);
/// How many of a failed program's last lines are shown.
const LINES_SHOWN: usize = 12;

/// A program that runs until it is dropped; then its whole group is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Pid,
    name: String,
    log: PathBuf,
    started: Instant,
}

impl Process {
    /// Starts `command` in `folder`, where its output goes to a file named after it.
    pub(crate) fn start(name: &str, folder: &Path, command: &mut Command) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command
            .current_dir(folder)
            // What it leaves in temporary folders goes with ours.
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().with_context(|| {
            format!("{name}: cannot start {}; is it installed?", command.as_std().get_program().to_string_lossy())
        })?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)
            .with_context(|| format!("{name} ended at once"))?;
        Ok(Self { child, group, name: name.to_owned(), log, started })
    }

    /// When it was started.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// An error when it has ended by itself, with what it said last.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                self.kill_group();
                bail!("{} ended with {status}:\n{}", self.name, self.last_lines())
            }
        }
    }

    /// Its output's last lines.
    pub(crate) fn last_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(LINES_SHOWN)..).unwrap_or_default().join("\n")
    }

    /// Asks it to end, waits for that for a moment, and kills what is left.
    pub(crate) async fn stop(mut self) {
        _ = kill_process_group(self.group, Signal::TERM);
        _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        self.kill_group();
    }

    /// Kills whoever is left. A group that is gone already is what was wanted.
    fn kill_group(&self) {
        _ = kill_process_group(self.group, Signal::KILL);
    }

    /// The processor time that the group's processes have used so far, to 10 ms; `None` where /proc is missing.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        let ticks: u64 = self.members().map(|(_, stat)| stat.ticks).try_fold(0, u64::checked_add)?;
        Some(Duration::from_millis(ticks.saturating_mul(MILLIS_PER_TICK)))
    }

    /// The group's memory in bytes, now and at its peak since [`Process::reset_peak`].
    pub(crate) fn memory(&self) -> Option<Memory> {
        let mut sum = Memory { resident: 0, peak: 0 };
        for (id, _) in self.members() {
            let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
            sum.resident = sum.resident.checked_add(field_in_bytes(&status, "VmRSS:")?)?;
            sum.peak = sum.peak.checked_add(field_in_bytes(&status, "VmHWM:")?)?;
        }
        (sum.peak > 0).then_some(sum)
    }

    /// Memory in bytes that the group's processes share with nobody. A file that is mapped many times, such as the image that the memory of each
    /// instance starts from, counts as resident for each mapping, though its pages are there once; here it does not count.
    pub(crate) fn unshared(&self) -> Option<u64> {
        let unshared = |id| field_in_bytes(&fs::read_to_string(format!("/proc/{id}/status")).ok()?, "RssAnon:");
        let sum = self.members().map(|(id, _)| unshared(id)).try_fold(0_u64, |sum, bytes| sum.checked_add(bytes?))?;
        (sum > 0).then_some(sum)
    }

    /// What the group's processes hold; `None` where /proc is missing.
    pub(crate) fn counts(&self) -> Option<Counts> {
        let mut sum = Counts { descriptors: 0, threads: 0 };
        for (id, _) in self.members() {
            let entries = |of: &str| Some(fs::read_dir(format!("/proc/{id}/{of}")).ok()?.count());
            sum.descriptors = sum.descriptors.checked_add(u64::try_from(entries("fd")?).ok()?)?;
            sum.threads = sum.threads.checked_add(u64::try_from(entries("task")?).ok()?)?;
        }
        (sum.threads > 0).then_some(sum)
    }

    /// Makes the peak count from now on. Where the system does not allow it, the peak since the start stays.
    pub(crate) fn reset_peak(&self) {
        for (id, _) in self.members() {
            _ = fs::write(format!("/proc/{id}/clear_refs"), "5");
        }
    }

    fn members(&self) -> impl Iterator<Item = (u32, Stat)> {
        let group = self.group.as_raw_nonzero().get();
        fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let id: u32 = entry.file_name().to_str()?.parse().ok()?;
                Some((id, Stat::parse(&fs::read_to_string(entry.path().join("stat")).ok()?)?))
            })
            .filter(move |(_, stat)| stat.group == group)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Once the leader was waited for, its number may be somebody else's; the group was killed right then.
        if self.child.id().is_some() {
            self.kill_group();
        }
    }
}

/// Descriptors and threads of a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Open descriptors.
    pub(crate) descriptors: u64,
    /// Threads.
    pub(crate) threads: u64,
}

/// Memory of a group, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident: u64,
    /// The most that was resident.
    pub(crate) peak: u64,
}

/// Linux counts processor time in hundredths of a second, whatever its own clock does.
const MILLIS_PER_TICK: u64 = 10;

/// What is needed of `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    group: i32,
    ticks: u64,
}

impl Stat {
    /// The fields after the command's name, which may hold blanks and parentheses itself.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self { group: fields.get(2)?.parse().ok()?, ticks: number(11)?.checked_add(number(12)?)? })
    }
}

fn field_in_bytes(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_proc() {
        let stat = "12 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 1 2 3";
        assert_eq!(Stat::parse(stat), Some(Stat { group: 7, ticks: 300 }));
        assert_eq!(Stat::parse("12 (a) S"), None);
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(field_in_bytes(status, "VmHWM:"), Some(2 << 20));
        assert_eq!(field_in_bytes(status, "VmSwap:"), None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_dropped_process_takes_its_children_along() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        let process =
            Process::start("parent", folder.path(), command.args(["-c", "sleep 600 & echo $!; wait"])).unwrap();
        let child = loop {
            if let Ok(id) = fs::read_to_string(folder.path().join("parent.log")).unwrap().trim().parse::<u32>() {
                break id;
            }
            tokio::task::yield_now().await;
        };
        assert!(process.memory().is_some_and(|memory| memory.peak >= memory.resident && memory.resident > 0));
        drop(process);
        // A killed process may stay as a zombie until it is reaped.
        let is_alive = || fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        let deadline = Instant::now() + Duration::from_secs(120);
        while is_alive() && Instant::now() < deadline {
            tokio::task::yield_now().await;
        }
        assert!(!is_alive(), "process {child} is still there");
    }
}
