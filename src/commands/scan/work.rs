//! The films of a scan through decoding, gates and model.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::{
    config::RasterStudy,
    files::readers,
    film::Header,
    model::{Findings, ModelError},
    pipeline::{Admitted, BROKE_DOWN, Cores, Step, examine, read_until, study_key},
    quality::{Gates, Held, Warning},
};

/// Results that may wait to be gathered.
const GATHER_BEHIND: usize = 16;

/// What came of one file.
pub(super) enum Outcome {
    /// It was scored; what the last gate says of the findings is still to be asked.
    Scored(Known, Result<Findings, ModelError>),
    Held(Known, Held),
    /// A file before it has the same content.
    Repeat {
        path: PathBuf,
        sha256: String,
    },
    Unread {
        path: PathBuf,
        error: io::Error,
    },
}

/// What is known of a film before its score.
pub(super) struct Known {
    pub(super) path: PathBuf,
    pub(super) sha256: String,
    pub(super) study: String,
    /// What the file said of itself.
    pub(super) header: Box<Header>,
    /// Whether its pixels could be decoded.
    pub(super) decoded: bool,
    /// What is to be said beside its score.
    pub(super) warnings: Vec<Warning>,
}

/// The files, and what the lines share.
pub(super) struct Work<'a> {
    files: &'a [PathBuf],
    cores: Cores,
    gates: &'a Gates,
    grouping: RasterStudy,
    interrupted: &'a AtomicBool,
    /// The file that nobody has taken yet.
    next: AtomicUsize,
    /// By SHA-256, the first file that is known to have it.
    first: Mutex<HashMap<String, usize>>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        files: &'a [PathBuf],
        cores: Cores,
        gates: &'a Gates,
        grouping: RasterStudy,
        interrupted: &'a AtomicBool,
    ) -> Self {
        let (next, first) = (AtomicUsize::new(0), Mutex::default());
        Self { files, cores, gates, grouping, interrupted, next, first }
    }

    /// Takes all files through as many lines as there are cores, while `gather` takes what they say.
    pub(super) fn run(&self, gather: impl FnOnce(Receiver<(usize, Outcome)>)) {
        thread::scope(|scope| {
            let (out, outcomes) = bounded(GATHER_BEHIND);
            for _ in 0..self.cores.workers() {
                let out = out.clone();
                scope.spawn(move || self.line(&out));
            }
            drop(out);
            gather(outcomes);
        });
    }

    /// One line: takes files until there are none, and says what came of each, with its number.
    fn line(&self, out: &Sender<(usize, Outcome)>) {
        while !self.is_over() {
            let scored = self.cores.turn(
                || self.next_file(),
                |(number, path)| self.read(number, path),
                |(number, path)| (number, Outcome::Unread { path, error: io::Error::other(BROKE_DOWN) }),
                |ended| out.send(ended).is_ok(),
            );
            let Some(scored) = scored else { return };
            for ((number, known), findings) in scored {
                if out.send((number, Outcome::Scored(known, findings))).is_err() {
                    return;
                }
            }
        }
    }

    /// Whether there is nothing more to take.
    fn is_over(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.next.load(Ordering::Relaxed) >= self.files.len()
    }

    fn next_file(&self) -> Option<(usize, PathBuf)> {
        if self.is_over() {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Some((number, self.files.get(number)?.clone()))
    }

    /// What goes to the model, or what came of the file without it.
    fn read(&self, number: usize, path: PathBuf) -> Step<(usize, Known), (usize, Outcome)> {
        let bytes = match read_until(&path, &readers(), &|| self.interrupted.load(Ordering::Relaxed)) {
            Ok(bytes) => bytes,
            Err(error) => return Step::Ended((number, Outcome::Unread { path, error })),
        };
        let sha256 = bytes.sha256;
        if self.is_after_its_like(number, &sha256) {
            return Step::Ended((number, Outcome::Repeat { path, sha256 }));
        }
        let examined = examine(bytes.content, self.cores.model(), self.gates);
        let study = study_key(&examined.header, &sha256, &path, self.grouping);
        let (header, decoded) = (Box::new(examined.header), examined.decoded);
        let mut known = Known { path, sha256, study, header, decoded, warnings: Vec::new() };
        match examined.verdict {
            Ok(Admitted { input, warnings }) => {
                known.warnings = warnings;
                Step::Ready((number, known), input)
            }
            Err(held) => Step::Ended((number, Outcome::Held(known, held))),
        }
    }

    /// Whether a file before this one is known to be the same film. Where the later one comes here first, both
    /// are scored, and gathering drops it.
    fn is_after_its_like(&self, number: usize, sha256: &str) -> bool {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first.entry(sha256.to_owned()).or_insert(number);
        *first = number.min(*first);
        *first < number
    }
}
