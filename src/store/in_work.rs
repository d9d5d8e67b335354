//! Which queued files are in work, so that a start after a death knows at what the program was.
//!
//! A file that was in work when the program died may have killed it. Such a file waits behind what is queued, and is
//! then tried alone, in a process of its own: only the deaths of that process, which its parent sees, count against it.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Claim, FileId, Store, StoreError, StudyRow,
    audit::{NewEvent, log},
    due::{close, due},
    finish::{by_sha256, held_entry, reopened},
    request,
    shared::still_has,
    sql,
};
use crate::{quality::Gate, study::AuditKind, text::clean};

impl Store {
    /// Notes that files are in work from now on.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then none is noted.
    pub fn begin_work(&mut self, files: &[FileId]) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut note = transaction.prepare_cached("UPDATE files SET in_work = 1 WHERE id = ?1")?;
            files.iter().try_for_each(|file| note.execute([file]).map(|_| ()))
        })
    }

    /// Notes that no file is in work any more: the program ends in order.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn end_work(&mut self) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("UPDATE files SET in_work = 0 WHERE state = 'queued' AND in_work = 1", [])?;
            Ok(())
        })
    }

    /// Puts the files that were in work when the program died behind all others, each to be tried alone; returns how
    /// many these are.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn put_back_interrupted(&mut self) -> Result<usize, StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE files SET in_work = 0, behind = (SELECT max(id) FROM files)
                 WHERE state = 'queued' AND in_work = 1",
                [],
            )
        })
    }

    /// Puts a file that was tried alone behind all others, and counts, if `counts`, that it ended the process that it was
    /// tried in; returns how often it has by now.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn put_behind(&mut self, file: impl Into<Claim>, counts: bool) -> Result<u32, StoreError> {
        let claim = file.into();
        self.write(|transaction| {
            if !still_has(transaction, claim)? {
                return Err(sql::Error::Late);
            }
            transaction
                .prepare_cached(
                    "UPDATE files SET stops = stops + ?2, claimed_by = NULL, lease_until = NULL, behind = 1 + (
                        SELECT CASE WHEN max(id) > max(coalesce(behind, 0)) THEN max(id)
                                    ELSE max(coalesce(behind, 0)) END FROM files WHERE state = 'queued')
                     WHERE id = ?1 RETURNING stops",
                )?
                .query_row((claim.file, counts), |row| row.get(0))
        })
    }

    /// Holds a queued file that stopped the program each time that it was tried alone; `sha256` (hex) are its bytes, which
    /// are not tried again under another name. Nothing to do (`None`) for a file that is not queued.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then the file is still queued.
    pub fn hold_stopper(
        &mut self,
        file: impl Into<Claim>,
        sha256: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        let claim = file.into();
        self.write(|transaction| {
            let due = due(transaction, claim)?;
            if due.state != "queued" {
                return Ok(None);
            }
            if let Some(open) = request::open_of(transaction, due.film)? {
                return request::refuse(transaction, &due, &open, reason, now).map(Some);
            }
            let (study, film) = held_entry(transaction, &due, Gate::Crash, reason, now)?;
            if by_sha256(transaction, sha256)?.is_none() {
                transaction.execute("UPDATE films SET sha256 = ?2 WHERE id = ?1", (film, sha256))?;
            }
            close(transaction, due.id, "done", film)?;
            let event = NewEvent {
                study: Some(study),
                film: Some(film),
                file: Some(due.id),
                detail: json!({ "gate": Gate::Crash, "reason": clean(reason) }),
                ..NewEvent::of(AuditKind::Held)
            };
            log(transaction, &event, now)?;
            reopened(transaction, study, now).map(Some)
        })
    }
}
