//! Tasks and projects in SQLite. Schema and seed are those of all example backends.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, ffi, params_from_iter};
use serde::{Serialize, Serializer};

use crate::resources::{Resource, Values};

/// In their order. `user_version` of a database counts those that were applied.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../shared/migrations/0001_create_tasks.sql"),
    include_str!("../../shared/migrations/0002_projects_and_uuids.sql"),
];
const SEED: &str = include_str!("../../shared/seed.sql");

/// The database. Names of tables and columns become part of statements: they come from [`Resource`], never from a request.
#[derive(Debug)]
pub(crate) struct Store(Mutex<Connection>);

/// One row, with the columns of its resource.
#[derive(Debug)]
pub(crate) struct Row {
    columns: &'static [&'static str],
    values: Vec<Option<String>>,
}

impl Row {
    /// Empty only if the resource had no columns.
    pub(crate) fn id(&self) -> &str {
        self.values.first().and_then(Option::as_deref).unwrap_or_default()
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().zip(&self.values))
    }
}

impl Store {
    /// Opens the database in this file, or in memory, brings it to the present schema, and seeds it if it has no tasks.
    pub(crate) fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let mut connection = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let applied: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for (version, migration) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > applied) {
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
        transaction.execute_batch(SEED)?;
        transaction.commit()?;
        Ok(Self(Mutex::new(connection)))
    }

    /// The rows that have these values, the newest first.
    pub(crate) fn list(&self, resource: &Resource, values: &Values) -> rusqlite::Result<Vec<Row>> {
        let conditions: String = values.iter().map(|(column, _)| format!(" AND {column} = ?")).collect();
        let statement = format!(
            "SELECT {} FROM {} WHERE true{conditions} ORDER BY created_at DESC, sequence DESC",
            resource.columns.join(", "),
            resource.table
        );
        self.rows(resource, &statement, values.iter().map(|(_, value)| value.as_deref()))
    }

    pub(crate) fn get(&self, resource: &Resource, id: &str) -> rusqlite::Result<Option<Row>> {
        let statement = format!("SELECT {} FROM {} WHERE id = ?", resource.columns.join(", "), resource.table);
        Ok(self.rows(resource, &statement, [Some(id)])?.pop())
    }

    pub(crate) fn create(&self, resource: &Resource, values: &Values) -> rusqlite::Result<Row> {
        let columns: Vec<&str> = values.iter().map(|(column, _)| *column).collect();
        let statement = format!(
            "INSERT INTO {} ({}) VALUES ({}) RETURNING {}",
            resource.table,
            columns.join(", "),
            vec!["?"; columns.len()].join(", "),
            resource.columns.join(", ")
        );
        let rows = self.rows(resource, &statement, values.iter().map(|(_, value)| value.as_deref()));
        rows?.pop().ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Changes what is given and keeps the rest. `None`: there is no such row.
    pub(crate) fn update(&self, resource: &Resource, id: &str, values: &Values) -> rusqlite::Result<Option<Row>> {
        let changes: String = values.iter().map(|(column, _)| format!("{column} = ?, ")).collect();
        let statement = format!(
            "UPDATE {} SET {changes}updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ? RETURNING {}",
            resource.table,
            resource.columns.join(", ")
        );
        let parameters = values.iter().map(|(_, value)| value.as_deref()).chain([Some(id)]);
        Ok(self.rows(resource, &statement, parameters)?.pop())
    }

    /// Whether there was such a row.
    pub(crate) fn delete(&self, resource: &Resource, id: &str) -> rusqlite::Result<bool> {
        let statement = format!("DELETE FROM {} WHERE id = ? RETURNING id", resource.table);
        self.with(|connection| {
            let deleted = connection.prepare_cached(&statement)?.query_row([id], |_| Ok(())).optional()?;
            Ok(deleted.is_some())
        })
    }

    fn rows<'v>(
        &self,
        resource: &Resource,
        statement: &str,
        parameters: impl IntoIterator<Item = Option<&'v str>>,
    ) -> rusqlite::Result<Vec<Row>> {
        let columns = resource.columns;
        self.with(|connection| {
            let mut statement = connection.prepare_cached(statement)?;
            let rows = statement.query_map(params_from_iter(parameters), |row| {
                let values = (0..columns.len()).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?;
                Ok(Row { columns, values })
            })?;
            rows.collect()
        })
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a write failed because the project that it names does not exist: the schema has no other reference.
pub(crate) fn is_unknown_project(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY)
}
