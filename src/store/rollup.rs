//! A study's row in the worklist, from its films.

use jiff::Timestamp;

use super::{
    FilmId, StudyId, StudyRow,
    convert::{Json, Place},
    findings::findings,
    sql::{self, Connection, OptionalExtension},
    study_time::study_time,
    unreadable::{is_about_a_row, name, rows},
};
use crate::study::{Attributes, Cause, Finding, combine};
use cxr_film::Header;

/// Derives everything in `row` that comes from the study's films. Does not save it. It takes no longer in a study of
/// thousands: films are counted as they change, and the few that matter are found by an index.
///
/// A study that no film is left of keeps who it was about, so that it can be named, and shows no film.
pub(super) fn recombine(
    connection: &Connection,
    row: &mut StudyRow,
    cause: Cause,
    now: Timestamp,
) -> sql::Result<()> {
    let [scored, beside, amiss] = counts(connection, row.id)?;
    // A lateral by itself is a study that nobody scored; beside a scored film it is as it should be.
    let (listed, held) = if scored == 0 { (0, beside) } else { (beside, 0) };
    (row.scored_films, row.listed_films, row.held_films) = (scored, listed, amiss + held);
    let of_held = match (amiss, held) {
        (0, 0) => None,
        (0, _) => first(connection, row.id, &["beside"])?,
        _ => first(connection, row.id, &["amiss"])?,
    };
    row.held_reason = of_held.map(|film| reason(connection, film)).transpose()?.unwrap_or_default();
    row.model = last_model(connection, row.id)?;
    if let Some(first) = first(connection, row.id, &["scored", "beside", "amiss"])? {
        row.file_name = file_name(connection, first)?;
    }
    identify(connection, row)?;
    let deciding = deciding(connection, row.id)?;
    row.take_assessment(&combine(deciding.iter().map(|(_, findings)| findings.as_slice())), cause, now);
    row.view = match deciding {
        Some((film, _)) => header(connection, film)?.view_position,
        None => String::new(),
    };
    Ok(())
}

/// How many films of a study are scored, listed beside scored ones, and amiss.
fn counts(connection: &Connection, study: StudyId) -> sql::Result<[u32; 3]> {
    connection
        .prepare_cached("SELECT parts_scored, parts_beside, parts_amiss FROM studies WHERE id = ?1")?
        .query_row([study], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))
}

/// The first film that counts as one of `parts`.
fn first(connection: &Connection, study: StudyId, parts: &[&str]) -> sql::Result<Option<FilmId>> {
    let mut query = connection.prepare_cached("SELECT min(id) FROM films WHERE study = ?1 AND part = ?2")?;
    let mut found: Option<FilmId> = None;
    for part in parts {
        let of_part: Option<FilmId> = query.query_row((study, part), |row| row.get(0))?;
        found = found.into_iter().chain(of_part).min();
    }
    Ok(found)
}

fn reason(connection: &Connection, film: FilmId) -> sql::Result<String> {
    let reason: Option<String> = connection
        .prepare_cached("SELECT reason FROM films WHERE id = ?1")?
        .query_row([film], |row| row.get(0))?;
    Ok(reason.unwrap_or_default())
}

/// The model that scored last.
fn last_model(connection: &Connection, study: StudyId) -> sql::Result<String> {
    let model: Option<Option<String>> = connection
        .prepare_cached(
            "SELECT models.name FROM films LEFT JOIN models ON models.id = films.model
             WHERE films.study = ?1 AND films.part = 'scored'
             ORDER BY films.finished_at DESC, films.id DESC LIMIT 1",
        )?
        .query_row([study], |row| row.get(0))
        .optional()?;
    Ok(model.flatten().unwrap_or_default())
}

fn file_name(connection: &Connection, film: FilmId) -> sql::Result<String> {
    connection
        .prepare_cached(
            "SELECT files.path FROM films JOIN files ON files.id = films.file WHERE films.id = ?1",
        )?
        .query_row([film], |row| row.get::<_, Place>(0).map(|path| path.shown_name()))
}

/// The scored film that decides for its study, with its findings: the first of those that [`combine`] would prefer.
/// A film whose findings cannot be read decides nothing.
pub(super) fn deciding(
    connection: &Connection,
    study: StudyId,
) -> sql::Result<Option<(FilmId, Vec<Finding>)>> {
    let mut query = connection.prepare_cached(
        "SELECT id FROM films WHERE study = ?1 AND part = 'scored' ORDER BY band DESC NULLS LAST, best DESC NULLS LAST, id",
    )?;
    let mut rows = query.query([study])?;
    while let Some(row) = rows.next()? {
        let film = row.get(0)?;
        match findings(connection, film) {
            Err(error) if is_about_a_row(&error) => name(connection, "films", film, &error),
            findings => return Ok(Some((film, findings?))),
        }
    }
    Ok(None)
}

/// The scored film with the study's top finding; the first one if nothing ranks.
pub(super) fn top_film(scored: &[(FilmId, Vec<Finding>)], row: &StudyRow) -> Option<FilmId> {
    let is_top = |finding: &Finding| {
        finding.rank
            && finding.severity == row.assessed
            && Some(finding.score) == row.score
            && Some(&finding.label) == row.top.as_ref()
    };
    scored.iter().find(|(_, findings)| findings.iter().any(is_top)).or(scored.first()).map(|(film, _)| *film)
}

/// Patient and study, from the first film that decoded; a broken one's header only where there is none. What that
/// film leaves empty of its patient, another film of the study may say.
fn identify(connection: &Connection, row: &mut StudyRow) -> sql::Result<()> {
    let film: Option<FilmId> = connection
        .prepare_cached(
            "SELECT id FROM films WHERE study = ?1 AND header IS NOT NULL AND state <> 'superseded'
             ORDER BY decoded DESC, id LIMIT 1",
        )?
        .query_row([row.id], |row| row.get(0))
        .optional()?;
    let Some(film) = film else { return Ok(()) };
    let header = header(connection, film)?;
    row.study_time = study_time(&header.study_date, &header.study_time);
    row.attributes = Attributes::of(&header);
    (row.patient_id, row.patient_name) = (header.patient_id, header.patient_name);
    if row.patient_id.is_empty() || row.patient_name.is_empty() {
        complete(connection, row)?;
    }
    row.accession_number = header.accession_number;
    row.description = header.study_description;
    Ok(())
}

/// Fills in what a study's row lacks of its patient, from what all its films say.
fn complete(connection: &Connection, row: &mut StudyRow) -> sql::Result<()> {
    let patient: Option<(String, String)> = connection
        .prepare_cached("SELECT patient_id, name FROM study_patients WHERE study = ?1")?
        .query_row([row.id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (id, name) = patient.unwrap_or_default();
    for (shown, known) in [(&mut row.patient_id, id), (&mut row.patient_name, name)] {
        if shown.is_empty() {
            *shown = known;
        }
    }
    Ok(())
}

/// Reads the header of a film; an empty one where that cannot be read.
pub(super) fn header(connection: &Connection, film: FilmId) -> sql::Result<Header> {
    let found: Vec<Option<Json<Header>>> =
        rows(connection, "films", "SELECT id, header FROM films WHERE id = ?1", [film], |row| row.get(1))?;
    Ok(found.into_iter().flatten().next().map_or_else(Header::default, |header| header.0))
}
