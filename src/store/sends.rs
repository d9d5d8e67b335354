//! Results that are sent by DICOM: each version of a study's result for a destination is a row of the outbox. At most
//! one of them, the last, has not arrived.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Delivery, Store, StoreError, StudyId,
    audit::{NewEvent, log},
    convert::{Micros, to_json},
    row::touch,
    sql::{self, Connection, OptionalExtension, params},
};
use crate::study::AuditKind;

/// The facts that are kept of a version of a result while and after it is sent; none of a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendContent {
    /// A hash of what the result says; empty where somebody asked for it and nobody has looked yet.
    pub digest: String,
    /// Which version it is, from 1.
    pub version: u32,
    /// When the result came about: the same for each try.
    pub at: Timestamp,
    /// A hash of what the result says by now, where that has changed while this one waits, and may be on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// How often it was asked for once more after it had arrived.
    #[serde(default)]
    pub round: u32,
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
    /// The [`SendContent::round`] in which it was taken last.
    #[serde(default)]
    pub round: u32,
}

/// The last version of a result for a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSend {
    pub(super) id: i64,
    pub(super) state: String,
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
    /// The last version of a study's result for a destination.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn last_send(&self, study: StudyId, target: &str) -> Result<Option<LastSend>, StoreError> {
        self.read(|view| last(view, study, target))
    }

    /// Takes note of what the result is when a delivery is made, where that is not what it was put into the outbox for.
    /// Returns the delivery as it is to be made; none where a part of another result has arrived: then the new one is a
    /// version of its own, and this delivery is over, as it is where somebody else has brought it to its end.
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
            let Some((row, plan)) = waiting_content(transaction, delivery.id)? else { return Ok(None) };
            let known = SendContent::read(&delivery.content);
            // What was wanted before the result was looked at is in it; what was wanted since is not.
            let is_in_it = |wanted: &str| known.as_ref().is_some_and(|known| known.last_wanted() == wanted);
            let wanted = row.wanted.clone().filter(|wanted| wanted != digest && !is_in_it(wanted));
            if row.digest != digest && !plan.is_empty() {
                let over = SendContent { wanted: None, ..row.clone() };
                transaction
                    .prepare_cached(
                        "UPDATE outbox SET state = 'done', due = ?2, fault = '', content = ?3 WHERE id = ?1",
                    )?
                    .execute((delivery.id, Micros(now), to_json(&over)?))?;
                log_part(transaction, delivery, &row, &plan, now)?;
                want(transaction, study, target, Wish::Result(wanted.as_deref().unwrap_or(digest)), now)?;
                return Ok(None);
            }
            let at = if row.digest == digest { row.at } else { now };
            let content = SendContent { digest: digest.to_owned(), at, wanted, ..row };
            let content = set_content(transaction, delivery.id, &content)?;
            Ok(Some(Delivery { content, plan, ..delivery.clone() }))
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
}

impl SendContent {
    /// Reads the content of a delivery.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// A hash of what the destination is to have in the end.
    #[must_use]
    pub fn last_wanted(&self) -> &str {
        self.wanted.as_deref().unwrap_or(&self.digest)
    }

    fn new(digest: &str, version: u32, at: Timestamp) -> Self {
        Self { digest: digest.to_owned(), version, at, wanted: None, round: 0 }
    }
}

