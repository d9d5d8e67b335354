//! A person asks for a held film to be scored all the same. The request is a row, so that any process on the
//! store may make it, the owner of the pipeline answers it, and neither a restart nor a kill loses it.

use jiff::Timestamp;
use serde_json::json;

use super::{
    FilmId, Finished, Outcome, RequestId, Requested, Store, StoreError, StudyId, StudyRow, Verdict,
    audit::{NewEvent, log},
    convert::{Columns, Micros},
    due::{Due, close},
    exposure::{is_aside, set_aside},
    films,
    join::reopen,
    rollup::recombine,
    row::{save, study},
    sql::{self, Connection, Hint, OptionalExtension},
};
use crate::{
    quality::{Gate, SAME_EXPOSURE},
    study::{AuditKind, Cause},
    text::clean,
};

/// A request that waits for its answer.
pub(super) struct Open {
    id: RequestId,
    film: FilmId,
    study: StudyId,
    actor: String,
    reason: String,
}

impl Store {
    /// Queues a held film again, to be scored whatever the gates say of it; the audit keeps who asked, when,
    /// and what it was held for.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then nothing has changed. That a film cannot be scored is no error but
    /// [`Requested::Refused`].
    pub fn request_score(
        &mut self,
        film: FilmId,
        actor: &str,
        now: Timestamp,
    ) -> Result<Requested, StoreError> {
        let actor = clean(actor);
        self.write(|transaction| {
            let Some(subject) = subject(transaction, film)? else {
                return Ok(Requested::Refused("This film is no longer on the list.".to_owned()));
            };
            if let Some(why) = subject.refusal() {
                return Ok(Requested::Refused(why));
            }
            if subject.gate == Some(Gate::Crash) {
                return retry(transaction, film, &subject, &actor, now);
            }
            if open_of(transaction, Some(film))?.is_some() {
                return Ok(Requested::Refused("This film is already waiting to be scored.".to_owned()));
            }
            transaction
                .prepare_cached(
                    "INSERT INTO requests (film, actor, asked_at, gate, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((film, &actor, Micros(now), subject.gate, &subject.reason))?;
            transaction
                .prepare_cached(
                    "UPDATE files SET state = 'queued', film = ?2, in_work = 0, behind = NULL, stops = 0, not_on = '',
                            claimed_by = NULL, lease_until = NULL WHERE id = ?1",
                )?
                .execute((subject.file, film))?;
            transaction.hint(Hint::Queue);
            let event = NewEvent {
                kind: AuditKind::Requested,
                study: Some(subject.study),
                film: Some(film),
                file: Some(subject.file),
                actor: &actor,
                detail: json!({ "gate": subject.gate, "reason": subject.reason }),
            };
            log(transaction, &event, now)?;
            let mut row = study(transaction, subject.study)?;
            recombine(transaction, &mut row, Cause::Films, now)?;
            save(transaction, &mut row)?;
            Ok(Requested::Queued(Box::new(row)))
        })
    }
}

/// The film that a request is about.
struct Subject {
    study: StudyId,
    file: super::FileId,
    state: String,
    decoded: bool,
    aside: bool,
    gate: Option<Gate>,
    reason: String,
}

impl Subject {
    /// Why the film cannot be scored on request, if so.
    fn refusal(&self) -> Option<String> {
        if self.aside {
            return Some(SAME_EXPOSURE.to_owned());
        }
        match (self.state.as_str(), self.decoded) {
            ("scored", _) => Some("This film is scored already.".to_owned()),
            ("held", true) => None,
            ("held", false) if self.gate == Some(Gate::Crash) => None,
            ("held", false) => Some(format!("There is no picture to score: {}", self.reason)),
            _ => Some("A whole copy of this film has taken its place: look at that one.".to_owned()),
        }
    }
}

fn subject(connection: &Connection, film: FilmId) -> sql::Result<Option<Subject>> {
    connection
        .prepare_cached(
            "SELECT study, file, state, decoded, exposure_of IS NOT NULL, gate, reason FROM films WHERE id = ?1",
        )?
        .query_row([film], |row| {
            let mut columns = Columns::of(row);
            Ok(Subject {
                study: columns.next()?,
                file: columns.next()?,
                state: columns.next()?,
                decoded: columns.next()?,
                aside: columns.next()?,
                gate: columns.next()?,
                reason: columns.next::<Option<String>>()?.unwrap_or_default(),
            })
        })
        .optional()
}

/// Queues a film anew that stopped the program: alone again, and what comes of it takes its entry's place.
fn retry(
    connection: &Connection,
    film: FilmId,
    subject: &Subject,
    actor: &str,
    now: Timestamp,
) -> sql::Result<Requested> {
    let queued = connection
        .prepare_cached(
            "UPDATE files SET state = 'queued', in_work = 0, behind = (SELECT max(id) FROM files), stops = 0, not_on = '',
                    claimed_by = NULL, lease_until = NULL
             WHERE id = ?1 AND state <> 'queued'",
        )?
        .execute([subject.file])?;
    if queued == 0 {
        return Ok(Requested::Refused("This film is already waiting to be tried.".to_owned()));
    }
    connection.hint(Hint::Queue);
    // Its bytes are no longer known, so that they count when they are tried.
    connection.prepare_cached("UPDATE films SET sha256 = NULL WHERE id = ?1")?.execute([film])?;
    let event = NewEvent {
        study: Some(subject.study),
        film: Some(film),
        file: Some(subject.file),
        actor,
        detail: json!({ "gate": subject.gate, "reason": subject.reason }),
        ..NewEvent::of(AuditKind::Requested)
    };
    log(connection, &event, now)?;
    let mut row = study(connection, subject.study)?;
    save(connection, &mut row)?;
    Ok(Requested::Queued(Box::new(row)))
}

/// The open request for a film, if there is one.
pub(super) fn open_of(connection: &Connection, film: Option<FilmId>) -> sql::Result<Option<Open>> {
    let Some(film) = film else { return Ok(None) };
    connection
        .prepare_cached(
            "SELECT requests.id, requests.film, films.study, requests.actor, requests.reason
             FROM requests JOIN films ON films.id = requests.film
             WHERE requests.film = ?1 AND requests.state = 'open'",
        )?
        .query_row([film], |row| {
            let mut columns = Columns::of(row);
            Ok(Open {
                id: columns.next()?,
                film: columns.next()?,
                study: columns.next()?,
                actor: columns.next()?,
                reason: columns.next()?,
            })
        })
        .optional()
}

/// Answers a request with what became of its film: scored in its place, or held as before.
pub(super) fn answer(
    connection: &Connection,
    due: &Due,
    open: &Open,
    outcome: &Outcome,
    now: Timestamp,
) -> sql::Result<Finished> {
    let scored = match &outcome.verdict {
        Verdict::Scored(scored) => scored,
        Verdict::Held(held) => {
            let row = refuse(connection, due, open, &held.reason, now)?;
            let film = open.film;
            let aside = is_aside(connection, film)?;
            return Ok(Finished::Recorded { film, study: Box::new(row), aside, others: Vec::new() });
        }
    };
    let about = |kind| NewEvent {
        study: Some(open.study),
        film: Some(open.film),
        file: Some(due.id),
        ..NewEvent::of(kind)
    };
    log(connection, &about(AuditKind::Started), outcome.started)?;
    films::score_held(connection, open.film, scored, now)?;
    settle(connection, open, "scored", None)?;
    close(connection, due.id, "done", open.film)?;
    let aside = set_aside(connection, open.study, open.film, now)?.contains(&open.film);
    let mut row = study(connection, open.study)?;
    let before = row.severity;
    recombine(connection, &mut row, Cause::Films, now)?;
    reopen(connection, &mut row, now)?;
    save(connection, &mut row)?;
    let detail = json!({
        "before": before, "severity": row.severity, "score": row.score, "top": row.top,
        "requested_by": open.actor, "was_held": open.reason,
    });
    log(connection, &NewEvent { detail, ..about(AuditKind::Scored) }, now)?;
    Ok(Finished::Recorded { film: open.film, study: Box::new(row), aside, others: Vec::new() })
}

/// The film stays held, and its row says why it could not be scored.
pub(super) fn refuse(
    connection: &Connection,
    due: &Due,
    open: &Open,
    reason: &str,
    now: Timestamp,
) -> sql::Result<StudyRow> {
    let reason = clean(reason);
    settle(connection, open, "refused", Some(&reason))?;
    close(connection, due.id, "done", open.film)?;
    let event = NewEvent {
        study: Some(open.study),
        film: Some(open.film),
        file: Some(due.id),
        detail: json!({ "requested_by": open.actor, "reason": reason }),
        ..NewEvent::of(AuditKind::Refused)
    };
    log(connection, &event, now)?;
    let mut row = study(connection, open.study)?;
    recombine(connection, &mut row, Cause::Films, now)?;
    save(connection, &mut row)?;
    Ok(row)
}

fn settle(connection: &Connection, open: &Open, state: &str, answer: Option<&str>) -> sql::Result<()> {
    connection
        .prepare_cached("UPDATE requests SET state = ?2, answer = ?3 WHERE id = ?1")?
        .execute((open.id, state, answer))?;
    Ok(())
}
