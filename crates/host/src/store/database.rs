//! The statements on SQLite, with the schema of Spin's default store.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

/// The file within the state folder, named as Spin names it.
pub(crate) const FILE: &str = "sqlite_key_value.db";
/// How long to wait for another process that is writing, and for the writes of this one that came before.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(5);

/// An empty database that goes with its connection.
pub(crate) fn open_in_memory() -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_in_memory()?;
    create_table(&connection)?;
    Ok(connection)
}

/// A file for reading alone: it has to exist, and stays as it is.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(MAX_WAIT)?;
    Ok(connection)
}

/// A file for reading and writing, which is created.
pub(crate) fn open_file(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(MAX_WAIT)?;
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

/// The value of a key, `None` where there is no such key.
pub(crate) fn get(reader: &Connection, store: &str, key: &str) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    let mut statement = reader.prepare_cached("SELECT value FROM spin_key_value WHERE store = ? AND key = ?")?;
    statement.query_row([store, key], |row| row.get(0)).optional()
}

/// Whether there is such a key.
pub(crate) fn exists(reader: &Connection, store: &str, key: &str) -> Result<bool, rusqlite::Error> {
    reader.prepare_cached("SELECT 1 FROM spin_key_value WHERE store = ? AND key = ?")?.exists([store, key])
}

/// All keys of a store, sorted.
pub(crate) fn keys(reader: &Connection, store: &str) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = reader.prepare_cached("SELECT key FROM spin_key_value WHERE store = ? ORDER BY key")?;
    statement.query_map([store], |row| row.get(0))?.collect()
}

/// Sets a key, whether it exists or not.
pub(crate) fn put(writer: &Connection, store: &str, key: &str, value: &[u8]) -> Result<(), rusqlite::Error> {
    writer
        .prepare_cached(
            "INSERT INTO spin_key_value (store, key, value) VALUES (?, ?, ?)
             ON CONFLICT (store, key) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![store, key, value])?;
    Ok(())
}

/// Removes a key; one that does not exist is fine.
pub(crate) fn delete(writer: &Connection, store: &str, key: &str) -> Result<(), rusqlite::Error> {
    writer.prepare_cached("DELETE FROM spin_key_value WHERE store = ? AND key = ?")?.execute([store, key])?;
    Ok(())
}
