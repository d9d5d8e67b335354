//! How far each plugin has come, for whoever waits for all of them.

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use crate::lock::{lock, unpoisoned};

/// Shared by the plugins' threads and the host.
#[derive(Debug, Default)]
pub(super) struct Progress {
    cursors: Mutex<BTreeMap<String, i64>>,
    moved: Condvar,
}

impl Progress {
    fn cursors(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        lock(&self.cursors)
    }

    /// A plugin has been called for everything up to this event.
    pub(super) fn is_at(&self, plugin: &str, cursor: i64) {
        let mut cursors = self.cursors();
        match cursors.get_mut(plugin) {
            Some(known) => *known = cursor,
            None => _ = cursors.insert(plugin.to_owned(), cursor),
        }
        self.moved.notify_all();
    }

    /// A plugin has stopped: nobody waits for it.
    pub(super) fn forget(&self, plugin: &str) {
        self.cursors().remove(plugin);
        self.moved.notify_all();
    }

    /// Waits until every plugin has come to `event`; `false` if that takes longer than `timeout`.
    pub(super) fn reach(&self, event: i64, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut cursors = self.cursors();
        while cursors.values().any(|cursor| *cursor < event) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            cursors = unpoisoned(self.moved.wait_timeout(cursors, left)).0;
        }
        true
    }
}
