//! What people do with a study beside its status: they acknowledge what is critical, write notes, and
//! take back what they did.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

use super::{
    Acknowledged, Note, Standing, Store, StoreError, StudyId, StudyRow,
    audit::{NewEvent, log},
    change::about,
    convert::{Columns, Micros},
    row::{save, study_if_any},
    unreadable::rows,
};
use crate::{study::AuditKind, text::clean, triage::Severity};

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
            if !note_alarm(&mut row, &actor, now) {
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

    /// Gives a study back the standing that it had before `actor` changed it: with the name and the time
    /// of whoever gave it that. `None` if there is no such study, or nothing to change.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn take_back(
        &mut self,
        study: StudyId,
        standing: &Standing,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        let actor = clean(actor);
        self.write(|transaction| {
            let Some(mut row) = study_if_any(transaction, study)? else {
                return Ok(None);
            };
            let before = row.standing();
            if before == *standing {
                return Ok(None);
            }
            row.stand(standing.clone());
            save(transaction, &mut row)?;
            let detail = json!({
                "before": before.status.word(),
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
            transaction
                .prepare_cached("INSERT INTO notes (study, time, author, text) VALUES (?1, ?2, ?3, ?4)")?
                .execute((study, Micros(now), &author, &text))?;
            let note = transaction.last_insert_rowid();
            row.notes += 1;
            save(transaction, &mut row)?;
            // The text may hold a patient's name, and the audit holds none.
            let detail = json!({ "note": note });
            log(transaction, &NewEvent { actor: &author, detail, ..about(AuditKind::Note, &row) }, now)?;
            Ok(Some(row))
        })
    }
}

/// Acknowledges in the row that the caller saves; whether there was something to acknowledge.
pub(super) fn note_alarm(row: &mut StudyRow, actor: &str, now: Timestamp) -> bool {
    let is_due = row.severity == Severity::Critical && row.acknowledged.is_none();
    if is_due {
        row.acknowledged = Some(Acknowledged { by: actor.to_owned(), at: now });
    }
    is_due
}

/// The notes of a study, the oldest first.
pub(super) fn notes(connection: &Connection, study: StudyId) -> rusqlite::Result<Vec<Note>> {
    let sql = "SELECT id, author, time, text FROM notes WHERE study = ?1 ORDER BY id";
    rows(connection, "notes", sql, [study], |row| {
        let mut columns = Columns::of(row);
        columns.next::<i64>()?;
        Ok(Note { author: columns.next()?, time: columns.next_time()?, text: columns.next()? })
    })
}
