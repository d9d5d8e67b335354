//! The films through decoding, gates and model, each core with films of its own, as `scan` does it.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use super::kept::{Kept, Known, Record, Wanted};
use crate::{
    commands::{
        CommandError,
        outcomes::{self, Outcomes},
    },
    files::readers,
    pipeline::{Admitted, BROKE_DOWN, Cores, Pass, Scored, Step, ask_last_gate, examine, failed, read_until},
    quality::{Gates, Warning},
    text::shown,
};

/// A film to be scored.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) path: PathBuf,
    pub(super) wanted: Wanted,
}

pub(super) type Outcome = outcomes::Outcome<Record>;
pub(super) type Run = outcomes::Run<Record>;
type Done = outcomes::Done<Record>;

/// The model, the gates and the cores that films are scored with.
pub(super) struct Scorer<'a> {
    pub(super) cores: Cores,
    pub(super) gates: &'a Gates,
    pub(super) interrupted: &'a AtomicBool,
}

impl Scorer<'_> {
    /// Scores films; never more than a few of them are in memory.
    pub(super) fn score(
        &self,
        tasks: &[Task],
        kept: &mut Kept,
        bar: &indicatif::ProgressBar,
    ) -> Result<Run, CommandError> {
        // The records of earlier runs; this run's own are never asked for.
        let scoring = Scoring { scorer: self, known: &kept.known() };
        let mut outcomes = Outcomes::new(tasks.iter().map(|_| None), bar);
        self.cores.pass(&scoring, tasks, self.interrupted, |done| {
            done.iter().try_for_each(|(number, done)| outcomes.take(number, done, |new| keep(kept, new)))
        })?;
        Ok(outcomes.end())
    }

    fn read(&self, task: &Task, known: &Known) -> Step<(Record, Vec<Warning>), Done> {
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
            Ok(Admitted { input, warnings }) => Step::Ready((record, warnings), input),
            Err(_) => {
                record.hopeless = true;
                Step::Ended(Done::New(record))
            }
        }
    }

    /// The record of a film that went through the model; `warnings` are those of the gates before it.
    fn record(&self, mut record: Record, warnings: Vec<Warning>, task: &Task, scored: Scored) -> Record {
        let findings = match scored {
            Ok(findings) => findings,
            Err(error) => {
                record.held = Some(failed(&error).reason);
                record.hopeless = true;
                return record;
            }
        };
        if let Err(held) = ask_last_gate(findings.distance, warnings, self.gates) {
            record.held.get_or_insert(held.reason);
        }
        if task.wanted.heatmap {
            record.set_heatmap(&findings.heatmap);
        }
        record.probabilities = Some(findings.probabilities);
        record
    }
}

/// A pass over films that scores those which no earlier run knows.
struct Scoring<'a> {
    scorer: &'a Scorer<'a>,
    known: &'a Known,
}

impl Pass for Scoring<'_> {
    type File = Task;
    type Film = (Record, Vec<Warning>);
    type Outcome = Done;

    fn read(&self, _: usize, task: &Task) -> Step<Self::Film, Done> {
        self.scorer.read(task, self.known)
    }

    fn broken(&self, _: &Task) -> Done {
        Done::Unread(BROKE_DOWN.to_owned())
    }

    fn scored(&self, (record, warnings): Self::Film, task: &Task, scored: Scored) -> Done {
        Done::New(self.scorer.record(record, warnings, task, scored))
    }
}

fn keep(kept: &mut Kept, record: &Record) -> Result<(), CommandError> {
    kept.append(record).map_err(|error| {
        let place = kept.path().map(shown).unwrap_or_default();
        CommandError::failed(format!("cannot write {place}: {error}"))
    })
}
