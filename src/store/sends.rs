//! Results that are sent by DICOM: each version of a study's result for a destination is a row of the outbox. At most
//! one of them, the last, has not arrived.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Delivery, Store, StoreError, StudyId,
    audit::{NewEvent, log},
    convert::{Columns, Micros, to_json},
    outbox::waiting,
    row::touch,
    sql::{self, Connection, OptionalExtension, Row, params},
    unreadable::rows,
};
use crate::study::{AuditKind, Sending, SendingState};

/// Kinds of events after which a study's result may be another one.
const CHANGES: &str = "('complete', 'scored', 'held', 'superseded', 'set-aside', 'reassessed')";

/// So many events without a result are noted down as looked at.
const WORTH_NOTING: i64 = 1_000;

/// What is kept of a version of a result while and after it is sent; nothing of a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendContent {
    /// A hash of what the result says; empty where somebody asked for it and nobody has looked yet.
    pub digest: String,
    /// Which version it is, from 1.
    pub version: u32,
    /// When the result came about: the same for each try.
    pub at: Timestamp,
    /// Whether it is sent once more although it arrived.
    #[serde(default)]
    pub again: bool,
}

/// An object that a destination has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentObject {
    /// The word of its kind.
    pub what: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Series Instance UID.
    pub series: String,
}

/// The studies whose results may have changed, for one destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedResults {
    /// The last event that was looked at.
    pub until: i64,
    /// Complete studies; true: nothing but the thresholds changed.
    pub studies: Vec<(StudyId, bool)>,
    /// Whether it is worth noting down how far that was.
    pub is_new: bool,
    /// Whether there may be more.
    pub is_part: bool,
}

/// The last version of a result for a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSend {
    id: i64,
    state: String,
    plan: String,
    /// Its content; none where that has been forgotten.
    pub content: Option<SendContent>,
}

/// A wish that a result be sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish<'a> {
    /// A result with that digest, unless the destination has it.
    Result(&'a str),
    /// Whatever the result is, unless one was wanted before.
    Once,
    /// Whatever the result is, once more.
    Again,
}

