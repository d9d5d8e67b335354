//! The one thread that writes results into the store, and keeps its clock: studies that fall quiet,
//! studies that have waited too long.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, never, select};
use jiff::Timestamp;

use super::{BROKE_DOWN, Event, EventKind, Gauges, Order, Sentence, Settings, shown, study_key};
use crate::{
    film::Header,
    guard::guarded,
    health::Part,
    intake::{self, IntakeEvent, LeftOut},
    quality::{Gates, Held, SAME_EXPOSURE},
    store::{
        FileId, FilmId, Finished, ModelRef, Outcome, OutsidePriority, Ownership, Scored, Store, StoreError,
        StudyRow, Verdict,
    },
    study::Clash,
    supervise::{Supervisor, checkpoint},
    text::{Secrets, unnamed},
    triage::{self, Finding, Rules, Severity},
};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(2);
/// A store that cannot be written is tried again after this long.
const RETRY: Duration = Duration::from_secs(2);

/// What is told of a panic that was caught.
const PANICKED: &str =
    "The program broke down over something that it was to write down, and went on: report this.";

/// What a worker says of one queued file.
pub(super) struct Report {
    pub(super) file: FileId,
    pub(super) path: PathBuf,
    pub(super) kind: ReportKind,
}

/// Which film a file holds.
pub(super) struct Identity {
    pub(super) sha256: String,
    pub(super) header: Header,
    /// When work on it began.
    pub(super) started: Timestamp,
}

/// What became of it.
pub(super) enum ReportKind {
    /// The model scored it.
    Scored(Box<ScoredReport>),
    /// A gate refused it.
    Held { film: Box<Identity>, decoded: bool, held: Held },
    /// The same bytes are in the store already, as this film.
    Seen { of: FilmId },
    /// The file could not be read at all, or not now.
    Unread { reason: String, again: bool },
    /// The pipeline was told to stop before the file came: it stays queued, and nobody is told.
    Left,
    /// It ended the process that it was tried in, each time.
    Stopped { sha256: String, reason: String },
}

/// A scored film.
pub(super) struct ScoredReport {
    pub(super) film: Identity,
    pub(super) findings: Vec<Finding>,
    /// In its stored form.
    pub(super) heatmap: Vec<u8>,
    /// What is to be said beside them.
    pub(super) warnings: Vec<String>,
    /// The rules that judged the findings.
    pub(super) rules: Arc<Rules>,
}

