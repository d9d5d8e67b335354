//! A broken film gives way to the good one that comes in its place. The audit keeps both.

use jiff::Timestamp;
use serde_json::json;

use super::{
    FilmId, StudyId,
    audit::{NewEvent, log},
    convert::{Json, Place},
    due::Due,
    identity::replaced,
    sql::{self, Connection, OptionalExtension},
};
use crate::study::{AuditKind, Claim};
use cxr_film::Header;

/// Takes the broken films off the list whose place `film` takes: those that came by the same path
/// (unless they say that they were another film), and, if `film` decoded, those that [it replaces](Claim::replaces) by
/// its SOP Instance UID. Returns the studies that they stood in.
pub(super) fn supersede(
    connection: &Connection,
    due: &Due,
    film: FilmId,
    claim: &Claim,
    now: Timestamp,
) -> sql::Result<Vec<StudyId>> {
    let mut broken = broken_at(connection, due, film, claim)?;
    // The entry of this very file, from when it had gone.
    if let Some(earlier) = due.film.filter(|earlier| *earlier != film) {
        broken.extend(held_as_broken(connection, earlier)?);
    }
    broken.extend(replaced(connection, claim)?);
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

/// The broken films that came by the path of a file, but for those that say that they were another film.
fn broken_at(
    connection: &Connection,
    due: &Due,
    film: FilmId,
    claim: &Claim,
) -> sql::Result<Vec<(FilmId, StudyId)>> {
    let broken: Vec<(FilmId, StudyId, Option<Json<Header>>)> = connection
        .prepare_cached(
            "SELECT films.id, films.study, films.header FROM files JOIN films ON films.id = files.film
             WHERE files.path = ?1 AND films.file = files.id AND films.id <> ?2
               AND films.decoded = 0 AND films.state = 'held'",
        )?
        .query_map((Place::to_value(&due.path), film), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<sql::Result<_>>()?;
    let gives_way = |header: Option<Json<Header>>| {
        let broken = header.map_or_else(Claim::default, |header| Claim::of(&header.0, false));
        !broken.is_another_than(claim)
    };
    Ok(broken
        .into_iter()
        .filter_map(|(id, study, header)| gives_way(header).then_some((id, study)))
        .collect())
}

fn held_as_broken(connection: &Connection, film: FilmId) -> sql::Result<Option<(FilmId, StudyId)>> {
    connection
        .prepare_cached("SELECT id, study FROM films WHERE id = ?1 AND decoded = 0 AND state = 'held'")?
        .query_row([film], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
