//! Panics of decoders as answers. Decoders run on bytes from outside, and some of them panic on bad ones (dicom-rs and
//! image alike): a panic there is a property of the file.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this thread is inside work whose panics are caught. A panic hook (one that restores a terminal, say) asks
/// this to leave such a panic alone.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs `work`; `None` if it panicked.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let outer = GUARDED.replace(true);
    // What the closure touched is thrown away with it, so no broken invariant can be seen later.
    let outcome = catch_unwind(AssertUnwindSafe(work)).ok();
    GUARDED.set(outer);
    outcome
}

#[cfg(test)]
mod tests {
    use super::{guarded, is_guarded};

    #[test]
    fn a_panic_inside_is_an_answer_and_the_flag_falls_back() {
        assert_eq!(guarded(|| 7), Some(7));
        assert!(guarded(is_guarded).unwrap());
        let broken: Option<u32> = guarded(|| "not a number".parse::<u32>().unwrap());
        assert_eq!(broken, None);
        assert!(!is_guarded());
    }
}
