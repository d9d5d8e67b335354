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

use super::{
    BROKE_DOWN, Event, EventKind, Gauges, Order, Sentence, Settings, features::Features, report::Report,
};
use crate::{
    guard::guarded,
    health::Part,
    intake::{IntakeEvent, LeftOut, Mounts},
    quality::Gates,
    similar::FilmKey,
    store::{
        Duty, ModelRef, Ownership, PartialChangeError, Store, StoreError, StoreErrorKind, StudyRow,
        rules_digest,
    },
    study::{Clash, Rules},
    supervise::{Supervisor, checkpoint},
};

/// How often the clock is read.
const TICK: Duration = Duration::from_secs(2);
/// A store that cannot be written is tried again after this long.
const RETRY: Duration = Duration::from_secs(2);
/// How often it is asked whether a shared queue is empty, at most.
const LOOK_EVERY: Duration = Duration::from_millis(500);

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
    /// Results that came late.
    late: usize,
    /// Whether what is not done was judged by the rules in force since this process has had the duty.
    is_judged: bool,
    /// When it was last seen whether anything is queued.
    looked: Option<Instant>,
}

pub(super) struct Recorder {
    pub(super) store: Store,
    /// Where films come in: an absolute path; none: nowhere.
    pub(super) inbox: Option<PathBuf>,
    /// Where this host has the named inboxes.
    pub(super) mounts: Arc<Mounts>,
    /// Held as long as this thread may write.
    pub(super) ownership: Ownership,
    /// The duty of one process at a time: the clock of studies, and the rules.
    pub(super) studies: Duty,
    /// Whether films come in here; without, the end of the queue is the end of the work.
    pub(super) takes_in: bool,
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
        self.progress.first_scan_done = !self.takes_in;
        self.say_after(Self::judge_if_on_duty);
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
        let ended = match self.ownership.member() {
            Some(member) => self.store.release_all(member),
            None if self.stop.load(Ordering::Relaxed) => self.store.end_work(),
            None => Ok(()),
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "it could not be noted that the program ended in order");
        }
    }

    /// Records a report. A film that makes the recorder panic is held.
    fn write(&mut self, report: &Report) {
        let Report { claim, path, .. } = report;
        let hold = |recorder: &mut Self, _: &()| {
            recorder.hold_unread(*claim, path, BROKE_DOWN, false, recorder.studies.now())
        };
        let late = self.progress.late;
        if self.insist(report, Self::record) {
            if self.progress.late == late {
                self.count(report);
            }
        } else if !self.insist(&(), hold) {
            // Of a shared queue it is another turn's, when its lease has ended.
            let again = match self.ownership.member() {
                Some(member) => {
                    member.drops(claim.file);
                    "in a while"
                }
                None => "at the next start",
            };
            self.supervisor.tell(format!("A film could not be recorded: it is tried again {again}."));
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
            // Another process does it from now on.
            Some(Err(error)) if error.kind == StoreErrorKind::OffDuty => {}
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
        if !self.studies.is_held() {
            self.progress.is_judged = false;
            return Ok(());
        }
        self.judge_if_on_duty()?;
        // Other hosts' clocks wrote what is due.
        let now = self.studies.now();
        let (duty, Settings { quiet_period, max_wait, .. }) = (self.studies.clone(), self.settings);
        let mut changed = Vec::new();
        let again = self.store.under(&duty, |store| {
            let again = store.retry_unanswered(now)?;
            gather(&mut changed, store.bring_back_from_future(now))?;
            gather(&mut changed, store.complete_quiet(quiet_period, now))?;
            if let Some(max_wait) = max_wait {
                gather(&mut changed, store.promote_overdue(max_wait, now))?;
            }
            Ok::<_, StoreError>(again)
        });
        self.say_changed(&changed);
        if again? > 0 {
            self.progress.said_idle = false;
            let _ = self.wake.try_send(());
        }
        Ok(())
    }

    /// Says which studies changed; also those that did before something failed, for nobody finds out about them later.
    fn say_changed(&mut self, changed: &[StudyRow]) {
        for row in changed {
            self.say_study(row, Timestamp::now());
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Settings(settings) => self.settings = settings,
            Order::Gates(gates) => self.gates.store(Arc::new(gates)),
            Order::Rules(rules) => {
                if let Some(member) = self.ownership.member() {
                    member.judges_by(rules_digest(&rules));
                }
                self.rules.store(Arc::new(rules));
                self.progress.is_judged = false;
                self.say_after(Self::judge_if_on_duty);
            }
        }
    }

    /// Judges anew what is not done: after a change of thresholds, and at the start, as they may have changed in between;
    /// once, and only where this process has that duty.
    fn judge_if_on_duty(&mut self) -> Result<(), StoreError> {
        if self.progress.is_judged || !self.studies.is_held() {
            return Ok(());
        }
        let (duty, rules) = (self.studies.clone(), self.rules.load_full());
        let mut changed = Vec::new();
        let judged = self.store.under(&duty, |store| store.reassess(&rules, store.now()));
        let judged = gather(&mut changed, judged);
        self.say_changed(&changed);
        judged?;
        self.progress.is_judged = true;
        Ok(())
    }

    /// Whether nothing is queued any more that this process could do. A shared queue is asked twice a second at most.
    fn has_nothing_left(&mut self) -> bool {
        let Some(member) = self.ownership.member() else {
            return self.store.queued_count().is_ok_and(|queued| queued == 0);
        };
        if self.progress.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return false;
        }
        self.progress.looked = Some(Instant::now());
        self.store.has_left(member).is_ok_and(|has_left| !has_left)
    }

    fn tell_if_idle(&mut self) {
        if !self.progress.first_scan_done || self.progress.said_idle {
            return;
        }
        if self.has_nothing_left() {
            self.progress.said_idle = true;
            let films = std::mem::take(&mut self.progress.finished);
            let kind = EventKind::Idle { films, left_out: self.progress.left_out };
            self.say(&Event::of_program(kind, Timestamp::now()));
        }
    }
}

/// Puts the studies that changed to those before them, also those of a change that failed on the way.
fn gather(
    changed: &mut Vec<StudyRow>,
    part: Result<Vec<StudyRow>, PartialChangeError>,
) -> Result<(), StoreError> {
    let (rows, end) = match part {
        Ok(rows) => (rows, Ok(())),
        Err(PartialChangeError { changed, error }) => (changed, Err(error)),
    };
    changed.extend(rows);
    end
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
