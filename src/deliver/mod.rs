//! Delivers what waits in the outbox, off the pipeline: what plugins asked for, and the results of studies. A few threads
//! for each of files, webhooks, results and programs, so that a pager that hangs holds up no file, and no other pager
//! (`schedule.rs`).

mod attempt;
mod changed;
mod files;
mod film_file;
mod notes;
mod now;
mod places;
mod policy;
mod program;
mod results;
mod retries;
mod schedule;
mod study_result;
mod transmit;
mod webhook;

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, after, bounded, select};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

pub use notes::Notes;
pub use now::{EchoError, NowError, echo, send_now};
pub use places::{PathError, check_relative};
pub use policy::Policy;
pub use retries::Retries;
pub use schedule::{Schedule, THREADS};

use attempt::{Attempt, Failure, Remedy};
use changed::put_changed_results;
use schedule::Turn;

use crate::{
    guard::guarded,
    lock::lock,
    store::{
        Delivery, DeliveryKind, Due, Duty, Lane, Ownership, Store, StoreError, StudyDetail, StudyId,
        StudyRow, Tried,
    },
    study::Sending,
    supervise::{checkpoint, is_closed},
};

/// How often it is counted how long something was tried.
const COUNTED_EVERY: Duration = Duration::from_secs(60);
/// The unit in which that is counted.
const COUNTED_IN: Duration = Duration::from_millis(1);
/// Deliveries of one destination made in one turn.
const BATCH: u32 = 32;
/// A turn that has taken so long is over.
const LONGEST_TURN: Duration = Duration::from_secs(2);
/// The outbox is looked at this often, whether or not somebody says that it should.
const GLANCE: Duration = Duration::from_secs(5);

/// At the end of the program a try that has begun has so long; then it is cut short, and made again at the next
/// start under the same key.
const LAST: Duration = Duration::from_millis(1_500);

/// One of the threads of a lane.
pub struct Deliverer {
    /// Its own connection to the store.
    pub store: Store,
    /// The duty to deliver: without it nothing is.
    pub duty: Duty,
    /// The lane.
    pub lane: Lane,
    /// The schedule of the lane's threads.
    pub schedule: Arc<Mutex<Schedule>>,
    /// Wakes another of them.
    pub wake: Sender<()>,
    /// The site's permissions.
    pub policy: Arc<ArcSwap<Policy>>,
    /// When a delivery that failed is tried again.
    pub retries: Retries,
    /// Where what programs say is kept.
    pub notes: Notes,
    /// Hears what became of results.
    pub listener: Listener,
    /// Held until nothing is delivered any more.
    pub _ownership: Option<Ownership>,
    /// Closed when everything is to stop.
    pub stopped: Receiver<Infallible>,
}

/// Hears what became of the results that are sent, after each try.
#[derive(Clone, Default)]
pub struct Listener(Option<Arc<Hear>>);

type Hear = dyn Fn(&ResultNews) + Send + Sync;

/// The outcome of a try to send a result.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultNews {
    /// Its study.
    pub study: StudyRow,
    /// How far it has come.
    pub sending: Sending,
}

impl Listener {
    /// Calls this on the threads that deliver.
    pub fn new(hear: impl Fn(&ResultNews) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hear)))
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0.is_some()).finish()
    }
}

