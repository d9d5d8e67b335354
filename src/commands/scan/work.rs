//! The films of a scan through decoding, gates and model.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    config::RasterStudy,
    files::readers,
    lock::lock,
    pipeline::{Admitted, BROKE_DOWN, Cores, Pass, Scored, Step, examine, read_until, study_key},
    quality::{Gates, Held, Warning},
};
use cxr_film::Header;

/// The outcome of one file.
pub(super) enum Outcome {
    /// It was scored; what the last gate says of the findings is still to be asked.
    Scored(Known, Scored),
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

/// The facts about a film that are known before its score.
pub(super) struct Known {
    pub(super) path: PathBuf,
    pub(super) sha256: String,
    pub(super) study: String,
    /// The file's own header.
    pub(super) header: Box<Header>,
    /// Whether its pixels could be decoded.
    pub(super) decoded: bool,
    /// The warnings of the gates beside its score.
    pub(super) warnings: Vec<Warning>,
}

/// The state that the workers of a scan share.
pub(super) struct Scan<'a> {
    cores: &'a Cores,
    gates: &'a Gates,
    grouping: RasterStudy,
    interrupted: &'a AtomicBool,
    /// By SHA-256, the first file that is known to have it.
    first: Mutex<HashMap<String, usize>>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        cores: &'a Cores,
        gates: &'a Gates,
        grouping: RasterStudy,
        interrupted: &'a AtomicBool,
    ) -> Self {
        Self { cores, gates, grouping, interrupted, first: Mutex::default() }
    }

    /// Whether a file before this one is known to be the same film. Where the later one comes here first, both
    /// are scored, and gathering drops it.
    fn is_after_its_like(&self, number: usize, sha256: &str) -> bool {
        let mut first = lock(&self.first);
        let first = first.entry(sha256.to_owned()).or_insert(number);
        *first = number.min(*first);
        *first < number
    }
}

impl Pass for Scan<'_> {
    type File = PathBuf;
    type Film = Known;
    type Outcome = Outcome;

    fn read(&self, number: usize, path: &PathBuf) -> Step<Known, Outcome> {
        let path = path.clone();
        let bytes = match read_until(&path, &readers(), &|| self.interrupted.load(Ordering::Relaxed)) {
            Ok(bytes) => bytes,
            Err(error) => return Step::Ended(Outcome::Unread { path, error }),
        };
        let sha256 = bytes.sha256;
        if self.is_after_its_like(number, &sha256) {
            return Step::Ended(Outcome::Repeat { path, sha256 });
        }
        let examined = examine(bytes.content, self.cores.model(), self.gates);
        let study = study_key(&examined.header, &sha256, &path, self.grouping);
        let (header, decoded) = (Box::new(examined.header), examined.decoded);
        let mut known = Known { path, sha256, study, header, decoded, warnings: Vec::new() };
        match examined.verdict {
            Ok(Admitted { input, warnings }) => {
                known.warnings = warnings;
                Step::Ready(known, input)
            }
            Err(held) => Step::Ended(Outcome::Held(known, held)),
        }
    }

    fn broken(&self, path: &PathBuf) -> Outcome {
        Outcome::Unread { path: path.clone(), error: io::Error::other(BROKE_DOWN) }
    }

    fn scored(&self, known: Known, _: &PathBuf, scored: Scored) -> Outcome {
        Outcome::Scored(known, scored)
    }
}