/// How far the line is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Intake has reported everything that was there at the start.
    first_scan_done: bool,
    /// Films that came to an end since the last idle event.
    finished: usize,
    /// Whether the last thing said was that the line is idle.
    said_idle: bool,
    /// Sentences about rows of the store that were said.
    unreadable: usize,
    /// What lies in the inbox and is left out.
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
    /// What it runs on: "cpu fp32".
    pub(super) device: String,
    pub(super) rules: Arc<ArcSwap<Rules>>,
    pub(super) gates: Arc<ArcSwap<Gates>>,
    pub(super) settings: Settings,
    pub(super) gauges: Arc<Gauges>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) on_event: Box<dyn FnMut(&Event) + Send>,
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
                    Ok(report) => self.keep(&report),
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
            self.look_whether_idle();
        }
    }

    /// What was handed out and nobody took waits for the next start as it did before.
    fn end(&mut self) {
        if self.stop.load(Ordering::Relaxed)
            && let Err(error) = self.store.end_work()
        {
            tracing::warn!(%error, "it could not be noted that the program ended in order");
        }
    }

    /// Records a report. A film that makes the recorder panic is held.
    fn keep(&mut self, report: &Report) {
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

    /// Results are not thrown away because a disk is full or a backup holds the store: the line waits,
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

    fn arrive(&mut self, event: &IntakeEvent) -> Result<(), StoreError> {
        let now = Timestamp::now();
        match event {
            IntakeEvent::Arrivals(arrivals) => {
                for (_, arrival) in self.store.receive(arrivals, now)? {
                    let kind = EventKind::Arrived { duplicate_of: None };
                    self.say(&Event::about_file(kind, None, &arrival.path, now));
                }
                self.progress.said_idle = false;
                let _ = self.wake.try_send(());
            }
            IntakeEvent::Sidecar { film } => self.raise_by_sidecar(film, now)?,
            IntakeEvent::FirstScanDone { files } => {
                tracing::info!(files, "the first look through the inbox is done");
                self.progress.first_scan_done = true;
            }
            IntakeEvent::LeftOut(left_out) => {
                self.store.note_left_out(*left_out)?;
                self.progress.left_out = *left_out;
                self.progress.said_idle = false;
            }
            IntakeEvent::Fault(fault) => {
                let unnamed = fault.without_names();
                tracing::error!(fault = unnamed, "the inbox failed");
                self.gauges.vitals().set_fault(Part::Inbox, Some(unnamed.clone()));
                self.gauges.inbox_is(Some(fault.sentence.clone()));
                self.say(&Event::error(fault.sentence.clone(), now).saying_instead(unnamed));
            }
            IntakeEvent::Recovered => {
                tracing::info!("the inbox is back");
                self.gauges.vitals().set_fault(Part::Inbox, None);
                self.gauges.inbox_is(None);
            }
        }
        Ok(())
    }

    fn record(&mut self, report: &Report) -> Result<(), StoreError> {
        checkpoint("record");
        let now = Timestamp::now();
        let Report { file, path, kind } = report;
        let finished = match kind {
            ReportKind::Seen { of } => self.store.duplicate(*file, *of, now)?,
            ReportKind::Unread { reason, again } => {
                return self.hold_unread(*file, path, reason, *again, now);
            }
            ReportKind::Left => return Ok(()),
            ReportKind::Stopped { sha256, reason } => {
                let study = self.store.hold_stopper(*file, sha256, reason, now)?;
                self.say_held(study, path, reason, now);
                return Ok(());
            }
            ReportKind::Scored(scored) => {
                let verdict = Verdict::Scored(self.provable(scored));
                self.store.finish(*file, &self.outcome(path, &scored.film, true, verdict), now)?
            }
            ReportKind::Held { film, decoded, held } => {
                let verdict = Verdict::Held(held.clone());
                self.store.finish(*file, &self.outcome(path, film, *decoded, verdict), now)?
            }
        };
        self.came_to_an_end();
        let (study, others) = match finished {
            Finished::Duplicate { path: first, others, .. } => {
                let kind = EventKind::Arrived { duplicate_of: Some(shown(&first)) };
                self.say(&Event::about_file(kind, None, path, now).saying_instead(unnamed(&first)));
                (None, others)
            }
            Finished::Recorded { film, study, aside, others } => {
                let mut warnings = in_words(self.store.clashes_of_film(film));
                let kind = match kind {
                    _ if aside => EventKind::Held { reason: SAME_EXPOSURE.to_owned(), warnings },
                    ReportKind::Scored(scored) => {
                        let secrets = Secrets::of_header(&scored.film.header);
                        let gates = scored.warnings.iter();
                        warnings
                            .extend(gates.map(|it| Sentence { text: it.clone(), unnamed: secrets.hide(it) }));
                        let film = triage::combine([scored.findings.as_slice()]);
                        EventKind::Scored {
                            severity: film.severity,
                            score: film.score,
                            top: film.top,
                            warnings,
                        }
                    }
                    ReportKind::Held { held, .. } => {
                        EventKind::Held { reason: held.reason.clone(), warnings }
                    }
                    ReportKind::Seen { .. }
                    | ReportKind::Unread { .. }
                    | ReportKind::Left
                    | ReportKind::Stopped { .. } => return Ok(()),
                };
                let event = match (&kind, film_of(&report.kind)) {
                    (EventKind::Held { reason, .. }, Some(film)) => {
                        let unnamed = Secrets::of_header(&film.header).hide(reason);
                        Event::about_file(kind, Some(&study), path, now).saying_instead(unnamed)
                    }
                    _ => Event::about_file(kind, Some(&study), path, now),
                };
                self.say(&event);
                (Some(*study), others)
            }
        };
        for row in study.iter().chain(&others) {
            self.say_study(row, now);
        }
        Ok(())
    }

    fn hold_unread(
        &mut self,
        file: FileId,
        path: &Path,
        reason: &str,
        again: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.has_moved_on(path) && self.store.forget(file, now)? {
            self.came_to_an_end();
            return Ok(());
        }
        let study = if again {
            self.store.unanswered(file, reason, now)?
        } else {
            self.store.gone(file, reason, now)?
        };
        if let (true, Some(study)) = (again, &study) {
            let kind = EventKind::Error { message: reason.to_owned() };
            self.say(&Event::about_file(kind, Some(study), path, now));
        }
        self.say_held(study, path, reason, now);
        Ok(())
    }

    /// Says that a file was held that nobody could see into, if it was.
    fn say_held(&mut self, study: Option<StudyRow>, path: &Path, reason: &str, now: Timestamp) {
        if let Some(study) = study {
            let kind = EventKind::Held { reason: reason.to_owned(), warnings: Vec::new() };
            self.say(&Event::about_file(kind, Some(&study), path, now));
            self.say_study(&study, now);
        }
        self.came_to_an_end();
    }

    /// Whether a file is gone whose name began with a dot: a transfer tool may have given it its own name, by which it
    /// comes again.
    fn has_moved_on(&self, path: &Path) -> bool {
        let is_hidden = path.strip_prefix(&self.inbox).is_ok_and(intake::is_hidden);
        is_hidden && path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    fn came_to_an_end(&mut self) {
        self.progress.finished += 1;
        self.progress.said_idle = false;
    }

    fn outcome(&self, path: &Path, film: &Identity, decoded: bool, verdict: Verdict) -> Outcome {
        Outcome {
            study_key: study_key(&film.header, &film.sha256, path, self.settings.raster_study),
            sha256: film.sha256.clone(),
            started: film.started,
            header: (!film.header.format.is_empty()).then(|| film.header.clone()),
            decoded,
            verdict,
            outside: outside_priority(path),
        }
    }

    /// A result with everything that it must be provable with afterwards.
    fn provable(&self, report: &ScoredReport) -> Scored {
        Scored {
            findings: report.findings.clone(),
            heatmap: report.heatmap.clone(),
            warnings: report.warnings.clone(),
            model: Arc::clone(&self.model),
            rules: Arc::clone(&report.rules),
            device: self.device.clone(),
        }
    }

    /// A sidecar that came after its film.
    fn raise_by_sidecar(&mut self, film: &Path, now: Timestamp) -> Result<(), StoreError> {
        let Some(outside) = outside_priority(film) else { return Ok(()) };
        let Some(study) = self.store.study_of(film)? else { return Ok(()) };
        if let Some(row) = self.store.raise(study, &outside, now)? {
            self.say_study(&row, now);
        }
        Ok(())
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

    fn look_whether_idle(&mut self) {
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

/// The film of a report, where its file could be read.
fn film_of(report: &ReportKind) -> Option<&Identity> {
    match report {
        ReportKind::Scored(scored) => Some(&scored.film),
        ReportKind::Held { film, .. } => Some(film),
        ReportKind::Seen { .. }
        | ReportKind::Unread { .. }
        | ReportKind::Left
        | ReportKind::Stopped { .. } => None,
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

/// The priority that a sidecar asks for. Of the terms of Requested Procedure Priority, (0040,1003), STAT
/// alone raises a study: to urgent at least. The others order a request book, not a list of findings.
fn outside_priority(film: &Path) -> Option<OutsidePriority> {
    let word = intake::sidecar_priority(film)?;
    (word == "STAT").then_some(OutsidePriority { floor: Severity::Urgent, source: word })
}