impl Deliverer {
    /// Works until everything is to stop. It may be called again after a panic.
    pub fn run(&mut self, wake: &Receiver<()>) {
        let client = webhook::Client::new(self.retries.one_try);
        loop {
            checkpoint("deliverer");
            let wait = match self.pass(&client) {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read or written");
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

    /// Takes a turn at one destination; how long to wait before the next look.
    fn pass(&mut self, client: &webhook::Client) -> Result<Duration, StoreError> {
        if !self.duty.is_held() {
            return Ok(GLANCE);
        }
        self.count_trying()?;
        if self.lane == Lane::Results {
            put_changed_results(&mut self.store, &self.policy.load().destinations)?;
        }
        let now = self.store.now();
        let waiting = self.store.waiting_deliveries(self.lane, now)?;
        let Some(turn) = Turn::take(&self.schedule, &waiting, now) else {
            let next = waiting.iter().map(|waiting| waiting.due).filter(|due| *due > now).min();
            let wait = next.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
            return Ok(wait.unwrap_or(GLANCE).min(GLANCE));
        };
        if waiting.len() > 1 {
            let _ = self.wake.try_send(());
        }
        self.serve(client, &turn)?;
        Ok(Duration::ZERO)
    }

    /// Counts how long what failed has been tried.
    fn count_trying(&mut self) -> Result<(), StoreError> {
        let give_up = Duration::try_from(self.retries.give_up).unwrap_or_default();
        let counted = self.schedule().count(Instant::now(), (give_up / 60).clamp(COUNTED_IN, COUNTED_EVERY));
        counted.map_or(Ok(()), |time| self.store.count_trying(self.lane, time))
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        lock(&self.schedule)
    }

    /// Makes deliveries of one destination, until one fails or the turn has taken long enough.
    fn serve(&mut self, client: &webhook::Client, turn: &Turn) -> Result<(), StoreError> {
        let began = Instant::now();
        for delivery in self.store.due_deliveries(turn.destination(), self.store.now(), BATCH)? {
            // What is left is due at the next start.
            if is_closed(&self.stopped) || began.elapsed() > LONGEST_TURN || !self.duty.is_held() {
                break;
            }
            let delivery = match delivery {
                Due::Delivery(delivery) => *delivery,
                Due::Unreadable { id, why } => {
                    self.store.give_up_unreadable(id, &why, self.store.now())?;
                    continue;
                }
            };
            // A mistake of ours costs this try, not the thread.
            let broke_down = || Some(Err("the program broke down over it: report this".to_owned().into()));
            let attempt = guarded(|| self.attempt(client, &delivery)).unwrap_or_else(broke_down);
            let Some(result) = attempt else { break };
            let is_elsewhere = |failure: &Failure| failure.remedy == Remedy::AnotherHost;
            // Nothing is wrong with the destination then.
            let failures =
                if result.as_ref().is_err_and(is_elsewhere) { 0 } else { turn.came_to(result.is_ok()) };
            let now = self.store.now();
            let is_known = result.as_ref().is_err_and(|failure| failure.is_known(&delivery));
            let tried = self.judge(&delivery, result, failures, now);
            self.store.tried_delivery(&delivery, &tried, now)?;
            let is_news = match tried {
                // One that another version took the place of is told of as that.
                Tried::Done(Json::Null) => false,
                Tried::Done(_) | Tried::GivenUp(_) => true,
                Tried::Again { .. } | Tried::Elsewhere { .. } => !is_known,
            };
            if let (Some(study), DeliveryKind::Send, true) = (delivery.study, delivery.kind, is_news) {
                self.tell(study, delivery.id)?;
            }
            if failures > 0 {
                break;
            }
        }
        Ok(())
    }

    /// Tells what became of a result.
    fn tell(&self, study: StudyId, delivery: i64) -> Result<(), StoreError> {
        let Listener(Some(hear)) = &self.listener else { return Ok(()) };
        if let Some(StudyDetail { study, .. }) = self.store.detail_with(study, &[], 1)?
            && let Some(sending) = self.store.sending(delivery)?
        {
            hear(&ResultNews { study, sending });
        }
        Ok(())
    }

    /// `failures`: of this destination, in a row.
    fn judge(
        &self,
        delivery: &Delivery,
        result: Result<Json, Failure>,
        failures: u32,
        now: Timestamp,
    ) -> Tried {
        let failure = match result {
            Ok(detail) => return Tried::Done(detail),
            Err(failure) => failure,
        };
        let is_known = failure.is_known(delivery);
        let Failure { why, remedy } = failure;
        // A plugin that may know who the patient is may name a file after her; everything else is named by the site.
        let to = (delivery.kind != DeliveryKind::Write).then_some(delivery.target.as_str());
        if !is_known {
            tracing::warn!(
                plugin = delivery.plugin,
                kind = delivery.kind.word(),
                to,
                why,
                "a delivery failed"
            );
        }
        let after = |wait: Duration| {
            let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
            now.checked_add(wait).unwrap_or(Timestamp::MAX)
        };
        match remedy {
            Remedy::AnotherHost => Tried::Elsewhere { why, due: after(self.retries.longest) },
            Remedy::Time | Remedy::Configuration if !self.retries.is_over(delivery) => Tried::Again {
                why,
                due: after(self.retries.after(delivery.attempts + 1)),
                others: after(self.retries.after(failures)),
            },
            Remedy::Time | Remedy::Configuration | Remedy::Nothing => Tried::GivenUp(why),
        }
    }

    /// One try. What fails says why, in words without a patient's name.
    fn attempt(&mut self, client: &webhook::Client, delivery: &Delivery) -> Attempt {
        // Asked again: the site may have changed its mind since.
        let policy = self.policy.load_full();
        match delivery.kind {
            DeliveryKind::Webhook => self.post(client, delivery, policy),
            DeliveryKind::Write => Some(files::write(&mut self.store, delivery, &policy)),
            DeliveryKind::Copy => Some(files::copy(&mut self.store, delivery, &policy)),
            DeliveryKind::Send => {
                results::send(&mut self.store, delivery, &policy.destinations, &self.stopped)
            }
            DeliveryKind::Run => {
                program::run(delivery, &policy, self.retries.one_try, &self.notes, &self.stopped)
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
        if let Err(error) = thread::Builder::new().name("deliver-webhook".to_owned()).spawn(work) {
            return Some(Err(format!("no thread can be started for it: {error}").into()));
        }
        let failed = || Err("the program failed at it".to_owned().into());
        select! {
            recv(result) -> answer => Some(answer.unwrap_or_else(|_| failed())),
            recv(self.stopped) -> _ => result.recv_timeout(LAST).ok(),
        }
    }
}
