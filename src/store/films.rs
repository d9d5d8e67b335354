//! Films, in and out of SQL.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Answer, FileId, FilmId, FilmRow, FilmState, OnRequest, Outcome, Scored, StudyId, Verdict,
    convert::{Columns, Json, Micros, Place, to_json},
    findings::{self, findings},
    identity::film_clashes,
    rules::{intern_model, intern_rules},
    sql::{self, CachedStatement, Connection, OptionalExtension, Row, params},
    unreadable::{in_words, is_about_a_row, name},
};
use crate::{
    quality::{Gate, Held, SAME_EXPOSURE},
    text::clean,
};
use cxr_film::Header;

/// Writes a film with its findings and heatmap.
pub(super) fn insert(
    connection: &Connection,
    study: StudyId,
    file: FileId,
    outcome: &Outcome,
    now: Timestamp,
) -> sql::Result<FilmId> {
    let (state, held, scored) = match &outcome.verdict {
        Verdict::Scored(scored) => ("scored", None, Some(scored)),
        Verdict::Held(held) => ("held", Some(held), None),
    };
    let model = scored.map(|scored| intern_model(connection, &scored.model, now)).transpose()?;
    let rules = scored.map(|scored| intern_rules(connection, &scored.rules, now)).transpose()?;
    let film = connection
        .prepare_cached(
            "INSERT INTO films (study, file, sha256, sop_instance_uid, decoded, header, state, gate,
                                reason, model, rules, version, device, finished_at, warnings, pixels)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             RETURNING id",
        )?
        .query_row(
            params![
                study,
                file,
                outcome.sha256,
                outcome.sop_instance_uid(),
                outcome.decoded,
                outcome.header.as_ref().map(header_json).transpose()?,
                state,
                held.map(|held| held.gate),
                held.map(|held| clean(&held.reason)),
                model,
                rules,
                crate::VERSION,
                scored.map(|scored| &scored.device),
                Micros(now),
                scored.map(warnings_json).transpose()?.flatten(),
                outcome.header.as_ref().map(|header| &header.pixels).filter(|pixels| !pixels.is_empty()),
            ],
            |row| row.get(0),
        )?;
    if let Some(scored) = scored {
        insert_result(connection, film, scored)?;
    }
    Ok(film)
}

/// Writes the entry of a file that nobody could see into: nothing is silently lost.
pub(super) fn insert_gone(
    connection: &Connection,
    study: StudyId,
    file: FileId,
    gate: Gate,
    reason: &str,
    now: Timestamp,
) -> sql::Result<FilmId> {
    connection
        .prepare_cached(
            "INSERT INTO films (study, file, decoded, state, gate, reason, version, finished_at)
             VALUES (?1, ?2, 0, 'held', ?3, ?4, ?5, ?6)
             RETURNING id",
        )?
        .query_row((study, file, gate, clean(reason), crate::VERSION, Micros(now)), |row| row.get(0))
}

/// Turns a held film into a scored one.
pub(super) fn score_held(
    connection: &Connection,
    film: FilmId,
    scored: &Scored,
    now: Timestamp,
) -> sql::Result<()> {
    let model = intern_model(connection, &scored.model, now)?;
    let rules = intern_rules(connection, &scored.rules, now)?;
    connection
        .prepare_cached(
            "UPDATE films SET state = 'scored', gate = NULL, reason = NULL, model = ?2, rules = ?3,
                              version = ?4, device = ?5, finished_at = ?6, warnings = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            film,
            model,
            rules,
            crate::VERSION,
            scored.device,
            Micros(now),
            warnings_json(scored)?,
        ])?;
    insert_result(connection, film, scored)
}

fn insert_result(connection: &Connection, film: FilmId, scored: &Scored) -> sql::Result<()> {
    findings::insert(connection, film, &scored.findings)?;
    connection
        .prepare_cached("INSERT INTO heatmaps (film, bytes) VALUES (?1, ?2)")?
        .execute((film, &scored.heatmap))?;
    Ok(())
}

