//! The signs of life and the faults of a process that runs a pipeline.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    OwnerState, Reason, WorkerState,
    clock::{ClockWatch, millis, uptime},
};
use crate::{lock::lock, store::DutyKind, text::shortened};

/// Characters of a sentence, at most: the whole state has two pages.
pub(crate) const LONGEST: usize = 240;

/// Reasons that are told, at most.
const MOST_REASONS: usize = 5;

/// A part of the program that may be at fault for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The store, at the last try to write it.
    Store,
    /// The inbox.
    Inbox,
    /// The configuration, after a change of its file.
    Configuration,
    /// The model, as it would be loaded by the next start.
    Model,
}

/// Signs of life and faults, noted by whoever has them and read by the heartbeat.
#[derive(Debug)]
pub struct Vitals {
    started: Timestamp,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    recorder: Instant,
    /// For each worker, since when it is at its present step; none: it waits.
    workers: Vec<Option<Instant>>,
    faults: BTreeMap<Part, String>,
    clock: ClockWatch,
    /// Why the program is not ready.
    reasons: Vec<String>,
    /// The duties of a shared store that the configuration asks for.
    takes: Vec<DutyKind>,
}

impl Default for Vitals {
    fn default() -> Self {
        let inner = Inner {
            recorder: Instant::now(),
            workers: Vec::new(),
            faults: BTreeMap::new(),
            clock: ClockWatch::default(),
            reasons: Vec::new(),
            takes: Vec::new(),
        };
        Self { started: Timestamp::now(), inner: Mutex::new(inner) }
    }
}

impl Vitals {
    /// Notes that there is another worker; its number.
    pub fn add_worker(&self) -> usize {
        let mut inner = lock(&self.inner);
        inner.workers.push(None);
        inner.workers.len() - 1
    }

    /// Notes that a worker begins a step of its work.
    pub fn worker_steps(&self, worker: usize) {
        self.set_worker(worker, Some(Instant::now()));
    }

    /// Notes that a worker waits: for a file, or for somebody to take its results.
    pub fn worker_rests(&self, worker: usize) {
        self.set_worker(worker, None);
    }

    fn set_worker(&self, worker: usize, since: Option<Instant>) {
        if let Some(slot) = lock(&self.inner).workers.get_mut(worker) {
            *slot = since;
        }
    }

    /// Notes that the recorder is at work, or waits for some.
    pub fn recorder_beats(&self) {
        lock(&self.inner).recorder = Instant::now();
    }

    /// Notes what is wrong with a part, or that nothing is. The sentence holds no name of a patient.
    pub fn set_fault(&self, part: Part, fault: Option<String>) {
        let mut inner = lock(&self.inner);
        match fault {
            Some(fault) => inner.faults.insert(part, shortened(&fault, LONGEST)),
            None => inner.faults.remove(&part),
        };
    }

    /// Notes why the program is not ready.
    pub fn set_reasons(&self, reasons: &[Reason]) {
        let told = reasons.iter().take(MOST_REASONS).map(|reason| shortened(&reason.text, LONGEST));
        lock(&self.inner).reasons = told.collect();
    }

    /// Notes which duties of a shared store the configuration asks for.
    pub fn set_takes(&self, duties: &[DutyKind]) {
        duties.clone_into(&mut lock(&self.inner).takes);
    }

    /// The longest that the recorder, or a worker at one step, has been silent.
    #[must_use]
    pub fn longest_silence(&self) -> Duration {
        let inner = lock(&self.inner);
        let since = inner.workers.iter().flatten().chain([&inner.recorder]).min();
        since.map_or(Duration::ZERO, Instant::elapsed)
    }

    /// All of it, as it is now; what others know of the process is filled in by them.
    #[must_use]
    pub fn state(&self) -> OwnerState {
        let (mut inner, now) = (lock(&self.inner), Instant::now());
        let Inner { recorder, workers, faults, clock, reasons, takes } = &mut *inner;
        let fault = |part| faults.get(&part).cloned();
        let since = |at: &Instant| millis(now.saturating_duration_since(*at));
        OwnerState {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: Some(self.started),
            uptime_ms: millis(uptime()),
            recorder_silent_ms: since(&*recorder),
            workers: workers.iter().map(|busy| WorkerState { busy_ms: busy.as_ref().map(since) }).collect(),
            inbox_fault: fault(Part::Inbox),
            store_fault: fault(Part::Store),
            configuration_fault: fault(Part::Configuration),
            model_fault: fault(Part::Model),
            clock_step: clock.check(Timestamp::now(), now),
            reasons: reasons.clone(),
            takes: takes.iter().map(|duty| duty.word().to_owned()).collect(),
            ..OwnerState::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_and_go_and_each_worker_is_told_of() {
        let vitals = Vitals::default();
        let (first, second) = (vitals.add_worker(), vitals.add_worker());
        vitals.worker_steps(second);
        vitals.set_fault(Part::Inbox, Some("The inbox is away.".to_owned()));
        vitals.set_fault(Part::Store, Some("long ".repeat(200)));
        let state = vitals.state();
        assert_eq!(state.workers[first].busy_ms, None);
        assert!(state.workers[second].busy_ms.is_some());
        assert_eq!(state.inbox_fault.as_deref(), Some("The inbox is away."));
        assert_eq!(state.store_fault.unwrap().chars().count(), LONGEST + 1);

        vitals.worker_rests(second);
        vitals.set_fault(Part::Inbox, None);
        let state = vitals.state();
        assert_eq!((state.workers[second].busy_ms, state.inbox_fault), (None, None));
    }
}
