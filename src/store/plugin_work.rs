//! The effects of plugins: saved with the place up to which they have been called, or not at all.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    DeliveryKind, Marks, NewDelivery, OutsidePriority, PluginEffect, PluginWork, Store, StoreError, StudyId,
    StudyRow,
    audit::{NewEvent, log},
    change::{about, raise_row},
    convert::Micros,
    row::{save, study_if_any},
    sends::{self, Wish},
    sql::{self, Connection, OptionalExtension, params},
};
use crate::{
    hash::hex,
    study::{AuditKind, Severity},
    text::clean,
};

/// Deliveries of one plugin that may wait.
const WAITING: u32 = 10_000;

/// The outcome of a plugin's work.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginOutcome {
    /// Studies that changed.
    pub changed: Vec<StudyRow>,
    /// Deliveries that were refused because too many wait.
    pub overflow: u64,
    /// Whether nothing was saved, because the plugin's hooks have been called up to another event than was thought: an
    /// earlier try was saved, and only its answer was lost.
    pub is_stale: bool,
}

/// So many more effects fit in where a plugin is told of more events: far more than one turn of its hooks brings about.
const TURN: u32 = 1_000;

impl Store {
    /// Whether the outbox has room for what a plugin's hooks may bring about at the next events.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn outbox_has_room(&self, plugin: &str) -> Result<bool, StoreError> {
        self.read(|view| Ok(waiting(view, plugin)? <= WAITING - TURN))
    }

    /// Saves what a plugin's hooks brought about and how far they have come, in one transaction: after a
    /// crash the hooks are called again for exactly what was not saved. What was saved already, by a try whose answer was
    /// lost on its way, is not saved again: see [`PluginOutcome::is_stale`]; and a request that has been answered is not
    /// answered twice.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`]; then nothing is saved.
    pub fn save_plugin_work(
        &mut self,
        work: &PluginWork,
        now: Timestamp,
    ) -> Result<PluginOutcome, StoreError> {
        self.write(|transaction| {
            let mut outcome = PluginOutcome::default();
            if !move_cursor(transaction, work)? {
                outcome.is_stale = true;
                return Ok(outcome);
            }
            let mut answer = transaction.prepare_cached("DELETE FROM plugin_requests WHERE id = ?1")?;
            for request in &work.answered {
                if answer.execute([request])? == 0 {
                    return Ok(outcome);
                }
            }
            for effect in &work.effects {
                apply(transaction, &work.plugin, effect, now, &mut outcome)?;
            }
            Ok(outcome)
        })
    }
}

/// Notes how far a plugin's hooks have come; `false` if they are somewhere else than was thought.
fn move_cursor(connection: &Connection, work: &PluginWork) -> sql::Result<bool> {
    let PluginWork { plugin, cursor, after, .. } = work;
    let Some(after) = after else {
        connection
            .prepare_cached(
                "INSERT INTO plugins (name, cursor) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET cursor = ?2",
            )?
            .execute((plugin, cursor))?;
        return Ok(true);
    };
    let moved = connection
        .prepare_cached("UPDATE plugins SET cursor = ?2 WHERE name = ?1 AND cursor = ?3")?
        .execute((plugin, cursor, after))?;
    Ok(moved > 0)
}

fn apply(
    connection: &Connection,
    plugin: &str,
    effect: &PluginEffect,
    now: Timestamp,
    outcome: &mut PluginOutcome,
) -> sql::Result<()> {
    let row = match effect {
        PluginEffect::Raise { study, floor } => raise(connection, plugin, *study, *floor, now)?,
        PluginEffect::Tag { study, text } => {
            mark(connection, plugin, *study, Some(AuditKind::Tagged), now, |marks| {
                marks.add_tag(plugin, &clean(text));
            })?
        }
        PluginEffect::Note { study, text } => {
            mark(connection, plugin, *study, Some(AuditKind::Noted), now, |marks| {
                marks.set_note(plugin, &clean(text));
            })?
        }
        PluginEffect::Cell { study, title, text } => {
            mark(connection, plugin, *study, None, now, |marks| marks.set_cell(plugin, title, &clean(text)))?
        }
        PluginEffect::Filters { study, titles } => {
            mark(connection, plugin, *study, None, now, |marks| marks.set_filters(plugin, titles))?
        }
        PluginEffect::Send(delivery) => {
            outcome.overflow += u64::from(!send(connection, plugin, delivery, now)?);
            None
        }
        PluginEffect::Refused { study, why } => {
            let detail = json!({ "why": clean(why) });
            let event =
                NewEvent { study: *study, actor: plugin, detail, ..NewEvent::of(AuditKind::PluginRefused) };
            log(connection, &event, now)?;
            None
        }
    };
    outcome.changed.extend(row);
    Ok(())
}

