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
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tokio::sync::Semaphore;

use crate::store::recent_reads::{Moment, RecentReads};

/// The file within the state folder, named as Spin names it.
const FILE: &str = "sqlite_key_value.db";
/// How long to wait for another process that is writing, and for the writes of this one that came before.
const BUSY: Duration = Duration::from_secs(5);

/// All stores of the application.
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
    /// Calls of `get`.
    pub reads: u64,
    /// Calls of `set` that have ended.
    pub writes: u64,
}

/// Why the store does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be created.
    #[error("cannot create the state folder {path}: {1}; choose another with --state-dir", path = .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// The database cannot be opened.
    #[error(
        "cannot open the key-value store {path}: {1}; remove the file, or choose another folder with --state-dir",
        path = .0.display()
    )]
    Open(PathBuf, #[source] rusqlite::Error),
    /// A statement failed.
    #[error("the key-value store failed: {0}")]
    Statement(#[from] rusqlite::Error),
    /// Other writes took so long that this one never had its turn.
    #[error(
        "the key-value store could not be written within {0:?}: another process holds it, or its disk is slow; choose \
         another folder with --state-dir"
    )]
    Busy(Duration),
    /// The thread for writing is gone: the host is stopping.
    #[error("the key-value store is closed: the host is stopping")]
    Stopped,
}

