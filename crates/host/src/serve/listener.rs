//! Accepts connections and spreads them over the workers; stops in an orderly way.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use crate::serve::worker::Worker;
use crate::stderr;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;
/// How long to wait when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds the address, with a queue that is long enough for a burst of clients.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for connections of the previous run to time out. On Windows the option would mean
    // something else.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` fires or its sender is gone, then takes in who waits already, and waits for the workers to drain.
pub(crate) async fn run(listener: TcpListener, workers: Vec<Worker>, mut stop: oneshot::Receiver<()>) {
    loop {
        let accepted = tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => match stream.into_std() {
                Ok(stream) => hand_over(stream, client, &workers),
                Err(error) => stderr::host(format_args!("cannot serve a connection: {error}")),
            },
            Err(error) => {
                stderr::host(format_args!("cannot accept a connection: {error}"));
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    for (stream, client) in waiting(listener) {
        hand_over(stream, client, &workers);
    }
    // All of them first, so that they drain at the same time.
    let stopping: Vec<_> = workers.into_iter().map(Worker::stop).collect();
    let mut in_time = true;
    for drained in stopping {
        in_time &= drained.await.unwrap_or(false);
    }
    if !in_time {
        stderr::host("stopped with requests still running after the drain timeout");
    }
}

/// To the worker that has the fewest connections.
fn hand_over(stream: std::net::TcpStream, client: SocketAddr, workers: &[Worker]) {
    if let Some(worker) = workers.iter().min_by_key(|worker| worker.open()) {
        worker.serve(stream, client);
    }
}

/// Who waits to be accepted: for their clients these connections are open, and the system would reset them with the listener.
fn waiting(listener: TcpListener) -> Vec<(std::net::TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else {
        return Vec::new();
    };
    let accept = || {
        let (stream, client) = listener.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((stream, client))
    };
    std::iter::from_fn(accept).collect()
}
