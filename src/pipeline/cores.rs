//! The machine's cores, shared between films.
//!
//! With a backlog each core takes films of its own from file to findings: nothing waits for anything else, and
//! decoding and inference keep all cores busy without a thread too many. A film that is alone gets all cores for
//! its inference, which then takes the shortest time. A film's result is the same to the last bit either way.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, TryLockError},
    thread,
};

use crate::model::{Findings, Hands, Input, Model, ModelError};

/// Films that a core takes through the model together, at most: more share the reading of the weights.
pub const TOGETHER: usize = 4;
/// Lines at most: each has a film's pixels and the network's maps in memory.
const MOST_LINES: usize = 16;

/// A model and the cores that it shares with the decoding of films.
#[derive(Debug)]
pub struct Cores {
    model: Arc<Model>,
    /// Read by each line that works on one core, written by one that has all of them.
    taken: RwLock<()>,
}

impl Cores {
    /// The cores for `model`.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        Self { model, taken: RwLock::new(()) }
    }

    /// Films that can be worked on at the same time: one on each core that the model may use, from 1 to 16.
    #[must_use]
    pub fn lines(&self) -> usize {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.model.threads().min(cores).clamp(1, MOST_LINES)
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// One core, for reading and decoding; waits while a film has all of them.
    pub fn one(&self) -> RwLockReadGuard<'_, ()> {
        self.taken.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// [`Model::infer_each`] on all cores if no other line is at work, else on one. The caller must hold none.
    pub fn infer_each(&self, inputs: &[Input]) -> Vec<Result<Findings, ModelError>> {
        match self.taken.try_write() {
            Ok(_all) => self.model.infer_each(inputs, Hands::All),
            Err(TryLockError::Poisoned(_all)) => self.model.infer_each(inputs, Hands::All),
            Err(TryLockError::WouldBlock) => {
                let _one = self.one();
                self.model.infer_each(inputs, Hands::One)
            }
        }
    }
}
