//! The films through decoding, gates and network, each core with films of its own.

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use super::cache::{Cache, Record, file_key};
use crate::{
    commands::{
        CommandError,
        json_lines::JsonLines,
        labelled::patient_hash,
        outcomes::{self, Outcomes},
    },
    files::readers,
    guard::guarded,
    model::{Features, Input, Model, ModelError, Parallelism, turned},
    pipeline::{Admitted, BROKE_DOWN, Cores, Pass, Scored, Step, examine, failed, read_until},
    quality::Gates,
    text::shown,
};

/// Films that a core takes through the network together: more share the reading of the weights.
const TOGETHER: usize = 4;

/// A film to be read.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) path: PathBuf,
    /// Its place among the films that the model's profile is made of, if it is one.
    pub(super) sample: Option<usize>,
}

pub(super) type Outcome = outcomes::Outcome<Record>;
pub(super) type Run = outcomes::Run<Record>;
type Done = outcomes::Done<Record>;

/// The network, the gates and the cores that films are read with.
pub(super) struct Reader<'a> {
    pub(super) cores: Cores,
    pub(super) gates: &'a Gates,
    pub(super) interrupted: &'a AtomicBool,
}

impl Reader<'_> {
    /// Reads what earlier runs do not know, and appends it to the cache as it is done.
    pub(super) fn run(
        &self,
        tasks: &[Task],
        mut cache: Cache,
        bar: &indicatif::ProgressBar,
    ) -> Result<Run, CommandError> {
        let mut lines = cache.lines();
        let mut known = Vec::with_capacity(tasks.len());
        let mut unknown: Vec<Vec<(usize, Task)>> = Vec::new();
        for (n, task) in tasks.iter().enumerate() {
            let record = file_key(&task.path).and_then(|key| cache.of_file(&key).cloned());
            let record = record.filter(|record| record.answers(task.sample.is_some()));
            if record.is_none() {
                match unknown.last_mut().filter(|chunk| chunk.len() < TOGETHER) {
                    Some(chunk) => chunk.push((n, task.clone())),
                    None => unknown.push(vec![(n, task.clone())]),
                }
            }
            known.push(record);
        }
        let mut outcomes = Outcomes::new(known, bar);
        let mut keep = |new: &Record| lines.as_mut().map_or(Ok(()), |lines| append(lines, new));
        let reading = Reading { reader: self, cache: &cache };
        self.cores.pass(&reading, &unknown, self.interrupted, |done| {
            let mut films = done.iter().flat_map(|(_, films)| films);
            films.try_for_each(|(number, done)| outcomes.take(number, done, &mut keep))
        })?;
        Ok(outcomes.end())
    }
}

fn append(lines: &mut JsonLines, record: &Record) -> Result<(), CommandError> {
    lines.append(record).map_err(|error| {
        CommandError::failed(format!(
            "cannot write {}: {error}; make room, or name another folder with XDG_CACHE_HOME",
            shown(lines.path())
        ))
    })
}

/// A film on its way to the network.
struct Waiting {
    number: usize,
    record: Record,
    input: Input,
    /// As a sample: the film turned or cut, where that can be prepared.
    misplaced: Option<Option<Input>>,
}

/// Reads films that are not in the cache.
struct Reading<'a> {
    reader: &'a Reader<'a>,
    cache: &'a Cache,
}

impl Reading<'_> {
    /// Takes a film up to the network; an error is what came of it, if it ends before.
    fn prepare(&self, number: usize, task: &Task) -> Result<Waiting, Box<Done>> {
        let Reader { cores, gates, interrupted } = self.reader;
        // Before it is read: a file that is written anew meanwhile must not be known by its old content.
        let file = file_key(&task.path).unwrap_or_default();
        let bytes = read_until(&task.path, &readers(), &|| interrupted.load(Ordering::Relaxed))
            .map_err(|error| Box::new(Done::Unread(error.to_string())))?;
        if let Some(known) =
            self.cache.of_content(&bytes.sha256).filter(|it| it.answers(task.sample.is_some()))
        {
            // Under its new name it is found at once next time.
            return Err(Box::new(if known.file == file {
                Done::Known(known.clone())
            } else {
                Done::New(Record { file, ..known.clone() })
            }));
        }
        let again = task.sample.map(|_| bytes.content.clone());
        let examined = examine(bytes.content, cores.model(), gates);
        let mut record = Record {
            file,
            sha256: bytes.sha256,
            patient: patient_hash(&examined.header),
            held: None,
            pooled: None,
            upright: None,
            misplaced: None,
        };
        match examined.verdict {
            Err(held) => {
                record.held = Some(held.reason);
                Err(Box::new(Done::New(record)))
            }
            Ok(Admitted { input, .. }) => {
                let misplaced =
                    task.sample.zip(again).map(|(nth, content)| misplaced(&content, cores.model(), nth));
                Ok(Waiting { number, record, input, misplaced })
            }
        }
    }
}

/// A film turned or cut, as the network takes it. Four samples in turn are turned alike: one of them sets the profile's
/// cut-offs, and both kinds are to have every way.
pub(super) fn misplaced(content: &[u8], model: &Model, nth: usize) -> Option<Input> {
    let film = cxr_film::decode(content).ok()?;
    model.prepare(&turned(&film, nth / 4)).ok()
}

/// Runs the network on films, the turned ones among them too.
fn see(model: &Model, waiting: Vec<Waiting>) -> Vec<(usize, Done)> {
    let mut inputs = Vec::with_capacity(2 * waiting.len());
    let mut films = Vec::with_capacity(waiting.len());
    for Waiting { number, record, input, misplaced } in waiting {
        inputs.push(input);
        films.push((number, record, misplaced.as_ref().map(Option::is_some)));
        inputs.extend(misplaced.flatten());
    }
    let mut seen = model.features_each(&inputs, Parallelism::OneThread).into_iter();
    let mut next = || seen.next().unwrap_or_else(|| Err(ModelError::broke_down()));
    let film = |(number, mut record, sample): (usize, Record, Option<bool>)| {
        let (upright, misplaced) = (next(), sample.filter(|is_there| *is_there).map(|_| next()));
        match upright {
            Ok(Features { pooled, signature }) => {
                record.pooled = Some(pooled);
                record.upright = sample.map(|_| signature);
                record.misplaced = misplaced.and_then(Result::ok).map(|features| features.signature);
            }
            Err(error) => record.held = Some(failed(&error).reason),
        }
        (number, Done::New(record))
    };
    films.into_iter().map(film).collect()
}

impl Pass for Reading<'_> {
    type File = Vec<(usize, Task)>;
    type Film = Infallible;
    type Outcome = Vec<(usize, Done)>;

    fn read(&self, _: usize, films: &Self::File) -> Step<Infallible, Self::Outcome> {
        let mut done = Vec::with_capacity(films.len());
        let mut waiting = Vec::new();
        for (number, task) in films {
            match guarded(|| self.prepare(*number, task)) {
                Some(Ok(film)) => waiting.push(film),
                Some(Err(ended)) => done.push((*number, *ended)),
                None => done.push((*number, Done::Unread(BROKE_DOWN.to_owned()))),
            }
        }
        done.extend(see(self.reader.cores.model(), waiting));
        Step::Ended(done)
    }

    fn broken(&self, films: &Self::File) -> Self::Outcome {
        films.iter().map(|(number, _)| (*number, Done::Unread(BROKE_DOWN.to_owned()))).collect()
    }

    fn scored(&self, film: Infallible, _: &Self::File, _: Scored) -> Self::Outcome {
        match film {}
    }
}
