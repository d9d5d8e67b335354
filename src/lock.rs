//! Locks that outlive a panic of whoever holds them.
//!
//! Panics of decoders and models are caught, and threads that end are started again: the others go on with what the lock
//! protects, which is whole between any two statements that change it.

use std::sync::{LockResult, Mutex, MutexGuard, PoisonError};

/// Takes the lock, also after a thread has panicked with it.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    unpoisoned(mutex.lock())
}

/// Returns what a lock, or a wait that releases one meanwhile, gives, also after a thread has panicked with the lock.
pub(crate) fn unpoisoned<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_lock_is_taken_after_a_panic_with_it() {
        let mutex = Mutex::new(1);
        let panics = || {
            let mut held = lock(&mutex);
            *held = 2;
            assert_eq!(*held, 1, "a test's");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(mutex.is_poisoned());
        assert_eq!(*lock(&mutex), 2);
    }
}
