//! The audit: what happened, to what, by whom. Rows are added in the transaction of the change that
//! they tell of, and never changed.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;

use super::{
    FileId, FilmId, Store, StoreError, StudyId,
    convert::{Columns, Json, Micros},
};
use crate::text::clean;

/// Who did what no person did.
pub(super) const PIPELINE: &str = "pipeline";

/// Something that happened, about to be written down.
///
/// The store itself writes `received`, `started`, `gone`, `duplicate`, `scored`, `held`, `superseded`,
/// `requested` and `refused` (a held film that a person wants scored; answered by `scored` or `refused`),
/// `set-aside` (an image for processing whose exposure another film presents), `reopened`, `complete`,
/// `promoted`, `raised`, `status`, `acknowledged`, `taken_back`, `note`, `thresholds` (once a change) and
/// `reassessed` (once a study whose severity it moved); of plugins `plugin` (their state), `plugin-asked`
/// (by a person), `tagged`, `noted`, `notify`, `webhook`, `write`, `copy`, `run` (done), `given-up`,
/// `plugin-refused`. Other rooms add theirs: `shown` (a
/// film), `threshold-set` (a person wrote another one into the configuration).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewEvent<'a> {
    /// One word.
    pub kind: &'a str,
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

/// An event as it was written down.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// Its number; later events have higher ones.
    pub id: i64,
    /// When.
    pub time: Timestamp,
    /// One word; see [`NewEvent`].
    pub kind: String,
    /// The study, if it is about one.
    pub study: Option<StudyId>,
    /// The film, likewise.
    pub film: Option<FilmId>,
    /// The file, likewise.
    pub file: Option<FileId>,
    /// Who did it: a person, a plugin, or "pipeline".
    pub actor: String,
    /// A JSON object, or null.
    pub detail: Value,
}

impl Store {
    /// Writes an event of another room into the audit.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn record(&mut self, event: &NewEvent<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| log(transaction, event, now))
    }

    /// Up to `limit` events after the one numbered `since` (0: from the first), oldest first.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn events(&self, since: i64, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        self.read(|view| {
            view.prepare_cached(
                "SELECT id, time, kind, study, film, file, actor, detail
                 FROM events WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?
            .query_map((since, limit), |row| {
                let mut columns = Columns::of(row);
                Ok(AuditEvent {
                    id: columns.next()?,
                    time: columns.next_time()?,
                    kind: columns.next()?,
                    study: columns.next()?,
                    film: columns.next()?,
                    file: columns.next()?,
                    actor: columns.next()?,
                    detail: columns.next::<Json<Value>>()?.0,
                })
            })?
            .collect()
        })
    }
}

/// Writes an event within the transaction of the change that it tells of.
pub(super) fn log(connection: &Connection, event: &NewEvent<'_>, now: Timestamp) -> rusqlite::Result<()> {
    let actor = clean(event.actor);
    let actor = if actor.is_empty() { PIPELINE } else { &actor };
    connection
        .prepare_cached(
            "INSERT INTO events (time, kind, study, film, file, actor, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            Micros(now),
            event.kind,
            event.study,
            event.film,
            event.file,
            actor,
            event.detail.to_string(),
        ))?;
    Ok(())
}
