//! The present work of the pipeline, for whoever wants to show it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use crate::{files::Readers, health::Vitals, intake::LookAgain, lock::lock, metrics::Counters};

/// The rate of films is that of the last minute.
const WINDOW: Duration = Duration::from_secs(60);

/// Written by the workers, read by the dashboard's feed.
pub struct Gauges {
    inner: Mutex<Inner>,
    readers: Arc<Readers>,
    /// Signs of life and faults.
    vitals: Arc<Vitals>,
    /// Films and findings since the start.
    counters: Arc<Counters>,
    look_again: LookAgain,
}

#[derive(Debug, Default)]
struct Inner {
    working_on: Option<String>,
    /// Workers at work.
    working: usize,
    /// Until when their time has been counted.
    counted: Option<Instant>,
    inbox_fault: Option<String>,
    /// For each turn of the last minute: when it ended, the time since the one before it or since work began,
    /// how many films.
    batches: VecDeque<(Instant, Duration, usize)>,
}

impl Gauges {
    pub(super) fn of(readers: Arc<Readers>) -> Self {
        Self {
            inner: Mutex::default(),
            readers,
            vitals: Arc::default(),
            counters: Arc::default(),
            look_again: LookAgain::default(),
        }
    }

    /// Signs of life and faults of this process.
    #[must_use]
    pub fn vitals(&self) -> &Arc<Vitals> {
        &self.vitals
    }

    /// Films and findings since the start of this process.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Asks for every film of the inbox anew, for whoever knows that the store has lost some.
    #[must_use]
    pub fn look_again(&self) -> &LookAgain {
        &self.look_again
    }

    /// The file at which a worker works.
    #[must_use]
    pub fn working_on(&self) -> Option<String> {
        self.lock().working_on.clone()
    }

    /// Why the inbox cannot be read, or films in it, while that is so.
    #[must_use]
    pub fn inbox_fault(&self) -> Option<String> {
        let fault = self.lock().inbox_fault.clone();
        fault.or_else(|| match self.readers.abandoned() {
            0 => None,
            1 => Some("The inbox does not answer for one film: it is tried again by itself.".to_owned()),
            films => Some(format!(
                "The inbox does not answer for {films} films: they are tried again by themselves."
            )),
        })
    }

    /// Whether no worker is at work.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.lock().working == 0
    }

    /// Films a second while any worker was busy, over the last minute; none if none was scored in it.
    #[must_use]
    pub fn films_per_second(&self) -> Option<f64> {
        let mut inner = self.lock();
        inner.forget_old(Instant::now());
        let films: usize = inner.batches.iter().map(|batch| batch.2).sum();
        let seconds: f64 = inner.batches.iter().map(|batch| batch.1.as_secs_f64()).sum();
        (seconds > 0.0).then(|| films as f64 / seconds)
    }

    pub(super) fn starts(&self, file: String) {
        let mut inner = self.lock();
        inner.working_on = Some(file);
        inner.working += 1;
        inner.counted.get_or_insert_with(Instant::now);
    }

    /// A worker has ended its turn; so many films were scored.
    pub(super) fn ends(&self, films: usize) {
        let now = Instant::now();
        let mut inner = self.lock();
        inner.working = inner.working.saturating_sub(1);
        let since = inner.counted.take().unwrap_or(now);
        if inner.working > 0 {
            inner.counted = Some(now);
        } else {
            inner.working_on = None;
        }
        if films > 0 {
            inner.batches.push_back((now, now.duration_since(since), films));
        }
        inner.forget_old(now);
    }

    pub(super) fn inbox_is(&self, fault: Option<String>) {
        self.lock().inbox_fault = fault;
    }

    /// A worker that panicked while it held the lock left only numbers behind.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Inner {
    fn forget_old(&mut self, now: Instant) {
        while self.batches.front().is_some_and(|batch| now.duration_since(batch.0) > WINDOW) {
            self.batches.pop_front();
        }
    }
}
