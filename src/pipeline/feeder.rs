//! From the store's queue to the workers: one feeder.
//!
//! Files that it hands out are noted in the store first. After a death of the program, those come last and are tried
//! alone, while nothing else is in work. Of a queue that several hosts share it claims files instead, which is such a note
//! too.

use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};

use super::{
    Gauges, READ_AHEAD,
    alone::{Alone, Trial},
    file_name,
    report::{POLL, Report, ReportKind, send},
};
use crate::{
    store::{FileId, Member, Queued, RequestId, Store, StoreError, StoreErrorKind},
    supervise::{Supervisor, checkpoint},
};

/// Rows taken from the store's queue at a time: more than can be in flight between feeder and recorder,
/// so that a page always has something new while there is anything new.
const PAGE: u32 = 128;
/// Without a wake-up the feeder reads the queue this often.
const READ_ANYWAY: Duration = Duration::from_secs(2);
/// Files of a shared queue that are claimed at a time.
const CLAIMED: u32 = READ_AHEAD as u32;
/// Without a wake-up a shared queue is looked at this often.
const CLAIM_ANYWAY: Duration = Duration::from_secs(2);
/// A film that ended so many processes in which it was alone is held.
const STOPS: u32 = 3;

pub(super) struct Feeder {
    pub(super) store: Store,
    /// This process among the workers of a shared queue; none: the queue is its own.
    pub(super) member: Option<Member>,
    pub(super) wake: Receiver<()>,
    pub(super) files: Sender<Queued>,
    pub(super) results: Sender<Report>,
    pub(super) alone: Alone,
    pub(super) gauges: Arc<Gauges>,
    pub(super) supervisor: Supervisor,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) progress: Progress,
}

/// How far the feeder is.
#[derive(Default)]
pub(super) struct Progress {
    /// Whether the files that were in work when the program died have been put back.
    put_back: bool,
    /// The turns that were handed out and are not done yet.
    in_flight: HashSet<Turn>,
    /// Claimed files that are to be tried alone, when nothing else is in work.
    alone: VecDeque<Queued>,
    /// The last failure of the store that was told, so that it is told once.
    told: String,
}

/// The next step of the feeder.
enum Next {
    /// There may be more to hand out.
    Again,
    /// It waits so long, or until it is woken.
    Wait(Duration),
    /// Nobody takes what it hands out.
    Gone,
}

