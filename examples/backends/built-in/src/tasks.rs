//! The tasks of the example backend, in SQLite.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS tasks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    title      TEXT    NOT NULL,
    done       INTEGER NOT NULL DEFAULT 0,
    created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
)";
const COLUMNS: &str = "id, title, done, created_at";
const SEED: [&str; 2] = ["Send a request through the gateway", "Switch to another backend with x-backend"];

/// A task as clients see it.
#[derive(Debug, Serialize)]
pub(crate) struct Task {
    pub(crate) id: i64,
    title: String,
    done: bool,
    created_at: String,
}

/// What a client sends to make or change one. An absent field stays as it is, or gets its default.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Draft {
    pub(crate) title: Option<String>,
    pub(crate) done: Option<bool>,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Tasks(Mutex<Connection>);

impl Tasks {
    /// Opens the table in this file, or in memory, and puts two tasks into it if it is empty.
    pub(crate) fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let connection = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.execute_batch(SCHEMA)?;
        let tasks = Self(Mutex::new(connection));
        if tasks.all()?.is_empty() {
            for title in SEED {
                tasks.insert(title, false)?;
            }
        }
        Ok(tasks)
    }

    pub(crate) fn all(&self) -> rusqlite::Result<Vec<Task>> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM tasks ORDER BY id"))?;
            statement.query_map([], task)?.collect()
        })
    }

    pub(crate) fn one(&self, id: i64) -> rusqlite::Result<Option<Task>> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM tasks WHERE id = ?"))?
                .query_row([id], task)
                .optional()
        })
    }

    pub(crate) fn insert(&self, title: &str, done: bool) -> rusqlite::Result<Task> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("INSERT INTO tasks (title, done) VALUES (?, ?) RETURNING {COLUMNS}"))?
                .query_row((title, done), task)
        })
    }

    /// Changes the fields that the draft has. `None`: there is no such task.
    pub(crate) fn update(&self, id: i64, draft: &Draft) -> rusqlite::Result<Option<Task>> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "UPDATE tasks SET title = coalesce(?, title), done = coalesce(?, done) WHERE id = ? RETURNING {COLUMNS}"
                ))?
                .query_row((&draft.title, draft.done, id), task)
                .optional()
        })
    }

    /// Whether there was such a task.
    pub(crate) fn delete(&self, id: i64) -> rusqlite::Result<bool> {
        self.with(|connection| Ok(connection.prepare_cached("DELETE FROM tasks WHERE id = ?")?.execute([id])? > 0))
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task { id: row.get(0)?, title: row.get(1)?, done: row.get(2)?, created_at: row.get(3)? })
}
