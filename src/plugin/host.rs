//! The plugins of the process that owns the pipeline: which run, from which files, and their threads.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, after, bounded, select, unbounded};
use jiff::Timestamp;

use super::{
    Fault, FaultKind, Limits, Pace, Patience, Policy, Source,
    deliver::{Deliverer, Notes},
    details::Details,
    policy::granted,
    progress::Progress,
    worker::{Beginning, Loading, Order, Worker},
};
use crate::{
    config, guard,
    store::{Lane, Ownership, PluginState, PluginWork, Store, StoreError},
    supervise::{Supervisor, checkpoint},
};

/// What plugins are run with.
#[derive(Debug, Clone)]
pub struct HostParts {
    /// Where the store is.
    pub store: PathBuf,
    /// Where the site's own plugins lie.
    pub folder: PathBuf,
    /// What the site decides about them.
    pub config: config::Plugins,
    /// What each may take.
    pub limits: Limits,
    /// How often things are looked at.
    pub pace: Pace,
    /// When a delivery is tried again.
    pub patience: Patience,
    /// Starts the threads, and again when they die.
    pub supervisor: Supervisor,
    /// The right to run plugins on that store: every thread keeps it until it has ended.
    pub ownership: Option<Ownership>,
}

impl HostParts {
    /// The usual limits.
    #[must_use]
    pub fn new(store: PathBuf, folder: PathBuf, config: config::Plugins) -> Self {
        Self {
            store,
            folder,
            config,
            limits: Limits::default(),
            pace: Pace::default(),
            patience: Patience::default(),
            supervisor: Supervisor::default(),
            ownership: None,
        }
    }
}

/// Why plugins cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no thread.
    #[error("cannot start a thread for the plugins: {0}")]
    Thread(#[from] std::io::Error),
}

/// Says that there is something new, and never waits.
#[derive(Debug, Clone)]
pub struct Waker(Sender<()>);

impl Waker {
    /// Something happened in the store.
    pub fn wake(&self) {
        // A full channel has a word in it already: what is new is found in the store.
        let _ = self.0.try_send(());
    }
}

/// The running plugins. They stop when it is dropped.
pub struct Host {
    /// Its end tells the threads to stop, whoever still holds a waker.
    alive: Option<Sender<()>>,
    waker: Option<Waker>,
    settings: Option<Sender<(PathBuf, config::Plugins)>>,
    progress: Arc<Progress>,
    store: Store,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Starts the plugins that the site enables.
    ///
    /// # Errors
    /// The store cannot be opened, or there is no thread to be had.
    pub fn start(parts: HostParts) -> Result<Self, HostError> {
        let progress = Arc::new(Progress::default());
        let policy = Arc::new(RwLock::new(Policy::new(&parts.config)));
        let store = Store::open(&parts.store)?;
        let (wake_in, wake) = bounded(1);
        let (settings_in, settings) = unbounded();
        let (ready_in, ready) = bounded(1);
        let (alive, stopped) = bounded(0);
        let mut lanes = Vec::new();
        let mut threads = Vec::new();
        for lane in Lane::ALL {
            let mut deliverer = Deliverer {
                store: Store::open(&parts.store)?,
                lane,
                policy: Arc::clone(&policy),
                patience: parts.patience,
                notes: Notes::beside(&parts.store),
                _ownership: parts.ownership.clone(),
            };
            let (lane_in, woken) = bounded(1);
            lanes.push(lane_in);
            // It returns when it is told to, and only then.
            let is_told = Arc::new(AtomicBool::new(false));
            let asked = Arc::clone(&is_told);
            let work = move || {
                deliverer.run(&woken);
                is_told.store(true, Ordering::Relaxed);
            };
            let name = format!("plugin-{}", lane.word());
            threads.push(parts.supervisor.spawn(&name, move || asked.load(Ordering::Relaxed), work)?);
        }
        let threads_of = parts.supervisor.clone();
        let mut manager = Manager {
            store: Store::open(&parts.store)?,
            parts,
            policy,
            details: Arc::default(),
            progress: Arc::clone(&progress),
            lanes,
            running: BTreeMap::new(),
            dead: BTreeMap::new(),
            threads,
        };
        let asked = stopped.clone();
        let is_asked = move || asked.try_recv() == Err(TryRecvError::Disconnected);
        let work = move || manager.run(&wake, &settings, &stopped, &ready_in);
        let thread = threads_of.spawn("plugins", is_asked, work)?;
        // From here on every event of the pipeline is one that the plugins are told of.
        let _ = ready.recv();
        Ok(Self {
            alive: Some(alive),
            waker: Some(Waker(wake_in)),
            settings: Some(settings_in),
            progress,
            store,
            thread: Some(thread),
        })
    }

    /// For whoever knows that something happened.
    #[must_use]
    pub fn waker(&self) -> Option<Waker> {
        self.waker.clone()
    }

