//! Files whose disk or share did not answer: held with their reason, and tried again by themselves.

use jiff::{SignedDuration, Timestamp};

use super::{
    Claim, FileId, Store, StoreError, StudyRow,
    convert::Micros,
    due::due,
    finish::hold_gone,
    sql::{self, Connection, Hint, OptionalExtension},
};

/// How long after its first try a file is tried again; twice as long after each further one.
const FIRST: SignedDuration = SignedDuration::from_secs(10);
/// The longest time between two tries.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

impl Store {
    /// Holds a queued file that could not be read now, with that reason, until [`Store::retry_unanswered`] queues it
    /// again. Returns its study where that is new to people: not once more for each further try.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then the file is still queued.
    pub fn unanswered(
        &mut self,
        file: impl Into<Claim>,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        let claim = file.into();
        self.write(|transaction| {
            let due = due(transaction, claim)?;
            let file = due.id;
            if !due.is_queued() {
                return Ok(None);
            }
            let tries: u32 = transaction
                .prepare_cached("SELECT tries FROM files WHERE id = ?1")?
                .query_row([file], |row| row.get(0))?;
            // Somebody may have called the study done meanwhile: another try that fails is no news.
            let study = if tries > 0 && is_held(transaction, file)? {
                transaction
                    .prepare_cached("UPDATE files SET state = 'gone', claimed_by = NULL, lease_until = NULL WHERE id = ?1")?
                    .execute([file])?;
                None
            } else {
                hold_gone(transaction, &due, reason, now)?
            };
            let wait = FIRST.saturating_mul(1 << tries.min(10)).min(LONGEST);
            transaction
                .prepare_cached(
                    "UPDATE files SET tries = tries + 1, again_at = ?2 WHERE id = ?1 AND state = 'gone'",
                )?
                .execute((file, Micros(now.checked_add(wait).unwrap_or(Timestamp::MAX))))?;
            Ok(study)
        })
    }

    /// Queues the files again whose time has come; returns how many.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn retry_unanswered(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        // What is put off for longer than that was put off before the clock was set back.
        let farthest = Micros(now.checked_add(LONGEST).unwrap_or(Timestamp::MAX));
        let is_due = self.read(|view| {
            view.prepare_cached("SELECT 1 FROM files WHERE again_at <= ?1 OR again_at > ?2")?
                .exists((Micros(now), farthest))
        })?;
        if !is_due {
            return Ok(0);
        }
        self.write(|transaction| {
            transaction.hint(Hint::Queue);
            transaction
                .prepare_cached(
                    "UPDATE files SET state = 'queued', again_at = NULL, claimed_by = NULL, lease_until = NULL
                     WHERE (again_at <= ?1 OR again_at > ?2) AND state = 'gone'",
                )?
                .execute((Micros(now), farthest))
        })
    }
}

/// Whether the entry that a file was given when it was first tried stands on the list.
fn is_held(connection: &Connection, file: FileId) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM files JOIN films ON films.id = files.film
             WHERE files.id = ?1 AND films.sha256 IS NULL AND films.state = 'held'",
        )?
        .query_row([file], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}