impl Feeder {
    /// Hands the store's queue to the workers, oldest first, until told to stop. It may be called again after a panic.
    pub(super) fn run(&mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            checkpoint("feeder");
            let next = match self.member.clone() {
                Some(member) => self.hand_out_claimed(&member),
                None => self.hand_out(),
            };
            match next {
                Ok(Next::Again) => self.progress.told.clear(),
                Ok(Next::Wait(time)) => _ = self.wake.recv_timeout(time),
                Ok(Next::Gone) => return,
                // Another worker has what was tried alone here.
                Err(error) if error.kind == StoreErrorKind::Late => {}
                Err(error) => {
                    self.tell(&error);
                    let _ = self.wake.recv_timeout(READ_ANYWAY);
                }
            }
        }
    }

    /// A store that fails is told of once, and tried again.
    fn tell(&mut self, error: &StoreError) {
        let fault = error.to_string();
        if self.progress.told != fault {
            self.supervisor
                .tell(format!("The queue of films cannot be read or written, so none is taken: {fault}"));
            self.progress.told = fault;
        }
    }

    /// Claims files of a shared queue, and hands them to the workers.
    fn hand_out_claimed(&mut self, member: &Member) -> Result<Next, StoreError> {
        if !self.alone.is_due() {
            // One that cannot be given back now is so later.
            while let Some(due) = self.progress.alone.front() {
                self.store.release(due.claim, None)?;
                self.progress.alone.pop_front();
            }
        } else if !self.progress.alone.is_empty() {
            // Everything before it comes first, to its end.
            if self.store.claims_of(member)? > self.progress.alone.len() as u64 {
                return Ok(Next::Wait(POLL));
            }
            if let Some(due) = self.progress.alone.pop_front() {
                let mut at_hand = AtHand::new(member, vec![due.clone()]);
                let next = self.try_alone(&due)?;
                at_hand.take();
                return Ok(next);
            }
        }
        let (pause, alone) = (self.alone.judge.reach.pause(Instant::now()), self.alone.is_due());
        if pause.as_ref().is_some_and(|pause| pause.is_news) {
            self.supervisor.tell(
                "The disk or share of films that other hosts took in cannot be read on this host: it takes none of them for \
                 a while, and leaves them to the others.",
            );
        }
        // Films that this host took in do not wait behind those.
        let films = match &pause {
            Some(_) => self.store.claim_own(member, CLAIMED, alone)?,
            None => self.store.claim(member, CLAIMED, alone)?,
        };
        let mut claimed = AtHand::new(member, films);
        if claimed.is_empty() {
            return Ok(Next::Wait(pause.map_or(CLAIM_ANYWAY, |pause| pause.left.min(CLAIM_ANYWAY))));
        }
        while let Some(due) = claimed.take() {
            if due.alone {
                self.progress.alone.push_back(due);
            } else if !send(&self.files, due, &self.stop) {
                return Ok(Next::Gone);
            }
        }
        Ok(Next::Again)
    }

    fn hand_out(&mut self) -> Result<Next, StoreError> {
        if !self.progress.put_back {
            let films = self.store.put_back_interrupted()?;
            self.progress.put_back = true;
            if films > 0 {
                tracing::warn!(
                    films,
                    "the program died while these were in work: they are tried alone, last"
                );
            }
        }
        // However many wait to be tried alone: they keep nothing else from being taken.
        let page =
            if self.alone.is_due() { self.store.queued(PAGE)? } else { self.store.queued_for_all(PAGE)? };
        let queued: HashSet<Turn> = page.iter().map(turn).collect();
        self.progress.in_flight.retain(|turn| queued.contains(turn));
        let (mut handed_out, mut batch) = (false, Vec::with_capacity(READ_AHEAD));
        for due in page {
            if self.progress.in_flight.contains(&turn(&due)) {
                continue;
            }
            if due.alone {
                // Everything before it comes first, to its end.
                if batch.is_empty() && self.progress.in_flight.is_empty() {
                    return self.try_alone(&due);
                }
                return Ok(if self.send(batch)? { Next::Wait(POLL) } else { Next::Gone });
            }
            batch.push(due);
            handed_out = true;
            if batch.len() == READ_AHEAD && !self.send(std::mem::take(&mut batch))? {
                return Ok(Next::Gone);
            }
        }
        if !self.send(batch)? {
            return Ok(Next::Gone);
        }
        Ok(if handed_out { Next::Again } else { Next::Wait(READ_ANYWAY) })
    }

    /// Notes that these are in work, and hands them to the workers. Returns whether somebody took them.
    fn send(&mut self, batch: Vec<Queued>) -> Result<bool, StoreError> {
        if batch.is_empty() {
            return Ok(true);
        }
        let files: Vec<FileId> = batch.iter().map(|due| due.claim.file).collect();
        self.store.begin_work(&files)?;
        for due in batch {
            self.progress.in_flight.insert(turn(&due));
            if !send(&self.files, due, &self.stop) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tries a film alone that may have ended the program.
    fn try_alone(&mut self, due: &Queued) -> Result<Next, StoreError> {
        if self.member.is_none() {
            self.store.begin_work(&[due.claim.file])?;
        }
        self.gauges.starts(file_name(&due.arrival.path));
        let trial = self.alone.examine(due, &self.stop);
        self.gauges.ends(usize::from(matches!(trial, Trial::Done(_))));
        let report = match trial {
            Trial::Asked => return Ok(Next::Gone),
            Trial::Done(report) => *report,
            Trial::Later(why) => {
                self.store.put_behind(due.claim, false)?;
                if self.alone.is_hopeless() {
                    self.supervisor.end(format!(
                        "a film that was in work when the program died cannot be tried alone ({why}), so it stays \
                         queued: nothing is lost"
                    ));
                }
                self.supervisor.tell(format!(
                    "A film that was in work when the program died could not be tried alone: {why}. It is tried again, \
                     after the others."
                ));
                return Ok(Next::Again);
            }
            Trial::Stopped { sha256, why } => {
                let stops = self.store.put_behind(due.claim, true)?;
                self.supervisor.tell(format!(
                    "A film ended the process that it was alone in ({why}), time {stops} of {STOPS}; it is tried again, \
                     after the others, and then held."
                ));
                if stops < STOPS {
                    return Ok(Next::Again);
                }
                let reason = format!(
                    "This film stopped the program three times ({why}), each time while it alone was in work, so it is \
                     not tried again by itself: look at it on its workstation. S tries again."
                );
                let kind = ReportKind::Stopped { sha256, reason };
                Report { claim: due.claim, path: due.arrival.path.clone(), kind }
            }
        };
        self.progress.in_flight.insert(turn(due));
        Ok(if send(&self.results, report, &self.stop) { Next::Again } else { Next::Gone })
    }
}

/// Claimed films between the store and whoever works on them. Those that nobody takes from here, for an error or a panic, are
/// let go: a claim that no thread knows of would be renewed for ever.
struct AtHand<'m> {
    member: &'m Member,
    films: VecDeque<Queued>,
}

impl<'m> AtHand<'m> {
    fn new(member: &'m Member, films: Vec<Queued>) -> Self {
        Self { member, films: films.into() }
    }

    fn is_empty(&self) -> bool {
        self.films.is_empty()
    }

    /// Takes the next one: it is somebody's now.
    fn take(&mut self) -> Option<Queued> {
        self.films.pop_front()
    }
}

impl Drop for AtHand<'_> {
    fn drop(&mut self) {
        self.films.iter().for_each(|due| self.member.drops(due.file));
    }
}

/// A file's turn: a request, or a share that did not answer, queues it once more, while its first turn may only just
/// have ended.
type Turn = (FileId, Option<RequestId>, u32);

fn turn(due: &Queued) -> Turn {
    (due.claim.file, due.request.as_ref().map(|(request, _)| *request), due.tries)
}
