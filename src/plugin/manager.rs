//! Which plugins run, from which files, and the threads that they and the deliveries run on: each is started,
//! noticed when it ends by itself, and ended.

mod start;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, after, bounded, select};

use start::open;

use super::{
    Ender, HostError, HostParts, PluginError, SiteSettings, Source,
    details::Details,
    policy::granted,
    progress::Progress,
    worker::{Loading, Order},
};
use crate::{
    deliver::Policy,
    guard,
    store::{Lane, PluginRecord, PluginState, Store},
    supervise::checkpoint,
};

/// At the end deliveries and plugins have so long; what is not done then is done at the next start.
const END: Duration = Duration::from_secs(2);
/// A plugin's thread is started again so often, until its file changes.
const DEATHS: u32 = 3;

/// How often a plugin's thread has died, and what it was loaded from.
#[derive(Default)]
struct Dead {
    times: u32,
    from: Option<Result<Loading, PluginError>>,
}

/// One plugin's thread, and what it was loaded from.
struct Running {
    orders: Sender<Order>,
    wake: Sender<()>,
    from: Option<Result<Loading, PluginError>>,
    ender: Ender,
    thread: JoinHandle<()>,
}

pub(super) struct Manager {
    store: Store,
    parts: HostParts,
    policy: Arc<ArcSwap<Policy>>,
    /// The studies that all plugins share.
    details: Arc<Details>,
    progress: Arc<Progress>,
    /// Closed when everything is to stop.
    stopped: Receiver<Infallible>,
    lanes: Vec<Sender<()>>,
    /// Wakes the threads that send results.
    results: Option<Sender<()>>,
    /// Whether the store knows which destinations there are.
    follows: bool,
    running: BTreeMap<String, Running>,
    dead: BTreeMap<String, Dead>,
    /// The deliveries' threads, and those of plugins that were told to end, with their names: no plugin begins again
    /// before its last thread has ended.
    others: Vec<(String, JoinHandle<()>)>,
    /// Each thread holds the other end: it is closed when the last of them has ended.
    threads: Option<Sender<()>>,
    ended: Receiver<()>,
    /// Held until nothing of the plugins is left, so it is the last to be dropped.
    _all_ended: Sender<()>,
}

impl Manager {
    pub(super) fn new(
        parts: HostParts,
        progress: Arc<Progress>,
        stopped: Receiver<Infallible>,
        all_ended: Sender<()>,
    ) -> Result<Self, HostError> {
        let (threads, ended) = bounded(0);
        let mut manager = Self {
            store: open(&parts)?,
            policy: Arc::new(ArcSwap::from_pointee(Policy::new(&parts.config, &parts.destinations))),
            parts,
            details: Arc::default(),
            progress,
            stopped,
            lanes: Vec::new(),
            results: None,
            follows: false,
            running: BTreeMap::new(),
            dead: BTreeMap::new(),
            others: Vec::new(),
            threads: Some(threads),
            ended,
            _all_ended: all_ended,
        };
        manager.follow_destinations();
        let serves = manager.parts.serves;
        for lane in Lane::ALL.into_iter().filter(|lane| serves.lane(*lane)) {
            manager.deliver(lane)?;
        }
        Ok(manager)
    }

