//! A gateway of a test's own and the backend that it asks: a small server that the test can stop, and that counts.

use crate::harness::{Lab, Request, Response, Settings, lab, with_settings};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How a [`Server`] treats its requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Answers with this status; with the second one on `/up`.
    Answer(u16, u16),
    /// Answers with the status that is in the path, as in `/404/health`; where there is none, with 200.
    Named,
    /// Breaks the connection on `/crash`, answers with this status on `/health` and well otherwise.
    Crash(u16),
    /// As [`Manner::Crash`], but breaks no connection before so many have asked for `/crash`.
    CrashTogether(usize),
    /// Sends half of a body on `/x`, and breaks the connection on other paths.
    Half,
    /// Answers well, but nobody on `/x` before so many have asked there.
    Together(usize),
    /// Breaks the connection.
    Reset,
    /// Never answers.
    Hang,
}

/// A backend that can be stopped, and that counts.
pub(super) struct Server {
    address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    /// Connections so far.
    pub(super) accepted: Arc<AtomicUsize>,
    /// The requests so far: paths, and when they came.
    seen: Arc<Mutex<Vec<(String, Instant)>>>,
    /// Lets answers end that were begun on `/stream`.
    released: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Server {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut server = Server {
            address: listener.local_addr().expect("an address"),
            manner: Arc::new(Mutex::new(manner)),
            accepted: Arc::default(),
            seen: Arc::default(),
            released: watch::Sender::new(false),
            task: None,
        };
        server.task = Some(server.serve(listener));
        server
    }

    fn serve(&self, listener: TcpListener) -> JoinHandle<()> {
        let (manner, seen, accepted) = (Arc::clone(&self.manner), Arc::clone(&self.seen), Arc::clone(&self.accepted));
        let released = self.released.clone();
        tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let (manner, seen, released) =
                    (*manner.lock().expect("sound"), Arc::clone(&seen), released.subscribe());
                connections.spawn(async move { answer(stream, manner, &seen, released).await });
            }
        })
    }

    /// As if the process had been killed: the port is closed, connections break.
    pub(super) async fn stop(&mut self) {
        let task = self.task.take().expect("it runs");
        task.abort();
        _ = task.await;
    }

    pub(super) async fn restart(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("its port is still free");
        self.task = Some(self.serve(listener));
    }

    pub(super) fn set(&self, manner: Manner) {
        *self.manner.lock().expect("sound") = manner;
    }

    /// Ends the answers on `/stream`.
    pub(super) fn release(&self) {
        self.released.send_replace(true);
    }

    pub(super) fn seen(&self, path: &str) -> usize {
        self.times(path).len()
    }

    /// When the requests for a path came.
    pub(super) fn times(&self, path: &str) -> Vec<Instant> {
        times(&self.seen, path)
    }
}

fn times(seen: &Mutex<Vec<(String, Instant)>>, path: &str) -> Vec<Instant> {
    seen.lock().expect("sound").iter().filter(|(seen, _)| seen == path).map(|(_, time)| *time).collect()
}

/// Serves one request; every connection is for one, so that a stopped server has none left.
async fn answer(
    mut stream: TcpStream,
    manner: Manner,
    seen: &Mutex<Vec<(String, Instant)>>,
    mut released: watch::Receiver<bool>,
) {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return,
        }
        // A TLS handshake: no server for that.
        if bytes.first() == Some(&0x16) {
            return;
        }
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().expect("sound").push((path.clone(), Instant::now()));
    let send = async |mut stream: TcpStream, status: u16| {
        let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
        _ = stream.write_all(head.as_bytes()).await;
    };
    if path == "/stream" {
        let head = b"HTTP/1.1 200 x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
        _ = stream.write_all(head).await;
        _ = released.wait_for(|released| *released).await;
        _ = stream.write_all(b"0\r\n\r\n").await;
        return;
    }
    match manner {
        Manner::Answer(status, health) => send(stream, if path == "/up" { health } else { status }).await,
        Manner::Named => {
            let named = path.split('/').find_map(|segment| segment.parse().ok());
            send(stream, named.unwrap_or(200)).await;
        }
        Manner::Crash(_) | Manner::CrashTogether(_) if path == "/crash" => {
            if let Manner::CrashTogether(count) = manner {
                until(|| times(seen, &path).len() >= count).await;
            }
            stream.set_zero_linger().expect("the socket is open");
        }
        Manner::Crash(health) if path == "/health" => send(stream, health).await,
        Manner::Crash(_) | Manner::CrashTogether(_) => send(stream, 200).await,
        Manner::Half if path == "/x" => {
            _ = stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\ncontent-length: 10\r\n\r\nhello").await;
        }
        Manner::Together(count) => {
            if path == "/x" {
                until(|| times(seen, &path).len() >= count).await;
            }
            _ = stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        }
        Manner::Reset | Manner::Half => stream.set_zero_linger().expect("the socket is open"),
        Manner::Hang => std::future::pending().await,
    }
}

