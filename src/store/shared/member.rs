//! This process among the workers of a shared store.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::SignedDuration;

use super::{
    super::{FileId, WorkerId},
    duty::{ClockAhead, Duty, DutyKind},
};
use crate::lock::lock;

/// A process that is about to work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewWorker {
    /// Its host.
    pub host: String,
    /// Its roles, in a few words: "watch", "work".
    pub roles: String,
    /// The named inboxes that it has, with commas between.
    pub inboxes: String,
    /// The name of its model.
    pub model: String,
    /// SHA-256 of the weights, hex.
    pub sha256: String,
    /// What stands for the rules that it judges by.
    pub rules: String,
    /// The device that the model runs on.
    pub device: String,
}

/// This process among the workers of a shared store. Each clone is the same one.
#[derive(Debug, Clone)]
pub struct Member(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: WorkerId,
    new: NewWorker,
    rules: Mutex<String>,
    duties: [Duty; DutyKind::ALL.len()],
    clock: ClockAhead,
    films: AtomicU64,
    /// The files that it knows to have claimed: one whose claim never came to be known here must not be renewed.
    claims: Mutex<BTreeSet<FileId>>,
    /// What it says of itself at the next beat.
    state: Mutex<State>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct State {
    per_second: Option<f64>,
    words: String,
}

/// What a worker says of itself now.
pub(super) struct Said {
    /// Films that it has finished.
    pub(super) films: u64,
    /// Films a second over the last minute of work.
    pub(super) per_second: Option<f64>,
    /// Its health in its own words, as JSON.
    pub(super) words: String,
    /// As it entered, with the rules that it judges by now.
    pub(super) new: NewWorker,
}

impl Member {
    pub(super) fn new(id: WorkerId, new: NewWorker) -> Self {
        let clock = ClockAhead::default();
        let duties = DutyKind::ALL.map(|kind| Duty::shared(kind, &clock));
        let (films, state) = (AtomicU64::new(0), Mutex::default());
        let rules = Mutex::new(new.rules.clone());
        let claims = Mutex::default();
        Self(Arc::new(Inner { id, new, rules, duties, clock, films, claims, state }))
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.0.id
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.new.host
    }

    /// The named inboxes that it has, with commas between.
    #[must_use]
    pub fn inboxes(&self) -> &str {
        &self.0.new.inboxes
    }

    /// Whether this process has a duty.
    #[must_use]
    pub fn duty(&self, kind: DutyKind) -> &Duty {
        // There is one of each kind.
        let found = self.0.duties.iter().find(|duty| duty.kind() == kind);
        found.unwrap_or(&self.0.duties[0])
    }

    /// Notes that files are claimed.
    pub(super) fn has_claimed(&self, files: impl IntoIterator<Item = FileId>) {
        lock(&self.0.claims).extend(files);
    }

    /// The files that are claimed, as far as is known here.
    pub(super) fn claims(&self) -> BTreeSet<FileId> {
        lock(&self.0.claims).clone()
    }

    /// Notes that of files that were claimed these are no longer.
    pub(super) fn no_longer_has(&self, files: &BTreeSet<FileId>) {
        lock(&self.0.claims).retain(|file| !files.contains(file));
    }

    /// Lets a claim go that nobody here works on any more and that could not be given back: it is not renewed, so that it
    /// ends with its lease.
    pub fn drops(&self, file: FileId) {
        lock(&self.0.claims).remove(&file);
    }

    /// Notes how far this host's clock is ahead of the server's.
    pub(super) fn is_ahead_by(&self, ahead: SignedDuration) {
        self.0.clock.set(ahead);
    }

    /// Notes that a film has come to its end here.
    pub fn has_finished_film(&self) {
        self.0.films.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that it judges by other rules from now on: what stands for them.
    pub fn judges_by(&self, rules: String) {
        *lock(&self.0.rules) = rules;
    }

    /// Notes what is said at the next beat: films a second over the last minute of work, and the process's health in its
    /// own words, as JSON.
    pub fn note(&self, per_second: Option<f64>, words: String) {
        *lock(&self.0.state) = State { per_second, words };
    }

    /// What it says of itself now.
    pub(super) fn said(&self) -> Said {
        let State { per_second, words } = lock(&self.0.state).clone();
        let new = NewWorker { rules: lock(&self.0.rules).clone(), ..self.0.new.clone() };
        Said { films: self.0.films.load(Ordering::Relaxed), per_second, words, new }
    }
}
