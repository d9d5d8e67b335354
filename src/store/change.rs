//! The changes that time and people make to a study: it completes, it waits too long, it is raised, seen, done.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    OutsidePriority, Status, Store, StoreError, StudyId, StudyRow,
    audit::{NewEvent, log},
    condition::PROMOTABLE,
    convert::Micros,
    row::{save, select_studies, study_if_any, study_row},
    sql::{self, Connection},
    unreadable::rows,
};
use crate::{study::AuditKind, text::clean};

/// Studies that are changed in one transaction, where there are many: a transaction that takes seconds holds up the
/// writers of every host.
pub(super) const AT_A_TIME: usize = 200;

/// A change of many studies that failed on the way. What had changed before stays, each study as a whole; the rest does at
/// the next call.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct PartialChangeError {
    /// The studies that changed.
    pub changed: Vec<StudyRow>,
    /// The failure.
    #[source]
    pub error: StoreError,
}

/// Nothing has changed yet.
impl From<StoreError> for PartialChangeError {
    fn from(error: StoreError) -> Self {
        Self { changed: Vec::new(), error }
    }
}

impl Store {
    /// Takes what came in while the clock was ahead as coming in now: else it would be complete, too long unseen or
    /// missed only when the clock gets there. The audit keeps the times as they were. Returns the studies that changed.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`], with the studies that changed all the same.
    pub fn bring_back_from_future(&mut self, now: Timestamp) -> Result<Vec<StudyRow>, PartialChangeError> {
        let query = select_studies(
            "WHERE (complete = 0 AND last_arrival > ?1)
                OR (status = 'new' AND promoted_at IS NULL AND first_arrival > ?1)",
        );
        let early = self.read(|view| rows(view, "studies", &query, [Micros(now)], study_row))?;
        let is_file_early = self.read(|view| {
            view.prepare_cached("SELECT 1 FROM files WHERE received_at > ?1")?.exists([Micros(now)])
        })?;
        if early.is_empty() && !is_file_early {
            return Ok(early);
        }
        self.write(|transaction| {
            transaction
                .prepare_cached("UPDATE files SET received_at = ?1 WHERE received_at > ?1")?
                .execute([Micros(now)])
        })?;
        self.change_each(&early, |transaction, row| {
            row.first_arrival = row.first_arrival.min(now);
            row.last_arrival = row.last_arrival.min(now);
            transaction
                .prepare_cached("UPDATE studies SET first_arrival = ?2, last_arrival = ?3 WHERE id = ?1")?
                .execute((row.id, Micros(row.first_arrival), Micros(row.last_arrival)))?;
            save(transaction, row)?;
            Ok(true)
        })
    }

