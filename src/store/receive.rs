//! Files as intake reports them: recorded first, read later, so that a restart knows what is due.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use serde_json::json;

use super::{
    Claim, FileId, Queued, Store, StoreError,
    audit::{NewEvent, log},
    convert::{Columns, Micros, Place, to_json},
    shared::{host_name, still_has},
    sql::{self, Connection, Hint, OptionalExtension},
    unreadable::rows,
};
use crate::{
    intake::{Arrival, LeftOut, Mounts},
    study::AuditKind,
};

impl Store {
    /// Records files that are not known in that size and with that time as queued, and returns the
    /// number of each (files already known have none in the answer). One transaction for all of them.
    ///
    /// A file that had gone before it could be read and is back counts as new.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then none is recorded.
    pub fn receive(
        &mut self,
        arrivals: &[Arrival],
        now: Timestamp,
    ) -> Result<Vec<(FileId, Arrival)>, StoreError> {
        let (mounts, host) = (Arc::clone(&self.mounts), self.is_shared().then(host_name).unwrap_or_default());
        self.write(|transaction| {
            let mut received = Vec::new();
            for arrival in arrivals {
                if let Some(file) = receive_one(transaction, arrival, (&mounts, &host), now)? {
                    received.push((file, arrival.clone()));
                }
            }
            Ok(received)
        })
    }

    /// Whether a file is recorded in that size and with that time, and need not be read again.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn is_known(&self, path: &Path, size: u64, modified_ns: i64) -> Result<bool, StoreError> {
        self.read(|view| {
            view.prepare_cached(
                "SELECT 1 FROM files
                 WHERE path = ?1 AND size = ?2 AND modified_ns = ?3 AND state <> 'gone'",
            )?
            .exists((Place::to_value(&self.mounts.place(path)), stored_size(size), modified_ns))
        })
    }

    /// Keeps what lies in the inbox and is left out, for the dashboards.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn note_left_out(&mut self, left_out: LeftOut) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO left_out (id, counts) VALUES (1, ?1)
                     ON CONFLICT (id) DO UPDATE SET counts = excluded.counts",
                )?
                .execute([to_json(&left_out)?])?;
            Ok(())
        })
    }

    /// Lets a queued file go of which nothing is to be kept: its name was one for the time being, and it has another
    /// one by now. Should the name come back, the file counts as new. Whether it did: not for a film that is known.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then the file is still queued.
    pub fn forget(&mut self, file: impl Into<Claim>, now: Timestamp) -> Result<bool, StoreError> {
        let claim = file.into();
        let file = claim.file;
        self.write(|transaction| {
            if !still_has(transaction, claim)? {
                return Err(sql::Error::Late);
            }
            let forgotten = transaction
                .prepare_cached(
                    "UPDATE files SET state = 'gone', claimed_by = NULL, lease_until = NULL
                     WHERE id = ?1 AND state = 'queued' AND film IS NULL",
                )?
                .execute([file])?;
            if forgotten > 0 {
                let detail = json!({ "reason": "its name was one for the time being" });
                log(
                    transaction,
                    &NewEvent { file: Some(file), detail, ..NewEvent::of(AuditKind::Gone) },
                    now,
                )?;
            }
            Ok(forgotten > 0)
        })
    }

    /// The first `limit` files that still have to be read, in the order in which they came; those that were in work
    /// when the program died come behind what was there then.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn queued(&self, limit: u32) -> Result<Vec<Queued>, StoreError> {
        self.queue(limit, true)
    }

    /// [`Store::queued`] without the files that are to be tried alone.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn queued_for_all(&self, limit: u32) -> Result<Vec<Queued>, StoreError> {
        self.queue(limit, false)
    }

    fn queue(&self, limit: u32, with_those_alone: bool) -> Result<Vec<Queued>, StoreError> {
        self.read(|view| {
            let sql =
                "SELECT files.id, path, size, modified_ns, requests.id, films.sha256, behind IS NOT NULL,
                        files.tries
                 FROM files
                 LEFT JOIN requests ON requests.film = files.film AND requests.state = 'open'
                 LEFT JOIN films ON films.id = requests.film
                 WHERE files.state = 'queued' AND (?2 OR behind IS NULL)
                 ORDER BY coalesce(behind, files.id), behind NULLS FIRST, files.id LIMIT ?1";
            rows(view, "files", sql, (limit, with_those_alone), |row| {
                let mut columns = Columns::of(row);
                let file: FileId = columns.next()?;
                let path = self.mounts.path(&columns.next::<Place>()?.0);
                let size = columns.next::<i64>()?.unsigned_abs();
                let arrival = Arrival { path, size, modified_ns: columns.next()? };
                let (request, sha256) = (columns.next::<Option<_>>()?, columns.next::<Option<_>>()?);
                let request = request.zip(sha256);
                Ok(Queued {
                    file,
                    claim: file.into(),
                    arrival,
                    request,
                    alone: columns.next()?,
                    tries: columns.next()?,
                    seen_elsewhere: false,
                })
            })
        })
    }
}

/// Returns the files that lie in the inbox and are left out, as the owner last kept it; nothing where that cannot be read,
/// for it is kept anew before long.
pub(super) fn left_out(connection: &Connection) -> sql::Result<LeftOut> {
    let counts: Option<String> = connection
        .prepare_cached("SELECT counts FROM left_out")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(counts.and_then(|counts| serde_json::from_str(&counts).ok()).unwrap_or_default())
}

fn receive_one(
    connection: &Connection,
    arrival: &Arrival,
    (mounts, host): (&Mounts, &str),
    now: Timestamp,
) -> sql::Result<Option<FileId>> {
    let place = Place::to_value(&mounts.place(&arrival.path));
    let (path, size, at) = (place, stored_size(arrival.size), Micros(now));
    let inbox = mounts.inbox_of(&arrival.path).map_or("", |mount| mount.name.as_str());
    // What has this name, size and time is one row: writers come one after the other.
    let known: Option<(FileId, bool)> = connection
        .prepare_cached(
            "SELECT id, state = 'gone' FROM files WHERE path = ?1 AND size = ?2 AND modified_ns = ?3",
        )?
        .query_row((&path, size, arrival.modified_ns), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let file = match known {
        Some((_, false)) => return Ok(None),
        Some((file, true)) => {
            connection
                .prepare_cached(
                    "UPDATE files SET state = 'queued', received_at = ?2, again_at = NULL, seen_by = ?3, not_on = '',
                            claimed_by = NULL, lease_until = NULL WHERE id = ?1",
                )?
                .execute((file, at, host))?;
            file
        }
        None => connection
            .prepare_cached(
                "INSERT INTO files (path, size, modified_ns, received_at, inbox, seen_by)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
            )?
            .query_row((&path, size, arrival.modified_ns, at, inbox, host), |row| row.get(0))?,
    };
    connection.hint(Hint::Queue);
    log(connection, &NewEvent { file: Some(file), ..NewEvent::of(AuditKind::Received) }, now)?;
    Ok(Some(file))
}

/// SQLite's integers have a sign; no file is larger than they reach.
fn stored_size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
