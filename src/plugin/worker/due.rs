//! Work that is due by the clock rather than by an event: studies that wait, the plugin's schedule, columns of a list that
//! was there before the plugin, and what is written down of it.

use std::time::Instant;

use super::{
    super::{Call, vm::tick},
    Worker,
};
use crate::store::{PluginRecord, StoreError};

/// Studies whose columns are computed in one go after a plugin was loaded.
const BACKFILL: u32 = 50;
/// Critical studies that are told of at most, the longest waiting first.
const WAITING: u32 = 200;

/// When what was last done.
#[derive(Debug)]
pub(super) struct Clock {
    pub(super) critical: Instant,
    pub(super) tick: Instant,
    pub(super) noted: Instant,
    pub(super) recorded: Option<Instant>,
    pub(super) saved: PluginRecord,
}

impl Clock {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { critical: now, tick: now, noted: now, recorded: None, saved: PluginRecord::default() }
    }
}

impl Worker {
    /// Calls what is due by the clock: studies that wait, the plugin's schedule.
    pub(super) fn look_at_clock(&mut self) -> Result<(), StoreError> {
        if !self.is_running() {
            return Ok(());
        }
        let Some((_, process)) = &self.state.loaded else { return Ok(()) };
        let description = process.description();
        let (waits, every) = (description.has("on_critical_waiting"), description.every);
        if waits && self.state.clock.critical.elapsed() >= self.pace.critical {
            self.state.clock.critical = Instant::now();
            let mut work = self.new_work(self.cursor);
            for study in self.store.critical_unseen(WAITING)? {
                if self.is_called_away() {
                    break;
                }
                if let Some(view) = self.view(study, &[])? {
                    self.call(&Call::CriticalWaiting(&view), Some(&view), &mut work);
                }
            }
            self.keep(&work)?;
        }
        if every.is_some_and(|every| self.state.clock.tick.elapsed() >= every) {
            self.state.clock.tick = Instant::now();
            let (open, queued) = self.store.open_by_band()?;
            let mut work = self.new_work(self.cursor);
            self.call(&Call::Tick(&tick(&open, queued)), None, &mut work);
            self.keep(&work)?;
        }
        Ok(())
    }

    /// Columns and filters of what was on the list before the plugin was, a few at a time.
    pub(super) fn fill_columns(&mut self) -> Result<(), StoreError> {
        let Some(after) = self.state.backfill.filter(|_| self.is_running()) else {
            self.state.backfill = None;
            return Ok(());
        };
        if self.record.columns.is_empty() && self.record.filters.is_empty() {
            self.state.backfill = None;
            return Ok(());
        }
        let rows = self.store.open_studies_after(after, BACKFILL)?;
        let mut work = self.new_work(self.cursor);
        let mut last = rows.last().map(|row| row.id);
        for row in &rows {
            if self.is_called_away() {
                // The rest is for the next look.
                last = Some(row.id - 1);
                break;
            }
            if let Some(view) = self.view(row.id, &[])? {
                self.compute(&view, &mut work);
            }
        }
        self.state.backfill = last;
        self.keep(&work).map(|_| ())
    }

    /// Writes down what is known of the plugin, where that has changed.
    pub(super) fn save_record(&mut self) -> Result<(), StoreError> {
        let is_due = self.state.clock.recorded.is_none_or(|at| at.elapsed() >= self.pace.record)
            || self.state.clock.saved.state != self.record.state;
        if !is_due {
            return Ok(());
        }
        (self.record.waiting, self.record.given_up) = self.store.outbox_of(&self.name)?;
        if self.state.clock.saved != self.record {
            self.store.save_plugin(&self.record, self.store.now())?;
            self.state.clock.saved = self.record.clone();
        }
        self.state.clock.recorded = Some(Instant::now());
        Ok(())
    }
}
