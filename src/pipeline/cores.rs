//! The machine's cores, shared between films.
//!
//! With a backlog each core takes films of its own from file to findings: nothing waits for anything else, and
//! decoding and inference keep all cores busy without a thread too many. A film that is alone gets all cores for
//! its inference, which then takes the shortest time. A film's result is the same to the last bit either way.
//!
//! A model on a GPU leaves the cores to the decoding, and takes what their films have waiting as one batch.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, TryLockError},
    thread,
};

use super::gather::Gather;
use crate::{
    guard::guarded,
    model::{Findings, Hands, Input, Model, ModelError},
};

/// Films that a core takes through the model together, at most: more share the reading of the weights.
const TOGETHER: usize = 4;
/// Lines at most: each has a film's pixels and the network's maps in memory.
const MOST_WORKERS: usize = 16;
/// Films in one forward pass on a GPU, at most.
const GPU_BATCH: usize = 32;

/// The answer of a model about a film.
type Outcome = Result<Findings, ModelError>;

/// The outcome of reading a file: a film `F` on its way to the model, or an end `E` that needs no model.
#[derive(Debug)]
pub enum Step<F, E> {
    /// It goes to the model.
    Ready(F, Input),
    /// There is no need to ask the model.
    Ended(E),
}

/// A model and the cores that it shares with the decoding of films.
#[derive(Debug)]
pub struct Cores {
    model: Arc<Model>,
    /// Read by each worker that works on one core, written by one that has all of them.
    taken: RwLock<()>,
    /// Films of several workers on their way to a GPU; none: the model runs on the cores.
    gpu: Option<Gather<Input, Outcome>>,
}

impl Cores {
    /// The cores for `model`.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        let gpu = (!model.device().is_cpu()).then(|| Gather::new(GPU_BATCH));
        Self { model, taken: RwLock::new(()), gpu }
    }

    /// Films that can be worked on at the same time: one on each core that the model may use, from 1 to 16.
    #[must_use]
    pub fn workers(&self) -> usize {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.model.threads().min(cores).clamp(1, MOST_WORKERS)
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Takes one turn of a worker: up to four files that `next` gives now go through `read`, on one core. Files that need
    /// no model go to `ended` at once; the rest comes back with its findings, in order. A file over which `read`
    /// panics ends as `broken` says. None once `ended` has refused an end.
    pub fn turn<T: Clone, F, E>(
        &self,
        next: impl FnMut() -> Option<T>,
        read: impl Fn(T) -> Step<F, E>,
        broken: impl Fn(T) -> E,
        mut ended: impl FnMut(E) -> bool,
    ) -> Option<Vec<(F, Result<Findings, ModelError>)>> {
        let (mut films, mut inputs) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
        for file in std::iter::from_fn(next).take(TOGETHER) {
            let step = {
                let _core = self.one();
                let named = file.clone();
                guarded(|| read(file)).unwrap_or_else(|| Step::Ended(broken(named)))
            };
            match step {
                Step::Ready(film, input) => {
                    films.push(film);
                    inputs.push(input);
                }
                Step::Ended(end) => {
                    if !ended(end) {
                        return None;
                    }
                }
            }
        }
        Some(films.into_iter().zip(self.infer_each(inputs)).collect())
    }

    /// One core, for reading and decoding; waits while a film has all of them.
    fn one(&self) -> RwLockReadGuard<'_, ()> {
        self.taken.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// [`Model::infer_each`] on all cores if no other worker is at work, else on one. The caller must hold none.
    fn infer_each(&self, inputs: Vec<Input>) -> Vec<Outcome> {
        if inputs.is_empty() {
            return Vec::new();
        }
        if let Some(gpu) = &self.gpu {
            let films = inputs.len();
            let outcomes = gpu.run(inputs, |batch| self.model.infer_each(batch, Hands::All));
            return outcomes.unwrap_or_else(|| (0..films).map(|_| Err(ModelError::broke_down())).collect());
        }
        match self.taken.try_write() {
            Ok(_all) => self.model.infer_each(&inputs, Hands::All),
            Err(TryLockError::Poisoned(_all)) => self.model.infer_each(&inputs, Hands::All),
            Err(TryLockError::WouldBlock) => {
                let _one = self.one();
                self.model.infer_each(&inputs, Hands::One)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeviceChoice, Precision, Source};

    #[test]
    fn a_file_that_makes_its_reader_panic_costs_that_file_alone() {
        let model = Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap();
        let cores = Cores::new(Arc::new(model));
        let (mut files, mut ends) = (1..=3, Vec::new());
        let read = |file: u32| {
            assert_ne!(file, 2, "a test's");
            Step::<(), _>::Ended(format!("{file} read"))
        };
        let ended = |end| {
            ends.push(end);
            true
        };
        cores.turn(|| files.next(), read, |file| format!("{file} broken"), ended).unwrap();
        assert_eq!(ends, ["1 read", "2 broken", "3 read"]);
    }
}
