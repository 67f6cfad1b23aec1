//! A running host with the built component, and the backend it routes to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tempfile::TempDir;

use crate::{read_head, up};

/// The head of a request and its connection.
pub(super) type Arrival = (String, TcpStream);

/// Hands what arrives to the test, which answers, or does not.
pub(super) struct Backend {
    pub(super) url: String,
    /// Health checks.
    pub(super) checks: Receiver<Arrival>,
    /// Everything else.
    pub(super) requests: Receiver<Arrival>,
}

impl Backend {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (to_checks, checks) = channel();
        let (to_requests, requests) = channel();
        // Ends with the process of the tests.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (to_checks, to_requests) = (to_checks.clone(), to_requests.clone());
                std::thread::spawn(move || sort(connection, &to_checks, &to_requests));
            }
        });
        Self { url, checks, requests }
    }
}

fn sort(connection: TcpStream, checks: &Sender<Arrival>, requests: &Sender<Arrival>) -> Option<()> {
    let head = read_head(&connection)?;
    let queue = if head.starts_with("GET /health ") { checks } else { requests };
    queue.send((head, connection)).ok()
}

/// The response of a host to a GET.
pub(super) fn get(address: &str, path: &str, fields: &str) -> String {
    let mut client = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{fields}\r\n");
    client.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    response
}

/// The host as a process of its own. It is killed when dropped.
pub(super) struct Gateway {
    pub(super) child: Child,
    pub(super) address: String,
    pub(super) state: TempDir,
    stdout: BufReader<ChildStdout>,
    stderr: Receiver<String>,
    read: String,
}

impl Gateway {
    /// The only configured backend is `bun-sqlite`.
    pub(super) fn start(backend: &Backend, arguments: &[&str]) -> Self {
        Self::start_at(&backend.url, arguments)
    }

    /// As [`Gateway::start`], unless `arguments` configure others.
    pub(super) fn start_at(url: &str, arguments: &[&str]) -> Self {
        static BUILT: OnceLock<()> = OnceLock::new();
        BUILT.get_or_init(|| drop(gateway_build::build_component().unwrap()));
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let state = tempfile::tempdir().unwrap();
        let mut command = up(&workspace, &[]);
        command.args(["--from", "spin.toml", "--variable", &format!("backend_bun_sqlite_url={url}")]);
        for name in ["cf_d1", "dotnet_api", "elixir_phoenix", "java_spring_boot", "php_laravel", "ruby_rails"] {
            command.args(["--variable", &format!("backend_{name}_url=http://unset.invalid")]);
        }
        // However long a busy machine takes for an exchange that is not about the deadline.
        command.args(["--variable", "request_timeout=600s"]);
        // The last value of a variable counts.
        command.arg("--state-dir").arg(state.path()).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();

        let (to_stderr, stderr) = channel();
        let pipe = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || pipe.lines().map_while(Result::ok).try_for_each(|line| to_stderr.send(line)));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").expect("the first line names the URL").1.to_owned();
        assert!(!address.ends_with(":0"), "the banner names the real port: {line}");
        Self { child, address, state, stdout, stderr, read: String::new() }
    }

    /// The response to a GET, head and body. `fields` end with line breaks.
    pub(super) fn get(&self, path: &str, fields: &str) -> String {
        get(&self.address, path, fields)
    }

    /// Waits for a line of the component.
    pub(super) fn next_log_line(&mut self, limit: Duration) {
        self.wait_for(limit, |line| line.starts_with('{'));
    }

    /// Waits for such a line on stderr.
    pub(super) fn wait_for(&mut self, limit: Duration, is_meant: impl Fn(&str) -> bool) {
        loop {
            let line = self.stderr.recv_timeout(limit).expect("a line on stderr");
            self.read.push_str(&line);
            self.read.push('\n');
            if is_meant(&line) {
                return;
            }
        }
    }

    pub(super) fn signal(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Sends SIGTERM; returns when it was seen.
    pub(super) fn terminate(&mut self) {
        self.signal();
        let mut said = String::new();
        while !said.contains("Stopping") {
            said.clear();
            assert_ne!(self.stdout.read_line(&mut said).unwrap(), 0, "the host ended too early");
        }
    }

    /// Ends it in an orderly way. All that it wrote to stderr.
    pub(super) fn stop(mut self) -> String {
        self.terminate();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let rest: Vec<_> = self.stderr.iter().collect();
        let mut all = std::mem::take(&mut self.read);
        for line in rest {
            all.push_str(&line);
            all.push('\n');
        }
        all
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It has ended already where all went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
