//! The key-value stores, in SQLite with the schema of Spin's default store, so that either host can use a file of the
//! other.
//!
//! A read takes a few microseconds and happens where it is asked for; a write may wait for the disk and happens on a
//! thread for such work. In a file the two have a connection each, so that a read never waits for a write, and each
//! worker reads over one of its own, so that it never waits for another worker either.
//!
//! What a worker has read it takes as it was for 2 ms: a write of another process is seen within that time. A write of this process is seen by all
//! workers at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::store::database::{self, MAX_WAIT};
use crate::store::recent_reads::{Moment, RecentReads};
use crate::store::store_error::StoreError;

/// The key-value stores of an application, each known by its label. Clones share them and their counts.
#[derive(Debug, Clone)]
pub struct KeyValueStore {
    reader: Arc<Mutex<Connection>>,
    recent: Arc<Mutex<RecentReads>>,
    writer: Arc<Mutex<Connection>>,
    /// Whose turn it is to write. Waiting for it costs no thread: threads for such work also look names up.
    turn: Arc<Semaphore>,
    counts: Arc<Counts>,
    /// The file; `None` in memory.
    path: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
    /// Changes made by this process, those of [`KeyValueStore::seed`] and failed ones included.
    changes: AtomicU64,
}

impl Counts {
    /// A change has been made: what was read before it holds no longer.
    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }
}

/// How often the component used the store since the host started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Calls of `get`, whether or not they had to ask the database.
    pub reads: u64,
    /// Calls of `set` that have ended.
    pub writes: u64,
}

impl KeyValueStore {
    /// Opens the stores in this folder, which is created, or in memory.
    ///
    /// # Errors
    ///
    /// [`StoreError::Folder`] and [`StoreError::Open`]; in memory [`StoreError::Statement`].
    pub fn open(state_dir: Option<&Path>) -> Result<Self, StoreError> {
        let Some(folder) = state_dir else {
            return Ok(Self::over_one(database::open_in_memory()?, None));
        };
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Folder(folder.to_owned(), error))?;
        let path = folder.join(database::FILE);
        let opened = |error| StoreError::Open(path.clone(), error);
        Ok(Self {
            writer: Arc::new(Mutex::new(database::open_file(&path).map_err(opened)?)),
            reader: Arc::new(Mutex::new(database::open_file(&path).map_err(opened)?)),
            recent: Arc::default(),
            turn: turn(),
            counts: Arc::default(),
            path: Some(path),
        })
    }

    /// The same stores, read over a connection of its own. In memory there is only one.
    pub(crate) fn with_own_reader(&self) -> Result<Self, StoreError> {
        let reader = match &self.path {
            Some(path) => {
                let opened = database::open_file(path).map_err(|error| StoreError::Open(path.clone(), error))?;
                Arc::new(Mutex::new(opened))
            }
            None => Arc::clone(&self.reader),
        };
        Ok(Self { reader, recent: Arc::default(), ..self.clone() })
    }

    /// Opens the stores in this folder for reading; nothing is created or changed, and a host may be using them. `None` where there are
    /// none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Open`].
    pub fn open_read_only(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(database::FILE);
        if !path.is_file() {
            return Ok(None);
        }
        match database::open_read_only(&path) {
            Ok(connection) => Ok(Some(Self::over_one(connection, Some(path)))),
            Err(error) => Err(StoreError::Open(path, error)),
        }
    }

    /// Reads and writes over the same connection.
    fn over_one(connection: Connection, path: Option<PathBuf>) -> Self {
        let connection = Arc::new(Mutex::new(connection));
        Self {
            reader: Arc::clone(&connection),
            recent: Arc::default(),
            writer: connection,
            turn: turn(),
            counts: Arc::default(),
            path,
        }
    }

    /// How often the component has read and written so far.
    pub fn stats(&self) -> StoreStats {
        StoreStats {
            reads: self.counts.reads.load(Ordering::Relaxed),
            writes: self.counts.writes.load(Ordering::Relaxed),
        }
    }

    /// Writes pairs of key and value that the host is started with; they do not count as the component's.
    ///
    /// # Errors
    ///
    /// [`StoreError::Statement`]; pairs before the one that failed are written.
    pub fn seed(&self, store: &str, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        let writer = lock(&self.writer);
        let written = pairs.iter().try_for_each(|(key, value)| database::put(&writer, store, key, value));
        self.counts.changed();
        Ok(written?)
    }

    /// The value of a key: what this process wrote last, or what another one did, unless that was less than 2 ms ago. `None` where the
    /// store has no such key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Statement`].
    pub fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        // Before the read: a change made meanwhile counts as later.
        let now = Moment { writes: self.counts.changes.load(Ordering::Acquire), time: Instant::now() };
        let mut recent = lock(&self.recent);
        if let Some(value) = recent.find(store, key, now) {
            return Ok(value);
        }
        let value = database::get(&lock(&self.reader), store, key)?;
        recent.keep(store, key, value.as_deref(), now);
        Ok(value)
    }

    /// Whether the store has such a key, as the database says at this moment.
    ///
    /// # Errors
    ///
    /// [`StoreError::Statement`].
    pub fn exists(&self, store: &str, key: &str) -> Result<bool, StoreError> {
        Ok(database::exists(&lock(&self.reader), store, key)?)
    }

    /// All keys of a store, sorted; none where nothing was ever written to it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Statement`].
    pub fn keys(&self, store: &str) -> Result<Vec<String>, StoreError> {
        Ok(database::keys(&lock(&self.reader), store)?)
    }

    /// Sets a key, whether it exists or not. After that, every reader of this process sees the value.
    ///
    /// # Errors
    ///
    /// [`StoreError::Statement`], [`StoreError::Busy`] after 5 s, and [`StoreError::Stopped`].
    pub async fn set(&self, store: String, key: String, value: Vec<u8>) -> Result<(), StoreError> {
        let written = self.write(move |writer| database::put(writer, &store, &key, &value)).await;
        // Only now: a test that waits for this count then reads what was written.
        self.counts.writes.fetch_add(1, Ordering::Relaxed);
        written
    }

    /// Removes a key; one that does not exist is fine.
    ///
    /// # Errors
    ///
    /// Those of [`KeyValueStore::set`].
    pub async fn delete(&self, store: String, key: String) -> Result<(), StoreError> {
        self.write(move |writer| database::delete(writer, &store, &key)).await
    }

    async fn write(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), rusqlite::Error> + Send + 'static,
    ) -> Result<(), StoreError> {
        let turn = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.turn).acquire_owned());
        // It is never closed.
        let turn = turn.await.map_err(|_| StoreError::Busy(MAX_WAIT))?.map_err(|_| StoreError::Stopped)?;
        let (writer, counts) = (Arc::clone(&self.writer), Arc::clone(&self.counts));
        let write = move || {
            let written = work(&lock(&writer));
            // Also where its caller has stopped waiting.
            counts.changed();
            drop(turn);
            written
        };
        tokio::task::spawn_blocking(write).await.map_err(|_| StoreError::Stopped)??;
        Ok(())
    }
}

/// One write at a time.
fn turn() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(1))
}

/// SQLite keeps its own consistency, and what was read is replaced whole: a thread that panicked while it held a lock leaves nothing half done.
fn lock<T>(guarded: &Mutex<T>) -> MutexGuard<'_, T> {
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
