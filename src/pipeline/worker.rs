//! The workers of the pipeline: as many as there are cores, each with films of its own.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender};

use super::{
    Admitted, BROKE_DOWN, Cores, Examined, Gauges, Step,
    cores::{Scored, Work},
    examine, file_name,
    judge::{Judge, Opened, Prepared},
    report::{Identity, Report, ReportKind, send},
};
use crate::{
    store::{Claim, Queued},
    supervise::checkpoint,
};

/// Takes films from file to findings on a thread of its own.
pub(super) struct Worker {
    pub(super) judge: Judge,
    pub(super) cores: Arc<Cores>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) files: Receiver<Queued>,
    pub(super) results: Sender<Report>,
    /// The files of this turn; after a panic, those that nobody else knows of.
    pub(super) turn_files: Vec<(Claim, PathBuf)>,
    /// Its number among the signs of life.
    pub(super) number: usize,
}

impl Worker {
    /// Works until the feeder has gone or the stop is called. It may be called again after a panic.
    pub(super) fn run(&mut self) {
        self.gauges.vitals().worker_rests(self.number);
        if !self.turn_files.is_empty() {
            self.gauges.ends(0);
        }
        for (claim, path) in std::mem::take(&mut self.turn_files) {
            self.send(broken(claim, path));
        }
        let cores = Arc::clone(&self.cores);
        cores.run(self);
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Notes a file as one of this turn.
    fn take(&mut self, due: Queued) -> Queued {
        self.turn_files.push((due.claim, due.arrival.path.clone()));
        self.gauges.vitals().worker_steps(self.number);
        checkpoint("worker");
        due
    }
}

impl Work for Worker {
    type File = Queued;
    type Film = Prepared;
    type Outcome = Report;

    fn wait(&mut self) -> Option<Queued> {
        self.gauges.vitals().worker_rests(self.number);
        let due = self.files.recv().ok()?;
        if self.is_stopped() {
            return None;
        }
        self.gauges.starts(file_name(&due.arrival.path));
        Some(self.take(due))
    }

    fn next(&mut self) -> Option<Queued> {
        if self.is_stopped() {
            return None;
        }
        let due = self.files.try_recv().ok()?;
        Some(self.take(due))
    }

    fn read(&self, due: Queued) -> Step<Prepared, Report> {
        self.gauges.vitals().worker_steps(self.number);
        let Opened { content, sha256, started } = match self.judge.open(&due) {
            Ok(opened) => opened,
            Err(report) => return Step::Ended(report),
        };
        let Queued { claim, arrival, request, .. } = due;
        let (path, requested) = (arrival.path, request.is_some());
        let gates = self.judge.gates(requested);
        let Examined { header, decoded, verdict } = examine(content, self.cores.model(), &gates);
        let film = Identity { sha256, header, started };
        match verdict {
            Ok(Admitted { input, warnings }) => {
                self.gauges.vitals().worker_steps(self.number);
                Step::Ready(Prepared { claim, path, film, warnings, requested }, input)
            }
            Err(held) => {
                let kind = ReportKind::Held { film: Box::new(film), decoded, held };
                Step::Ended(Report { claim, path, kind })
            }
        }
    }

    fn broken(&self, due: Queued) -> Report {
        broken(due.claim, due.arrival.path)
    }

    fn send(&self, report: Report) -> bool {
        // It waits for the recorder, whose own signs of life say whether that is well.
        self.gauges.vitals().worker_rests(self.number);
        send(&self.results, report, &self.stop)
    }

    fn scored(&mut self, films: Vec<(Prepared, Scored)>) -> bool {
        self.gauges.ends(films.len());
        let are_taken = films.into_iter().all(|(film, scored)| self.send(self.judge.judged(film, scored)));
        self.turn_files.clear();
        are_taken
    }
}

/// The report on a file that made the program panic.
fn broken(claim: Claim, path: PathBuf) -> Report {
    Report { claim, path, kind: ReportKind::Unread { reason: BROKE_DOWN.to_owned(), again: false } }
}
