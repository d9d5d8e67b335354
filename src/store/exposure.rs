//! An exposure counts once: of two images of it, the one for processing is set aside as soon as the one for
//! presentation is scored, whichever came first. Nothing is lost: it stays listed, with all that it was.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

use super::{
    FilmId, StudyId,
    audit::{NewEvent, log},
    convert::{Columns, Json},
};
use crate::{film::Header, study::AuditKind};

/// A film of a detector that tells its intent.
struct Image {
    film: FilmId,
    is_scored: bool,
    is_aside: bool,
    header: Header,
}

/// Sets aside, in one study, the images for processing whose exposure a scored film presents; returns those that
/// were not aside before.
pub(super) fn set_aside(
    connection: &Connection,
    study: StudyId,
    now: Timestamp,
) -> rusqlite::Result<Vec<FilmId>> {
    let images = images(connection, study)?;
    let mut aside = Vec::new();
    for raw in images.iter().filter(|image| !image.is_aside) {
        let Some(shown) = images.iter().find(|shown| shown.is_scored && raw.header.is_raw_of(&shown.header))
        else {
            continue;
        };
        connection
            .prepare_cached("UPDATE films SET exposure_of = ?2 WHERE id = ?1")?
            .execute((raw.film, shown.film))?;
        let event = NewEvent {
            study: Some(study),
            film: Some(raw.film),
            detail: json!({ "for": shown.film, "why": "the same exposure" }),
            ..NewEvent::of(AuditKind::SetAside)
        };
        log(connection, &event, now)?;
        aside.push(raw.film);
    }
    Ok(aside)
}

/// Those that decoded: what a broken file holds, nobody has seen.
fn images(connection: &Connection, study: StudyId) -> rusqlite::Result<Vec<Image>> {
    connection
        .prepare_cached(
            "SELECT id, state = 'scored', exposure_of IS NOT NULL, header FROM films
             WHERE study = ?1 AND state <> 'superseded' AND decoded = 1
               AND header ->> 'presentation_intent_type' IS NOT NULL
             ORDER BY id",
        )?
        .query_map([study], |row| {
            let mut columns = Columns::of(row);
            Ok(Image {
                film: columns.next()?,
                is_scored: columns.next()?,
                is_aside: columns.next()?,
                header: columns.next::<Json<Header>>()?.0,
            })
        })?
        .collect()
}

/// Whether a film is set aside.
pub(super) fn is_aside(connection: &Connection, film: FilmId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT exposure_of IS NOT NULL FROM films WHERE id = ?1")?
        .query_row([film], |row| row.get(0))
}
