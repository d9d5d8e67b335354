//! The films through decoding, gates and model, as `scan` does it, with readers ahead of the model.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::kept::{Kept, Known, Record, Wanted};
use crate::{
    commands::Failure,
    model::{Hands, Input, Model},
    pipeline::{examine, failed, read},
    quality::{self, Gates},
};

/// Films in one forward pass.
const BATCH: usize = 4;
/// Films that each reader is ahead of the model.
const READ_AHEAD: usize = 2;

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
    pub(super) model: &'a Model,
    pub(super) gates: &'a Gates,
    pub(super) interrupted: &'a AtomicBool,
}

enum Read {
    Done(Outcome),
    Known(Record),
    Ready(Record, Input),
}

/// How far a run came.
pub(super) struct Run {
    /// What came of the films, in order; fewer than asked for after ctrl-C.
    pub(super) outcomes: Vec<Outcome>,
    /// How many of them were known from earlier runs.
    pub(super) reused: usize,
}

impl Scorer<'_> {
    /// Scores films, in order. Film n is read by reader n modulo readers and taken in turn, so that batches
    /// are the same in every run, and never more than a few films are in memory.
    pub(super) fn score(
        &self,
        tasks: &[Task],
        kept: &mut Kept,
        bar: &indicatif::ProgressBar,
    ) -> Result<Run, Failure> {
        let readers = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 8));
        // What earlier runs know; this run's own are never asked for.
        let known = kept.known();
        let known = &*known;
        thread::scope(|scope| {
            let (mut senders, mut turns) = (Vec::new(), Vec::new());
            for _ in 0..readers {
                let (send, receive) = bounded(READ_AHEAD);
                senders.push(send);
                turns.push(receive);
            }
            for (first, send) in senders.into_iter().enumerate() {
                scope.spawn(move || self.read_every(tasks, first, readers, known, &send));
            }
            self.infer_all(tasks, &turns, kept, bar)
        })
    }

    fn read_every(&self, tasks: &[Task], first: usize, step: usize, known: &Known, out: &Sender<Read>) {
        for task in tasks.iter().skip(first).step_by(step) {
            if self.interrupted.load(Ordering::Relaxed) || out.send(self.read(task, known)).is_err() {
                return;
            }
        }
    }

    fn read(&self, task: &Task, known: &Known) -> Read {
        let bytes = match read(&task.path) {
            Ok(bytes) => bytes,
            Err(error) => return Read::Done(Err(error.to_string())),
        };
        if let Some(record) = known.get(&bytes.sha256).filter(|record| record.answers(task.wanted)) {
            return Read::Known(record.clone());
        }
        // A film that is held is decoded once more, if it is to be scored all the same.
        let again = task.wanted.held_too.then(|| bytes.content.clone());
        let mut examined = examine(bytes.content, self.model, self.gates);
        let mut record = Record {
            sha256: bytes.sha256,
            held: None,
            hopeless: false,
            size: (examined.header.columns, examined.header.rows),
            probabilities: None,
            heatmap: None,
        };
        if let Err(held) = &examined.verdict {
            record.held = Some(held.reason.clone());
            let Some(content) = again else {
                record.hopeless = !examined.decoded;
                return Read::Done(Ok(record));
            };
            examined = examine(content, self.model, &self.gates.warning_only());
        }
        match examined.verdict {
            Ok(admitted) => Read::Ready(record, admitted.input),
            Err(_) => {
                record.hopeless = true;
                Read::Done(Ok(record))
            }
        }
    }

    fn infer_all(
        &self,
        tasks: &[Task],
        turns: &[Receiver<Read>],
        kept: &mut Kept,
        bar: &indicatif::ProgressBar,
    ) -> Result<Run, Failure> {
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(tasks.len());
        let mut waiting: Vec<(usize, Record, Input)> = Vec::with_capacity(BATCH);
        let mut reused = 0;
        for n in 0..tasks.len() {
            let Ok(read) = turns[n % turns.len()].recv() else { break };
            bar.inc(1);
            outcomes.push(None);
            match read {
                Read::Known(record) => {
                    reused += 1;
                    outcomes[n] = Some(Ok(record));
                }
                Read::Done(outcome) => {
                    if let Ok(record) = &outcome {
                        keep(kept, std::slice::from_ref(record))?;
                    }
                    outcomes[n] = Some(outcome);
                }
                Read::Ready(record, input) => waiting.push((n, record, input)),
            }
            if waiting.len() == BATCH {
                self.infer(std::mem::take(&mut waiting), tasks, kept, &mut outcomes)?;
            }
        }
        self.infer(waiting, tasks, kept, &mut outcomes)?;
        Ok(Run { outcomes: outcomes.into_iter().flatten().collect(), reused })
    }

    fn infer(
        &self,
        waiting: Vec<(usize, Record, Input)>,
        tasks: &[Task],
        kept: &mut Kept,
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), Failure> {
        let (mut records, mut inputs) = (Vec::new(), Vec::new());
        for (n, record, input) in waiting {
            records.push((n, record));
            inputs.push(input);
        }
        let mut done = Vec::new();
        for ((n, mut record), outcome) in records.into_iter().zip(self.model.infer_each(&inputs, Hands::All))
        {
            let findings = match outcome {
                Ok(findings) => findings,
                Err(error) => {
                    record.held = Some(failed(&error).reason);
                    record.hopeless = true;
                    outcomes[n] = Some(Ok(record));
                    continue;
                }
            };
            if let Err(held) = quality::inspect_distance(findings.distance, self.gates) {
                record.held.get_or_insert(held.reason);
            }
            if tasks[n].wanted.heatmap {
                record.set_heatmap(&findings.heatmap);
            }
            record.probabilities = Some(findings.probabilities);
            done.push(record.clone());
            outcomes[n] = Some(Ok(record));
        }
        keep(kept, &done)
    }
}

fn keep(kept: &mut Kept, records: &[Record]) -> Result<(), Failure> {
    kept.append(records).map_err(|error| {
        let place = kept.path().map(|path| path.display().to_string()).unwrap_or_default();
        Failure::failed(format!("cannot write {place}: {error}"))
    })
}
