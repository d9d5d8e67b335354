//! One plugin on its own thread: it follows the audit, calls the hooks, and hands what they return to
//! the store together with how far it has come.
//!
//! The audit is the queue. The pipeline only says that there is something new, and never waits; what a
//! plugin has not seen yet stays in the store, through a full channel as through a restart.

mod calls;
mod due;
mod loading;
mod room;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, after, select};
use serde_json::Value as Json;

use due::Clock;

use super::{
    Call, Ender, Limits, Permission, PluginError, PluginProcess, Source, StatusChange, StudyView,
    details::Details,
    events::{Step, steps},
    progress::Progress,
};
use crate::{
    deliver::Policy,
    store::{
        FilmId, Ownership, PluginAction, PluginEffect, PluginOutcome, PluginRecord, PluginState, PluginWork,
        Store, StoreError, StudyId,
    },
    supervise::checkpoint,
};

/// Events taken from the audit in one go, and kept as one transaction.
const BATCH: u32 = 50;
/// How far a plugin has come is noted down this often, where nothing else is.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// How often things are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// The store, requests, the plugins' folder.
    pub glance: Duration,
    /// After something happened this long is waited for more of it, so that a burst of films is one transaction.
    pub gather: Duration,
    /// Critical studies that nobody has opened.
    pub critical: Duration,
    /// The least time between two writings of a plugin's record.
    pub record: Duration,
    /// A plugin for which no process could be started is tried again after so long.
    pub retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            glance: Duration::from_secs(1),
            gather: Duration::from_millis(50),
            critical: Duration::from_secs(60),
            record: Duration::from_secs(2),
            retry: Duration::from_secs(5),
        }
    }
}

/// An order of the host to a plugin's thread.
#[derive(Debug)]
pub(super) enum Order {
    /// Its file, its settings or its grants have changed; or it is the first time.
    Load(Box<Loading>),
    /// Its file cannot be read any more, or it is not there.
    Unreadable(PluginError),
    /// It is no longer enabled.
    Stop,
}

/// The text and settings that a plugin is loaded from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loading {
    pub(super) source: Source,
    pub(super) settings: BTreeMap<String, Json>,
    pub(super) granted: BTreeSet<Permission>,
}

/// A plugin at work, on its thread.
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) store: Store,
    /// This program, of which the plugin's process is started.
    pub(super) program: PathBuf,
    /// Ends that process from outside, and says that the plugin is to stop.
    pub(super) ender: Ender,
    pub(super) orders: Receiver<Order>,
    pub(super) limits: Limits,
    pub(super) pace: Pace,
    pub(super) policy: Arc<ArcSwap<Policy>>,
    pub(super) details: Arc<Details>,
    pub(super) progress: Arc<Progress>,
    /// Tells the threads that deliver.
    pub(super) lanes: Vec<Sender<()>>,
    pub(super) record: PluginRecord,
    pub(super) cursor: i64,
    /// How far the store knows it to have come.
    pub(super) saved: i64,
    /// Held until no hook is called any more.
    pub(super) _ownership: Option<Ownership>,
    pub(super) state: State,
}

/// How far a plugin's thread has come with loading and calling it.
pub(super) struct State {
    loaded: Option<(Loading, PluginProcess)>,
    /// A loading without a process now, and when it is to have one again; none: when a person says so.
    resting: Option<(Loading, Option<Instant>)>,
    clock: Clock,
    /// Failures in a row, by hook.
    failing: BTreeMap<String, u32>,
    /// Where the computing of columns for the whole list has come to.
    backfill: Option<StudyId>,
    /// Whether it has been told what to load.
    has_begun: bool,
}

impl State {
    /// Nothing is loaded yet.
    pub(super) fn new() -> Self {
        Self {
            loaded: None,
            resting: None,
            clock: Clock::new(),
            failing: BTreeMap::new(),
            backfill: None,
            has_begun: false,
        }
    }
}

