//! People's changes of a study beside its status: they acknowledge what is critical, write notes, and take back what
//! they did.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Handling, Note, Store, StoreError, StudyId, StudyRow,
    audit::{NewEvent, log},
    change::about,
    convert::{Columns, Micros},
    row::{save, study_if_any},
    sql::{self, Connection},
    unreadable::rows,
};
use crate::{study::AuditKind, text::clean};

impl Store {
    /// Writes down that `actor` knows of a critical study. `None` if there is no such study, if it is not
    /// critical, or if somebody did so already.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn acknowledge(
        &mut self,
        study: StudyId,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        let actor = clean(actor);
        self.write(|transaction| {
            let Some(mut row) = study_if_any(transaction, study)? else {
                return Ok(None);
            };
            if !row.acknowledge(&actor, now) {
                return Ok(None);
            }
            save(transaction, &mut row)?;
            let detail = json!({ "top": row.top, "score": row.score });
            log(
                transaction,
                &NewEvent { actor: &actor, detail, ..about(AuditKind::Acknowledged, &row) },
                now,
            )?;
            Ok(Some(row))
        })
    }

    /// Gives a study back the handling that it had before `actor` changed it: with the name and the time
    /// of whoever gave it that. `None` if there is no such study, or nothing to change: an alarm that has begun to ring
    /// since then is not silenced so (see [`StudyRow::take_back`]).
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn take_back(
        &mut self,
        study: StudyId,
        handling: &Handling,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        let actor = clean(actor);
        self.write(|transaction| {
            let Some(mut row) = study_if_any(transaction, study)? else {
                return Ok(None);
            };
            let before = row.status;
            if !row.take_back(handling) {
                return Ok(None);
            }
            save(transaction, &mut row)?;
            let detail = json!({
                "before": before.word(),
                "status": row.status.word(),
                "by": row.status_by,
                "acknowledged": row.acknowledged.is_some(),
            });
            log(transaction, &NewEvent { actor: &actor, detail, ..about(AuditKind::TakenBack, &row) }, now)?;
            Ok(Some(row))
        })
    }

    /// Adds a note to a study. `None` if there is no such study, or nothing in the note.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn add_note(
        &mut self,
        study: StudyId,
        text: &str,
        author: &str,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        let (text, author) = (clean(text), clean(author));
        if text.is_empty() {
            return Ok(None);
        }
        self.write(|transaction| {
            let Some(mut row) = study_if_any(transaction, study)? else {
                return Ok(None);
            };
            let note: i64 = transaction
                .prepare_cached(
                    "INSERT INTO notes (study, time, author, text) VALUES (?1, ?2, ?3, ?4) RETURNING id",
                )?
                .query_row((study, Micros(now), &author, &text), |row| row.get(0))?;
            row.notes += 1;
            save(transaction, &mut row)?;
            // The text may hold a patient's name, and the audit holds none.
            let detail = json!({ "note": note });
            log(transaction, &NewEvent { actor: &author, detail, ..about(AuditKind::Note, &row) }, now)?;
            Ok(Some(row))
        })
    }
}

/// The notes of a study, the oldest first.
pub(super) fn notes(connection: &Connection, study: StudyId) -> sql::Result<Vec<Note>> {
    let sql = "SELECT id, author, time, text FROM notes WHERE study = ?1 ORDER BY id";
    rows(connection, "notes", sql, [study], |row| {
        let mut columns = Columns::of(row);
        columns.next::<i64>()?;
        Ok(Note { author: columns.next()?, time: columns.next_time()?, text: columns.next()? })
    })
}
