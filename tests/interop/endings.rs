//! Connections to backends that end: right after an answer, and around the time that the server lets them idle.
//!
//! A GET must not notice. A connection may end in the moment in which it is chosen for the next request, so there are many tries.

use crate::client::Response;
use crate::exchanges::{Exchange, Way};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The exchanges by name, in the order in which they run.
pub(crate) const ENDINGS: [(&str, Exchange); 2] =
    [("closes", |way| Box::pin(closes(way))), ("idled", |way| Box::pin(idled(way)))];

/// The name of [`idles`].
pub(crate) const IDLES: &str = "idles";

/// Requests at the same time, so that as many connections are left idle.
const AT_ONCE: usize = 10;

/// How far from the end of a connection it is used again, and how far apart the requests then are, in milliseconds. What shows most comes first:
/// where connections may idle for longer there are fewer tries.
const OFFSETS: [(i64, u64); 7] = [(-5, 0), (-4, 1), (0, 0), (-3, 1), (20, 0), (-60, 0), (200, 0)];

/// About how long the tries may take together.
const TRIES: Duration = Duration::from_secs(9);

/// How long the gateway waits for a request head.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// How long a server takes to end an idle connection, where it does so within this time.
const MAX_IDLE: Duration = Duration::from_secs(6);

/// 240 GETs from one client and 240 from four, while each connection to the backend ends right after its answer.
async fn closes(way: Way) {
    for clients in [1, 4] {
        let tasks = (0..clients).map(|_| tokio::spawn(several(way.clone(), 240 / clients)));
        let seen = counted(ended(tasks).await.into_iter().flatten());
        assert_eq!(seen, all_well(240), "240 GETs from {clients} clients: answers and how often");
    }
}

async fn several(way: Way, number: usize) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..number {
        seen.push(outcome(&way.get(way.closing).await));
    }
    seen
}

/// The status, and the whole answer where it is not 200.
fn outcome(response: &Response) -> String {
    if response.status == 200 { "200".to_owned() } else { format!("{}: {}", response.status, response.text().trim()) }
}

/// GETs about the moment in which the server ends idle connections.
pub(crate) async fn idles(way: Way) {
    let limit = idle_limit(&way).await;
    spread(&way, "GET", AT_ONCE, Duration::ZERO).await;
    let (mut seen, mut wanted) = (BTreeMap::new(), BTreeMap::new());
    let tries = (TRIES.as_millis() / limit.as_millis().max(1)).clamp(3, OFFSETS.len() as u128) as usize;
    for &(offset, apart) in &OFFSETS[..tries] {
        let pause = limit.as_millis() as i64 + offset;
        tokio::time::sleep(Duration::from_millis(pause.max(0) as u64)).await;
        seen.insert(offset, spread(&way, "GET", AT_ONCE, Duration::from_millis(apart)).await);
        wanted.insert(offset, all_well(AT_ONCE));
    }
    assert_eq!(seen, wanted, "milliseconds from the limit of {limit:?}: answers and how often");
}

/// What may not be sent twice, well after the server has ended its connections: their end has been seen.
async fn idled(way: Way) {
    let limit = idle_limit(&way).await;
    spread(&way, "GET", AT_ONCE, Duration::ZERO).await;
    tokio::time::sleep(limit + Duration::from_millis(1500)).await;
    assert_eq!(
        spread(&way, "POST", AT_ONCE, Duration::ZERO).await,
        all_well(AT_ONCE),
        "POSTs 1.5 s after the limit of {limit:?}"
    );
}

/// How long this server lets a connection idle, as clients of its own see it: the shortest of some, because a busy machine makes it longer.
async fn idle_limit(way: &Way) -> Duration {
    let clients = (0..4).map(|_| tokio::spawn(idle_time(way.server)));
    ended(clients).await.into_iter().min().expect("there are clients")
}

async fn idle_time(server: SocketAddr) -> Duration {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: app\r\n\r\n").await.expect("the server reads");
    let mut buffer = [0; 4096];
    let mut answer = 0;
    let mut last = Instant::now();
    // The last bytes are the answer's, then there is only the end.
    let end = async {
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            answer += read;
            last = Instant::now();
        }
    };
    _ = tokio::time::timeout(MAX_IDLE, end).await;
    assert!(answer > 0, "the server answers");
    last.elapsed()
}

/// Connections of a proxy to the gateway, idle for as long as the gateway waits for a request head: what the proxy may not send twice gets through.
pub(crate) async fn half_a_minute_between(way: Way) {
    assert_eq!(spread(&way, "POST", 20, Duration::ZERO).await, all_well(20), "20 POSTs, which leave connections");
    // They are used again within 40 ms about the moment in which a limit of half a minute would end them.
    tokio::time::sleep(HALF_A_MINUTE - Duration::from_millis(20)).await;
    let seen = spread(&way, "POST", 20, Duration::from_millis(2)).await;
    assert_eq!(seen, all_well(20), "20 POSTs after half a minute: answers and how often");
}

/// The same on a connection without a proxy, a second later.
pub(crate) async fn half_a_minute_on(way: Way) {
    let first = way.get("/").await;
    tokio::time::sleep(HALF_A_MINUTE + Duration::from_secs(1)).await;
    let request = way.request("POST", "/").field("content-length", "0");
    let mut answer = request.start_on(first, way.to).await.head().await;
    answer.read_to_end().await.expect("the answer is whole");
    assert_eq!(answer.status, 200, "a POST on a connection that was idle for 31 s");
}

/// `number` requests without a body, each begun a bit later than the one before. Each keeps a connection busy for 50 ms.
pub(crate) async fn spread(way: &Way, method: &'static str, number: usize, apart: Duration) -> BTreeMap<String, usize> {
    let tasks = (0..number).map(|index| {
        let way = way.clone();
        tokio::spawn(async move {
            tokio::time::sleep(apart * index as u32).await;
            let request = way.request(method, "/wait");
            let request = if method == "POST" { request.field("content-length", "0") } else { request };
            outcome(&request.send(way.to).await)
        })
    });
    counted(ended(tasks).await)
}

async fn ended<T>(tasks: impl Iterator<Item = JoinHandle<T>>) -> Vec<T> {
    // All of them run before the first is awaited.
    let tasks: Vec<_> = tasks.collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.expect("the request ends"));
    }
    done
}

fn counted(seen: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    seen.into_iter().fold(BTreeMap::new(), |mut counts, outcome| {
        *counts.entry(outcome).or_default() += 1;
        counts
    })
}

/// So many answers of status 200.
pub(crate) fn all_well(number: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([("200".to_owned(), number)])
}