impl Worker {
    /// Works until it is told to stop, or the host has gone. What is not finished then is found in the store by
    /// the next run.
    pub(super) fn run(mut self, wake: &Receiver<()>) {
        let mut is_more_due = false;
        while !self.ender.is_ended() {
            checkpoint("plugin-worker");
            let is_waiting = !is_more_due && self.state.backfill.is_none();
            let wait = if is_waiting { self.pace.glance } else { Duration::ZERO };
            let orders = self.orders.clone();
            select! {
                recv(orders) -> order => match order {
                    Ok(order) => self.obey(order),
                    Err(_) => break,
                },
                recv(wake) -> _ => std::thread::sleep(self.pace.gather),
                recv(after(wait)) -> _ => {}
            }
            // One order may follow on the heels of another: only the last version is worked with.
            while let Ok(order) = self.orders.try_recv() {
                self.obey(order);
            }
            // What happens before the plugin is loaded waits for it.
            if !self.state.has_begun || self.ender.is_ended() {
                continue;
            }
            is_more_due = self.work().unwrap_or_else(|error| {
                tracing::error!(%error, plugin = self.name, "a plugin's work could not be saved; trying again");
                std::thread::sleep(self.pace.glance);
                false
            });
        }
        while let Ok(order) = self.orders.try_recv() {
            if matches!(order, Order::Stop) {
                self.record.state = PluginState::Stopped;
            }
        }
        let note = self.new_work(self.cursor);
        let _ = self.store.save_plugin_work(&note, self.store.now());
        let _ = self.store.save_plugin(&self.record, self.store.now());
        self.progress.forget(&self.name);
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Load(loading) => {
                self.load(*loading);
                self.state.has_begun = true;
            }
            Order::Unreadable(fault) => {
                self.state.resting = None;
                self.broken(&fault);
                self.state.has_begun = true;
            }
            Order::Stop => self.record.state = PluginState::Stopped,
        }
    }

    /// Returns whether something waits that goes before the plugin's work: its end, or another version of it.
    fn is_called_away(&self) -> bool {
        self.ender.is_ended() || !self.orders.is_empty()
    }

    /// A piece of everything that is due; whether there is more.
    fn work(&mut self) -> Result<bool, StoreError> {
        let now = Instant::now();
        if let Some((loading, _)) = self.state.resting.take_if(|(_, at)| at.is_some_and(|at| at <= now)) {
            self.load(loading);
        }
        if self.has_no_process() {
            // No fault of the plugin's: what happens meanwhile waits for it.
            return self.save_record().map(|()| false);
        }
        self.answer_requests()?;
        let is_more_due = self.follow()?;
        self.look_at_clock()?;
        self.fill_columns()?;
        self.save_record()?;
        Ok(is_more_due)
    }

    /// Returns whether it waits for a process to run in.
    fn has_no_process(&self) -> bool {
        self.state.loaded.is_none() && matches!(self.state.resting, Some((_, Some(_))))
    }

    fn is_running(&self) -> bool {
        self.state.loaded.is_some() && matches!(self.record.state, PluginState::Running | PluginState::Old)
    }

    /// Answers what people asked for.
    fn answer_requests(&mut self) -> Result<(), StoreError> {
        for (id, action) in self.store.plugin_requests(&self.name)? {
            if self.is_called_away() {
                break;
            }
            let mut work = self.new_work(self.cursor);
            work.answered.push(id);
            match action {
                Some(PluginAction::Enable) => {
                    let resting = self.state.resting.take().map(|(loading, _)| loading);
                    if let Some(loading) = resting.or(self.state.loaded.take().map(|(loading, _)| loading)) {
                        let before = std::mem::replace(&mut self.record.state, PluginState::Stopped);
                        self.load(loading);
                        if self.ender.is_ended() {
                            // Nothing came of it: the next run goes on where it was, and is asked again.
                            self.record.state = before;
                        }
                    }
                }
                Some(PluginAction::Run { command, study }) if self.is_running() => {
                    let index = self.record.commands.iter().position(|known| known.title == command);
                    if let (Some(index), Some(view)) = (index, self.view(study, &[])?) {
                        self.call(&Call::Command(index, &view), Some(&view), &mut work);
                    }
                }
                Some(PluginAction::Run { .. }) | None => {}
            }
            self.keep(&work)?;
        }
        Ok(())
    }

    /// Calls the hooks for the next events; whether there were any.
    fn follow(&mut self) -> Result<bool, StoreError> {
        let events = self.store.events(self.cursor, BATCH)?;
        let Some(last) = events.last().map(|event| event.id) else {
            self.progress.is_at(&self.name, self.cursor);
            return Ok(false);
        };
        if self.is_running() && !self.has_room()? {
            return Ok(false);
        }
        let mut work = self.new_work(last);
        if self.is_running() {
            let mut views: BTreeMap<StudyId, Option<StudyView>> = BTreeMap::new();
            let steps = steps(&events, &self.name);
            for step in &steps {
                // Nothing of it is kept, so whoever comes next is told of all of it.
                if self.is_called_away() || self.has_no_process() {
                    return Ok(true);
                }
                let study = step.study();
                if let std::collections::btree_map::Entry::Vacant(entry) = views.entry(study) {
                    let films: Vec<FilmId> = steps.iter().filter_map(|step| step.film_of(study)).collect();
                    entry.insert(self.view(study, &films)?);
                }
                let Some(Some(view)) = views.get(&study) else { continue };
                self.take(step, view, &mut work);
            }
        }
        if self.ender.is_ended() || self.has_no_process() {
            return Ok(false);
        }
        let cursor_is_old = self.state.clock.noted.elapsed() >= NOTE_EVERY;
        if (!work.effects.is_empty() || cursor_is_old) && !self.keep(&work)? {
            return Ok(true);
        }
        self.cursor = last;
        self.progress.is_at(&self.name, last);
        Ok(true)
    }

    fn take(&mut self, step: &Step, view: &StudyView, work: &mut PluginWork) {
        match step {
            Step::Film { film, .. } => {
                if let Some(film) = view.films.iter().position(|known| known.id == *film) {
                    self.call(&Call::Film { film, study: view }, Some(view), work);
                }
            }
            Step::Status { before, status, .. } => {
                let change = StatusChange { before: before.clone(), status: status.clone() };
                self.call(&Call::Status(view, &change), Some(view), work);
                self.compute(view, work);
            }
            Step::Study { by_itself, .. } => {
                if !by_itself {
                    self.call(&Call::Study(view), Some(view), work);
                }
                self.compute(view, work);
            }
        }
    }

    fn view(&self, study: StudyId, films: &[FilmId]) -> Result<Option<StudyView>, StoreError> {
        let granted = self.state.loaded.as_ref().is_some_and(|(loading, process)| {
            let asks = process.description().permissions.contains(&Permission::Patient);
            asks && loading.granted.contains(&Permission::Patient)
        });
        let detail = self.details.of(&self.store, study, films)?.filter(|detail| !detail.study.is_gone());
        Ok(detail.map(|detail| StudyView::new(&detail, granted, self.store.now())))
    }

    fn new_work(&self, cursor: i64) -> PluginWork {
        let after = Some(self.saved);
        PluginWork { plugin: self.name.clone(), cursor, after, ..PluginWork::default() }
    }

    /// Saves what hooks brought about; `false` if none of it is saved here: what they were told they are told again, as
    /// far as that was not saved before.
    fn keep(&mut self, work: &PluginWork) -> Result<bool, StoreError> {
        // Cut off by its end: what it was told it is told again at the next start.
        if self.ender.is_ended() {
            return Ok(false);
        }
        let is_nothing = work.effects.is_empty() && work.answered.is_empty();
        if is_nothing && self.state.clock.noted.elapsed() < NOTE_EVERY {
            return Ok(true);
        }
        let Some(outcome) = self.save(work)? else { return Ok(false) };
        self.state.clock.noted = Instant::now();
        if outcome.overflow > 0 {
            self.record.refused += outcome.overflow;
            self.note_room(false);
        }
        if work.effects.iter().any(|effect| matches!(effect, PluginEffect::Send(_))) {
            for lane in &self.lanes {
                // A full channel has a word in it already.
                let _ = lane.try_send(());
            }
        }
        Ok(true)
    }

    /// Saves work; none where it is of events that an earlier try had saved, whose answer was lost on its way.
    fn save(&mut self, work: &PluginWork) -> Result<Option<PluginOutcome>, StoreError> {
        let is_of_events = work.cursor != self.cursor;
        let outcome = self.store.save_plugin_work(work, self.store.now())?;
        if !outcome.is_stale {
            self.saved = work.cursor;
            return Ok(Some(outcome));
        }
        self.saved = self.store.plugin_cursor(&self.name)?.unwrap_or(self.saved);
        self.cursor = self.saved;
        if is_of_events {
            return Ok(None);
        }
        // What the clock or a person asked for is told once, and was never tried to be saved before.
        let work = PluginWork { cursor: self.saved, after: Some(self.saved), ..work.clone() };
        let outcome = self.store.save_plugin_work(&work, self.store.now())?;
        Ok((!outcome.is_stale).then_some(outcome))
    }
}
