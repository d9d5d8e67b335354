//! The person at the keys.

use std::sync::{Arc, Mutex, PoisonError};

/// The name of the person at the keys, shared by the threads that write it down.
#[derive(Clone)]
pub(super) struct Actor(Arc<Mutex<String>>);

impl Actor {
    pub(super) fn new(name: String) -> Self {
        Self(Arc::new(Mutex::new(name)))
    }

    pub(super) fn name(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, name: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }
}
