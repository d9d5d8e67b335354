//! The audit: what happened, to what, by whom. Rows are added in the transaction of the change that
//! they tell of, and never changed.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    FileId, FilmId, Store, StoreError, StudyId,
    convert::{Columns, Json, Micros},
    sql::{self, Connection, Row, Transaction},
    unreadable::{is_about_a_row, name},
};
use crate::{
    study::{AuditKind, AuditWord},
    text::clean,
};

/// The actor of events that no person caused.
pub(super) const PIPELINE: &str = "pipeline";

/// Something that happened, about to be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent<'a> {
    /// The kind of event.
    pub kind: AuditKind,
    /// The study, if it is about one.
    pub study: Option<StudyId>,
    /// The film, likewise.
    pub film: Option<FilmId>,
    /// The file, likewise.
    pub file: Option<FileId>,
    /// A person's name, a plugin's, or empty for the pipeline itself.
    pub actor: &'a str,
    /// A JSON object with what else is worth proving; no patient's name.
    pub detail: Value,
}

impl NewEvent<'_> {
    /// An event of that kind, about nothing yet, of the pipeline itself.
    #[must_use]
    pub fn of(kind: AuditKind) -> Self {
        Self { kind, study: None, film: None, file: None, actor: "", detail: Value::Null }
    }
}

/// An event as it was written down.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// Its number; later events have higher ones.
    pub id: i64,
    /// When.
    pub time: Timestamp,
    /// The kind of event; perhaps one of a newer version.
    pub kind: AuditWord,
    /// The study, if it is about one.
    pub study: Option<StudyId>,
    /// The film, likewise.
    pub film: Option<FilmId>,
    /// The file, likewise.
    pub file: Option<FileId>,
    /// The one who did it: a person, a plugin, or "pipeline".
    pub actor: String,
    /// A JSON object, or null.
    pub detail: Value,
}

/// A person, and the key that opened the session.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    name: String,
    key: String,
}

impl Store {
    /// From here on the audit has the fingerprint of the key with all that `person` does by this connection: as `key` in
    /// the detail.
    pub fn sign(&mut self, person: &str, key: &str) {
        self.signature = Some(Signature { name: clean(person), key: clean(key) });
    }

    /// Writes an event of another module into the audit.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn record(&mut self, event: &NewEvent<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| log(transaction, event, now))
    }

    /// Up to `limit` events after the one numbered `since` (0: from the first), oldest first. One that cannot be read
    /// is of a kind that nobody knows, about nothing.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn events(&self, since: i64, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        self.read(|view| {
            view.prepare_cached(
                "SELECT id, time, kind, study, film, file, actor, detail
                 FROM events WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?
            .query_map((since, limit), |row| match event(row) {
                Err(error) if is_about_a_row(&error) => {
                    let id = row.get(0)?;
                    name(view, "events", id, &error);
                    Ok(AuditEvent::unreadable(id))
                }
                read => read,
            })?
            .collect()
        })
    }
}

impl AuditEvent {
    /// In the place of one that cannot be read, so that whoever follows the audit gets past it.
    fn unreadable(id: i64) -> Self {
        Self {
            id,
            time: Timestamp::default(),
            kind: "unreadable".to_owned().into(),
            study: None,
            film: None,
            file: None,
            actor: String::new(),
            detail: Value::Null,
        }
    }
}

fn event(row: &Row<'_>) -> sql::Result<AuditEvent> {
    let mut columns = Columns::of(row);
    Ok(AuditEvent {
        id: columns.next()?,
        time: columns.next_time()?,
        kind: columns.next::<String>()?.into(),
        study: columns.next()?,
        film: columns.next()?,
        file: columns.next()?,
        actor: columns.next()?,
        detail: columns.next::<Json<Value>>()?.0,
    })
}

/// Runs `work`, and adds the key to the events of the person that it wrote.
pub(super) fn signed<T>(
    transaction: &Transaction<'_>,
    signature: &Signature,
    work: impl FnOnce(&Transaction<'_>) -> sql::Result<T>,
) -> sql::Result<T> {
    let before: i64 = transaction
        .prepare_cached("SELECT coalesce(max(id), 0) FROM events")?
        .query_row([], |row| row.get(0))?;
    let result = work(transaction)?;
    let written: Vec<(i64, Json<Value>)> = transaction
        .prepare_cached("SELECT id, detail FROM events WHERE id > ?1 AND actor = ?2")?
        .query_map((before, &signature.name), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<sql::Result<_>>()?;
    let mut sign = transaction.prepare_cached("UPDATE events SET detail = ?2 WHERE id = ?1")?;
    for (id, Json(mut detail)) in written {
        // Null becomes an object; so is every other detail.
        if detail.is_null() || detail.is_object() {
            detail["key"] = signature.key.as_str().into();
            sign.execute((id, detail.to_string()))?;
        }
    }
    Ok(result)
}

/// Writes an event within the transaction of the change that it tells of.
pub(super) fn log(connection: &Connection, event: &NewEvent<'_>, now: Timestamp) -> sql::Result<()> {
    let actor = clean(event.actor);
    let actor = if actor.is_empty() { PIPELINE } else { &actor };
    connection
        .prepare_cached(
            "INSERT INTO events (time, kind, study, film, file, actor, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            Micros(now),
            event.kind.word(),
            event.study,
            event.film,
            event.file,
            actor,
            event.detail.to_string(),
        ))?;
    Ok(())
}
