//! A worker: a thread with a runtime, connections to backends and instances of its own, so that a request stays on one
//! core from its arrival to its end, and nothing on its way is shared with other cores.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::serve::newcomers::Newcomers;
use crate::serve::service::{Service, protocol, serve_connection};
use crate::stderr;

/// How long the last connections have to bring their first request once the host stops, counted again while some do.
const ARRIVAL: Duration = Duration::from_millis(50);

/// A running worker. Dropping it makes it finish what it has.
#[derive(Debug)]
pub(crate) struct Worker {
    connections: mpsc::UnboundedSender<(std::net::TcpStream, SocketAddr)>,
    open: Arc<AtomicUsize>,
    drained: oneshot::Receiver<bool>,
}

impl Worker {
    /// Starts one. Once it gets no more connections it drains for at most `drain_timeout`.
    pub(crate) fn start(service: Service, drain_timeout: Duration) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (connections, receiver) = mpsc::unbounded_channel();
        let (sender, drained) = oneshot::channel();
        let open = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&open);
        std::thread::Builder::new().name("worker".to_owned()).spawn(move || {
            // Whoever waits for it may have given up.
            _ = sender.send(runtime.block_on(work(Arc::new(service), receiver, counted, drain_timeout)));
            // What still runs now has outlived the drain timeout.
            runtime.shutdown_background();
        })?;
        Ok(Self { connections, open, drained })
    }

    /// How many connections it has now, with those that it was just given.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Gives it a connection, which counts as open at once.
    pub(crate) fn serve(&self, stream: std::net::TcpStream, client: SocketAddr) {
        self.open.fetch_add(1, Ordering::Relaxed);
        // A worker ends only after its sender is gone.
        drop(self.connections.send((stream, client)));
    }

    /// Gives it no more connections. The receiver tells when it has drained, and whether in time.
    pub(crate) fn stop(self) -> oneshot::Receiver<bool> {
        self.drained
    }
}

/// Serves connections until no more can come, then drains. Returns whether everything was finished in time.
async fn work(
    service: Arc<Service>,
    mut receiver: mpsc::UnboundedReceiver<(std::net::TcpStream, SocketAddr)>,
    open: Arc<AtomicUsize>,
    drain_timeout: Duration,
) -> bool {
    let connections = GracefulShutdown::new();
    let http = protocol();
    let newcomers = Newcomers::default();
    while let Some((stream, client)) = receiver.recv().await {
        let counted = Counted(Arc::clone(&open));
        match TcpStream::from_std(stream) {
            Ok(stream) => {
                let watched = connections.watch(serve_connection(&http, stream, client, &service, newcomers.add()));
                tokio::spawn(async move {
                    // What can fail here is the client's connection, which is not worth a line.
                    drop(watched.await);
                    drop(counted);
                });
            }
            Err(error) => stderr::host(format_args!("cannot serve a connection: {error}")),
        }
    }
    let drained = async {
        // hyper closes connections that have brought nothing so far, also those whose first request is just arriving.
        let mut missing = newcomers.count();
        while missing > 0 {
            tokio::time::sleep(ARRIVAL).await;
            // On a busy machine the time may be over before anybody was looked at: those who have sent something are now.
            tokio::task::yield_now().await;
            let still_missing = newcomers.count();
            if still_missing == missing {
                break;
            }
            missing = still_missing;
        }
        connections.shutdown().await;
        service.idle().await;
    };
    tokio::time::timeout(drain_timeout, drained).await.is_ok()
}

/// One connection of a worker, for as long as it exists.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
