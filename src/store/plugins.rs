//! The records of plugins, and the requests of people to them: in the store, so that every process sees it and the owner's
//! answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::{
    PluginAction, PluginRecord, PluginRequest, PluginState, Status, Store, StoreError, StudyId, StudyRow,
    audit::{NewEvent, log},
    condition::{LISTED, OPEN, UNSEEN},
    convert::{Json, Micros, to_json},
    row::{select_studies, study_row_or_remains},
    sql::OptionalExtension,
    unreadable::{self, is_about_a_row},
};
use crate::study::{AuditKind, Severity};

impl Store {
    /// The event up to which a plugin's hooks have been called; none for one that never ran.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn plugin_cursor(&self, plugin: &str) -> Result<Option<i64>, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT cursor FROM plugins WHERE name = ?1")?
                .query_row([plugin], |row| row.get(0))
                .optional()
        })
    }

    /// The number of the newest event of the audit.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn newest_event(&self) -> Result<i64, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |row| row.get(0))
        })
    }

    /// Notes down what is known of a plugin; a change of its state or a new fault goes into the audit.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn save_plugin(&mut self, record: &PluginRecord, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            let before: Option<String> = transaction
                .prepare_cached("SELECT record FROM plugins WHERE name = ?1")?
                .query_row([&record.name], |row| row.get(0))
                .optional()?;
            let before: Option<PluginRecord> = before.and_then(|text| serde_json::from_str(&text).ok());
            let moved = before.is_none_or(|before| {
                before.state != record.state
                    || before.version != record.version
                    || (before.fault != record.fault && !record.fault.is_empty())
            });
            transaction
                .prepare_cached(
                    "INSERT INTO plugins (name, cursor, record)
                     VALUES (?1, (SELECT coalesce(max(id), 0) FROM events), ?2)
                     ON CONFLICT (name) DO UPDATE SET record = ?2",
                )?
                .execute((&record.name, to_json(record)?))?;
            if moved {
                let detail = json!({
                    "state": record.state, "version": record.version, "fault": record.fault,
                });
                let event = NewEvent { actor: &record.name, detail, ..NewEvent::of(AuditKind::Plugin) };
                log(transaction, &event, now)?;
            }
            Ok(())
        })
    }

    /// Returns the record of each plugin that ever ran here, by name.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn plugins(&self) -> Result<Vec<PluginRecord>, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT name, record FROM plugins WHERE record <> '' ORDER BY name")?
                .query_map([], |row| match row.get::<_, Json<PluginRecord>>(1) {
                    Err(error) if is_about_a_row(&error) => {
                        let name: String = row.get(0)?;
                        unreadable::name(view, "plugins", &name, &error);
                        let fault = "what the store knows of it cannot be read".to_owned();
                        Ok(PluginRecord {
                            name,
                            state: PluginState::Broken,
                            fault,
                            ..PluginRecord::default()
                        })
                    }
                    record => record.map(|record| record.0),
                })?
                .collect()
        })
    }

    /// Asks something of a plugin, in the name of a person. The process that owns the pipeline answers.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn request_plugin(
        &mut self,
        request: &PluginRequest,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (command, study) = match &request.action {
            PluginAction::Enable => (None, None),
            PluginAction::Run { command, study } => (Some(command), Some(*study)),
        };
        let actor = crate::text::clean(actor);
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO plugin_requests (time, plugin, command, study, actor)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((Micros(now), &request.plugin, command, study, &actor))?;
            let detail = json!({ "plugin": request.plugin, "command": command });
            let event = NewEvent { study, actor: &actor, detail, ..NewEvent::of(AuditKind::PluginAsked) };
            log(transaction, &event, now)
        })
    }

    /// Returns the requests to a plugin that have not been answered, with their numbers, oldest first; none where a request
    /// is half of one and asks for nothing.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn plugin_requests(&self, plugin: &str) -> Result<Vec<(i64, Option<PluginAction>)>, StoreError> {
        self.read(|view| {
            let sql =
                "SELECT id, command, study FROM plugin_requests WHERE plugin = ?1 ORDER BY id LIMIT 100";
            unreadable::rows(view, "plugin_requests", sql, [plugin], |row| {
                let action = match (row.get::<_, Option<String>>(1)?, row.get::<_, Option<StudyId>>(2)?) {
                    (Some(command), Some(study)) => Some(PluginAction::Run { command, study }),
                    (None, None) => Some(PluginAction::Enable),
                    (Some(_), None) | (None, Some(_)) => None,
                };
                Ok((row.get(0)?, action))
            })
        })
    }

    /// Critical studies that nobody has opened, the longest waiting first.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn critical_unseen(&self, limit: u32) -> Result<Vec<StudyId>, StoreError> {
        self.read(|view| {
            view.prepare_cached(&format!(
                "SELECT id FROM studies WHERE {UNSEEN} AND severity = ?1 ORDER BY first_arrival LIMIT ?2",
            ))?
            .query_map((Severity::Critical, limit), |row| row.get(0))?
            .collect()
        })
    }

    /// Up to `limit` studies on the list with a number above `after`, in the order of their numbers.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn open_studies_after(&self, after: StudyId, limit: u32) -> Result<Vec<StudyRow>, StoreError> {
        self.read(|view| {
            view.prepare_cached(&select_studies(&format!(
                "WHERE id > ?1 AND {OPEN} AND {LISTED} ORDER BY id LIMIT ?2"
            )))?
            .query_map((after, limit), |row| study_row_or_remains(view, row))?
            .collect()
        })
    }

    /// How many studies are on the list, by band, as words; and files that wait.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn open_by_band(&self) -> Result<(BTreeMap<&'static str, usize>, usize), StoreError> {
        let counts = self.counts()?;
        let open = Severity::ALL
            .into_iter()
            .map(|band| (band.word(), counts.open.get(&band).copied().unwrap_or_default()))
            .chain([(Status::Done.word(), counts.done)])
            .collect();
        Ok((open, counts.queued))
    }
}
