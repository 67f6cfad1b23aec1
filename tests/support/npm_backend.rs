//! The example backends that npm installs and starts, as their READMEs say. Needs npm, and the npm registry for the first installation.
#![allow(dead_code, reason = "each suite that shares this file uses a part of it")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

/// A backend's process; ended with the test.
pub(crate) struct NpmBackend {
    process: Child,
    /// Where it listens.
    pub(crate) url: String,
}

impl Drop for NpmBackend {
    fn drop(&mut self) {
        // npm passes the signal on to what it started.
        _ = Command::new("kill").arg(self.process.id().to_string()).status();
        _ = self.process.wait();
    }
}

impl NpmBackend {
    /// Installs what is missing and starts the backend `id` on a free port, with its database in memory. The error says why a test is skipped.
    pub(crate) fn start(id: &str) -> Result<Self, String> {
        let mut process = Command::new("npm")
            .arg("start")
            .current_dir(installed(&format!("examples/backends/{id}"))?)
            .env("PORT", "0")
            .env("HOST", "127.0.0.1")
            .env("DATABASE", ":memory:")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("npm cannot be started: {error}"))?;
        let output = process.stdout.take().expect("stdout is piped");
        let url = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("listens on ")?.1.trim().to_owned()));
        // Dropped in either case, so that the process does not outlive a failure.
        let backend = NpmBackend { process, url: url.clone().unwrap_or_default() };
        url.map(|_| backend).ok_or_else(|| format!("{id} ended without saying where it listens"))
    }
}

/// A folder of the repository, after `npm ci` where that has not been run there. The error says why a test is skipped.
pub(crate) fn installed(name: &str) -> Result<PathBuf, String> {
    // One at a time: tests that run beside each other want the same folder.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _guard = INSTALLING.lock().expect("no panic while locked");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if !folder.join("node_modules").is_dir() {
        match Command::new("npm").arg("ci").current_dir(&folder).stdout(Stdio::null()).status() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("npm ci in {name} ended with {status}; is the npm registry reachable?")),
            Err(error) => return Err(format!("npm cannot be started: {error}")),
        }
    }
    Ok(folder)
}