impl KeyValueStore {
    /// Opens the store in this folder, which is created, or in memory.
    pub fn open(state_dir: Option<&Path>) -> Result<Self, StoreError> {
        let Some(folder) = state_dir else {
            let connection = Connection::open_in_memory()?;
            create_table(&connection)?;
            let connection = Arc::new(Mutex::new(connection));
            return Ok(Self {
                reader: Arc::clone(&connection),
                recent: Arc::default(),
                writer: connection,
                turn: turn(),
                counts: Arc::default(),
                path: None,
            });
        };
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Folder(folder.to_owned(), error))?;
        let path = folder.join(FILE);
        let opened = |error| StoreError::Open(path.clone(), error);
        Ok(Self {
            writer: Arc::new(Mutex::new(open_file(&path).map_err(opened)?)),
            reader: Arc::new(Mutex::new(open_file(&path).map_err(opened)?)),
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
                let opened = open_file(path).map_err(|error| StoreError::Open(path.clone(), error))?;
                Arc::new(Mutex::new(opened))
            }
            None => Arc::clone(&self.reader),
        };
        Ok(Self { reader, recent: Arc::default(), ..self.clone() })
    }

    /// Opens the store in this folder for reading; nothing is created or changed, and a host may be using it. `None` where there is none.
    pub fn open_read_only(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let open = || {
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(BUSY)?;
            Ok(Arc::new(Mutex::new(connection)))
        };
        let connection = open().map_err(|error| StoreError::Open(path.clone(), error))?;
        Ok(Some(Self {
            reader: Arc::clone(&connection),
            recent: Arc::default(),
            writer: connection,
            turn: turn(),
            counts: Arc::default(),
            path: Some(path),
        }))
    }

    /// Uses so far.
    pub fn stats(&self) -> StoreStats {
        StoreStats {
            reads: self.counts.reads.load(Ordering::Relaxed),
            writes: self.counts.writes.load(Ordering::Relaxed),
        }
    }

    /// Writes pairs that the host is started with; they do not count as the component's.
    pub fn seed(&self, store: &str, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        let writer = lock(&self.writer);
        let written = pairs.iter().try_for_each(|(key, value)| put(&writer, store, key, value));
        self.counts.changed();
        Ok(written?)
    }

    /// The value of a key: what this process wrote last, or what another one did, unless that was less than 2 ms ago.
    pub fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        // Before the read: a change made meanwhile counts as later.
        let now = Moment { writes: self.counts.changes.load(Ordering::Acquire), time: Instant::now() };
        let mut recent = lock(&self.recent);
        if let Some(value) = recent.find(store, key, now) {
            return Ok(value);
        }
        let value = self.read(store, key)?;
        recent.keep(store, key, value.as_deref(), now);
        Ok(value)
    }

    fn read(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let reader = lock(&self.reader);
        let mut statement = reader.prepare_cached("SELECT value FROM spin_key_value WHERE store = ? AND key = ?")?;
        Ok(statement.query_row([store, key], |row| row.get(0)).optional()?)
    }

    /// Whether there is such a key.
    pub fn exists(&self, store: &str, key: &str) -> Result<bool, StoreError> {
        let reader = lock(&self.reader);
        let mut statement = reader.prepare_cached("SELECT 1 FROM spin_key_value WHERE store = ? AND key = ?")?;
        Ok(statement.exists([store, key])?)
    }

    /// All keys of a store.
    pub fn keys(&self, store: &str) -> Result<Vec<String>, StoreError> {
        let reader = lock(&self.reader);
        let mut statement = reader.prepare_cached("SELECT key FROM spin_key_value WHERE store = ? ORDER BY key")?;
        let keys = statement.query_map([store], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(keys)
    }

    /// Sets a key, whether it exists or not.
    pub async fn set(&self, store: String, key: String, value: Vec<u8>) -> Result<(), StoreError> {
        let written = self.write(move |writer| put(writer, &store, &key, &value)).await;
        // Only now: whoever waits for a write by its count wants to read it.
        self.counts.writes.fetch_add(1, Ordering::Relaxed);
        written
    }

    /// Removes a key; one that does not exist is fine.
    pub async fn delete(&self, store: String, key: String) -> Result<(), StoreError> {
        self.write(move |writer| {
            writer.prepare_cached("DELETE FROM spin_key_value WHERE store = ? AND key = ?")?.execute([store, key])?;
            Ok(())
        })
        .await
    }

    async fn write(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), rusqlite::Error> + Send + 'static,
    ) -> Result<(), StoreError> {
        let turn = tokio::time::timeout(BUSY, Arc::clone(&self.turn).acquire_owned());
        // It is never closed.
        let turn = turn.await.map_err(|_| StoreError::Busy(BUSY))?.map_err(|_| StoreError::Stopped)?;
        let (writer, counts) = (Arc::clone(&self.writer), Arc::clone(&self.counts));
        let write = move || {
            let written = work(&lock(&writer));
            // Also where nobody waits for it any more.
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

fn open_file(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // With a write-ahead log, readers do not wait for writers, and NORMAL leaves out the sync of every single
    // write: a crash of the machine may lose the last writes, which for a cache is the right trade.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    create_table(&connection)?;
    Ok(connection)
}

fn create_table(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS spin_key_value (
           store TEXT NOT NULL,
           key   TEXT NOT NULL,
           value BLOB NOT NULL,
           PRIMARY KEY (store, key)
         )",
    )
}

fn put(writer: &Connection, store: &str, key: &str, value: &[u8]) -> Result<(), rusqlite::Error> {
    writer
        .prepare_cached(
            "INSERT INTO spin_key_value (store, key, value) VALUES (?, ?, ?)
             ON CONFLICT (store, key) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![store, key, value])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::store::recent_reads::UNSEEN;

    async fn check(store: &KeyValueStore) {
        let name = "default".to_owned();
        assert_eq!(store.get(&name, "a").unwrap(), None);
        store.set(name.clone(), "a".to_owned(), b"1".to_vec()).await.unwrap();
        store.set(name.clone(), "a".to_owned(), b"2".to_vec()).await.unwrap();
        assert_eq!(store.get(&name, "a").unwrap(), Some(b"2".to_vec()), "the last write counts");
        assert_eq!(store.get("other", "a").unwrap(), None, "stores are apart");
        store.seed(&name, &[("b".to_owned(), vec![0, 255])]).unwrap();
        assert_eq!(store.keys(&name).unwrap(), ["a", "b"]);
        store.delete(name.clone(), "a".to_owned()).await.unwrap();
        store.delete(name.clone(), "a".to_owned()).await.unwrap();
        assert!(!store.exists(&name, "a").unwrap() && store.exists(&name, "b").unwrap());
        assert_eq!(store.stats(), StoreStats { reads: 3, writes: 2 }, "seeding does not count");
    }

    #[tokio::test]
    async fn in_memory() {
        check(&KeyValueStore::open(None).unwrap()).await;
    }

    #[tokio::test]
    async fn in_a_file_that_outlives_the_host() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("new/state");
        check(&KeyValueStore::open(Some(&state)).unwrap()).await;
        assert_eq!(KeyValueStore::open(Some(&state)).unwrap().keys("default").unwrap(), ["b"]);
    }

    #[tokio::test]
    async fn a_write_of_this_process_is_seen_by_all_workers_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let writing = KeyValueStore::open(Some(folder.path())).unwrap();
        let workers = [writing.with_own_reader().unwrap(), writing.with_own_reader().unwrap()];
        let key = || ("default".to_owned(), "a".to_owned());
        for number in 0..100_u8 {
            let (store, key) = key();
            let [first, _] = &workers;
            first.set(store, key, vec![number]).await.unwrap();
            for worker in workers.iter().chain([&writing]) {
                assert_eq!(worker.get("default", "a").unwrap(), Some(vec![number]));
            }
        }
        let (store, key) = key();
        writing.delete(store, key).await.unwrap();
        writing.seed("default", &[("b".to_owned(), vec![1])]).unwrap();
        for worker in &workers {
            assert_eq!(worker.get("default", "a").unwrap(), None);
            assert_eq!(worker.get("default", "b").unwrap(), Some(vec![1]));
            writing.seed("default", &[("b".to_owned(), vec![2])]).unwrap();
            assert_eq!(worker.get("default", "b").unwrap(), Some(vec![2]));
            writing.seed("default", &[("b".to_owned(), vec![1])]).unwrap();
        }
    }

    #[test]
    fn a_write_of_another_process_is_seen_a_moment_later() {
        let folder = tempfile::tempdir().unwrap();
        let host = KeyValueStore::open(Some(folder.path())).unwrap();
        let other = KeyValueStore::open(Some(folder.path())).unwrap();
        for number in 0..10_u8 {
            drop(host.get("default", "a").unwrap());
            other.seed("default", &[("a".to_owned(), vec![number])]).unwrap();
            let written = Instant::now();
            // However long a busy machine takes: what is read after that time is the new value.
            let read = loop {
                let begun = Instant::now();
                let read = host.get("default", "a").unwrap();
                if begun.duration_since(written) >= UNSEEN || read == Some(vec![number]) {
                    break read;
                }
            };
            assert_eq!(read, Some(vec![number]));
        }
    }

    #[tokio::test]
    async fn for_reading_it_has_to_exist() {
        let folder = tempfile::tempdir().unwrap();
        assert!(KeyValueStore::open_read_only(folder.path()).unwrap().is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is created");
        let host = KeyValueStore::open(Some(folder.path())).unwrap();
        let reader = KeyValueStore::open_read_only(folder.path()).unwrap().unwrap();
        host.set("default".to_owned(), "a".to_owned(), b"1".to_vec()).await.unwrap();
        assert_eq!(reader.get("default", "a").unwrap(), Some(b"1".to_vec()), "while a host is writing");
        assert!(reader.set("default".to_owned(), "a".to_owned(), b"2".to_vec()).await.is_err());
    }

    #[test]
    fn an_unusable_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let message = KeyValueStore::open(Some(&file)).unwrap_err().to_string();
        assert!(message.contains("--state-dir") && message.contains("file"), "{message}");
    }
}