impl Store {
    /// Follows the audit for these destinations and no others: for one that was not there before, from now on.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn follow_results_for<'a>(
        &mut self,
        targets: impl Iterator<Item = &'a String>,
    ) -> Result<(), StoreError> {
        let targets: Vec<&String> = targets.collect();
        self.write(|transaction| {
            let known: Vec<String> = transaction
                .prepare_cached("SELECT target FROM send_cursors")?
                .query_map([], |row| row.get(0))?
                .collect::<sql::Result<_>>()?;
            let mut leave = transaction.prepare_cached("DELETE FROM send_cursors WHERE target = ?1")?;
            for target in known.iter().filter(|known| !targets.contains(known)) {
                leave.execute([target])?;
            }
            let mut follow = transaction.prepare_cached(
                "INSERT INTO send_cursors (target, event)
                 VALUES (?1, (SELECT coalesce(max(id), 0) FROM events)) ON CONFLICT DO NOTHING",
            )?;
            targets.iter().try_for_each(|target| follow.execute([target]).map(|_| ()))
        })
    }

    /// The studies whose results may have changed since they were looked at for a destination, those of `limit` events at
    /// most; for a destination that is not followed, none.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn changed_results(&self, target: &str, limit: u32) -> Result<ChangedResults, StoreError> {
        self.read(|view| {
            let cursor: Option<i64> = view
                .prepare_cached("SELECT event FROM send_cursors WHERE target = ?1")?
                .query_row([target], |row| row.get(0))
                .optional()?;
            let changed = cursor.map(|cursor| changed_since(view, cursor, limit)).transpose()?;
            Ok(changed.unwrap_or_default())
        })
    }

    /// Puts results with their digests into the outbox, and notes down how far the audit was followed, in one
    /// transaction. What a destination has, or is about to get, is not put there again.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn put_results(
        &mut self,
        target: &str,
        until: i64,
        results: &[(StudyId, String)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            for (study, digest) in results {
                want(transaction, *study, target, Wish::Result(digest), now)?;
            }
            transaction
                .prepare_cached("UPDATE send_cursors SET event = ?2 WHERE target = ?1 AND event < ?2")?
                .execute((target, until))?;
            Ok(())
        })
    }

    /// Puts a study's result into the outbox because a person wants it: once more, where the destination has it.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn ask_to_send(
        &mut self,
        study: StudyId,
        target: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| ask(transaction, study, target, actor, Wish::Again, now))
    }

    /// The last version of a study's result for a destination.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn last_send(&self, study: StudyId, target: &str) -> Result<Option<LastSend>, StoreError> {
        self.read(|view| last(view, study, target))
    }

    /// A delivery that waits, for whoever delivers it by hand.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn waiting_send(&self, study: StudyId, target: &str) -> Result<Option<Delivery>, StoreError> {
        self.read(|view| {
            let Some(last) = last(view, study, target)?.filter(|last| last.state == "waiting") else {
                return Ok(None);
            };
            waiting(view, last.id)
        })
    }

    /// Takes note that the result is another one than when the delivery was put into the outbox. Returns the delivery of
    /// the new result; none where a part of the old one has arrived: then the new one is a version of its own, and this
    /// delivery is over.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn renew_send(
        &mut self,
        delivery: &Delivery,
        digest: &str,
        now: Timestamp,
    ) -> Result<Option<Delivery>, StoreError> {
        let target = delivery.target.as_str();
        self.write(|transaction| {
            let Some(study) = delivery.study else { return Ok(None) };
            if delivery.plan.is_empty() {
                let version = SendContent::read(&delivery.content).map_or(1, |content| content.version);
                let content = SendContent { digest: digest.to_owned(), version, at: now, again: false };
                let content = to_json(&content)?;
                transaction
                    .prepare_cached("UPDATE outbox SET content = ?2 WHERE id = ?1")?
                    .execute((delivery.id, &content))?;
                return Ok(Some(Delivery { content, ..delivery.clone() }));
            }
            transaction
                .prepare_cached("UPDATE outbox SET state = 'done', due = ?2, fault = '' WHERE id = ?1")?
                .execute((delivery.id, Micros(now)))?;
            want(transaction, study, target, Wish::Result(digest), now)?;
            Ok(None)
        })
    }

    /// The objects of the last version before a delivery's of which some arrived.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn sent_before(&self, delivery: &Delivery) -> Result<Vec<SentObject>, StoreError> {
        let plan: Option<String> = self.read(|view| {
            view.prepare_cached(
                "SELECT plan FROM outbox WHERE kind = 'send' AND study = ?1 AND target = ?2 AND id < ?3 AND plan <> ''
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row((delivery.study, &delivery.target, delivery.id), |row| row.get(0))
            .optional()
        })?;
        Ok(plan.and_then(|plan| serde_json::from_str(&plan).ok()).unwrap_or_default())
    }

    /// The last results on their way, those first that have not arrived; at most so many.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn sendings(&self, most: u32) -> Result<Vec<Sending>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE kind = 'send' AND study IS NOT NULL
             ORDER BY state = 'done', id DESC LIMIT ?1"
        );
        self.read(|view| rows(view, "outbox", &sql, [most], sending))
    }
}

impl SendContent {
    /// Reads the content of a delivery.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

const COLUMNS: &str = "id, study, target, content, state, attempts, due, fault";

/// The last version of a study's result for each destination.
pub(super) fn sendings_of(view: &Connection, study: StudyId) -> sql::Result<Vec<Sending>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox AS sent WHERE kind = 'send' AND study = ?1
         AND id = (SELECT max(id) FROM outbox WHERE kind = 'send' AND study = ?1 AND target = sent.target)
         ORDER BY target"
    );
    rows(view, "outbox", &sql, [study], sending)
}

fn sending(row: &Row<'_>) -> sql::Result<Sending> {
    let mut columns = Columns::of(row);
    let (id, study, destination) = (columns.next()?, columns.next()?, columns.next()?);
    let content = SendContent::read(&columns.next::<String>()?);
    let (state, attempts): (String, u32) = (columns.next()?, columns.next()?);
    let (at, said): (Timestamp, String) = (columns.next_time()?, columns.next()?);
    let state = match state.as_str() {
        "done" => SendingState::Sent { at, remark: said },
        "failed" => SendingState::GivenUp { at, why: said },
        _ if attempts > 0 => SendingState::Failing { why: said, next: at },
        _ => SendingState::Waiting,
    };
    Ok(Sending { id, study, destination, version: content.map_or(1, |content| content.version), state })
}