/// Runs a test against a host of its own with a server as `cf-d1`.
pub(super) fn with<F: Future<Output = ()>>(
    manner: Manner,
    settings: impl FnOnce(&mut Settings, SocketAddr),
    test: impl FnOnce(&'static Lab, Server) -> F,
) {
    let server = lab().runtime.block_on(Server::start(manner));
    let address = server.address;
    with_settings(
        |own| {
            own.set("backend_cf_d1_url", format!("http://{address}"));
            settings(own, address);
        },
        |lab| test(lab, server),
    );
}

pub(super) async fn get(lab: &Lab) -> Response {
    Request::get("/x").backend("cf-d1").send(lab).await
}

/// Reads and writes of the store so far.
pub(super) fn stats(lab: &Lab) -> (u64, u64) {
    let stats = lab.host.as_ref().expect("a host that counts").stats();
    (stats.reads, stats.writes)
}

/// Awaits what is written about `cf-d1` after a response: the store's `writes`th write where writes are counted, else an entry that `is` it.
pub(super) async fn written(lab: &Lab, writes: u64, is: impl Fn(&serde_json::Value) -> bool) {
    match &lab.host {
        Some(_) => until(|| stats(lab).1 >= writes).await,
        None => until(|| stored(lab).is_some_and(|entry| is(&entry))).await,
    }
}

/// Awaits all work after the responses so far: its end where the host tells, else an entry about `cf-d1` that `is` its result.
pub(super) async fn settled(lab: &Lab, is: impl Fn(&serde_json::Value) -> bool) {
    match &lab.host {
        Some(host) => host.idle().await,
        None => until(|| stored(lab).is_some_and(|entry| is(&entry))).await,
    }
}

/// The entry about `cf-d1` in a store that is a folder.
fn stored(lab: &Lab) -> Option<serde_json::Value> {
    let folder = lab.process.as_ref().and_then(|process| process.store.as_ref()).expect("a store that is a folder");
    let text = std::fs::read(folder.join(gateway_core::file_name::of_key("health:local:cf-d1"))).ok()?;
    Some(serde_json::from_slice(&text).expect("never half an entry"))
}

/// Awaits something that happens after a response, out of the client's sight.
pub(super) async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The pauses before a backend that is down is tried again, in seconds: each failed retry makes it the next one.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 16, 30];

/// The answer to a request that is turned away, after a failure that happened later than `since`, and the pause. A busy machine may let the pause go by
/// before it asks. Then the request is a retry, which has to tell nothing good; `again` makes the next failure where the retry itself is none, and awaits
/// that it is written.
pub(super) async fn turned_away(lab: &Lab, mut since: Instant, mut again: impl AsyncFnMut()) -> (Response, u64) {
    for pause in PAUSES {
        let asked = Instant::now();
        let response = get(lab).await;
        if response.value("retry-after").is_some() {
            return (response, pause);
        }
        assert!(since.elapsed() >= Duration::from_secs(pause), "{} instead of a pause of {pause} s", response.status);
        since = asked;
        again().await;
    }
    panic!("no pause was long enough for this machine");
}

/// How `/backends` shows `cf-d1`.
pub(super) async fn listed(lab: &Lab) -> serde_json::Value {
    let body = Request::get("/backends").send(lab).await.json();
    of("cf-d1", &body)
}

/// How a listing shows a backend.
pub(super) fn of(id: &str, listing: &serde_json::Value) -> serde_json::Value {
    let backends = listing["backends"].as_array().expect("a list");
    backends.iter().find(|backend| backend["id"] == id).unwrap_or_else(|| panic!("no {id}")).clone()
}

/// Milliseconds since the Unix epoch.
pub(super) fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_millis()).expect("before the end of time")
}

pub(super) const WELL: Manner = Manner::Answer(200, 200);
