//! The person at the keys.

use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// The name of the person at the keys, shared by the threads that write it down.
#[derive(Clone)]
pub(super) struct Actor(Arc<Mutex<String>>);

impl Actor {
    pub(super) fn new(name: String) -> Self {
        Self(Arc::new(Mutex::new(name)))
    }

    pub(super) fn name(&self) -> String {
        lock(&self.0).clone()
    }

    pub(super) fn set(&self, name: String) {
        *lock(&self.0) = name;
    }
}
