//! One plugin on its own thread: it follows the audit, calls the hooks, and hands what they return to
//! the store together with how far it has come.
//!
//! The audit is the queue. The pipeline only says that there is something new, and never waits; what a
//! plugin has not seen yet stays in the store, through a full channel as through a restart.

mod calls;
mod due;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, after, select};
use jiff::Timestamp;
use serde_json::Value as Json;

use due::Clock;

use super::{
    Call, Fault, Limits, Permission, Policy, Source, StatusChange, StudyView, Vm,
    details::Details,
    events::{Step, steps},
    progress::Progress,
};
use crate::{
    store::{
        FilmId, Ownership, PluginAction, PluginDeed, PluginRecord, PluginState, PluginWork, Store,
        StoreError, StudyId,
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
    /// What is known of a plugin is written down at most so often.
    pub record: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            glance: Duration::from_secs(1),
            gather: Duration::from_millis(50),
            critical: Duration::from_secs(60),
            record: Duration::from_secs(2),
        }
    }
}

/// What the host tells a plugin's thread.
#[derive(Debug)]
pub(super) enum Order {
    /// Its file, its settings or its grants have changed; or it is the first time.
    Load(Box<Loading>),
    /// Its file cannot be read any more, or it is not there.
    Unreadable(Fault),
    /// It is no longer enabled.
    Stop,
}

/// What a plugin is loaded from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loading {
    pub(super) source: Source,
    pub(super) settings: BTreeMap<String, Json>,
    pub(super) granted: BTreeSet<Permission>,
}

/// What a plugin's thread begins with.
pub(super) struct Beginning {
    pub(super) name: String,
    pub(super) store: Store,
    pub(super) limits: Limits,
    pub(super) pace: Pace,
    pub(super) policy: Arc<RwLock<Policy>>,
    pub(super) details: Arc<Details>,
    pub(super) progress: Arc<Progress>,
    /// Tells the threads that deliver.
    pub(super) lanes: Vec<Sender<()>>,
    pub(super) record: PluginRecord,
    pub(super) cursor: i64,
    pub(super) ownership: Option<Ownership>,
}

/// A plugin at work. It is made on its thread and stays there, as its VM does.
pub(super) struct Worker {
    name: String,
    store: Store,
    limits: Limits,
    pace: Pace,
    policy: Arc<RwLock<Policy>>,
    details: Arc<Details>,
    progress: Arc<Progress>,
    lanes: Vec<Sender<()>>,
    loaded: Option<(Loading, Vm)>,
    record: PluginRecord,
    cursor: i64,
    clock: Clock,
    /// Failures in a row, by hook.
    failing: BTreeMap<String, u32>,
    /// Where the computing of columns for the whole list has come to.
    backfill: Option<StudyId>,
    /// Whether it has been told what to load.
    has_begun: bool,
    /// Held until no hook is called any more.
    _ownership: Option<Ownership>,
}

impl Worker {
    pub(super) fn new(beginning: Beginning) -> Self {
        let Beginning {
            name,
            store,
            limits,
            pace,
            policy,
            details,
            progress,
            lanes,
            record,
            cursor,
            ownership,
        } = beginning;
        Self {
            name,
            store,
            limits,
            pace,
            policy,
            details,
            progress,
            lanes,
            loaded: None,
            record,
            cursor,
            clock: Clock::new(),
            failing: BTreeMap::new(),
            backfill: None,
            has_begun: false,
            _ownership: ownership,
        }
    }

    /// Works until it is told to stop, or the host has gone.
    pub(super) fn run(mut self, orders: &Receiver<Order>, wake: &Receiver<()>) {
        loop {
            checkpoint("plugin-worker");
            let wait = if self.backfill.is_some() { Duration::ZERO } else { self.pace.glance };
            let mut has_begun = self.has_begun;
            select! {
                recv(orders) -> order => match order {
                    Ok(Order::Load(loading)) => {
                        self.load(*loading);
                        has_begun = true;
                    }
                    Ok(Order::Unreadable(fault)) => {
                        self.broken(&fault);
                        has_begun = true;
                    }
                    Ok(Order::Stop) => {
                        self.record.state = PluginState::Stopped;
                        break;
                    }
                    Err(_) => break,
                },
                recv(wake) -> _ => std::thread::sleep(self.pace.gather),
                recv(after(wait)) -> _ => {}
            }
            self.has_begun = has_begun;
            // What happens before the plugin is loaded waits for it.
            if !has_begun {
                continue;
            }
            if let Err(error) = self.work() {
                tracing::error!(%error, plugin = self.name, "a plugin's work could not be kept; trying again");
                std::thread::sleep(self.pace.glance);
            }
        }
        let note = PluginWork { plugin: self.name.clone(), cursor: self.cursor, ..PluginWork::default() };
        let _ = self.store.keep_plugin_work(&note, Timestamp::now());
        let _ = self.store.save_plugin(&self.record, Timestamp::now());
        self.progress.forget(&self.name);
    }

