//! A broken film gives way to the good one that comes in its place. The audit keeps both.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::{
    FilmId, StudyId,
    audit::{NewEvent, log},
    convert::Place,
    finish::Due,
};
use crate::study::AuditKind;

/// Takes the broken films off the list whose place `film` takes: those that came by the same path
/// (unless they say that they were another film), and, if `film` decoded, those with its SOP Instance
/// UID. Returns the studies that they stood in.
pub(super) fn supersede(
    connection: &Connection,
    due: &Due,
    film: FilmId,
    uid: Option<&str>,
    decoded: bool,
    now: Timestamp,
) -> rusqlite::Result<Vec<StudyId>> {
    let mut broken: Vec<(FilmId, StudyId)> = connection
        .prepare_cached(
            "SELECT films.id, films.study FROM files JOIN films ON films.id = files.film
             WHERE files.path = ?1 AND films.file = files.id AND films.id <> ?2
               AND films.decoded = 0 AND films.state = 'held'
               AND (films.sop_instance_uid IS NULL OR films.sop_instance_uid = coalesce(?3, films.sop_instance_uid))",
        )?
        .query_map((Place::to_value(&due.path), film, uid), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    // The entry of this very file, from when it had gone.
    if let Some(earlier) = due.film.filter(|earlier| *earlier != film) {
        broken.extend(held_as_broken(connection, earlier)?);
    }
    if let (true, Some(uid)) = (decoded, uid) {
        let mut same_uid = connection.prepare_cached(
            "SELECT id, study FROM films
             WHERE sop_instance_uid = ?1 AND decoded = 0 AND state = 'held'",
        )?;
        for row in same_uid.query_map([uid], |row| Ok((row.get(0)?, row.get(1)?)))? {
            broken.push(row?);
        }
    }
    broken.sort_unstable();
    broken.dedup();
    for &(old, study) in &broken {
        connection.prepare_cached("UPDATE films SET state = 'superseded' WHERE id = ?1")?.execute([old])?;
        let event = NewEvent {
            study: Some(study),
            film: Some(old),
            file: Some(due.id),
            detail: json!({ "by": film }),
            ..NewEvent::of(AuditKind::Superseded)
        };
        log(connection, &event, now)?;
    }
    Ok(broken.into_iter().map(|(_, study)| study).collect())
}

fn held_as_broken(connection: &Connection, film: FilmId) -> rusqlite::Result<Option<(FilmId, StudyId)>> {
    connection
        .prepare_cached("SELECT id, study FROM films WHERE id = ?1 AND decoded = 0 AND state = 'held'")?
        .query_row([film], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
