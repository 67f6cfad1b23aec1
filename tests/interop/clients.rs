//! Clients that people use, each as a small script in `apps/`. It prints a line per exchange.

use crate::exchanges::hashed;
use crate::programs::{Program, app};
use std::net::SocketAddr;
use std::process::{Output, Stdio};

/// A client of the gateway.
pub(crate) struct Client {
    /// Its name in `docs/interop.md`.
    pub(crate) name: &'static str,
    /// The program. The error says why the test is skipped.
    pub(crate) program: fn() -> Result<Program, String>,
    script: &'static str,
}

pub(crate) static CURL: Client =
    Client { name: "curl", program: || Program::find(&["curl"], "--version"), script: "client.sh" };

pub(crate) static PYTHON: Client = Client {
    name: "Python, http.client and urllib",
    program: || Program::find(&["python3"], "--version"),
    script: "client.py",
};

pub(crate) static NODE_FETCH: Client =
    Client { name: "Node, fetch", program: || Program::find(&["node"], "--version"), script: "client.mjs" };

pub(crate) static JAVA: Client = Client { name: "Java, HttpClient", program: Program::java, script: "Client.java" };

impl Client {
    /// Runs the script against the gateway.
    pub(crate) async fn run(&'static self, program: Program, gateway: SocketAddr) {
        let folder = tempfile::tempdir().expect("a folder");
        // curl has no scripts of its own.
        let script = app(self.script);
        let runner = if script.ends_with(".sh") { "sh".into() } else { program.path };
        let mut command = tokio::process::Command::new(runner);
        command.arg(script).arg(gateway.to_string()).current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true);
        let Output { stdout, stderr, .. } = command.output().await.expect("the client runs");
        let said = String::from_utf8_lossy(&stdout);
        let mut lines = said.lines().map(|line| line.splitn(3, ' ').collect::<Vec<_>>());
        let mut line =
            || lines.next().unwrap_or_else(|| panic!("it ended: {said}{}", String::from_utf8_lossy(&stderr)));
        for number in 1..=3 {
            assert_eq!(line(), ["answers", "200", "ok"], "GET number {number}");
        }
        let zeros = hashed(&vec![0; 20_000_000]);
        for name in ["upload", "upload-chunked"] {
            let seen = line();
            assert_eq!(seen[..2], [name, "200"], "{said}");
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(seen[2]).expect("JSON"),
                zeros,
                "{name} arrives whole"
            );
        }
        assert_eq!(line(), ["refused", "400", "application/json"], "an upload for a backend that is not there");
    }
}