    /// Everything that is due, until nothing is.
    fn work(&mut self) -> Result<(), StoreError> {
        self.answer_requests()?;
        while self.follow()? {}
        self.look_at_clock()?;
        self.fill_columns()?;
        self.save_record()
    }

    fn is_running(&self) -> bool {
        self.loaded.is_some() && matches!(self.record.state, PluginState::Running | PluginState::Old)
    }

    /// The new version is compiled and tried in a fresh VM, and takes the old one's place only if it
    /// works.
    fn load(&mut self, loading: Loading) {
        let fresh = Vm::load(&loading.source, &loading.settings, self.limits)
            .and_then(|vm| vm.self_test(&StudyView::recorded()).map(|_| vm));
        match fresh {
            Ok(vm) => {
                self.describe(vm.description(), &loading.granted);
                self.record.state = PluginState::Running;
                self.record.fault.clear();
                self.failing.clear();
                self.backfill = Some(0);
                self.clock.tick = Instant::now();
                self.loaded = Some((loading, vm));
                if let Err(error) = self.start() {
                    tracing::error!(%error, plugin = self.name, "what a plugin did at its start could not be kept");
                }
            }
            Err(fault) => self.broken(&fault),
        }
    }

    fn start(&mut self) -> Result<(), StoreError> {
        let mut work = self.new_work(self.cursor);
        self.call(&Call::Start, None, &mut work);
        self.keep(&work)
    }

    /// The old version goes on, if there is one.
    fn broken(&mut self, fault: &Fault) {
        self.record.fault = fault.to_string();
        self.record.state = match (self.record.state, &self.loaded) {
            (PluginState::Off, Some(_)) => PluginState::Off,
            (_, Some(_)) => PluginState::Old,
            (_, None) => PluginState::Broken,
        };
        tracing::warn!(plugin = self.name, fault = fault.without_message(), "a plugin cannot be loaded");
    }

    /// What people asked for.
    fn answer_requests(&mut self) -> Result<(), StoreError> {
        for (id, action) in self.store.plugin_requests(&self.name)? {
            let mut work = self.new_work(self.cursor);
            work.answered.push(id);
            match action {
                Some(PluginAction::Enable) => {
                    if let Some((loading, _)) = self.loaded.take() {
                        self.record.state = PluginState::Stopped;
                        self.load(loading);
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
        let mut work = self.new_work(last);
        if self.is_running() {
            let mut views: BTreeMap<StudyId, Option<StudyView>> = BTreeMap::new();
            let steps = steps(&events, &self.name);
            for step in &steps {
                let study = step.study();
                if let std::collections::btree_map::Entry::Vacant(entry) = views.entry(study) {
                    let films: Vec<FilmId> = steps.iter().filter_map(|step| step.film_of(study)).collect();
                    entry.insert(self.view(study, &films)?);
                }
                let Some(Some(view)) = views.get(&study) else { continue };
                self.take(step, view, &mut work);
            }
        }
        let cursor_is_old = self.clock.noted.elapsed() >= NOTE_EVERY;
        if !work.deeds.is_empty() || cursor_is_old {
            self.keep(&work)?;
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
        let granted = self.loaded.as_ref().is_some_and(|(loading, vm)| {
            let asks = vm.description().permissions.contains(&Permission::Patient);
            asks && loading.granted.contains(&Permission::Patient)
        });
        let detail = self.details.of(&self.store, study, films)?.filter(|detail| !detail.study.is_gone());
        Ok(detail.map(|detail| StudyView::new(&detail, granted, Timestamp::now())))
    }

    fn new_work(&self, cursor: i64) -> PluginWork {
        PluginWork { plugin: self.name.clone(), cursor, ..PluginWork::default() }
    }

    fn keep(&mut self, work: &PluginWork) -> Result<(), StoreError> {
        let is_nothing = work.deeds.is_empty() && work.answered.is_empty();
        if is_nothing && self.clock.noted.elapsed() < NOTE_EVERY {
            return Ok(());
        }
        let kept = self.store.keep_plugin_work(work, Timestamp::now())?;
        self.clock.noted = Instant::now();
        if kept.overflow > 0 {
            self.record.refused += kept.overflow;
            self.record.fault = "its outbox is full: what it sends is not taken away".to_owned();
        }
        if work.deeds.iter().any(|deed| matches!(deed, PluginDeed::Send(_))) {
            for lane in &self.lanes {
                // A full channel has a word in it already.
                let _ = lane.try_send(());
            }
        }
        Ok(())
    }
}
