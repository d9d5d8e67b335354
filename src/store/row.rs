//! A line of the worklist, from SQL and back.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    Acknowledged, Marks, OutsidePriority, StudyId, StudyRow,
    convert::{Columns, Micros, to_json},
};

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

/// Most studies have none. What cannot be read is not worth losing the list for.
fn marks(text: &str) -> Marks {
    if text.is_empty() { Marks::default() } else { serde_json::from_str(text).unwrap_or_default() }
}

/// One study, if it is there.
pub(super) fn study_if_any(connection: &Connection, study: StudyId) -> rusqlite::Result<Option<StudyRow>> {
    connection.prepare_cached(select_studies!("WHERE id = ?1"))?.query_row([study], study_row).optional()
}

/// One study that must be there.
pub(super) fn study(connection: &Connection, study: StudyId) -> rusqlite::Result<StudyRow> {
    study_if_any(connection, study)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
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
