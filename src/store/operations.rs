//! Questions of those who look after the program.

use std::{fs, path::Path, time::Duration};

use jiff::Timestamp;

use super::{
    DeliveryKind, FileId, Store, StoreError,
    convert::Micros,
    place::{real_path, with_suffix},
    server,
    shift::queue,
    sql::{self, Connection, Transaction},
};
use crate::store_place::StorePlace;

/// How the work of a store stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operations {
    /// Files that wait to be read.
    pub queued: u32,
    /// Since when the first of them waits.
    pub queued_since: Option<Timestamp>,
    /// Critical studies that nobody has acknowledged.
    pub unacknowledged: u32,
    /// The outbox, by kind; a kind with nothing in it is missing.
    pub outbox: Vec<OutboxCount>,
    /// Bytes of the store's files.
    pub bytes: u64,
}

/// The outbox's deliveries of one kind that are not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxCount {
    /// The kind.
    pub kind: DeliveryKind,
    /// Those that wait.
    pub waiting: u32,
    /// Of these, those that have failed at least twice.
    pub failing: u32,
    /// Those that were given up.
    pub given_up: u32,
}

impl Store {
    /// How the work stands. Each question reads the end of an index.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn operations(&self) -> Result<Operations, StoreError> {
        self.read(|view| {
            let bytes = bytes(view, &self.place)?;
            let (queued, queued_since) = queue(view)?;
            Ok(Operations {
                queued,
                queued_since,
                unacknowledged: unacknowledged(view)?,
                outbox: outbox(view)?,
                bytes,
            })
        })
    }

    /// Takes the right to write and gives it back, waiting so long for another writer.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]: the store cannot be written now.
    pub fn try_to_write(&mut self, busy: Duration) -> Result<(), StoreError> {
        let Self { connection, place, .. } = self;
        let Some(sqlite) = connection.sqlite() else {
            return server::try_to_write(connection, busy)
                .map_err(|error| StoreError::from_sql(&*place, error));
        };
        let failed = |error: rusqlite::Error| StoreError::from_sql(&*place, error);
        let before: u64 = sqlite
            .pragma_query_value(None, "busy_timeout", |row| row.get::<_, i64>(0))
            .map_err(failed)?
            .unsigned_abs();
        sqlite.busy_timeout(busy).map_err(failed)?;
        let tried = connection.write().and_then(Transaction::rollback);
        sqlite.busy_timeout(Duration::from_millis(before)).map_err(failed)?;
        tried.map_err(|error| StoreError::from_sql(&*place, error))
    }

    /// When a file came in.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn received_at(&self, file: FileId) -> Result<Timestamp, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT received_at FROM files WHERE id = ?1")?
                .query_row([file], |row| row.get::<_, Micros>(0))
                .map(|time| time.0)
        })
    }
}

fn unacknowledged(view: &Connection) -> sql::Result<u32> {
    view.prepare_cached(
        "SELECT count(*) FROM studies
         WHERE severity = 'critical' AND acknowledged_at IS NULL AND status IN ('new', 'seen')
           AND scored_films + held_films > 0",
    )?
    .query_row([], |row| row.get(0))
}

fn outbox(view: &Connection) -> sql::Result<Vec<OutboxCount>> {
    let mut waiting = view.prepare_cached(
        "SELECT count(*), count(*) FILTER (WHERE attempts >= 2 OR (attempts = 0 AND fault <> ''))
         FROM outbox WHERE state = 'waiting' AND kind = ?1",
    )?;
    let mut failed =
        view.prepare_cached("SELECT count(*) FROM outbox WHERE state = 'failed' AND kind = ?1")?;
    let mut counts = Vec::new();
    for kind in DeliveryKind::ALL {
        let (waits, failing): (u32, u32) =
            waiting.query_row([kind.word()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let given_up: u32 = failed.query_row([kind.word()], |row| row.get(0))?;
        if waits > 0 || given_up > 0 {
            counts.push(OutboxCount { kind, waiting: waits, failing, given_up });
        }
    }
    Ok(counts)
}

/// The database and its write-ahead log; of a server all of the database.
fn bytes(view: &Connection, place: &StorePlace) -> sql::Result<u64> {
    let Some(file) = place.file() else {
        let bytes: i64 = view
            .prepare_cached("SELECT pg_database_size(current_database())")?
            .query_row([], |row| row.get(0))?;
        return Ok(bytes.unsigned_abs());
    };
    let Ok(path) = real_path(file) else { return Ok(0) };
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    Ok(length(&path) + length(&with_suffix(&path, "-wal")))
}
