//! A value that all workers read and one of them replaces.

use std::sync::{Arc, PoisonError, RwLock};

/// Rules and gates: a worker takes what is in force when it begins a film, and keeps it to that film's end.
#[derive(Debug)]
pub(super) struct Shared<T>(RwLock<Arc<T>>);

impl<T> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// Returns the value in force now.
    pub(super) fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a value into force from now on.
    pub(super) fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}
