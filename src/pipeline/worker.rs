//! Takes films from file to findings: as many workers as there are cores, each on one film at a time.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender};

use super::{
    Admitted, BROKE_DOWN, Cores, Examined, Gauges, Step, examine, file_name,
    judge::{Judge, Opened, Prepared},
    report::{Identity, Report, ReportKind, send},
};
use crate::{
    store::{FileId, Queued},
    supervise::checkpoint,
};

/// A worker: one thread, one turn of a few films after another.
pub(super) struct Worker {
    pub(super) judge: Judge,
    pub(super) cores: Arc<Cores>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) files: Receiver<Queued>,
    pub(super) results: Sender<Report>,
    /// The files of this turn; after a panic, those that nobody else knows of.
    pub(super) turn_files: Vec<(FileId, PathBuf)>,
}

impl Worker {
    /// Works until the feeder has gone or the stop is called. It may be called again after a panic.
    pub(super) fn run(&mut self) {
        if !self.turn_files.is_empty() {
            self.gauges.ends(0);
        }
        for (file, path) in std::mem::take(&mut self.turn_files) {
            self.report(broken(file, path));
        }
        while let Ok(first) = self.files.recv() {
            if self.stop.load(Ordering::Relaxed) || !self.turn(first) {
                return;
            }
        }
    }

    /// Takes the films that wait, a few at most, to its findings. Returns whether the worker still runs.
    fn turn(&mut self, first: Queued) -> bool {
        self.gauges.starts(file_name(&first.arrival.path));
        let Self { judge, cores, files, stop, results, turn_files, .. } = self;
        let mut first = Some(first);
        let next = || {
            let waiting = || files.try_recv().ok();
            let due = if stop.load(Ordering::Relaxed) { None } else { first.take().or_else(waiting) };
            turn_files.extend(due.as_ref().map(|due| (due.file, due.arrival.path.clone())));
            checkpoint("worker");
            due
        };
        let scored = cores.turn(
            next,
            |due| read(judge, cores, due),
            |due| broken(due.file, due.arrival.path),
            |report| send(results, report, stop),
        );
        let Some(scored) = scored else { return false };
        self.gauges.ends(scored.len());
        let all = scored.into_iter().all(|(film, outcome)| self.report(self.judge.judged(film, outcome)));
        self.turn_files.clear();
        all
    }

    fn report(&self, report: Report) -> bool {
        send(&self.results, report, &self.stop)
    }
}

/// Reads, decodes and prepares one film.
fn read(judge: &Judge, cores: &Cores, due: Queued) -> Step<Prepared, Report> {
    let Opened { content, sha256, started } = match judge.open(&due) {
        Ok(opened) => opened,
        Err(report) => return Step::Ended(report),
    };
    let Queued { file, arrival, request, .. } = due;
    let (path, requested) = (arrival.path, request.is_some());
    let Examined { header, decoded, verdict } = examine(content, cores.model(), &judge.gates(requested));
    let film = Identity { sha256, header, started };
    match verdict {
        Ok(Admitted { input, warnings }) => {
            Step::Ready(Prepared { file, path, film, warnings, requested }, input)
        }
        Err(held) => {
            let kind = ReportKind::Held { film: Box::new(film), decoded, held };
            Step::Ended(Report { file, path, kind })
        }
    }
}

/// The report on a file that made the program panic.
fn broken(file: FileId, path: PathBuf) -> Report {
    Report { file, path, kind: ReportKind::Unread { reason: BROKE_DOWN.to_owned(), again: false } }
}
