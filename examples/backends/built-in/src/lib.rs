//! A small backend to try the gateway with: tasks and projects over HTTP, kept in SQLite. It is started when nothing else listens
//! where the gateway looks for its default backend.
//!
//! It serves the API of the other example backends, which `openapi.yaml` beside this crate describes. A backend that wants the port for
//! itself sends `POST /step-aside` with its name in `x-step-aside`: the example then closes its connections and listens no longer.

mod api;
mod body;
mod resources;
mod store;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue, ORIGIN, VIA};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::api::answer;
use crate::store::Store;

/// The file of the database within the state folder.
const FILE: &str = "example_tasks.db";

/// Where it says what went wrong, one message at a time.
pub type Log = fn(fmt::Arguments<'_>);

/// The backend while it runs. Dropping it stops it.
#[derive(Debug)]
pub struct ExampleBackend {
    address: SocketAddr,
    server: JoinHandle<()>,
}

/// Why the backend does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleBackendError {
    /// The address is taken or not ours.
    #[error("the example backend cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Its folder cannot be created.
    #[error("the example backend cannot create its folder: {0}; choose another with --state-dir")]
    Folder(#[source] io::Error),
    /// Its database cannot be opened.
    #[error("the example backend cannot open {FILE}: {0}; remove it, or start with --no-example")]
    Database(#[source] rusqlite::Error),
}

impl ExampleBackend {
    /// Listens on `address`, where port 0 takes any free one, and keeps its database in the folder `state_dir`, which is
    /// created, or in memory. What fails later, while it answers requests, goes to `log`.
    ///
    /// # Errors
    ///
    /// The address is taken, or the folder or the database in it cannot be used.
    pub async fn start(address: SocketAddr, state_dir: Option<&Path>, log: Log) -> Result<Self, ExampleBackendError> {
        let listen = |error| ExampleBackendError::Listen(address, error);
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let file = match state_dir {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(ExampleBackendError::Folder)?;
                Some(folder.join(FILE))
            }
            None => None,
        };
        let store = Arc::new(Store::open(file.as_deref()).map_err(ExampleBackendError::Database)?);
        Ok(Self { address, server: tokio::spawn(accept(listener, store, log)) })
    }

    /// Where it listens, with the port that was taken for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ExampleBackend {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, store: Arc<Store>, log: Log) {
    let mut connections = tokio::task::JoinSet::new();
    let leaving = Arc::new(Notify::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // The end of all connections, too: the gateway keeps some, and its next request is for the one that comes.
            () = leaving.notified() => return log(format_args!("the example backend makes way for another one on its port")),
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        drop(stream.set_nodelay(true));
        let (store, leaving) = (Arc::clone(&store), Arc::clone(&leaving));
        let service = service_fn(move |request| {
            let (store, leaving) = (Arc::clone(&store), Arc::clone(&leaving));
            async move {
                if is_told_to_leave(&request) {
                    leaving.notify_one();
                }
                let mut response = answer(&store, log, request).await;
                response
                    .headers_mut()
                    .insert(HeaderName::from_static("x-served-by"), HeaderValue::from_static("example-backend"));
                Ok::<_, Infallible>(response)
            }
        });
        connections.spawn(async move {
            drop(http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Not for clients of the gateway, whose requests have a `via`, nor for web pages, whose requests have an `origin`.
fn is_told_to_leave(request: &Request<Incoming>) -> bool {
    let fields = request.headers();
    request.method() == Method::POST
        && request.uri().path() == "/step-aside"
        && fields.contains_key("x-step-aside")
        && !fields.contains_key(VIA)
        && !fields.contains_key(ORIGIN)
}
