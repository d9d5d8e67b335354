//! Films prepared for the network, in memory.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use half::f16;

use super::features::misplaced;
use crate::{
    commands::{CommandError, output::progress, unread::told},
    files::readers,
    model::{Input, Model},
    pipeline::{BROKE_DOWN, Cores, Pass, Scored, Step, read_until},
    train::TrainError,
};

/// A film as the network takes it, in half precision.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) upright: Vec<f16>,
    /// Turned or cut, where the film is a sample and that can be prepared.
    pub(super) misplaced: Option<Vec<f16>>,
}

/// Films in memory.
pub(super) struct Loaded {
    pub(super) films: Vec<Prepared>,
    /// The places of those that a profile is made of, in its order.
    pub(super) samples: Vec<usize>,
}

/// Reads, decodes and prepares films; those at the places of `samples` turned or cut, too.
pub(super) fn load(
    model: &Arc<Model>,
    paths: &[PathBuf],
    samples: &[usize],
    interrupted: &AtomicBool,
) -> Result<Loaded, CommandError> {
    let mut tasks: Vec<(PathBuf, Option<usize>)> = paths.iter().map(|path| (path.clone(), None)).collect();
    for (nth, &film) in samples.iter().enumerate() {
        tasks[film].1 = Some(nth);
    }
    let bar = progress(tasks.len() as u64, "films prepared");
    let cores = Cores::new(Arc::clone(model));
    let mut films: Vec<Option<Prepared>> = vec![None; tasks.len()];
    cores.pass(&Loading { model, interrupted }, &tasks, interrupted, |done| {
        for (film, prepared) in &done {
            bar.inc(1);
            films[film] = Some(prepared?);
        }
        Ok::<(), TrainError>(())
    })?;
    bar.finish_and_clear();
    match films.into_iter().collect() {
        Some(films) => Ok(Loaded { films, samples: samples.to_vec() }),
        None => Err(CommandError::Interrupted),
    }
}

struct Loading<'a> {
    model: &'a Model,
    interrupted: &'a AtomicBool,
}

impl Loading<'_> {
    fn prepare(&self, path: &Path, sample: Option<usize>) -> Result<Prepared, TrainError> {
        let fail = |reason: String| TrainError::Film { film: told(path, &[]), reason };
        let bytes = read_until(path, &readers(), &|| self.interrupted.load(Ordering::Relaxed))
            .map_err(|error| fail(error.to_string()))?;
        let film = cxr_film::decode(&bytes.content).map_err(|error| fail(error.to_string()))?;
        let input = self.model.prepare(&film).map_err(|error| fail(error.to_string()))?;
        let misplaced = sample.and_then(|nth| misplaced(&bytes.content, self.model, nth));
        let half = |input: Input| input.values.into_iter().map(f16::from_f32).collect::<Vec<f16>>();
        Ok(Prepared { upright: half(input), misplaced: misplaced.map(half) })
    }
}

impl Pass for Loading<'_> {
    type File = (PathBuf, Option<usize>);
    type Film = Infallible;
    type Outcome = Result<Prepared, TrainError>;

    fn read(&self, _: usize, (path, sample): &Self::File) -> Step<Infallible, Self::Outcome> {
        Step::Ended(self.prepare(path, *sample))
    }

    fn broken(&self, (path, _): &Self::File) -> Self::Outcome {
        Err(TrainError::Film { film: told(path, &[]), reason: BROKE_DOWN.to_owned() })
    }

    fn scored(&self, film: Infallible, _: &Self::File, _: Scored) -> Self::Outcome {
        match film {}
    }
}