/// One film, if it is there. A superseded one reads as held, with the reason that it was held for; one that is
/// set aside reads as held for that.
pub(super) fn film_if_any(connection: &Connection, film: FilmId) -> sql::Result<Option<FilmRow>> {
    let mut query: CachedStatement<'_> = connection.prepare_cached(
        "SELECT films.id, files.path, films.sha256, films.header, films.gate, films.reason,
                films.exposure_of IS NOT NULL, films.warnings, films.decoded, requests.actor, requests.asked_at, requests.reason,
                requests.state, requests.answer, models.name, models.sha256, films.finished_at
         FROM films JOIN files ON files.id = films.file LEFT JOIN models ON models.id = films.model
         LEFT JOIN requests ON requests.id = (SELECT max(id) FROM requests WHERE film = films.id)
         WHERE films.id = ?1",
    )?;
    let read = |row: &Row<'_>| match film_row(connection, row) {
        Err(error) if is_about_a_row(&error) => {
            name(connection, "films", film, &error);
            Ok(remains(film, row, &error))
        }
        read => read,
    };
    query.query_row([film], read).optional()
}

/// A film whose row cannot be read: held, with that as its reason.
fn remains(film: FilmId, row: &Row<'_>, error: &sql::Error) -> FilmRow {
    let reason = format!("What the store knows of this film cannot be read: {}", in_words(error));
    FilmRow {
        id: film,
        path: row.get::<_, Place>(1).map(|place| place.0).unwrap_or_default(),
        sha256: row.get(2).unwrap_or_default(),
        header: row.get::<_, Json<Header>>(3).map(|header| header.0).unwrap_or_default(),
        state: FilmState::Held(Held { gate: Gate::Unreadable, reason }),
        warnings: Vec::new(),
        clashes: Vec::new(),
        decoded: false,
        on_request: None,
    }
}

fn film_row(connection: &Connection, row: &Row<'_>) -> sql::Result<FilmRow> {
    let mut columns = Columns::of(row);
    let id = columns.next()?;
    let path = columns.next::<Place>()?.0;
    let sha256: Option<String> = columns.next()?;
    let header: Option<Json<Header>> = columns.next()?;
    let (gate, reason) = (columns.next::<Option<Gate>>()?, columns.next::<Option<String>>()?);
    let is_aside: bool = columns.next()?;
    let warnings: Option<Json<Vec<String>>> = columns.next()?;
    let decoded = columns.next()?;
    let on_request = on_request(&mut columns)?;
    let state = match gate {
        _ if is_aside => FilmState::Held(Held { gate: Gate::Exposure, reason: SAME_EXPOSURE.to_owned() }),
        Some(gate) => FilmState::Held(Held { gate, reason: reason.unwrap_or_default() }),
        None => FilmState::Scored {
            findings: findings(connection, id)?,
            model: columns.next()?,
            model_sha256: columns.next()?,
            scored_at: columns.next_time()?,
        },
    };
    let header = header.map_or_else(Header::default, |header| header.0);
    let warnings = warnings.map_or_else(Vec::new, |warnings| warnings.0);
    let (sha256, clashes) = (sha256.unwrap_or_default(), film_clashes(connection, id)?);
    Ok(FilmRow { id, path, sha256, header, state, warnings, clashes, decoded, on_request })
}

fn on_request(columns: &mut Columns<'_, '_>) -> sql::Result<Option<OnRequest>> {
    let by: Option<String> = columns.next()?;
    let at = columns.next_time_if_any()?;
    let was_held: Option<String> = columns.next()?;
    let state: Option<String> = columns.next()?;
    let refusal: Option<String> = columns.next()?;
    let (Some(by), Some(at)) = (by, at) else { return Ok(None) };
    let answer = match state.as_deref() {
        Some("open") => Answer::Waiting,
        Some("scored") => Answer::Scored,
        _ => Answer::Refused(refusal.unwrap_or_default()),
    };
    Ok(Some(OnRequest { by, at, was_held: was_held.unwrap_or_default(), answer }))
}

/// A list of sentences as JSON; none for an empty list.
fn warnings_json(scored: &Scored) -> sql::Result<Option<String>> {
    let warnings: Vec<String> = scored.warnings.iter().map(|warning| clean(warning)).collect();
    (!warnings.is_empty()).then(|| to_json(&warnings)).transpose()
}

/// A header as JSON without what the file left empty: a third of the size, and reads back the same.
fn header_json(header: &Header) -> sql::Result<String> {
    let failed = |error: serde_json::Error| sql::ValueError::ToSqlConversionFailure(error.into());
    let mut value = serde_json::to_value(header).map_err(failed)?;
    if let Some(fields) = value.as_object_mut() {
        // It has a column of its own.
        fields.remove("pixels");
        fields.retain(|_, field| *field != json!("") && *field != json!(0) && *field != json!([]));
    }
    to_json(&value)
}
