//! An exposure counts once: of two images of it, the one for processing is set aside as soon as the one for
//! presentation is scored, whichever came first. Nothing is lost: it stays listed, with all that it was.

use jiff::Timestamp;
use serde_json::json;

use super::{
    FilmId, StudyId,
    audit::{NewEvent, log},
    convert::{Columns, Json},
    rollup::header,
    sql::{self, Connection, Row},
    unreadable::rows,
};
use crate::study::AuditKind;
use cxr_film::Header;

const RAW: &str = "FOR PROCESSING";
const SHOWN: &str = "FOR PRESENTATION";

/// Sets aside, in the study of a film that was just recorded or scored, the images for processing whose exposure a
/// scored film presents, if that film is one of the two; returns those that were not aside before. Only films with
/// the same time or the same source are looked at, of however many.
pub(super) fn set_aside(
    connection: &Connection,
    study: StudyId,
    film: FilmId,
    now: Timestamp,
) -> sql::Result<Vec<FilmId>> {
    let (intent, is_scored): (Option<String>, bool) = connection
        .prepare_cached("SELECT intent, state = 'scored' FROM films WHERE id = ?1")?
        .query_row([film], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let pairs: Vec<(FilmId, FilmId)> = match intent.as_deref() {
        Some(RAW) => {
            let own = header(connection, film)?;
            let shown = shown_by(connection, study, &own)?;
            shown
                .into_iter()
                .find(|(_, shown)| own.is_raw_of(shown))
                .map(|(shown, _)| (film, shown))
                .into_iter()
                .collect()
        }
        Some(SHOWN) if is_scored => {
            let own = header(connection, film)?;
            let raws = raws_of(connection, study, &own)?;
            raws.into_iter().filter(|(_, raw)| raw.is_raw_of(&own)).map(|(raw, _)| (raw, film)).collect()
        }
        _ => Vec::new(),
    };
    let mut named_alone = Vec::with_capacity(pairs.len());
    for pair in pairs {
        if !has_namesake(connection, study, pair.0)? {
            named_alone.push(pair);
        }
    }
    for &(raw, shown) in &named_alone {
        connection
            .prepare_cached("UPDATE films SET exposure_of = ?2 WHERE id = ?1")?
            .execute((raw, shown))?;
        let event = NewEvent {
            study: Some(study),
            film: Some(raw),
            detail: json!({ "for": shown, "why": "the same exposure" }),
            ..NewEvent::of(AuditKind::SetAside)
        };
        log(connection, &event, now)?;
    }
    Ok(named_alone.into_iter().map(|(raw, _)| raw).collect())
}

/// Whether another image for processing of the study bears the number of this one, so that it does not say which of them
/// is meant ([`Header::is_namesake_of`]): one may be of another exposure.
fn has_namesake(connection: &Connection, study: StudyId, raw: FilmId) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM films WHERE sop_instance_uid = (SELECT sop_instance_uid FROM films WHERE id = ?2)
             AND +study = ?1 AND id <> ?2 AND intent = ?3 AND state <> 'superseded'",
        )?
        .exists((study, raw, RAW))
}

/// Scored images for presentation that may present what `raw` is for processing of, the earliest first.
fn shown_by(connection: &Connection, study: StudyId, raw: &Header) -> sql::Result<Vec<(FilmId, Header)>> {
    let sql = "SELECT id, header FROM films
         WHERE state = 'scored' AND id IN (
            SELECT id FROM films WHERE study = ?1 AND intent = ?2 AND acquired_at = ?3
            UNION SELECT id FROM films WHERE study = ?1 AND intent = ?2 AND content_at = ?4
            UNION SELECT id FROM films WHERE study = ?1 AND source_image = ?5)
         ORDER BY id";
    let params = (study, SHOWN, &raw.acquired_at, &raw.content_at, &raw.sop_instance_uid);
    rows(connection, "films", sql, params, film_and_header)
}

/// Images for processing that are not aside and may be of the exposure that `shown` presents.
fn raws_of(connection: &Connection, study: StudyId, shown: &Header) -> sql::Result<Vec<(FilmId, Header)>> {
    let sql = "SELECT id, header FROM films
         WHERE state <> 'superseded' AND exposure_of IS NULL AND id IN (
            SELECT id FROM films WHERE study = ?1 AND intent = ?2 AND acquired_at = ?3
            UNION SELECT id FROM films WHERE study = ?1 AND intent = ?2 AND content_at = ?4
            UNION SELECT id FROM films WHERE sop_instance_uid = ?5 AND +study = ?1
                AND decoded = 1 AND sop_instance_uid IS NOT NULL)
         ORDER BY id";
    let source = shown.source_images.first();
    let params = (study, RAW, &shown.acquired_at, &shown.content_at, source);
    rows(connection, "films", sql, params, film_and_header)
}

fn film_and_header(row: &Row<'_>) -> sql::Result<(FilmId, Header)> {
    let mut columns = Columns::of(row);
    Ok((columns.next()?, columns.next::<Json<Header>>()?.0))
}

/// Whether a film is set aside.
pub(super) fn is_aside(connection: &Connection, film: FilmId) -> sql::Result<bool> {
    connection
        .prepare_cached("SELECT exposure_of IS NOT NULL FROM films WHERE id = ?1")?
        .query_row([film], |row| row.get(0))
}
