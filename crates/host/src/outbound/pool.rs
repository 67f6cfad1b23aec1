//! Connections to backends that wait for their next request.
//!
//! Servers close connections that idle, and not all of them say when: so these are let go early (see `response_head::keep_for`), and looked at before
//! they are used. What still meets a server that closes at the same moment is for the component, which may send a request again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use tokio::time::Instant;

use crate::outbound::connection::Connection;

/// Connections that wait, for each backend.
const MAX_KEPT: usize = 1024;
/// How often those whose time is over are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Where connections lead: scheme, host and port.
pub(crate) type Origin = (Scheme, Authority);

/// The origin of an absolute URL.
pub(crate) fn origin(uri: &Uri) -> Option<Origin> {
    Some((uri.scheme()?.clone(), uri.authority()?.clone()))
}

/// The waiting connections of one worker. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    connections: HashMap<Origin, Vec<Kept>>,
    /// A task looks for those whose time is over.
    swept: bool,
}

#[derive(Debug)]
struct Kept {
    connection: Connection,
    until: Instant,
}

impl Pool {
    /// The connection that was used last, of those that can be used still.
    pub(crate) fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut waiting = self.lock();
        let kept = waiting.connections.get_mut(origin)?;
        let now = Instant::now();
        loop {
            let Kept { connection, until } = kept.pop()?;
            if now < until && connection.is_usable() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection whose last exchange is through, for as long as `time`.
    fn keep(&self, origin: Origin, connection: Connection, time: Duration) {
        let Some(until) = Instant::now().checked_add(time) else {
            return;
        };
        let mut waiting = self.lock();
        let kept = waiting.connections.entry(origin).or_default();
        if kept.len() < MAX_KEPT {
            kept.push(Kept { connection, until });
        }
        if !std::mem::replace(&mut waiting.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(&self.0)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.0)
    }
}

/// No map is left half changed.
fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes what is over until nothing waits any more.
async fn sweep(pool: Weak<Mutex<Waiting>>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else {
            return;
        };
        let mut waiting = lock(&pool);
        let now = Instant::now();
        waiting.connections.retain(|_, kept| {
            kept.retain(|kept| now < kept.until && kept.connection.is_through());
            !kept.is_empty()
        });
        if waiting.connections.is_empty() {
            waiting.swept = false;
            return;
        }
    }
}

/// A connection on which a response is being read, and what becomes of it afterwards.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    pub(crate) pool: Pool,
    pub(crate) origin: Origin,
    /// How long it may wait for its next request.
    pub(crate) keep_for: Duration,
}

impl Lease {
    /// The response has been read to its end.
    pub(crate) fn end(self) {
        let Self { mut connection, pool, origin, keep_for } = self;
        if keep_for.is_zero() {
            return;
        }
        if connection.is_through() {
            return pool.keep(origin, connection, keep_for);
        }
        // The rest of an upload may still be going out.
        tokio::spawn(async move {
            if connection.through().await {
                pool.keep(origin, connection, keep_for);
            }
        });
    }
}
