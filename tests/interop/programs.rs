//! Finding and starting programs, and the ports of those that cannot choose one.

use crate::process::Process;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// The file `name` of this suite.
pub(crate) fn app(name: &str) -> String {
    format!("{}/tests/interop/apps/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A program that is installed.
pub(crate) struct Program {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The first number with a dot in what it says of itself.
    pub(crate) version: String,
}

impl Program {
    /// The first of `names` that is in `target/interop/bin`, on the path or in `/usr/sbin`. A name that ends in `*` is the beginning of one.
    /// The error says why a test is skipped.
    pub(crate) fn find(names: &[&str], version: &str) -> Result<Self, String> {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop/bin")];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        folders.push("/usr/sbin".into());
        let path = names
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| (folder, name)))
            .find_map(|(folder, name)| in_folder(folder, name))
            .ok_or_else(|| format!("{} is not installed", names[0].trim_end_matches('*')))?;
        Self::at(path, version)
    }

    /// The `java` that can run a source file: the one beside `javac`.
    pub(crate) fn java() -> Result<Self, String> {
        let compiler = Program::find(&["javac"], "-version")?;
        Ok(Program { path: compiler.path.with_file_name("java"), ..compiler })
    }

    /// The program at `path`, asked for its version by the argument `version`.
    pub(crate) fn at(path: PathBuf, version: &str) -> Result<Self, String> {
        let output =
            Command::new(&path).arg(version).output().map_err(|error| format!("{}: {error}", path.display()))?;
        let said = [output.stdout, output.stderr].concat();
        let version = first_version(&String::from_utf8_lossy(&said))
            .ok_or_else(|| format!("{} does not say its version", path.display()))?;
        Ok(Program { path, version })
    }

    /// Starts it in `folder`, and waits for the line `ready`. An empty one is not waited for.
    pub(crate) fn start(&self, folder: &TempDir, arguments: &[&str], ready: &str) -> Process {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let gates = folder.path();
        let mut shell = Command::new("sh");
        // What a program writes beside its arguments' will (a cache, a control socket) stays in the folder too.
        shell.current_dir(gates).env("GATES", gates).env("HOME", gates).env("XDG_DATA_HOME", gates);
        shell.env("PYTHONDONTWRITEBYTECODE", "1");
        // The folder is removed by its owner; several programs may share it.
        let own = tempfile::tempdir_in(gates).expect("a folder").keep();
        Process::start_in(&mut shell, &own, &self.path, &arguments, ready, None)
    }
}

fn in_folder(folder: &Path, name: &str) -> Option<PathBuf> {
    let Some(start) = name.strip_suffix('*') else {
        return Some(folder.join(name)).filter(|path| path.is_file());
    };
    let mut found = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    found.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
}

/// The first `1.2` or `1.2.3` in a text.
pub(crate) fn first_version(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|number| number.trim_matches('.'))
        .find(|number| number.contains('.'))
        .map(str::to_owned)
}

/// The first address `http://127.0.0.1:…` behind `before` in a text.
pub(crate) fn address_behind(before: &str, text: &str) -> SocketAddr {
    let address = text.split_once(before).and_then(|(_, rest)| {
        let (_, rest) = rest.split_once("http://")?;
        rest.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').next()?.parse().ok()
    });
    address.unwrap_or_else(|| panic!("no address behind {before:?} in {text:?}"))
}

/// A port for a program that cannot say which one it was given. Bound, so nobody else is given it; not listening, so the program can take it: both
/// set `SO_REUSEADDR`.
pub(crate) struct ReservedPort {
    _socket: TcpSocket,
    /// The address.
    pub(crate) address: SocketAddr,
}

impl ReservedPort {
    /// A free port of the loopback interface.
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("a new socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = socket.local_addr().expect("an address");
        ReservedPort { _socket: socket, address }
    }

    /// Waits until the program listens.
    pub(crate) async fn is_served(&self) {
        let listens = async {
            // Refused until then, which costs next to nothing.
            while tokio::net::TcpStream::connect(self.address).await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(crate::matrix::PATIENCE, listens).await.expect("the program listens");
    }
}

/// A gateway in a process of its own, with a backend for each of `backends`: id and address.
pub(crate) struct Gateway {
    _process: Process,
    port: ReservedPort,
}

impl Gateway {
    /// Starts it.
    pub(crate) fn start(backends: &[(String, SocketAddr)]) -> Self {
        static COMPONENT: LazyLock<PathBuf> =
            LazyLock::new(|| gateway_build::build_component().expect("the component builds"));
        LazyLock::force(&COMPONENT);
        // The first one to start compiles the component for the machine, and the others find it in the cache.
        static STARTING: Mutex<()> = Mutex::new(());
        let _guard = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let port = ReservedPort::new();
        let extra: Vec<_> = backends
            .iter()
            .map(|(id, address)| serde_json::json!({ "id": id, "url": format!("http://{address}") }))
            .collect();
        let variables = BTreeMap::from([
            ("extra_backends".to_owned(), serde_json::json!(extra).to_string()),
            ("cloud_hosts".to_owned(), "http://127.0.0.1:*".to_owned()),
        ]);
        let reuse = std::env::var("INSTANCE_REUSE").map(|reuse| format!("--instance-reuse={reuse}"));
        let arguments: Vec<String> = reuse.into_iter().collect();
        Gateway { _process: Process::gateway_host(port.address, &variables, &BTreeMap::new(), &arguments), port }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address
    }
}
