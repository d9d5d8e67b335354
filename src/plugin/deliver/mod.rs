//! Does what plugins asked for outside the store, off the pipeline: on three threads, so that a pager
//! that hangs holds up no file.

mod files;
mod notes;
mod program;
mod webhook;

use std::{collections::BTreeSet, sync::Arc, thread, time::Duration};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, after, bounded, select};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

pub(super) use notes::Notes;

use super::{Policy, host::is_closed};
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

/// At the end of the program a try that has begun has so long; then it is cut short, and made again at the next
/// start under the same key.
const LAST: Duration = Duration::from_millis(1_500);

/// What one try came to: none if it was cut short by the end of the program.
type Attempt = Option<Result<Json, String>>;

/// One thread's worth of deliveries.
pub(super) struct Deliverer {
    pub(super) store: Store,
    pub(super) lane: Lane,
    pub(super) policy: Arc<ArcSwap<Policy>>,
    pub(super) patience: Patience,
    /// Where what programs say is kept.
    pub(super) notes: Notes,
    /// Held until nothing is delivered any more.
    pub(super) _ownership: Option<Ownership>,
    /// Closed when everything is to stop.
    pub(super) stopped: Receiver<()>,
    /// Whether what the last run of the program began has been looked at.
    pub(super) is_under_way: bool,
}

impl Deliverer {
    /// Works until everything is to stop. It may be called again after a panic.
    pub(super) fn run(&mut self, wake: &Receiver<()>) {
        let client = webhook::Client::new(self.patience.one_try);
        loop {
            checkpoint("plugin-deliverer");
            let wait = match self.pass(&client) {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(%error, "the outbox of the plugins cannot be read or written");
                    GLANCE
                }
            };
            select! {
                recv(self.stopped) -> _ => return,
                recv(wake) -> woken => if woken.is_err() { return },
                recv(after(wait)) -> _ => {}
            }
            if is_closed(&self.stopped) {
                return;
            }
        }
    }

    /// Tries what is due; how long to wait before the next look.
    fn pass(&mut self, client: &webhook::Client) -> Result<Duration, StoreError> {
        if !self.is_under_way {
            let begun = self.store.begun_deliveries(self.lane)?;
            self.make(client, begun)?;
            self.is_under_way = true;
        }
        let due = self.store.due_deliveries(self.lane, Timestamp::now(), BATCH)?;
        let is_full = due.len() == BATCH as usize;
        if self.make(client, due)? && is_full {
            return Ok(Duration::ZERO);
        }
        let next = self.store.next_delivery(self.lane)?;
        let until = next.map(|due| due.duration_since(Timestamp::now()));
        Ok(until.map_or(GLANCE, |until| Duration::try_from(until).unwrap_or_default().min(GLANCE)))
    }

    /// Tries these; whether all went well.
    fn make(&mut self, client: &webhook::Client, deliveries: Vec<Due>) -> Result<bool, StoreError> {
        let mut failed: BTreeSet<String> = BTreeSet::new();
        for delivery in deliveries {
            // What is left is due at the next start.
            if is_closed(&self.stopped) {
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
            // A mistake of ours costs this try, not the thread.
            let broke_down = || Some(Err("the program broke down over it: report this".to_owned()));
            let attempt = guarded(|| self.attempt(client, &delivery)).unwrap_or_else(broke_down);
            let Some(result) = attempt else { break };
            if result.is_err() {
                failed.insert(delivery.target.clone());
            }
            let now = Timestamp::now();
            let tried = self.judge(&delivery, result, now);
            self.store.tried_delivery(&delivery, &tried, now)?;
        }
        Ok(failed.is_empty())
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
    fn attempt(&mut self, client: &webhook::Client, delivery: &Delivery) -> Attempt {
        // Asked again: the site may have changed its mind since.
        let policy = self.policy.load_full();
        match delivery.kind {
            DeliveryKind::Webhook => self.post(client, delivery, policy),
            DeliveryKind::Write => Some(files::write(&mut self.store, delivery, &policy)),
            DeliveryKind::Copy => Some(files::copy(&mut self.store, delivery, &policy)),
            DeliveryKind::Run => {
                program::run(delivery, &policy, self.patience.one_try, &self.notes, &self.stopped)
            }
            DeliveryKind::Notify => Some(Ok(Json::Null)),
        }
    }

    /// Posts on a thread of its own, which can be left behind at the end of the program: a server that does not
    /// answer holds it up for long.
    fn post(&self, client: &webhook::Client, delivery: &Delivery, policy: Arc<Policy>) -> Attempt {
        let (client, delivery) = (client.clone(), delivery.clone());
        let (done, result) = bounded(1);
        let work = move || _ = done.send(client.post(&delivery, &policy));
        if let Err(error) = thread::Builder::new().name("plugin-webhook".to_owned()).spawn(work) {
            return Some(Err(format!("no thread can be started for it: {error}")));
        }
        let failed = || Err("the program failed at it".to_owned());
        select! {
            recv(result) -> answer => Some(answer.unwrap_or_else(|_| failed())),
            recv(self.stopped) -> _ => result.recv_timeout(LAST).ok(),
        }
    }
}
