//! The one thread that writes results into the store, and keeps its clock: studies that fall quiet,
//! studies that have waited too long.

mod arrive;
mod results;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, never, select};
use jiff::Timestamp;

use super::{BROKE_DOWN, Event, EventKind, Features, Gauges, Order, Sentence, Settings, report::Report};
use crate::{
    guard::guarded,
    health::Part,
    intake::{IntakeEvent, LeftOut},
    quality::Gates,
    similar::FilmKey,
    store::{ModelRef, Ownership, Store, StoreError, StudyRow},
    study::{Clash, Rules},
    supervise::{Supervisor, checkpoint},
};

/// How often the clock is read.
const TICK: Duration = Duration::from_secs(2);
/// A store that cannot be written is tried again after this long.
const RETRY: Duration = Duration::from_secs(2);

/// The sentence for a panic that was caught.
const PANICKED: &str =
    "The program broke down over something that it was to write down, and went on: report this.";

/// How far the pipeline is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Intake has reported everything that was there at the start.
    first_scan_done: bool,
    /// Films that were finished since the last idle event.
    finished: usize,
    /// Whether the last thing said was that the pipeline is idle.
    said_idle: bool,
    /// Sentences about rows of the store that were said.
    unreadable: usize,
    /// The files of the inbox that are left out.
    left_out: LeftOut,
}

pub(super) struct Recorder {
    pub(super) store: Store,
    /// Where films come in: an absolute path.
    pub(super) inbox: PathBuf,
    /// Held as long as this thread may write.
    pub(super) ownership: Ownership,
    /// The model that scores, as results name it.
    pub(super) model: Arc<ModelRef>,
    /// The device that it runs on: "cpu fp32".
    pub(super) device: String,
    pub(super) rules: Arc<ArcSwap<Rules>>,
    pub(super) gates: Arc<ArcSwap<Gates>>,
    pub(super) settings: Settings,
    pub(super) gauges: Arc<Gauges>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) on_event: Box<dyn FnMut(&Event) + Send>,
    /// The features of scored films; none: the site keeps none.
    pub(super) features: Option<Features>,
    /// Tells the fill-in of films that were scored.
    pub(super) scored: Sender<FilmKey>,
    pub(super) supervisor: Supervisor,
    /// Tells the feeder that there is something in the queue.
    pub(super) wake: Sender<()>,
    pub(super) progress: Progress,
}