    /// For whoever knows that the configuration has changed: the folder, and the section.
    #[must_use]
    pub fn settings(&self) -> Option<Sender<(PathBuf, config::Plugins)>> {
        self.settings.clone()
    }

    /// Waits until every plugin has been told of everything, and what can be delivered is; `false` if that
    /// takes longer than `patience`.
    pub fn settle(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let left = || until.saturating_duration_since(Instant::now());
        loop {
            let Ok(newest) = self.store.newest_event() else { return false };
            if let Some(waker) = &self.waker {
                waker.wake();
            }
            if !self.progress.reach(newest, left()) {
                return false;
            }
            let is_quiet = || -> Result<bool, StoreError> {
                let now = Timestamp::now();
                for lane in Lane::ALL {
                    if !self.store.due_deliveries(lane, now, 1)?.is_empty() {
                        return Ok(false);
                    }
                }
                Ok(self.store.newest_event()? == newest)
            };
            match is_quiet() {
                Ok(true) => return true,
                Ok(false) if left().is_zero() => return false,
                Ok(false) => thread::sleep(Duration::from_millis(10)),
                Err(_) => return false,
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.alive.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the plugins' thread panicked");
        }
    }
}

/// A plugin's thread is started again so often, until its file changes.
const DEATHS: u32 = 3;

/// How often a plugin's thread has died, and what it was loaded from.
#[derive(Default)]
struct Dead {
    times: u32,
    from: Option<Result<Loading, Fault>>,
}

/// One plugin's thread, and what it was loaded from.
struct Running {
    orders: Sender<Order>,
    wake: Sender<()>,
    from: Option<Result<Loading, Fault>>,
    thread: JoinHandle<()>,
}

struct Manager {
    store: Store,
    parts: HostParts,
    policy: Arc<RwLock<Policy>>,
    /// What all plugins look at.
    details: Arc<Details>,
    progress: Arc<Progress>,
    lanes: Vec<Sender<()>>,
    running: BTreeMap<String, Running>,
    dead: BTreeMap<String, Dead>,
    threads: Vec<JoinHandle<()>>,
}

impl Manager {
    /// Works until it is told to stop. It may be called again after a panic.
    fn run(
        &mut self,
        wake: &Receiver<()>,
        settings: &Receiver<(PathBuf, config::Plugins)>,
        stopped: &Receiver<()>,
        ready: &Sender<()>,
    ) {
        self.forget_what_is_not_enabled();
        self.look_at_files();
        let _ = ready.send(());
        let mut looked = Instant::now();
        let (mut wake, mut settings) = (wake.clone(), settings.clone());
        loop {
            checkpoint("plugins");
            select! {
                recv(stopped) -> _ => break,
                recv(wake) -> woken => match woken {
                    Ok(()) => {
                        for running in self.running.values() {
                            let _ = running.wake.try_send(());
                        }
                    }
                    Err(_) => wake = crossbeam_channel::never(),
                },
                recv(settings) -> changed => match changed {
                    Ok((folder, config)) => {
                        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Policy::new(&config);
                        (self.parts.folder, self.parts.config) = (folder, config);
                        self.look_at_files();
                    }
                    Err(_) => settings = crossbeam_channel::never(),
                },
                recv(after(self.parts.pace.glance)) -> _ => {}
            }
            if looked.elapsed() >= self.parts.pace.glance {
                looked = Instant::now();
                self.look_at_files();
            }
        }
        let names: Vec<String> = self.running.keys().cloned().collect();
        for name in names {
            // Their threads end with their orders' channel.
            self.end(&name, None);
        }
        self.lanes.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }

    /// A plugin that ran in an earlier life of the program and is no longer enabled.
    fn forget_what_is_not_enabled(&mut self) {
        let enabled = self.enabled();
        for mut record in self.store.plugins().unwrap_or_default() {
            if !enabled.contains_key(&record.name) && record.state != PluginState::Stopped {
                record.state = PluginState::Stopped;
                if let Err(error) = self.store.save_plugin(&record, Timestamp::now()) {
                    tracing::error!(%error, "the state of a plugin could not be noted");
                }
            }
        }
    }

    /// The enabled plugins, each with its text or why it has none.
    fn enabled(&self) -> BTreeMap<String, Result<Source, Fault>> {
        super::enabled(&self.parts.folder, &self.parts.config)
    }

