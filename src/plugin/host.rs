//! The plugins of the process that owns the pipeline, for the rest of the program.

use std::{
    convert::Infallible,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::{
    HostError, HostParts, PluginError, PluginErrorKind, SiteSettings, manager::Manager, progress::Progress,
};
use crate::{
    store::{Lane, Store, StoreError},
    supervise::{Loss, is_closed},
};

/// Says that there is something new, and never waits.
#[derive(Debug, Clone)]
pub struct Waker(Sender<()>);

impl Waker {
    /// The waker of a thread that listens there.
    pub(super) fn of(channel: Sender<()>) -> Self {
        Self(channel)
    }

    /// Something happened in the store.
    pub fn wake(&self) {
        // A full channel has a word in it already: what is new is found in the store.
        let _ = self.0.try_send(());
    }
}

/// At the end so long is waited for all threads: a little longer than they wait for one another.
const END_OF_ALL: Duration = Duration::from_millis(2_500);

/// The running plugins. They stop when it is dropped.
pub struct Host {
    /// Its end tells the threads to stop, whoever still holds a waker.
    alive: Option<Sender<Infallible>>,
    waker: Option<Waker>,
    settings: Option<Sender<SiteSettings>>,
    progress: Arc<Progress>,
    store: Store,
    /// Closed when the thread of the plugins has ended.
    ended: Receiver<()>,
}

impl Host {
    /// Starts the plugins that the site enables.
    ///
    /// # Errors
    /// The store cannot be opened, or there is no thread to be had.
    pub fn start(parts: HostParts) -> Result<Self, HostError> {
        let progress = Arc::new(Progress::default());
        let mut store = Store::open(&parts.store)?;
        // By its clock it is judged what is due.
        store.serve(&parts.duty);
        let (wake_in, wake) = bounded(1);
        let (settings_in, settings) = unbounded();
        let (ready_in, ready) = bounded(1);
        let (alive, stopped) = bounded(0);
        let (ended_in, ended) = bounded(0);
        let threads = parts.supervisor.clone();
        let mut manager = Manager::new(parts, Arc::clone(&progress), stopped.clone(), ended_in)?;
        let is_asked = move || is_closed(&stopped);
        threads.spawn("plugins", Loss::Vital("no plugin runs"), is_asked, move || {
            manager.run(&wake, &settings, &ready_in);
        })?;
        // From here on every event of the pipeline is one that the plugins are told of.
        let _ = ready.recv();
        Ok(Self {
            alive: Some(alive),
            waker: Some(Waker(wake_in)),
            settings: Some(settings_in),
            progress,
            store,
            ended,
        })
    }

    /// For whoever knows that something happened.
    #[must_use]
    pub fn waker(&self) -> Option<Waker> {
        self.waker.clone()
    }

    /// For whoever knows that the configuration has changed.
    #[must_use]
    pub fn settings(&self) -> Option<Sender<SiteSettings>> {
        self.settings.clone()
    }

    /// Waits until every plugin has been told of everything, and what can be delivered is; `false` if that
    /// takes longer than `timeout`.
    pub fn settle(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
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
                let now = self.store.now();
                for lane in Lane::ALL {
                    let waiting = self.store.waiting_deliveries(lane, now)?;
                    if waiting.iter().any(|waiting| waiting.due <= now) {
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
        if matches!(self.ended.recv_timeout(END_OF_ALL), Err(RecvTimeoutError::Timeout)) {
            tracing::error!("the plugins have not come to their end: what they do now is left behind");
        }
    }
}

/// A plugin that the configuration names and nobody has.
pub(super) fn missing(name: &str, folder: &std::path::Path) -> PluginError {
    let place = match folder.as_os_str().is_empty() {
        true => "no folder of plugins is read".to_owned(),
        false => format!("there is no such file in {}", crate::text::shown(folder)),
    };
    let message = format!("{place}, and no plugin of that name comes with the program");
    PluginError::new(PluginErrorKind::Source, &format!("{}.luau", crate::text::clean(name)), &message)
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