pub(super) fn last(view: &Connection, study: StudyId, target: &str) -> sql::Result<Option<LastSend>> {
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

/// Puts a result into the outbox in the name of a person or a plugin; `false` if its study is none any more: its patient
/// was forgotten.
pub(super) fn ask(
    connection: &Connection,
    study: StudyId,
    target: &str,
    actor: &str,
    wish: Wish<'_>,
    now: Timestamp,
) -> sql::Result<bool> {
    let is_known: Option<bool> = connection
        .prepare_cached("SELECT forgotten_at IS NULL FROM studies WHERE id = ?1")?
        .query_row([study], |row| row.get(0))
        .optional()?;
    if is_known != Some(true) {
        return Ok(false);
    }
    if want(connection, study, target, wish, now)? {
        let detail = json!({ "destination": target });
        let event = NewEvent { study: Some(study), actor, detail, ..NewEvent::of(AuditKind::SendAsked) };
        log(connection, &event, now)?;
    }
    Ok(true)
}

/// Puts a result into the outbox; `false` if nothing is to be done.
pub(super) fn want(
    connection: &Connection,
    study: StudyId,
    target: &str,
    wish: Wish<'_>,
    now: Timestamp,
) -> sql::Result<bool> {
    let Some(last) = last(connection, study, target)? else {
        let digest = if let Wish::Result(digest) = wish { digest } else { "" };
        insert(connection, study, target, digest, now)?;
        return Ok(true);
    };
    let (is_done, waits) = (last.state == "done", last.state == "waiting");
    let content = last.content.unwrap_or_else(|| SendContent::new("", 1, now));
    match wish {
        Wish::Once => return Ok(false),
        Wish::Again => {
            let round = content.round + u32::from(is_done);
            begin_anew(connection, last.id, &SendContent { round, ..content }, now)?;
        }
        Wish::Result(digest) if content.last_wanted() == digest => return Ok(false),
        // It may be on the wire at this moment: that it says another thing is noted beside what it said.
        Wish::Result(digest) if waits => {
            let wanted = Some(digest.to_owned()).filter(|digest| *digest != content.digest);
            let content = SendContent { wanted, ..content };
            if last.plan.is_empty() {
                begin_anew(connection, last.id, &content, now)?;
            } else {
                set_content(connection, last.id, &content)?;
            }
        }
        Wish::Result(digest) if last.plan.is_empty() && !is_done => {
            begin_anew(connection, last.id, &SendContent::new(digest, content.version, now), now)?;
        }
        Wish::Result(digest) => insert(connection, study, target, digest, now)?,
    }
    touch(connection, study)?;
    Ok(true)
}

/// Ends the content of a delivery: returns the part of it that is kept, and the result that is to be sent after it, where
/// it became another one meanwhile. `sent`: the digest of what the destination has; none if it has nothing.
pub(super) fn ended(content: String, sent: Option<String>) -> sql::Result<(String, Option<String>)> {
    let Some(row) = SendContent::read(&content) else { return Ok((content, None)) };
    let wanted = row.last_wanted().to_owned();
    let content = SendContent { digest: sent.unwrap_or(row.digest), wanted: None, ..row };
    let wanted = Some(wanted).filter(|wanted| !wanted.is_empty() && *wanted != content.digest);
    Ok((to_json(&content)?, wanted))
}

/// Says in the audit which part of a version a destination has, of which it gets no more.
fn log_part(
    connection: &Connection,
    delivery: &Delivery,
    content: &SendContent,
    plan: &str,
    now: Timestamp,
) -> sql::Result<()> {
    let taken: Vec<SentObject> = serde_json::from_str(plan).unwrap_or_default();
    let objects = taken.iter().filter(|object| object.round >= content.round).count();
    if objects > 0 {
        let detail = json!({
            "version": content.version, "objects": objects, "target": delivery.target, "key": delivery.key,
            "remark": "a part; the result has changed since",
        });
        let event = NewEvent { study: delivery.study, detail, ..NewEvent::of(AuditKind::Sent) };
        log(connection, &event, now)?;
    }
    Ok(())
}

fn insert(
    connection: &Connection,
    study: StudyId,
    target: &str,
    digest: &str,
    now: Timestamp,
) -> sql::Result<()> {
    // Counted, for what earlier ones say may have been forgotten.
    let version: u32 = connection
        .prepare_cached("SELECT count(*) + 1 FROM outbox WHERE kind = 'send' AND study = ?1 AND target = ?2")?
        .query_row((study, target), |row| row.get(0))?;
    let key = format!("{study} {version} {target}");
    let content = to_json(&SendContent::new(digest, version, now))?;
    connection
        .prepare_cached(
            "INSERT INTO outbox (id, time, plugin, study, kind, target, content, key, once, state, due)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM outbox), ?1, '', ?2, 'send', ?3, ?4, ?5, ?5, 'waiting', ?1)",
        )?
        .execute(params![Micros(now), study, target, content, key])?;
    touch(connection, study)
}

/// Reads the content and the plan of a delivery that waits.
fn waiting_content(connection: &Connection, id: i64) -> sql::Result<Option<(SendContent, String)>> {
    let row: Option<(String, String)> = connection
        .prepare_cached("SELECT content, plan FROM outbox WHERE id = ?1 AND state = 'waiting'")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.and_then(|(content, plan)| Some((SendContent::read(&content)?, plan))))
}

fn set_content(connection: &Connection, id: i64, content: &SendContent) -> sql::Result<String> {
    let content = to_json(content)?;
    connection.prepare_cached("UPDATE outbox SET content = ?2 WHERE id = ?1")?.execute((id, &content))?;
    Ok(content)
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