    /// Works until everything is to stop; then ends the threads. It may be called again after a panic.
    pub(super) fn run(&mut self, wake: &Receiver<()>, settings: &Receiver<SiteSettings>, ready: &Sender<()>) {
        self.forget_what_is_not_enabled();
        self.look_at_files();
        // Nobody waits for it the second time.
        let _ = ready.try_send(());
        let mut looked = Instant::now();
        let (stopped, mut wake, mut settings) = (self.stopped.clone(), wake.clone(), settings.clone());
        loop {
            checkpoint("plugins");
            select! {
                recv(stopped) -> _ => break,
                recv(wake) -> woken => match woken {
                    Ok(()) => {
                        let plugins = self.running.values().map(|running| &running.wake);
                        for wake in plugins.chain(&self.results) {
                            let _ = wake.try_send(());
                        }
                    }
                    Err(_) => wake = crossbeam_channel::never(),
                },
                recv(settings) -> changed => match changed {
                    Ok(site) => {
                        self.take_site(site);
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
        self.end_all();
    }

    /// Takes over what the site allows and enables now.
    fn take_site(&mut self, SiteSettings { plugins_folder, plugins, destinations }: SiteSettings) {
        self.policy.store(Arc::new(Policy::new(&plugins, &destinations)));
        (self.parts.folder, self.parts.config, self.parts.destinations) =
            (plugins_folder, plugins, destinations);
        self.follow_destinations();
    }

    /// Lets the results of studies that come from now on, and no older ones, go to a destination that is new. Where the
    /// store cannot be written, this is done at a later look.
    fn follow_destinations(&mut self) {
        if !self.parts.serves.lane(Lane::Results) {
            self.follows = true;
            return;
        }
        let noted = self.store.follow_results_for(self.parts.destinations.keys());
        self.follows = noted.is_ok();
        if let Err(error) = noted {
            tracing::error!(%error, "the destinations of results could not be noted; it is tried again");
        }
    }

    /// Notes that a plugin which ran in an earlier life of the program is no longer enabled. Of a store that several hosts
    /// share it may be this host alone that does not know it: the next one goes on where it was.
    fn forget_what_is_not_enabled(&mut self) {
        if !self.parts.serves.plugins() || self.store.is_shared() {
            return;
        }
        let enabled = self.enabled();
        for mut record in self.store.plugins().unwrap_or_default() {
            if !enabled.contains_key(&record.name) && record.state != PluginState::Stopped {
                record.state = PluginState::Stopped;
                self.note(&record);
            }
        }
    }

    fn note(&mut self, record: &PluginRecord) {
        if let Err(error) = self.store.save_plugin(record, self.store.now()) {
            tracing::error!(%error, "the state of a plugin could not be noted");
        }
    }

    /// The enabled plugins, each with its text or why it has none.
    fn enabled(&self) -> BTreeMap<String, Result<Source, PluginError>> {
        if self.parts.serves.plugins() {
            super::enabled(&self.parts.folder, &self.parts.config)
        } else {
            BTreeMap::new()
        }
    }

    /// Loads what is new or has changed, stops what has gone. A few small files are read each time: that
    /// sees every kind of change, on every kind of disk.
    fn look_at_files(&mut self) {
        self.notice_the_dead();
        if !self.follows {
            self.follow_destinations();
        }
        let enabled = self.enabled();
        let gone: Vec<String> =
            self.running.keys().filter(|name| !enabled.contains_key(*name)).cloned().collect();
        for name in gone {
            self.end(&name);
        }
        for (name, source) in enabled {
            let site = self.parts.config.own.get(&name).cloned().unwrap_or_default();
            let from = source.map(|source| Loading {
                source,
                settings: site.settings,
                granted: granted(&site.allow),
            });
            let is_out = |dead: &Dead| dead.times >= DEATHS && dead.from.as_ref() == Some(&from);
            if self.dead.get(&name).is_some_and(is_out) {
                continue;
            }
            if !self.running.contains_key(&name) {
                // What has not ended yet begins at a later look.
                if self.others.iter().any(|(known, _)| *known == thread_of(&name)) {
                    continue;
                }
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
        self.others.retain(|(_, thread)| !thread.is_finished());
        let is_dead = |(_, running): &(&String, &Running)| running.thread.is_finished();
        let names: Vec<String> = self.running.iter().filter(is_dead).map(|(name, _)| name.clone()).collect();
        for name in names {
            let Some(Running { from, thread, ender, .. }) = self.running.remove(&name) else { continue };
            ender.end();
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
        self.note(&record);
    }

    /// Ends a plugin that is no longer enabled. Nobody waits for it. Of a store that several hosts share it may be this host
    /// alone that does not enable it: there it ends as with the program, and the next host goes on where it was.
    fn end(&mut self, name: &str) {
        let Some(Running { orders, ender, thread, .. }) = self.running.remove(name) else { return };
        if !self.store.is_shared() {
            let _ = orders.send(Order::Stop);
        }
        // Its thread ends with its orders' channel, and with its process.
        ender.end();
        self.others.push((thread_of(name), thread));
    }

    /// Ends everything. What does not end in time is left behind: its work is in the store, for the next start.
    fn end_all(&mut self) {
        self.threads.take();
        for (name, running) in std::mem::take(&mut self.running) {
            // Its thread ends with its orders' channel, and with its process.
            running.ender.end();
            self.others.push((thread_of(&name), running.thread));
        }
        self.lanes.clear();
        self.results = None;
        // Closed by the last thread; it carries nothing.
        let _ = self.ended.recv_timeout(END);
        for (name, _) in self.others.drain(..).filter(|(_, thread)| !thread.is_finished()) {
            tracing::error!(name, "it has not come to its end and is left behind");
        }
    }
}

/// The name of a plugin's thread.
fn thread_of(plugin: &str) -> String {
    format!("plugin-{plugin}")
}
