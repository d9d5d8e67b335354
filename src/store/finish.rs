//! A file's end: recorded as a film, or found to be one that is there, or gone.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use super::{
    FilmId, Finished, Outcome, Store, StoreError, StudyId, StudyRow, Verdict,
    audit::{NewEvent, log},
    change::raise_row,
    convert::Place,
    due::{Due, close, due},
    exposure::{is_aside, set_aside},
    films,
    identity::{join, note_clashes, repeated},
    join::{join_study, refresh, reopen},
    queued, request,
    rollup::recombine,
    row::{save, study},
    sql::{self, Connection, OptionalExtension},
    supersede::supersede,
};
use crate::{
    quality::Gate,
    study::{AuditKind, Cause, Claim},
    text::clean,
};

impl Store {
    /// The film with these bytes, if they have been here before: looked up before decoding, and then
    /// closed with [`Store::duplicate`].
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn film_by_sha256(&self, sha256: &str) -> Result<Option<FilmId>, StoreError> {
        self.read(|view| by_sha256(view, sha256))
    }

    /// Closes a file whose bytes are those of `of`.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then the file is still queued.
    pub fn duplicate(
        &mut self,
        file: impl Into<queued::Claim>,
        of: FilmId,
        now: Timestamp,
    ) -> Result<Finished, StoreError> {
        let claim = file.into();
        self.write(|transaction| {
            let due = due(transaction, claim)?;
            match already_finished(transaction, &due)? {
                Some(finished) => Ok(finished),
                None => close_duplicate(transaction, &due, of, None, now),
            }
        })
        .map(|finished| self.as_seen_here(finished))
    }