    /// Calls those studies complete whose last film arrived `quiet` or longer ago; returns them.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`], with the studies that changed all the same.
    pub fn complete_quiet(
        &mut self,
        quiet: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<StudyRow>, PartialChangeError> {
        let query = select_studies("WHERE complete = 0 AND last_arrival <= ?1 ORDER BY last_arrival, id");
        let due = rows_until(self, &query, now, quiet)?;
        self.change_each(&due, |transaction, row| {
            row.complete = true;
            save(transaction, row)?;
            log(transaction, &about(AuditKind::Complete, row), now)?;
            Ok(true)
        })
    }

    /// Promotes by one band, once, the studies that nobody opened within `max_wait` of their first
    /// film's arrival; returns them. A study that has no band above it is left alone.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`], with the studies that changed all the same.
    pub fn promote_overdue(
        &mut self,
        max_wait: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<StudyRow>, PartialChangeError> {
        // Those that the rule cannot promote may wait unseen for days: they are not read every second.
        let query = select_studies(&format!("WHERE {PROMOTABLE} AND first_arrival <= ?1"));
        let mut due = rows_until(self, &query, now, max_wait)?;
        due.retain(|row| row.clone().promote_if_overdue(max_wait, now));
        self.change_each(&due, |transaction, row| {
            let before = row.severity;
            if !row.promote_if_overdue(max_wait, now) {
                return Ok(false);
            }
            save(transaction, row)?;
            let detail = json!({ "before": before, "severity": row.severity });
            log(transaction, &NewEvent { detail, ..about(AuditKind::Promoted, row) }, now)?;
            Ok(true)
        })
    }

    /// Changes studies as they stand now, but for those that have changed since they were read; returns those of which
    /// `change` says that it did. So many at a time that no other writer, and no renewal of a duty, waits for all of them.
    fn change_each(
        &mut self,
        studies: &[StudyRow],
        change: impl Fn(&Connection, &mut StudyRow) -> sql::Result<bool>,
    ) -> Result<Vec<StudyRow>, PartialChangeError> {
        let mut changed = Vec::with_capacity(studies.len());
        for (at, page) in studies.chunks(AT_A_TIME).enumerate() {
            let renewed = if at > 0 { self.renew_duty() } else { Ok(()) };
            match renewed.and_then(|()| self.change_page(page, &change)) {
                Ok(of_page) => changed.extend(of_page),
                Err(error) => return Err(PartialChangeError { changed, error }),
            }
        }
        Ok(changed)
    }

    fn change_page(
        &mut self,
        studies: &[StudyRow],
        change: impl Fn(&Connection, &mut StudyRow) -> sql::Result<bool>,
    ) -> Result<Vec<StudyRow>, StoreError> {
        self.write(|transaction| {
            let mut changed = Vec::with_capacity(studies.len());
            for seen in studies {
                let Some(mut row) = still(transaction, seen)? else { continue };
                if change(transaction, &mut row)? {
                    changed.push(row);
                }
            }
            Ok(changed)
        })
    }

    /// Sets the status of a study for `actor`. `None` if there is no such study, or nothing to change.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn set_status(
        &mut self,
        study: StudyId,
        status: Status,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        let actor = clean(actor);
        self.write(|transaction| {
            let Some(mut row) = study_if_any(transaction, study)? else {
                return Ok(None);
            };
            let Some(change) = row.set_status(status, &actor, now) else { return Ok(None) };
            save(transaction, &mut row)?;
            let mut detail = json!({ "before": change.before.word(), "status": status.word() });
            if change.acknowledged {
                detail["acknowledged"] = true.into();
            }
            log(transaction, &NewEvent { actor: &actor, detail, ..about(AuditKind::Status, &row) }, now)?;
            Ok(Some(row))
        })
    }

    /// Raises a study to a floor from outside. `None` if there is no such study, or if its floor is
    /// that high already: nothing ever lowers it.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn raise(
        &mut self,
        study: StudyId,
        outside: &OutsidePriority,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        self.write(|transaction| {
            let Some(mut row) = study_if_any(transaction, study)? else {
                return Ok(None);
            };
            if !raise_row(transaction, &mut row, outside, now)? {
                return Ok(None);
            }
            save(transaction, &mut row)?;
            Ok(Some(row))
        })
    }
}

/// Raises the floor of a study that the caller then saves; whether it rose.
pub(super) fn raise_row(
    connection: &Connection,
    row: &mut StudyRow,
    outside: &OutsidePriority,
    now: Timestamp,
) -> sql::Result<bool> {
    let before = row.severity;
    let (floor, source) = (outside.floor, clean(&outside.source));
    if !row.raise(OutsidePriority { floor, source: source.clone() }, now) {
        return Ok(false);
    }
    let detail = json!({ "floor": floor, "before": before, "severity": row.severity });
    log(connection, &NewEvent { actor: &source, detail, ..about(AuditKind::Raised, row) }, now)?;
    Ok(true)
}

/// An event about a study.
pub(super) fn about(kind: AuditKind, row: &StudyRow) -> NewEvent<'static> {
    NewEvent { study: Some(row.id), ..NewEvent::of(kind) }
}

/// Studies whose time in the query is `ago` or longer before `now`. Read without the write lock:
/// these questions are asked every second, and mostly there is none.
fn rows_until(
    store: &Store,
    query: &str,
    now: Timestamp,
    ago: SignedDuration,
) -> Result<Vec<StudyRow>, StoreError> {
    let until = now.checked_sub(ago).unwrap_or(Timestamp::MIN);
    store.read(|view| rows(view, "studies", query, [Micros(until)], study_row))
}

/// The row again, under the write lock, if it has not changed since it was read.
fn still(connection: &Connection, seen: &StudyRow) -> sql::Result<Option<StudyRow>> {
    Ok(study_if_any(connection, seen.id)?.filter(|row| row.revision == seen.revision))
}
