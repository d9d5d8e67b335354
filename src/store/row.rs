//! A line of the worklist, from SQL and back.

use rusqlite::{Connection, OptionalExtension, Row, params, types::ValueRef};

use super::{
    Acknowledged, Marks, OutsidePriority, Status, StudyId, StudyRow,
    convert::{Columns, Micros, to_json},
    unreadable::{is_about_a_row, name},
};
use crate::{text::clean, triage::Severity};

/// A query for whole study rows, in the order that [`study_row`] reads.
macro_rules! select_studies {
    ($rest:literal) => {
        concat!(
            "SELECT id, key, patient_id, patient_name, accession_number, description, view, file_name,
                    study_time, first_arrival, last_arrival, complete, scored_films, held_films, listed_films,
                    severity, assessed, score, top, promoted_at, outside_floor, outside_source, was_critical_until,
                    status, status_by, status_at, acknowledged_by, acknowledged_at, notes, model, held_reason,
                    marks, revision
             FROM studies ",
            $rest
        )
    };
}
pub(super) use select_studies;

/// Reads a row of [`select_studies`].
pub(super) fn study_row(row: &Row<'_>) -> rusqlite::Result<StudyRow> {
    let mut columns = Columns::of(row);
    Ok(StudyRow {
        id: columns.next()?,
        key: columns.next()?,
        patient_id: columns.next()?,
        patient_name: columns.next()?,
        accession_number: columns.next()?,
        description: columns.next()?,
        view: columns.next()?,
        file_name: columns.next()?,
        study_time: columns.next::<Option<String>>()?.and_then(|text| text.parse().ok()),
        first_arrival: columns.next_time()?,
        last_arrival: columns.next_time()?,
        complete: columns.next()?,
        scored_films: columns.next()?,
        held_films: columns.next()?,
        listed_films: columns.next()?,
        severity: columns.next()?,
        assessed: columns.next()?,
        score: columns.next()?,
        top: columns.next()?,
        promoted_at: columns.next_time_if_any()?,
        outside: match (columns.next()?, columns.next()?) {
            (Some(floor), Some(source)) => Some(OutsidePriority { floor, source }),
            _ => None,
        },
        was_critical_until: columns.next_time_if_any()?,
        status: columns.next()?,
        status_by: columns.next()?,
        status_at: columns.next_time_if_any()?,
        acknowledged: match (columns.next()?, columns.next_time_if_any()?) {
            (Some(by), Some(at)) => Some(Acknowledged { by, at }),
            _ => None,
        },
        notes: columns.next()?,
        model: columns.next()?,
        held_reason: columns.next()?,
        marks: marks(&columns.next::<String>()?),
        revision: columns.next()?,
    })
}

