//! Hosts that are programs of their own.

use super::gateway::{MANIFEST, Settings, instance_reuse, plain_component};
use super::host_program::host_program;
use super::npm_backend::installed;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

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

/// A running host. It ends with [`Process::stop`], or with the test run.
pub(crate) struct Process {
    /// The shell that watches it, and the stdin by which it knows that the run goes on.
    watcher: Mutex<(Child, Option<ChildStdin>)>,
    /// The host's process id.
    pub(crate) id: u32,
    /// The folder of its store, where that is one.
    pub(crate) store: Option<PathBuf>,
}

impl Process {
    /// The embedded host as the program that people start. The component has to be built already.
    pub(crate) fn gateway_host(listen: SocketAddr, settings: &Settings) -> Self {
        assert!(settings.store && settings.state_dir.is_none(), "its store is in a folder of its own");
        let folder = tempfile::tempdir().expect("a folder").keep();
        let state = folder.join("state");
        let mut arguments =
            ["up", "--no-example", "--health-interval", "0", "--from", MANIFEST].map(str::to_owned).to_vec();
        arguments.extend(["--listen".to_owned(), listen.to_string()]);
        arguments.extend(["--state-dir".to_owned(), state.display().to_string()]);
        for (name, value) in &settings.variables {
            arguments.extend(["--variable".to_owned(), format!("{name}={value}")]);
        }
        for (key, value) in &settings.key_values {
            arguments.extend(["--key-value".to_owned(), format!("{key}={}", String::from_utf8_lossy(value))]);
        }
        arguments.extend(settings.workers.map(|workers| format!("--workers={workers}")));
        arguments.extend(instance_reuse().map(|reuse| format!("--instance-reuse={reuse}")));
        arguments.extend(settings.arguments.iter().cloned());
        // It reads variables from the environment and from `.env`; those of the test are meant to be all.
        let mut shell = Command::new("sh");
        shell.current_dir(&folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
                shell.env_remove(name);
            }
        }
        shell.envs(&settings.environment);
        Self::start_in(&mut shell, &folder, host_program(), &arguments, " is ready on ", None)
    }

    /// `wasmtime serve` with the component for plain WASI.
    pub(crate) fn wasmtime_serve(listen: SocketAddr, settings: &Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let store = folder.join("store");
        std::fs::create_dir(&store).expect("a new folder");
        for (key, value) in &settings.key_values {
            std::fs::write(store.join(gateway_core::file_name::of_key(key)), value).expect("a writable folder");
        }
        let mut arguments = vec!["serve".to_owned(), "--no-logging-prefix".to_owned()];
        arguments.extend(["-S".to_owned(), "cli".to_owned(), "--addr".to_owned(), listen.to_string()]);
        for (index, (name, value)) in settings.variables.iter().enumerate() {
            // Either name counts.
            let prefix = if index % 2 == 0 { "SPIN_VARIABLE_" } else { "" };
            arguments.extend(["--env".to_owned(), format!("{prefix}{}={value}", name.to_uppercase())]);
        }
        if settings.store {
            arguments.extend(["--dir".to_owned(), format!("{}::/store", store.display())]);
        }
        arguments.extend(settings.arguments.iter().cloned());
        arguments.push(plain_component().display().to_string());
        Self::start(&folder, &wasmtime(), &arguments, "Serving HTTP on ", Some(store))
    }

    /// Cloudflare's runtime, as `cloudflare/serve.mjs` starts it.
    pub(crate) fn workerd(listen: SocketAddr, settings: &Settings) -> Self {
        let program = installed("cloudflare").unwrap_or_else(|reason| panic!("{reason}"));
        let mut arguments = vec![program.join("serve.mjs").display().to_string(), "--quiet".to_owned()];
        arguments.extend(["--listen".to_owned(), listen.to_string()]);
        for (name, value) in &settings.variables {
            arguments.extend(["--var".to_owned(), format!("{name}={value}")]);
        }
        for (key, value) in &settings.key_values {
            arguments.extend(["--kv".to_owned(), format!("{key}={}", String::from_utf8_lossy(value))]);
        }
        let folder = tempfile::tempdir().expect("a folder").keep();
        Self::start(&folder, Path::new("node"), &arguments, "listening on ", None)
    }

    /// Starts a program and waits until it has printed `ready`.
    fn start(folder: &Path, program: &Path, arguments: &[String], ready: &str, store: Option<PathBuf>) -> Self {
        Self::start_in(&mut Command::new("sh"), folder, program, arguments, ready, store)
    }

    /// As [`Process::start`], with the environment of this shell.
    fn start_in(
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
        // Nobody reads the log, but a full pipe would stop the host.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let stdin = watcher.stdin.take();
        let watcher = Mutex::new((watcher, stdin));
        Process { watcher, id: id.trim().parse().expect("a process id"), store }
    }

    /// Ends it and removes its store.
    pub(crate) fn stop(&self) {
        let mut watcher = self.watcher.lock().expect("no panic while locked");
        drop(watcher.1.take());
        _ = watcher.0.wait();
    }
}

/// The program: the one named by `WASMTIME`, else the one that `cargo install` put into `target/wasmtime-cli`, else the one on the path.
fn wasmtime() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/wasmtime-cli/bin/wasmtime");
    match std::env::var_os("WASMTIME") {
        Some(named) => named.into(),
        None if installed.exists() => installed,
        None => "wasmtime".into(),
    }
}
