//! The machine's cores, shared between films.
//!
//! With a backlog each core takes films of its own from file to findings: nothing waits for anything else, and
//! decoding and inference keep all cores busy without a thread too many. A film that is alone gets all cores for
//! its inference, which then takes the shortest time. A film's result is the same to the last bit either way.
//!
//! A model on a GPU leaves the cores to the decoding, and takes what their films have waiting as one batch.

use std::{
    sync::{Arc, RwLock, RwLockReadGuard, TryLockError},
    thread,
};

use super::gather::Gather;
use crate::{
    guard::guarded,
    lock::unpoisoned,
    model::{Findings, Input, Model, ModelError, Parallelism},
};

/// Films that a core takes through the model together, at most: more share the reading of the weights.
const TOGETHER: usize = 4;
/// Workers at most: each has a film's pixels and the network's maps in memory.
const MOST_WORKERS: usize = 16;
/// Films in one forward pass on a GPU, at most.
const GPU_BATCH: usize = 32;

/// The model's answers for a film, or why there are none.
pub type Scored = Result<Findings, ModelError>;

/// The result of reading a file: a film `F` on its way to the model, or an outcome `O` that needs no model.
#[derive(Debug)]
pub enum Step<F, O> {
    /// It goes to the model.
    Ready(F, Input),
    /// There is no need to ask the model.
    Ended(O),
}

/// The work of one worker: where its files come from, how they are read, and where their outcomes go.
pub(super) trait Work {
    /// A file to be read.
    type File: Clone;
    /// A film that waits for its findings.
    type Film;
    /// The outcome of a file.
    type Outcome;

    /// Waits for a file; none: there are no more.
    fn wait(&mut self) -> Option<Self::File>;

    /// A further file, if there is one now.
    fn next(&mut self) -> Option<Self::File>;

    /// Reads, decodes and judges a file.
    fn read(&self, file: Self::File) -> Step<Self::Film, Self::Outcome>;

    /// The outcome of a file over which [`Work::read`] panicked.
    fn broken(&self, file: Self::File) -> Self::Outcome;

    /// Passes on the outcome of a file that needs no model; false: nobody takes outcomes any more.
    fn send(&self, outcome: Self::Outcome) -> bool;

    /// Passes on the outcomes of films that went through the model together; false: nobody takes outcomes any more.
    fn scored(&mut self, films: Vec<(Self::Film, Scored)>) -> bool;
}

/// A model and the cores that it shares with the decoding of films.
#[derive(Debug)]
pub struct Cores {
    model: Arc<Model>,
    /// Read by each worker that has one core, written by one that has all of them.
    taken: RwLock<()>,
    /// Films of several workers on their way to a GPU; none: the model runs on the cores.
    gpu: Option<Gather<Input, Scored>>,
}

impl Cores {
    /// The cores for `model`.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        let gpu = (!model.device().is_cpu()).then(|| Gather::new(GPU_BATCH));
        Self { model, taken: RwLock::new(()), gpu }
    }

    /// Workers that can run at the same time: one on each core that the model may use, from 1 to 16.
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

    /// Takes the films of a worker from file to findings, until there are no more or nobody takes their outcomes.
    pub(super) fn run(&self, work: &mut impl Work) {
        while let Some(first) = work.wait() {
            let Some(scored) = self.turn(first, work) else { return };
            if !work.scored(scored) {
                return;
            }
        }
    }

    /// Reads up to four files on one core and takes what is ready for the model through it, in order. None once nobody
    /// takes outcomes.
    fn turn<W: Work>(&self, first: W::File, work: &mut W) -> Option<Vec<(W::Film, Scored)>> {
        let (mut films, mut inputs) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
        let mut first = Some(first);
        for _ in 0..TOGETHER {
            let Some(file) = first.take().or_else(|| work.next()) else { break };
            match self.read(file, work) {
                Step::Ready(film, input) => {
                    films.push(film);
                    inputs.push(input);
                }
                Step::Ended(outcome) => {
                    if !work.send(outcome) {
                        return None;
                    }
                }
            }
        }
        Some(films.into_iter().zip(self.infer_each(inputs)).collect())
    }

    fn read<W: Work>(&self, file: W::File, work: &W) -> Step<W::Film, W::Outcome> {
        let _core = self.one();
        let named = file.clone();
        guarded(|| work.read(file)).unwrap_or_else(|| Step::Ended(work.broken(named)))
    }

    /// One core, for reading and decoding; waits while a film has all of them.
    fn one(&self) -> RwLockReadGuard<'_, ()> {
        unpoisoned(self.taken.read())
    }

    /// [`Model::infer_each`] on all cores if no other worker is at work, else on one. The caller must hold none.
    fn infer_each(&self, inputs: Vec<Input>) -> Vec<Scored> {
        if inputs.is_empty() {
            return Vec::new();
        }
        if let Some(gpu) = &self.gpu {
            let films = inputs.len();
            let outcomes = gpu.run(inputs, |batch| self.model.infer_each(batch, Parallelism::AllThreads));
            return outcomes.unwrap_or_else(|| (0..films).map(|_| Err(ModelError::broke_down())).collect());
        }
        match self.taken.try_write() {
            Ok(_all) => self.model.infer_each(&inputs, Parallelism::AllThreads),
            Err(TryLockError::Poisoned(_all)) => self.model.infer_each(&inputs, Parallelism::AllThreads),
            Err(TryLockError::WouldBlock) => {
                let _one = self.one();
                self.model.infer_each(&inputs, Parallelism::OneThread)
            }
        }
    }
}
