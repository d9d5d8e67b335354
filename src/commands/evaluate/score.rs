//! The films through decoding, gates and model, each core with films of its own, as `scan` does it.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::kept::{Kept, Known, Record, Wanted};
use crate::{
    commands::Failure,
    files::readers,
    guard::guarded,
    model::{Findings, ModelError},
    pipeline::{BROKE_DOWN, Cores, Step, broke_down, examine, failed, read_until},
    quality::{self, Gates},
    text::shown,
};

/// Films that are done and wait for being written down.
const WRITE_BEHIND: usize = 16;

/// A film to be scored.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) path: PathBuf,
    pub(super) wanted: Wanted,
}

/// What came of a film: its record, or why the file could not be read.
pub(super) type Outcome = Result<Record, String>;

/// What scores films.
pub(super) struct Scorer<'a> {
    pub(super) cores: Cores,
    pub(super) gates: &'a Gates,
    pub(super) interrupted: &'a AtomicBool,
}

/// What came of a film in this run.
enum Done {
    /// It is to be kept for other runs.
    New(Record),
    /// An earlier run knew it.
    Known(Record),
    Unread(String),
}

/// How far a run came.
pub(super) struct Run {
    /// What came of the films, in order; fewer than asked for after ctrl-C.
    pub(super) outcomes: Vec<Outcome>,
    /// How many of them were known from earlier runs.
    pub(super) reused: usize,
}

impl Scorer<'_> {
    /// Scores films; never more than a few of them are in memory.
    pub(super) fn score(
        &self,
        tasks: &[Task],
        kept: &mut Kept,
        bar: &indicatif::ProgressBar,
    ) -> Result<Run, Failure> {
        // What earlier runs know; this run's own are never asked for.
        let known = kept.known();
        let known = &*known;
        let next = &AtomicUsize::new(0);
        thread::scope(|scope| {
            let (out, done) = bounded(WRITE_BEHIND);
            for _ in 0..self.cores.lines() {
                let out = out.clone();
                scope.spawn(move || self.run(tasks, next, known, &out));
            }
            drop(out);
            gather(tasks.len(), &done, kept, bar)
        })
    }

    /// One line: takes films until there are none, and says what came of each, with its number.
    fn run(&self, tasks: &[Task], next: &AtomicUsize, known: &Known, out: &Sender<(usize, Done)>) {
        let next_task = || {
            if self.interrupted.load(Ordering::Relaxed) {
                return None;
            }
            let number = next.fetch_add(1, Ordering::Relaxed);
            Some((number, tasks.get(number)?))
        };
        loop {
            // A turn may score nothing, but one that asks for a film and gets none is the last.
            let mut is_over = false;
            let scored = self.cores.turn(
                || {
                    let task = next_task();
                    is_over |= task.is_none();
                    task
                },
                |(number, task)| match self.read(task, known) {
                    Step::Ready(record, input) => Step::Ready((number, task, record), input),
                    Step::Ended(done) => Step::Ended((number, done)),
                },
                |(number, _)| (number, Done::Unread(BROKE_DOWN.to_owned())),
                |ended| out.send(ended).is_ok(),
            );
            let Some(scored) = scored else { return };
            for ((number, task, record), outcome) in scored {
                if out.send((number, Done::New(self.record(record, task, outcome)))).is_err() {
                    return;
                }
            }
            if is_over {
                return;
            }
        }
    }

    fn read(&self, task: &Task, known: &Known) -> Step<Record, Done> {
        let bytes = match read_until(&task.path, &readers(), &|| self.interrupted.load(Ordering::Relaxed)) {
            Ok(bytes) => bytes,
            Err(error) => return Step::Ended(Done::Unread(error.to_string())),
        };
        if let Some(record) = known.get(&bytes.sha256).filter(|record| record.answers(task.wanted)) {
            return Step::Ended(Done::Known(record.clone()));
        }
        // A film that is held is decoded once more, if it is to be scored all the same.
        let again = task.wanted.held_too.then(|| bytes.content.clone());
        let mut examined = examine(bytes.content, self.cores.model(), self.gates);
        let mut record = Record::of_header(bytes.sha256, &examined.header);
        if let Err(held) = &examined.verdict {
            record.held = Some(held.reason.clone());
            let Some(content) = again else {
                record.hopeless = !examined.decoded;
                return Step::Ended(Done::New(record));
            };
            examined = examine(content, self.cores.model(), &self.gates.warning_only());
        }
        match examined.verdict {
            Ok(admitted) => Step::Ready(record, admitted.input),
            Err(_) => {
                record.hopeless = true;
                Step::Ended(Done::New(record))
            }
        }
    }

    /// The record of a film that went through the model.
    fn record(&self, mut record: Record, task: &Task, outcome: Result<Findings, ModelError>) -> Record {
        let findings = match outcome {
            Ok(findings) => findings,
            Err(error) => {
                record.held = Some(failed(&error).reason);
                record.hopeless = true;
                return record;
            }
        };
        let judged = guarded(|| quality::inspect_distance(findings.distance, &[], self.gates));
        if let Err(held) = judged.unwrap_or_else(|| Err(broke_down())) {
            record.held.get_or_insert(held.reason);
        }
        if task.wanted.heatmap {
            record.set_heatmap(&findings.heatmap);
        }
        record.probabilities = Some(findings.probabilities);
        record
    }
}

/// Puts what came of `films` films in order, and keeps what is new for other runs.
fn gather(
    films: usize,
    done: &Receiver<(usize, Done)>,
    kept: &mut Kept,
    bar: &indicatif::ProgressBar,
) -> Result<Run, Failure> {
    let mut outcomes: Vec<Option<Outcome>> = (0..films).map(|_| None).collect();
    let mut reused = 0;
    for (number, done) in done {
        bar.inc(1);
        outcomes[number] = Some(match done {
            Done::New(record) => {
                keep(kept, &record)?;
                Ok(record)
            }
            Done::Known(record) => {
                reused += 1;
                Ok(record)
            }
            Done::Unread(reason) => Err(reason),
        });
    }
    // After ctrl-C, those before the first that is missing.
    Ok(Run { outcomes: outcomes.into_iter().map_while(|outcome| outcome).collect(), reused })
}

fn keep(kept: &mut Kept, record: &Record) -> Result<(), Failure> {
    kept.append(record).map_err(|error| {
        let place = kept.path().map(shown).unwrap_or_default();
        Failure::failed(format!("cannot write {place}: {error}"))
    })
}
