//! Does what plugins asked for outside the store, off the pipeline: on three threads, so that a pager
//! that hangs holds up no file.

mod files;
mod notes;
mod program;
mod webhook;

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use crossbeam_channel::{Receiver, TryRecvError, after, select};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

pub(super) use notes::Notes;

use super::Policy;
use crate::{
    guard::guarded,
    store::{Delivery, DeliveryKind, Due, Lane, Ownership, Store, StoreError, Tried},
    supervise::checkpoint,
};

/// When a delivery that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// After the first failure; doubled after each.
    pub first: Duration,
    /// But never longer than this.
    pub longest: Duration,
    /// Given up after so long.
    pub give_up: SignedDuration,
    /// How long one try may take.
    pub one_try: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(300),
            give_up: SignedDuration::from_hours(24),
            one_try: Duration::from_secs(10),
        }
    }
}

/// Deliveries looked at in one go.
const BATCH: u32 = 32;
/// The outbox is looked at this often, whether or not somebody says that it should.
const GLANCE: Duration = Duration::from_secs(5);

/// One thread's worth of deliveries.
pub(super) struct Deliverer {
    pub(super) store: Store,
    pub(super) lane: Lane,
    pub(super) policy: Arc<RwLock<Policy>>,
    pub(super) patience: Patience,
    /// Where what programs say is kept.
    pub(super) notes: Notes,
    /// Held until nothing is delivered any more.
    pub(super) _ownership: Option<Ownership>,
}

impl Deliverer {
    /// Works until `wake` is closed. It may be called again after a panic.
    pub(super) fn run(&mut self, wake: &Receiver<()>) {
        let client = webhook::Client::new(self.patience.one_try);
        loop {
            checkpoint("plugin-deliverer");
            let wait = match self.pass(&client, wake) {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(%error, "the outbox of the plugins cannot be read or written");
                    GLANCE
                }
            };
            select! {
                recv(wake) -> woken => if woken.is_err() { return },
                recv(after(wait)) -> _ => {}
            }
        }
    }

    /// Tries what is due; how long to wait before the next look.
    fn pass(&mut self, client: &webhook::Client, wake: &Receiver<()>) -> Result<Duration, StoreError> {
        let due = self.store.due_deliveries(self.lane, Timestamp::now(), BATCH)?;
        let is_full = due.len() == BATCH as usize;
        let mut failed: BTreeSet<String> = BTreeSet::new();
        for delivery in due {
            // What is left is due at the next start.
            if matches!(wake.try_recv(), Err(TryRecvError::Disconnected)) {
                break;
            }
            let delivery = match delivery {
                Due::Delivery(delivery) => *delivery,
                Due::Unreadable { id, why } => {
                    self.store.give_up_unreadable(id, &why, Timestamp::now())?;
                    continue;
                }
            };
            // What failed a moment ago for another of its messages is not tried with this one.
            if failed.contains(&delivery.target) {
                continue;
            }
            let attempt = guarded(|| self.attempt(client, &delivery));
            let result =
                attempt.unwrap_or_else(|| Err("the program broke down over it: report this".to_owned()));
            if result.is_err() {
                failed.insert(delivery.target.clone());
            }
            let now = Timestamp::now();
            let tried = self.judge(&delivery, result, now);
            self.store.tried_delivery(&delivery, &tried, now)?;
        }
        if is_full && failed.is_empty() {
            return Ok(Duration::ZERO);
        }
        let next = self.store.next_delivery(self.lane)?;
        let until = next.map(|due| due.duration_since(Timestamp::now()));
        Ok(until.map_or(GLANCE, |until| Duration::try_from(until).unwrap_or_default().min(GLANCE)))
    }

    fn judge(&self, delivery: &Delivery, result: Result<Json, String>, now: Timestamp) -> Tried {
        let why = match result {
            Ok(detail) => return Tried::Done(detail),
            Err(why) => why,
        };
        // A plugin that may know who the patient is may name a file after her.
        let told = match delivery.kind {
            DeliveryKind::Write => why.replace(&delivery.target, "its file"),
            _ => why.clone(),
        };
        tracing::warn!(plugin = delivery.plugin, kind = delivery.kind.word(), why = told, "an effect failed");
        if now.duration_since(delivery.time) >= self.patience.give_up {
            return Tried::GivenUp(why);
        }
        let doubled = self.patience.first.saturating_mul(1 << delivery.attempts.min(20));
        let wait =
            SignedDuration::try_from(doubled.min(self.patience.longest)).unwrap_or(SignedDuration::MAX);
        Tried::Again(why, now.checked_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// One try. What fails says why, in words without a patient's name.
    fn attempt(&mut self, client: &webhook::Client, delivery: &Delivery) -> Result<Json, String> {
        // Asked again: the site may have changed its mind since.
        let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner).clone();
        match delivery.kind {
            DeliveryKind::Webhook => client.post(delivery, &policy),
            DeliveryKind::Write => files::write(&mut self.store, delivery, &policy),
            DeliveryKind::Copy => files::copy(&mut self.store, delivery, &policy),
            DeliveryKind::Run => program::run(delivery, &policy, self.patience.one_try, &self.notes),
            DeliveryKind::Notify => Ok(Json::Null),
        }
    }
}
