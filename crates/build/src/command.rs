//! Runs one program: with a limit where it may hang, keeping what it said for the error message.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{BuildError, Failure};

/// One step that runs a program: what it is called, how long it may take, and what to do when it fails.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) limit: Duration,
    pub(crate) remedy: &'static str,
}

/// How often a running program is looked at. Short against the programs run here, long enough to cost nothing.
const POLL: Duration = Duration::from_millis(20);

/// How many of a failed program's last lines are worth showing.
const LINES_SHOWN: usize = 12;

impl Step {
    /// Runs `command` to its end and returns its standard output; stops it at the limit.
    pub(crate) fn run(&self, command: &mut Command) -> Result<String, BuildError> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.failed(command, Failure::NotStarted(error)))?;
        let out = Reader::start(child.stdout.take());
        let err = Reader::start(child.stderr.take());
        match wait(&mut child, self.limit) {
            Ok(Some(status)) if status.success() => Ok(out.finish()),
            Ok(Some(status)) => {
                let said = format!("{}\n{}", out.finish(), err.finish());
                Err(self.failed(command, Failure::Exit(status, last_lines(&said))))
            }
            // The readers are left alone: a grandchild that survived may hold the pipes open for as long as it likes.
            Ok(None) => Err(self.failed(command, Failure::TimedOut(self.limit))),
            Err(error) => Err(self.failed(command, Failure::NotStarted(error))),
        }
    }

    /// Runs `command` on the terminal of the caller, so that its progress is seen, and without a limit: a person can stop it.
    pub(crate) fn run_visibly(&self, command: &mut Command) -> Result<(), BuildError> {
        match command.stdin(Stdio::null()).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failed(command, Failure::Exit(status, String::new()))),
            Err(error) => Err(self.failed(command, Failure::NotStarted(error))),
        }
    }

    /// The step cannot be done here although nothing failed.
    pub(crate) fn unsupported(&self, reason: String) -> BuildError {
        BuildError::Unsupported { step: self.name, reason, remedy: self.remedy }
    }

    fn failed(&self, command: &Command, failure: Failure) -> BuildError {
        BuildError::Command { step: self.name, command: shown(command), failure, remedy: self.remedy }
    }
}

/// Removes what a surrounding `cargo run`, `cargo test` or coverage run left in the environment for native code: flags, wrappers
/// and profile overrides that would end up in a WebAssembly build. The choice of toolchain (`RUSTUP_TOOLCHAIN`) stays.
pub(crate) fn without_native_settings(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        if is_native_setting(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn is_native_setting(name: &OsStr) -> bool {
    const NAMES: [&str; 6] = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_MAKEFLAGS",
        "MAKEFLAGS",
    ];
    const PREFIXES: [&str; 3] = ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_"];
    let name = name.to_string_lossy();
    NAMES.contains(&name.as_ref()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Waits until the child has ended or the limit has passed; then it is killed and the answer is `None`.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Reads a pipe on a thread of its own, so that a full pipe never stops the program.
struct Reader {
    text: Arc<Mutex<Vec<u8>>>,
    thread: thread::JoinHandle<()>,
}

impl Reader {
    fn start(pipe: Option<impl Read + Send + 'static>) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let thread = thread::spawn({
            let text = Arc::clone(&text);
            move || {
                let mut read = Vec::new();
                // What was read before an error is still worth showing.
                let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut read));
                *text.lock().unwrap_or_else(PoisonError::into_inner) = read;
            }
        });
        Self { text, thread }
    }

    fn finish(self) -> String {
        // The thread does not panic; if it did, there is no text.
        let _ = self.thread.join();
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(LINES_SHOWN);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// The command as one would type it; quoting is only hinted at, nobody's shell reads this. Settings given with `-o` are left out:
/// apt's are many and long, and name a folder that is gone when the message is read.
fn shown(command: &Command) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut arguments = std::iter::once(command.get_program()).chain(command.get_args());
    while let Some(word) = arguments.next() {
        let word = word.to_string_lossy();
        if word == "-o" {
            arguments.next();
        } else if word.contains(' ') {
            words.push(format!("'{word}'"));
        } else {
            words.push(word.into_owned());
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_meant_for_native_code_are_dropped_and_the_toolchain_stays() {
        for (name, dropped) in [
            ("RUSTFLAGS", true),
            ("CARGO_ENCODED_RUSTFLAGS", true),
            ("CARGO_BUILD_TARGET", true),
            ("CARGO_PROFILE_RELEASE_LTO", true),
            ("CARGO_TARGET_DIR", true),
            ("RUSTC_WORKSPACE_WRAPPER", true),
            ("RUSTUP_TOOLCHAIN", false),
            ("CARGO_HOME", false),
            ("CARGO_NET_OFFLINE", false),
            ("CARGO_REGISTRIES_MIRROR_INDEX", false),
            ("PATH", false),
        ] {
            assert_eq!(is_native_setting(OsStr::new(name)), dropped, "{name}");
        }
    }

    #[test]
    fn a_command_is_shown_without_its_settings() {
        let mut command = Command::new("apt-get");
        command.args(["-o", "Dir::Cache=/somewhere", "download", "rust-src=1", "a b"]);
        assert_eq!(shown(&command), "apt-get download rust-src=1 'a b'");
    }

    #[test]
    fn only_the_last_lines_are_shown() {
        let text: String = (1..=40).map(|line| format!("line {line}\n\n")).collect();
        let shown = last_lines(&text);
        assert_eq!(shown.lines().count(), LINES_SHOWN, "{shown}");
        assert!(shown.starts_with("line 29") && shown.ends_with("line 40"), "{shown}");
    }

    #[cfg(unix)]
    mod real {
        use super::*;

        const STEP: Step = Step { name: "trying", limit: Duration::from_secs(120), remedy: "none" };

        #[test]
        fn returns_what_the_program_printed() {
            let said = STEP.run(Command::new("echo").arg("hello"));
            assert!(matches!(&said, Ok(said) if said == "hello\n"), "{said:?}");
        }

        #[test]
        fn a_program_that_hangs_is_stopped_even_when_its_child_holds_the_pipe() -> io::Result<()> {
            // The child holds the pipe for as long as this file is there, and removes it after a minute.
            let held = env::temp_dir().join(format!("gateway-build-test-held-{}", std::process::id()));
            std::fs::write(&held, "")?;
            const CHILD: &str = "(for _ in $(seq 60); do [ -e \"$0\" ] && sleep 1; done; rm -f \"$0\") & wait";
            let step = Step { limit: Duration::from_millis(50), ..STEP };
            let said = step.run(Command::new("sh").args(["-c", CHILD]).arg(&held));
            let is_held = std::fs::remove_file(&held).is_ok();
            assert!(matches!(&said, Err(BuildError::Command { failure: Failure::TimedOut(_), .. })), "{said:?}");
            assert!(is_held, "it was stopped only when the child had let go of the pipe");
            Ok(())
        }

        #[test]
        fn a_failure_carries_what_was_said() {
            let said = STEP.run(Command::new("sh").args(["-c", "echo no such suite >&2; exit 3"]));
            let shown = said.map_err(|error| error.to_string()).err().unwrap_or_default();
            assert!(shown.contains("no such suite") && shown.contains("exit status: 3"), "{shown}");
        }

        #[test]
        fn a_missing_program_is_named() {
            let said = STEP.run(&mut Command::new("no-such-program"));
            let shown = said.map_err(|error| error.to_string()).err().unwrap_or_default();
            assert!(shown.contains("`no-such-program` could not be started"), "{shown}");
        }
    }
}
