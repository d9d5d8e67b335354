//! Films join studies, and leave them.

use jiff::Timestamp;
use serde_json::json;

use super::{
    StudyId, StudyRow,
    audit::{NewEvent, log},
    convert::Micros,
    rollup::recombine,
    row::{save, study},
    sql::{self, Connection, OptionalExtension},
};
use crate::study::{AuditKind, Cause};

/// The study with that key, made if it is not there; it grows, so it is not complete.
pub(super) fn join_study(connection: &Connection, key: &str, arrival: Timestamp) -> sql::Result<StudyId> {
    let arrival = Micros(arrival);
    let known: Option<StudyId> = connection
        .prepare_cached("SELECT id FROM studies WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    // Of each key there is one row: writers come one after the other.
    let Some(study) = known else {
        return connection
            .prepare_cached(
                "INSERT INTO studies (key, first_arrival, last_arrival) VALUES (?1, ?2, ?2) RETURNING id",
            )?
            .query_row((key, arrival), |row| row.get(0));
    };
    connection
        .prepare_cached(
            "UPDATE studies SET
                first_arrival = CASE WHEN first_arrival > ?2 THEN ?2 ELSE first_arrival END,
                last_arrival = CASE WHEN last_arrival < ?2 THEN ?2 ELSE last_arrival END,
                complete = 0
             WHERE id = ?1",
        )?
        .execute((study, arrival))?;
    Ok(study)
}

/// A film that joins a study which was done would be hidden with it: the study is new again.
pub(super) fn reopen(connection: &Connection, row: &mut StudyRow, now: Timestamp) -> sql::Result<()> {
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
) -> sql::Result<Vec<StudyRow>> {
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
