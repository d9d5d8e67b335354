//! What the line is doing just now, for whoever wants to show it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The rate of films is that of the last minute.
const WINDOW: Duration = Duration::from_secs(60);

/// Written by the workers, read by the dashboard's feed.
#[derive(Debug, Default)]
pub struct Gauges {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    working_on: Option<String>,
    inbox_fault: Option<String>,
    /// For each batch of the last minute: when it ended, how long it took, how many films.
    batches: VecDeque<(Instant, Duration, usize)>,
}

impl Gauges {
    /// The file at which the engine works.
    #[must_use]
    pub fn working_on(&self) -> Option<String> {
        self.lock().working_on.clone()
    }

    /// Why the inbox cannot be read, while it cannot.
    #[must_use]
    pub fn inbox_fault(&self) -> Option<String> {
        self.lock().inbox_fault.clone()
    }

    /// Films a second while the engine worked, over the last minute; none if it did not work in it.
    #[must_use]
    pub fn films_per_second(&self) -> Option<f64> {
        let mut inner = self.lock();
        inner.forget_old(Instant::now());
        let films: usize = inner.batches.iter().map(|batch| batch.2).sum();
        let seconds: f64 = inner.batches.iter().map(|batch| batch.1.as_secs_f64()).sum();
        (seconds > 0.0).then(|| films as f64 / seconds)
    }

    pub(super) fn starts(&self, file: String) {
        self.lock().working_on = Some(file);
    }

    pub(super) fn ends(&self, films: usize, took: Duration) {
        let now = Instant::now();
        let mut inner = self.lock();
        inner.working_on = None;
        inner.batches.push_back((now, took, films));
        inner.forget_old(now);
    }

    pub(super) fn inbox_is(&self, fault: Option<String>) {
        self.lock().inbox_fault = fault;
    }

    /// A worker that panicked while it held the lock left only numbers behind.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget_old(&mut self, now: Instant) {
        while self.batches.front().is_some_and(|batch| now.duration_since(batch.0) > WINDOW) {
            self.batches.pop_front();
        }
    }
}
