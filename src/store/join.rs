//! Films join studies, and leave them.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

use super::{
    StudyId, StudyRow,
    audit::{NewEvent, log},
    convert::Micros,
    rollup::recombine,
    row::{save, study},
};
use crate::study::{AuditKind, Cause};

/// The study with that key, made if it is not there; it grows, so it is not complete.
pub(super) fn join_study(
    connection: &Connection,
    key: &str,
    arrival: Timestamp,
) -> rusqlite::Result<StudyId> {
    connection
        .prepare_cached(
            "INSERT INTO studies (key, first_arrival, last_arrival) VALUES (?1, ?2, ?2)
             ON CONFLICT (key) DO UPDATE SET
                first_arrival = min(first_arrival, ?2), last_arrival = max(last_arrival, ?2), complete = 0
             RETURNING id",
        )?
        .query_row((key, Micros(arrival)), |row| row.get(0))
}

/// A film that joins a study which was done would be hidden with it: the study is new again.
pub(super) fn reopen(connection: &Connection, row: &mut StudyRow, now: Timestamp) -> rusqlite::Result<()> {
    let Some(done_by) = row.reopen() else { return Ok(()) };
    let event = NewEvent {
        study: Some(row.id),
        detail: json!({ "done_by": done_by }),
        ..NewEvent::of(AuditKind::Reopened)
    };
    log(connection, &event, now)
}

/// Derives anew, and saves, the lines of studies that lost a film, but for one that is saved anyway.
pub(super) fn refresh(
    connection: &Connection,
    mut studies: Vec<StudyId>,
    except: Option<StudyId>,
    now: Timestamp,
) -> rusqlite::Result<Vec<StudyRow>> {
    studies.sort_unstable();
    studies.dedup();
    studies.retain(|study| Some(*study) != except);
    let mut rows = Vec::with_capacity(studies.len());
    for id in studies {
        let mut row = study(connection, id)?;
        recombine(connection, &mut row, Cause::Films, now)?;
        save(connection, &mut row)?;
        rows.push(row);
    }
    Ok(rows)
}