/// Reads a row, or as much of it as can be read: a study must not vanish from the list because of one word. It stands
/// there as held then, and the reason says why.
pub(super) fn study_row_or_remains(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<StudyRow> {
    match study_row(row) {
        Err(error) if is_about_a_row(&error) => {
            let id = row.get("id")?;
            name(connection, "studies", id, &error);
            Ok(remains(id, row, &error))
        }
        read => read,
    }
}

fn remains(id: StudyId, row: &Row<'_>, error: &rusqlite::Error) -> StudyRow {
    let text = |column: &str| match row.get_ref(column) {
        Ok(ValueRef::Text(bytes)) => clean(&String::from_utf8_lossy(bytes)),
        _ => String::new(),
    };
    let time = |column: &str| row.get::<_, Option<Micros>>(column).ok().flatten().map(|time| time.0);
    let number = |column: &str| row.get::<_, u32>(column).unwrap_or_default();
    let why = format!("What the store knows of this study cannot be read: {}", clean(&error.to_string()));
    StudyRow {
        id,
        key: text("key"),
        patient_id: text("patient_id"),
        patient_name: text("patient_name"),
        accession_number: text("accession_number"),
        description: text("description"),
        view: text("view"),
        file_name: text("file_name"),
        study_time: text("study_time").parse().ok(),
        first_arrival: time("first_arrival").unwrap_or_default(),
        last_arrival: time("last_arrival").unwrap_or_default(),
        complete: row.get("complete").unwrap_or_default(),
        scored_films: number("scored_films"),
        held_films: number("held_films").max(1),
        listed_films: number("listed_films"),
        severity: row.get("severity").unwrap_or(Severity::Held),
        assessed: row.get("assessed").unwrap_or(Severity::Held),
        score: row.get("score").ok().flatten(),
        top: row.get("top").ok().flatten(),
        promoted_at: time("promoted_at"),
        outside: match (row.get("outside_floor"), row.get("outside_source")) {
            (Ok(Some(floor)), Ok(Some(source))) => Some(OutsidePriority { floor, source }),
            _ => None,
        },
        was_critical_until: time("was_critical_until"),
        status: row.get("status").unwrap_or(Status::New),
        status_by: text("status_by"),
        status_at: time("status_at"),
        acknowledged: time("acknowledged_at").map(|at| Acknowledged { by: text("acknowledged_by"), at }),
        notes: number("notes"),
        model: text("model"),
        held_reason: why,
        marks: marks(&text("marks")),
        revision: row.get("revision").unwrap_or_default(),
    }
}

/// Most studies have none. What cannot be read is not worth losing the list for.
fn marks(text: &str) -> Marks {
    if text.is_empty() { Marks::default() } else { serde_json::from_str(text).unwrap_or_default() }
}

/// One study, if it is there.
pub(super) fn study_if_any(connection: &Connection, study: StudyId) -> rusqlite::Result<Option<StudyRow>> {
    connection.prepare_cached(select_studies!("WHERE id = ?1"))?.query_row([study], study_row).optional()
}

/// One study that must be there, for a change that derives its row anew: what cannot be read of it is made new.
pub(super) fn study(connection: &Connection, study: StudyId) -> rusqlite::Result<StudyRow> {
    study_or_remains(connection, study)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// One study, if it is there, or as much of it as can be read.
pub(super) fn study_or_remains(
    connection: &Connection,
    study: StudyId,
) -> rusqlite::Result<Option<StudyRow>> {
    connection
        .prepare_cached(select_studies!("WHERE id = ?1"))?
        .query_row([study], |row| study_row_or_remains(connection, row))
        .optional()
}

/// The newest revision of any study; 0 in an empty store.
pub(super) fn newest_revision(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(revision), 0) FROM studies")?
        .query_row([], |row| row.get(0))
}

/// Writes a changed study back under the next revision. Key and arrivals belong to the films' arrival
/// and are not written here.
pub(super) fn save(connection: &Connection, row: &mut StudyRow) -> rusqlite::Result<()> {
    row.revision = newest_revision(connection)? + 1;
    connection
        .prepare_cached(
            "UPDATE studies SET
                patient_id = ?2, patient_name = ?3, accession_number = ?4, description = ?5, view = ?6,
                file_name = ?7, study_time = ?8, complete = ?9, scored_films = ?10, held_films = ?11,
                severity = ?12, assessed = ?13, score = ?14, top = ?15, promoted_at = ?16,
                outside_floor = ?17, outside_source = ?18, was_critical_until = ?19, status = ?20,
                status_by = ?21, status_at = ?22, model = ?23, held_reason = ?24, marks = ?25, revision = ?26,
                acknowledged_by = ?27, acknowledged_at = ?28, notes = ?29, listed_films = ?30
             WHERE id = ?1",
        )?
        .execute(params![
            row.id,
            row.patient_id,
            row.patient_name,
            row.accession_number,
            row.description,
            row.view,
            row.file_name,
            row.study_time.map(|time| time.to_string()),
            row.complete,
            row.scored_films,
            row.held_films,
            row.severity,
            row.assessed,
            row.score,
            row.top,
            row.promoted_at.map(Micros),
            row.outside.as_ref().map(|outside| outside.floor),
            row.outside.as_ref().map(|outside| &outside.source),
            row.was_critical_until.map(Micros),
            row.status,
            row.status_by,
            row.status_at.map(Micros),
            row.model,
            row.held_reason,
            if row.marks == Marks::default() { String::new() } else { to_json(&row.marks)? },
            row.revision,
            row.acknowledged.as_ref().map(|acknowledged| &acknowledged.by),
            row.acknowledged.as_ref().map(|acknowledged| Micros(acknowledged.at)),
            row.notes,
            row.listed_films,
        ])?;
    Ok(())
}