    /// Loads what is new or has changed, stops what has gone. A few small files are read each time: that
    /// sees every kind of change, on every kind of disk.
    fn look_at_files(&mut self) {
        self.notice_the_dead();
        let enabled = self.enabled();
        let gone: Vec<String> =
            self.running.keys().filter(|name| !enabled.contains_key(*name)).cloned().collect();
        for name in gone {
            self.end(&name, Some(Order::Stop));
        }
        for (name, source) in enabled {
            let site = self.parts.config.own.get(&name).cloned().unwrap_or_default();
            let from = source.map(|source| Loading {
                source,
                settings: site.settings,
                granted: granted(&site.allow),
            });
            if self
                .dead
                .get(&name)
                .is_some_and(|dead| dead.times >= DEATHS && dead.from.as_ref() == Some(&from))
            {
                continue;
            }
            if !self.running.contains_key(&name) {
                match self.begin(&name) {
                    Ok(running) => _ = self.running.insert(name.clone(), running),
                    Err(error) => {
                        tracing::error!(%error, plugin = name, "a plugin could not be started");
                        continue;
                    }
                }
            }
            let Some(running) = self.running.get_mut(&name) else { continue };
            if running.from.as_ref() != Some(&from) {
                let order = match &from {
                    Ok(loading) => Order::Load(Box::new(loading.clone())),
                    Err(fault) => Order::Unreadable(fault.clone()),
                };
                let _ = running.orders.send(order);
                running.from = Some(from);
            }
        }
    }

    /// Takes plugins out whose threads have died, so that they are started again from what they noted last. One that
    /// dies again and again stays out until its file changes.
    fn notice_the_dead(&mut self) {
        let is_dead = |(_, running): &(&String, &Running)| running.thread.is_finished();
        let names: Vec<String> = self.running.iter().filter(is_dead).map(|(name, _)| name.clone()).collect();
        for name in names {
            let Some(Running { from, thread, .. }) = self.running.remove(&name) else { continue };
            let why = match thread.join() {
                Ok(()) => "it ended by itself".to_owned(),
                Err(panic) => guard::message(panic.as_ref()),
            };
            let dead = self.dead.entry(name.clone()).or_default();
            let times = if dead.from == from { dead.times + 1 } else { 1 };
            *dead = Dead { times, from };
            let then = if times < DEATHS {
                "it is started again"
            } else {
                self.note_off(&name);
                "it stays switched off until its file changes or the program starts again"
            };
            self.parts.supervisor.tell(format!(
                "The thread of the plugin {} failed ({why}): {then}.",
                crate::text::clean(&name)
            ));
        }
    }

    fn note_off(&mut self, name: &str) {
        // Nobody waits for it.
        self.progress.forget(name);
        let records = self.store.plugins().unwrap_or_default();
        let Some(mut record) = records.into_iter().find(|record| record.name == name) else { return };
        record.state = PluginState::Off;
        "its thread failed again and again: report this".clone_into(&mut record.fault);
        if let Err(error) = self.store.save_plugin(&record, Timestamp::now()) {
            tracing::error!(%error, "the state of a plugin could not be noted");
        }
    }

    /// A thread for a plugin. One that never ran before begins with what happens from now on.
    fn begin(&self, name: &str) -> Result<Running, HostError> {
        let mut store = Store::open(&self.parts.store)?;
        let known = store.plugins()?.into_iter().find(|record| record.name == name);
        let was_enabled = known.as_ref().is_some_and(|record| record.state != PluginState::Stopped);
        let mut record = known.unwrap_or_default();
        name.clone_into(&mut record.name);
        // After a restart it goes on where it was; after a time of not being enabled it does not make
        // up for that.
        let cursor = match store.plugin_cursor(name)? {
            Some(cursor) if was_enabled => cursor,
            _ => store.newest_event()?,
        };
        let work = PluginWork { plugin: name.to_owned(), cursor, ..PluginWork::default() };
        store.keep_plugin_work(&work, Timestamp::now())?;
        self.progress.is_at(name, cursor);
        let beginning = Beginning {
            name: name.to_owned(),
            store,
            limits: self.parts.limits,
            pace: self.parts.pace,
            policy: Arc::clone(&self.policy),
            details: Arc::clone(&self.details),
            progress: Arc::clone(&self.progress),
            lanes: self.lanes.clone(),
            record,
            cursor,
            ownership: self.parts.ownership.clone(),
        };
        let (orders, taken) = unbounded();
        let (wake, woken) = bounded(1);
        let work = move || Worker::new(beginning).run(&taken, &woken);
        let thread = thread::Builder::new().name(format!("plugin-{name}")).spawn(work)?;
        Ok(Running { orders, wake, from: None, thread })
    }

    fn end(&mut self, name: &str, order: Option<Order>) {
        let Some(Running { orders, wake, thread, .. }) = self.running.remove(name) else { return };
        if let Some(order) = order {
            let _ = orders.send(order);
        }
        drop((orders, wake));
        if thread.join().is_err() {
            tracing::error!(plugin = name, "a plugin's thread panicked");
        }
    }
}

/// A plugin that the configuration names and nobody has.
pub(super) fn missing(name: &str, folder: &std::path::Path) -> Fault {
    let place = match folder.as_os_str().is_empty() {
        true => "no folder of plugins is read".to_owned(),
        false => format!("there is no such file in {}", crate::text::shown(folder)),
    };
    let message = format!("{place}, and no plugin of that name comes with the program");
    Fault::new(FaultKind::Source, &format!("{}.luau", crate::text::clean(name)), &message)
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