fn raise(
    connection: &Connection,
    plugin: &str,
    study: StudyId,
    floor: Option<Severity>,
    now: Timestamp,
) -> sql::Result<Option<StudyRow>> {
    let Some(mut row) = study_if_any(connection, study)? else { return Ok(None) };
    let floor = match floor {
        Some(floor) => floor,
        None if row.marks.promoted_by.iter().any(|by| by == plugin) => return Ok(None),
        None => {
            row.marks.promoted_by.push(plugin.to_owned());
            row.floor_above()
        }
    };
    let outside = OutsidePriority { floor, source: plugin.to_owned() };
    if !raise_row(connection, &mut row, &outside, now)? {
        return Ok(None);
    }
    save(connection, &mut row)?;
    Ok(Some(row))
}

/// Changes a study's marks; an event is written where `kind` names one and something changed.
fn mark(
    connection: &Connection,
    plugin: &str,
    study: StudyId,
    kind: Option<AuditKind>,
    now: Timestamp,
    change: impl FnOnce(&mut Marks),
) -> sql::Result<Option<StudyRow>> {
    let Some(mut row) = study_if_any(connection, study)? else { return Ok(None) };
    let before = row.marks.clone();
    change(&mut row.marks);
    if row.marks == before {
        return Ok(None);
    }
    save(connection, &mut row)?;
    if let Some(kind) = kind {
        log(connection, &NewEvent { actor: plugin, ..about(kind, &row) }, now)?;
    }
    Ok(Some(row))
}

/// Counts the deliveries of a plugin that are not done.
fn waiting(connection: &Connection, plugin: &str) -> sql::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) FROM outbox WHERE state = 'waiting' AND plugin = ?1")?
        .query_row([plugin], |row| row.get(0))
}

/// Puts a delivery into the outbox; `false` if too many wait there already. One whose `once` key is
/// known is done already.
fn send(connection: &Connection, plugin: &str, delivery: &NewDelivery, now: Timestamp) -> sql::Result<bool> {
    if let (DeliveryKind::Send, Some(study)) = (delivery.kind, delivery.study) {
        sends::ask(connection, study, &delivery.target, plugin, Wish::Once, now)?;
        return Ok(true);
    }
    if waiting(connection, plugin)? >= WAITING {
        return Ok(false);
    }
    // A notice is done when it is in the store: dashboards look for it there.
    let is_notice = delivery.kind == DeliveryKind::Notify;
    let state = if is_notice { "done" } else { "waiting" };
    let next: i64 = connection
        .prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM outbox")?
        .query_row([], |row| row.get(0))?;
    let key = key(plugin, next, delivery, now);
    let id: Option<i64> = connection
        .prepare_cached(
            "INSERT INTO outbox (id, time, plugin, study, kind, target, content, key, once, state, due)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?2)
             ON CONFLICT DO NOTHING RETURNING id",
        )?
        .query_row(
            params![
                next,
                Micros(now),
                plugin,
                delivery.study,
                delivery.kind.word(),
                delivery.target,
                delivery.content,
                key,
                delivery.once,
                state,
            ],
            |row| row.get(0),
        )
        .optional()?;
    if id.is_some() && is_notice {
        let event = NewEvent { study: delivery.study, actor: plugin, ..NewEvent::of(AuditKind::Notify) };
        log(connection, &event, now)?;
    }
    Ok(true)
}

/// Makes the key that is the same for every try of one delivery, and for no other one.
fn key(plugin: &str, id: i64, delivery: &NewDelivery, now: Timestamp) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{plugin}\0{id}\0{}\0{}\0", now.as_microsecond(), delivery.target));
    hash.update(&delivery.content);
    hex(&hash.finalize()[..16])
}