    /// Records what became of a file: film, findings, heatmap, its study's new line, the audit, and
    /// that the file is done. One transaction; doing it again does nothing new.
    ///
    /// A film counts once: it is a duplicate if its bytes are those of another, or if it has the SOP Instance UID of
    /// one that decoded, and patient, study and pixels agree. With the same number and other content it is another
    /// film, and both say so. It joins the study of its Study Instance UID that is its patient's. A film that waits for its score on request is scored in its place, or stays held with the
    /// reason why that could not be done. A broken film gives way to what comes at its path, and to a good film with
    /// its SOP Instance UID. Of two images of one exposure the one for presentation counts, once it is scored. A
    /// study that was done is new again when a film joins it.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then the file is still queued.
    pub fn finish(
        &mut self,
        file: impl Into<queued::Claim>,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<Finished, StoreError> {
        let claim = file.into();
        self.write(|transaction| {
            let due = due(transaction, claim)?;
            if let Some(finished) = already_finished(transaction, &due)? {
                return Ok(finished);
            }
            if let Some(open) = request::open_of(transaction, due.film)? {
                return request::answer(transaction, &due, &open, outcome, now);
            }
            if let Some(of) = counted_as(transaction, outcome)? {
                return close_duplicate(transaction, &due, of, Some(outcome), now);
            }
            record(transaction, &due, outcome, now)
        })
        .map(|finished| self.as_seen_here(finished))
    }

    /// The path of a film's first file as this host has it.
    fn as_seen_here(&self, finished: Finished) -> Finished {
        match finished {
            Finished::Duplicate { of, path, others } => {
                Finished::Duplicate { of, path: self.mounts.path(&path), others }
            }
            recorded => recorded,
        }
    }

    /// Turns a queued file that vanished, or could not be opened, into a held entry with that reason.
    /// Nothing to do (`None`) for a file that is not queued. Should the file come back, intake finds it
    /// unknown, and what it then holds takes the entry's place.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then the file is still queued.
    pub fn gone(
        &mut self,
        file: impl Into<queued::Claim>,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<StudyRow>, StoreError> {
        let claim = file.into();
        self.write(|transaction| {
            let due = due(transaction, claim)?;
            if due.is_queued() { hold_gone(transaction, &due, reason, now) } else { Ok(None) }
        })
    }
}

/// Holds a queued file that could not be read; returns its study. None: its path was received again since, so that the list
/// says nothing of this time.
pub(super) fn hold_gone(
    connection: &Connection,
    due: &Due,
    reason: &str,
    now: Timestamp,
) -> sql::Result<Option<StudyRow>> {
    if let Some(open) = request::open_of(connection, due.film)? {
        return request::refuse(connection, due, &open, reason, now).map(Some);
    }
    let gone = NewEvent {
        file: Some(due.id),
        detail: json!({ "reason": clean(reason) }),
        ..NewEvent::of(AuditKind::Gone)
    };
    // What was received there since, changed or touched, speaks for the path.
    if is_received_again(connection, due)? {
        connection
            .prepare_cached(
                "UPDATE files SET state = 'gone', again_at = NULL, claimed_by = NULL, lease_until = NULL WHERE id = ?1",
            )?
            .execute([due.id])?;
        log(connection, &gone, now)?;
        return Ok(None);
    }
    let (study, film) = held_entry(connection, due, Gate::Unreadable, reason, now)?;
    log(connection, &NewEvent { study: Some(study), film: Some(film), ..gone }, now)?;
    close(connection, due.id, "gone", film)?;
    reopened(connection, study, now).map(Some)
}

fn is_received_again(connection: &Connection, due: &Due) -> sql::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM files WHERE path = ?1 AND id > ?2")?
        .exists((Place::to_value(&due.path), due.id))
}

/// A study after one of its files was held: combined anew, and open again.
pub(super) fn reopened(connection: &Connection, study: StudyId, now: Timestamp) -> sql::Result<StudyRow> {
    let mut row = self::study(connection, study)?;
    recombine(connection, &mut row, Cause::Films, now)?;
    reopen(connection, &mut row, now)?;
    save(connection, &mut row)?;
    Ok(row)
}

fn record(connection: &Connection, due: &Due, outcome: &Outcome, now: Timestamp) -> sql::Result<Finished> {
    let (study, namesakes) = join(connection, outcome, due.received_at)?;
    let film = films::insert(connection, study, due.id, outcome, now)?;
    let started = NewEvent {
        study: Some(study),
        film: Some(film),
        file: Some(due.id),
        ..NewEvent::of(AuditKind::Started)
    };
    log(connection, &started, outcome.started)?;
    close(connection, due.id, "done", film)?;
    let claim = outcome.claim();
    let mut others = supersede(connection, due, film, &claim, now)?;
    others.extend(namesakes);
    others.extend(note_clashes(connection, film, study, &claim)?);
    let aside = set_aside(connection, study, film, now)?.contains(&film);
    let mut row = self::study(connection, study)?;
    let before = row.severity;
    recombine(connection, &mut row, Cause::Films, now)?;
    reopen(connection, &mut row, now)?;
    if let Some(outside) = &outcome.outside {
        raise_row(connection, &mut row, outside, now)?;
    }
    save(connection, &mut row)?;
    let (kind, detail) = match &outcome.verdict {
        Verdict::Scored(_) => (
            AuditKind::Scored,
            json!({ "before": before, "severity": row.severity, "score": row.score, "top": row.top }),
        ),
        Verdict::Held(held) => (AuditKind::Held, json!({ "gate": held.gate, "reason": clean(&held.reason) })),
    };
    let event =
        NewEvent { study: Some(study), film: Some(film), file: Some(due.id), detail, ..NewEvent::of(kind) };
    log(connection, &event, now)?;
    let others = refresh(connection, others, Some(study), now)?;
    Ok(Finished::Recorded { film, study: Box::new(row), aside, others })
}

/// The film as which an outcome counts already.
fn counted_as(connection: &Connection, outcome: &Outcome) -> sql::Result<Option<FilmId>> {
    match by_sha256(connection, &outcome.sha256)? {
        Some(film) => Ok(Some(film)),
        None => repeated(connection, &outcome.claim()),
    }
}

pub(super) fn by_sha256(connection: &Connection, sha256: &str) -> sql::Result<Option<FilmId>> {
    connection
        .prepare_cached("SELECT id FROM films WHERE sha256 = ?1")?
        .query_row([sha256], |row| row.get(0))
        .optional()
}

fn close_duplicate(
    connection: &Connection,
    due: &Due,
    of: FilmId,
    outcome: Option<&Outcome>,
    now: Timestamp,
) -> sql::Result<Finished> {
    let study: StudyId = connection
        .prepare_cached("SELECT study FROM films WHERE id = ?1")?
        .query_row([of], |row| row.get(0))?;
    let event = NewEvent {
        study: Some(study),
        film: Some(of),
        file: Some(due.id),
        detail: json!({ "sha256": outcome.map(|outcome| &outcome.sha256) }),
        ..NewEvent::of(AuditKind::Duplicate)
    };
    log(connection, &event, now)?;
    let others = supersede(connection, due, of, &Claim::default(), now)?;
    close(connection, due.id, "duplicate", of)?;
    let others = refresh(connection, others, None, now)?;
    Ok(Finished::Duplicate { of, path: path_of(connection, of)?, others })
}

/// The held entry of a file that nobody has seen into: the one that it has from an earlier time, or a new one.
pub(super) fn held_entry(
    connection: &Connection,
    due: &Due,
    gate: Gate,
    reason: &str,
    now: Timestamp,
) -> sql::Result<(StudyId, FilmId)> {
    if let Some(film) = due.film {
        let study = connection
            .prepare_cached(
                "UPDATE films SET state = 'held', gate = ?2, reason = ?3 WHERE id = ?1 AND sha256 IS NULL
                 RETURNING study",
            )?
            .query_row((film, gate, clean(reason)), |row| row.get(0))
            .optional()?;
        if let Some(study) = study {
            return Ok((study, film));
        }
    }
    let study = join_study(connection, &format!("file:{}", due.id), due.received_at)?;
    Ok((study, films::insert_gone(connection, study, due.id, gate, reason, now)?))
}

/// Returns how a file was finished before, if it was.
fn already_finished(connection: &Connection, due: &Due) -> sql::Result<Option<Finished>> {
    let Some(film) = due.film else {
        return Ok(None);
    };
    match due.state.as_str() {
        "done" => {
            let id = connection
                .prepare_cached("SELECT study FROM films WHERE id = ?1")?
                .query_row([film], |row| row.get(0))?;
            let study = Box::new(study(connection, id)?);
            let aside = is_aside(connection, film)?;
            Ok(Some(Finished::Recorded { film, study, aside, others: Vec::new() }))
        }
        "duplicate" => {
            let path = path_of(connection, film)?;
            Ok(Some(Finished::Duplicate { of: film, path, others: Vec::new() }))
        }
        _ => Ok(None),
    }
}

fn path_of(connection: &Connection, film: FilmId) -> sql::Result<PathBuf> {
    connection
        .prepare_cached(
            "SELECT files.path FROM films JOIN files ON files.id = films.file WHERE films.id = ?1",
        )?
        .query_row([film], |row| row.get::<_, Place>(0))
        .map(|place| place.0)
}