fn changed_since(view: &Connection, cursor: i64, limit: u32) -> sql::Result<ChangedResults> {
    let newest: i64 =
        view.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |row| row.get(0))?;
    let mut changed = ChangedResults { until: newest, ..ChangedResults::default() };
    if newest <= cursor {
        return Ok(changed);
    }
    let sql = format!(
        "SELECT events.id, study, events.kind = 'reassessed' FROM events
         JOIN studies ON studies.id = events.study AND studies.complete = 1
         WHERE events.id > ?1 AND events.kind IN {CHANGES} ORDER BY events.id LIMIT ?2"
    );
    let found: Vec<(i64, StudyId, bool)> = view
        .prepare_cached(&sql)?
        .query_map((cursor, limit), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<sql::Result<_>>()?;
    if let Some((last, ..)) = found.last().filter(|_| found.len() >= limit as usize) {
        (changed.until, changed.is_part) = (*last, true);
    }
    changed.is_new = !found.is_empty() || changed.until - cursor >= WORTH_NOTING;
    for (_, study, by_rules) in found {
        match changed.studies.iter_mut().find(|(known, _)| *known == study) {
            Some((_, before)) => *before &= by_rules,
            None => changed.studies.push((study, by_rules)),
        }
    }
    Ok(changed)
}

fn last(view: &Connection, study: StudyId, target: &str) -> sql::Result<Option<LastSend>> {
    view.prepare_cached(
        "SELECT id, state, plan, content FROM outbox WHERE kind = 'send' AND study = ?1 AND target = ?2
         ORDER BY id DESC LIMIT 1",
    )?
    .query_row((study, target), |row| {
        let content = SendContent::read(&row.get::<_, String>(3)?);
        Ok(LastSend { id: row.get(0)?, state: row.get(1)?, plan: row.get(2)?, content })
    })
    .optional()
}

/// Puts a result into the outbox in the name of a person or a plugin.
pub(super) fn ask(
    connection: &Connection,
    study: StudyId,
    target: &str,
    actor: &str,
    wish: Wish<'_>,
    now: Timestamp,
) -> sql::Result<()> {
    if want(connection, study, target, wish, now)? {
        let detail = json!({ "destination": target });
        let event = NewEvent { study: Some(study), actor, detail, ..NewEvent::of(AuditKind::SendAsked) };
        log(connection, &event, now)?;
    }
    Ok(())
}

/// Puts a result into the outbox; `false` if nothing is to be done.
fn want(
    connection: &Connection,
    study: StudyId,
    target: &str,
    wish: Wish<'_>,
    now: Timestamp,
) -> sql::Result<bool> {
    let Some(last) = last(connection, study, target)? else {
        let digest = if let Wish::Result(digest) = wish { digest } else { "" };
        insert(connection, study, target, digest, 1, now)?;
        return Ok(true);
    };
    let version = last.content.as_ref().map_or(1, |content| content.version);
    let is_done = last.state == "done";
    match wish {
        Wish::Once => return Ok(false),
        Wish::Again => {
            let content =
                last.content.map(|content| SendContent { again: is_done || content.again, ..content });
            let content =
                content.unwrap_or(SendContent { digest: String::new(), version, at: now, again: false });
            begin_anew(connection, last.id, &content, now)?;
        }
        Wish::Result(digest) if last.content.as_ref().is_some_and(|content| content.digest == digest) => {
            return Ok(false);
        }
        // Its deliverer sees that the result has changed.
        Wish::Result(_) if last.state == "waiting" && !last.plan.is_empty() => return Ok(false),
        Wish::Result(digest) if last.plan.is_empty() && !is_done => {
            let content = SendContent { digest: digest.to_owned(), version, at: now, again: false };
            begin_anew(connection, last.id, &content, now)?;
        }
        Wish::Result(digest) => insert(connection, study, target, digest, version + 1, now)?,
    }
    touch(connection, study)?;
    Ok(true)
}

fn insert(
    connection: &Connection,
    study: StudyId,
    target: &str,
    digest: &str,
    version: u32,
    now: Timestamp,
) -> sql::Result<()> {
    let key = format!("{study} {version} {target}");
    let content = to_json(&SendContent { digest: digest.to_owned(), version, at: now, again: false })?;
    connection
        .prepare_cached(
            "INSERT INTO outbox (id, time, plugin, study, kind, target, content, key, once, state, due)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM outbox), ?1, '', ?2, 'send', ?3, ?4, ?5, ?5, 'waiting', ?1)",
        )?
        .execute(params![Micros(now), study, target, content, key])?;
    touch(connection, study)
}

/// Lets a row wait for its first try.
fn begin_anew(connection: &Connection, id: i64, content: &SendContent, now: Timestamp) -> sql::Result<()> {
    connection
        .prepare_cached(
            "UPDATE outbox SET content = ?2, state = 'waiting', attempts = 0, tried_for = 0, fault = '', due = ?3
             WHERE id = ?1",
        )?
        .execute((id, to_json(content)?, Micros(now)))?;
    Ok(())
}