impl Recorder {
    /// Works until every worker has gone.
    pub(super) fn run(
        mut self,
        arrivals: &Receiver<IntakeEvent>,
        results: &Receiver<Report>,
        orders: &Receiver<Order>,
    ) {
        let (mut arrivals, mut orders) = (arrivals.clone(), orders.clone());
        self.say_after(|recorder| recorder.judge_anew());
        let mut ticked = Instant::now();
        loop {
            checkpoint("recorder");
            self.gauges.vitals().recorder_beats();
            select! {
                recv(results) -> report => match report {
                    Ok(report) => self.write(&report),
                    Err(_) => return self.end(),
                },
                recv(arrivals) -> event => match event {
                    Ok(event) => _ = self.insist(&event, Self::arrive),
                    Err(_) => arrivals = never(),
                },
                recv(orders) -> order => match order {
                    Ok(order) => self.obey(order),
                    Err(_) => orders = never(),
                },
                default(TICK) => {}
            }
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.say_after(Self::tick);
            }
            self.tell_if_idle();
        }
    }

    /// Ends in order: files that were handed out and that nobody took wait for the next start as they did before.
    fn end(&mut self) {
        if self.stop.load(Ordering::Relaxed)
            && let Err(error) = self.store.end_work()
        {
            tracing::warn!(%error, "it could not be noted that the program ended in order");
        }
    }

    /// Records a report. A film that makes the recorder panic is held.
    fn write(&mut self, report: &Report) {
        let Report { file, path, .. } = report;
        let hold = |recorder: &mut Self, _: &()| {
            recorder.hold_unread(*file, path, BROKE_DOWN, false, Timestamp::now())
        };
        if self.insist(report, Self::record) {
            self.count(report);
        } else if !self.insist(&(), hold) {
            self.supervisor.tell("A film could not be recorded: it is tried again at the next start.");
        }
    }

    fn say(&mut self, event: &Event) {
        (self.on_event)(event);
    }

    fn say_study(&mut self, row: &StudyRow, now: Timestamp) {
        let warnings = in_words(self.store.clashes_of_study(row.id));
        self.say(&Event::study(row, warnings, now));
    }

    fn say_after(&mut self, work: impl FnOnce(&mut Self) -> Result<(), StoreError>) {
        match guarded(|| work(self)) {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::error!(%error, "the store failed");
                self.say(&Event::error(error.to_string(), Timestamp::now()));
            }
            None => self.supervisor.tell(PANICKED),
        }
    }

    /// Results are not thrown away because a disk is full or a backup holds the store: the recorder waits,
    /// says why, and tries again. When it is told to stop meanwhile, the film stays queued. False after a panic.
    fn insist<T>(&mut self, input: &T, work: impl Fn(&mut Self, &T) -> Result<(), StoreError>) -> bool {
        let mut last_fault = String::new();
        loop {
            self.gauges.vitals().recorder_beats();
            match guarded(|| work(self, input)) {
                None => {
                    self.supervisor.tell(PANICKED);
                    return false;
                }
                Some(Ok(())) => {
                    self.gauges.vitals().set_fault(Part::Store, None);
                    return true;
                }
                Some(Err(error)) => {
                    let fault = error.to_string();
                    self.ownership.beat();
                    self.gauges.vitals().set_fault(Part::Store, Some(fault.clone()));
                    if fault != last_fault {
                        tracing::error!(%error, "the store failed; trying again");
                        self.say(&Event::error(fault.clone(), Timestamp::now()));
                        last_fault = fault;
                    }
                    if self.stop.load(Ordering::Relaxed) {
                        return true;
                    }
                    std::thread::sleep(RETRY);
                }
            }
        }
    }

    fn tick(&mut self) -> Result<(), StoreError> {
        self.ownership.beat();
        let now = Timestamp::now();
        for sentence in self.store.unreadable(self.progress.unreadable) {
            self.progress.unreadable += 1;
            self.say(&Event::error(sentence, now));
        }
        if self.store.retry_unanswered(now)? > 0 {
            self.progress.said_idle = false;
            let _ = self.wake.try_send(());
        }
        let mut changed = self.store.bring_back_from_future(now)?;
        changed.extend(self.store.complete_quiet(self.settings.quiet_period, now)?);
        if let Some(max_wait) = self.settings.max_wait {
            changed.extend(self.store.promote_overdue(max_wait, now)?);
        }
        for row in &changed {
            self.say_study(row, now);
        }
        Ok(())
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Settings(settings) => self.settings = settings,
            Order::Gates(gates) => self.gates.store(Arc::new(gates)),
            Order::Rules(rules) => {
                self.rules.store(Arc::new(rules));
                self.say_after(Self::judge_anew);
            }
        }
    }

    /// After a change of thresholds, and at the start, as they may have changed in between.
    fn judge_anew(&mut self) -> Result<(), StoreError> {
        let now = Timestamp::now();
        let rules = self.rules.load_full();
        for row in self.store.reassess(&rules, now)? {
            self.say_study(&row, now);
        }
        Ok(())
    }

    fn tell_if_idle(&mut self) {
        if !self.progress.first_scan_done || self.progress.said_idle {
            return;
        }
        if self.store.queued_count().is_ok_and(|queued| queued == 0) {
            self.progress.said_idle = true;
            let films = std::mem::take(&mut self.progress.finished);
            let kind = EventKind::Idle { films, left_out: self.progress.left_out };
            self.say(&Event::of_program(kind, Timestamp::now()));
        }
    }
}

/// Clashes as sentences. What was recorded stands; that they could not be read now only makes an event poorer.
fn in_words(clashes: Result<Vec<Clash>, StoreError>) -> Vec<Sentence> {
    let clashes = clashes.unwrap_or_else(|error| {
        tracing::error!(%error, "cannot read what bears one number");
        Vec::new()
    });
    clashes
        .iter()
        .map(|clash| Sentence { text: clash.sentence(true), unnamed: clash.sentence(false) })
        .collect()
}
