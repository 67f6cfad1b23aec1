//! Programs that tests start, and that end with them.
#![allow(dead_code, reason = "each suite that shares this file uses a part of it")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

/// Starts its arguments behind the first, says their process id, and ends them when its own stdin ends: that of a test run which was killed ends
/// too. Then it removes the folder that the first argument names.
const WATCH: &str = r#"
folder=$1; shift
trap : INT TERM HUP
sh -c 'echo "$$"; exec "$@" 2>&1' run "$@" <&- & child=$!
exec 2>/dev/null
cat >/dev/null
kill "$child"
wait "$child"
rm -rf -- "$folder"
"#;

/// A running program. It ends with [`Process::stop`], or with the test run.
pub(crate) struct Process {
    /// The shell that watches it, and the stdin by which it knows that the run goes on.
    watcher: Mutex<(Child, Option<ChildStdin>)>,
    /// The program's process id.
    pub(crate) id: u32,
    /// What it printed up to the line by which it is ready.
    pub(crate) said: String,
    /// What it printed after that.
    printed: Arc<Mutex<Vec<String>>>,
    /// The folder of a host's store, where that is one.
    pub(crate) store: Option<PathBuf>,
}

impl Process {
    /// Starts a program and waits until it has printed `ready`.
    pub(crate) fn start(
        folder: &Path,
        program: &Path,
        arguments: &[String],
        ready: &str,
        store: Option<PathBuf>,
    ) -> Self {
        Self::start_in(&mut Command::new("sh"), folder, program, arguments, ready, store)
    }

    /// As [`Process::start`], with the environment of this shell.
    pub(crate) fn start_in(
        shell: &mut Command,
        folder: &Path,
        program: &Path,
        arguments: &[String],
        ready: &str,
        store: Option<PathBuf>,
    ) -> Self {
        let mut watcher = shell
            .args(["-c", WATCH, "watch"])
            .arg(folder)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell is installed");
        let mut output = BufReader::new(watcher.stdout.take().expect("stdout is piped"));
        let mut id = String::new();
        output.read_line(&mut id).expect("text");
        let mut said = String::new();
        while !said.contains(ready) {
            // What ends without listening has said why.
            let read = output.read_line(&mut said).expect("text");
            assert!(read > 0, "{} ended: {said}", program.display());
        }
        // Even where nobody asks for the log: a full pipe would stop the program.
        let printed = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&printed);
        std::thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                lines.lock().expect("no panic while locked").push(String::from_utf8_lossy(&line).into_owned());
            }
        });
        let stdin = watcher.stdin.take();
        let watcher = Mutex::new((watcher, stdin));
        Process { watcher, id: id.trim().parse().expect("a process id"), said, printed, store }
    }

    /// The lines that it has printed since it was ready.
    pub(crate) fn printed(&self) -> Vec<String> {
        self.printed.lock().expect("no panic while locked").clone()
    }

    /// Ends it and removes its folder.
    pub(crate) fn stop(&self) {
        let mut watcher = self.watcher.lock().expect("no panic while locked");
        drop(watcher.1.take());
        _ = watcher.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}
