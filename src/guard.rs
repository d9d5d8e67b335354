//! Decoders run on bytes from outside and some of them panic on bad ones (dicom-rs and image alike):
//! a panic there is a property of the file, not of us. A panic in the model costs one film, not the line.

use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind},
    thread,
};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside work whose panics are caught. A panic hook (the dashboard's
/// restores the terminal) asks this to leave such a panic alone.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// The message of a panic that was caught, up to the first quotation mark, as in [`panic_in_words`].
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    unquoted(
        text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message"),
    )
}

/// Runs `work`; `None` if it panicked.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let outer = GUARDED.replace(true);
    // What the closure touched is thrown away with it, so no broken invariant can be seen later.
    let outcome = catch_unwind(AssertUnwindSafe(work)).ok();
    GUARDED.set(outer);
    outcome
}

/// A panic for log and standard error: its thread, its place, and its message up to the first quotation mark, for
/// what is quoted there may be a patient's name.
#[must_use]
pub fn panic_in_words(info: &PanicHookInfo<'_>) -> String {
    let thread = thread::current().name().unwrap_or("without a name").to_owned();
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let message = info.payload_as_str().map(unquoted).unwrap_or_default();
    format!("the thread `{thread}` panicked at {place}: {message}")
}

fn unquoted(message: &str) -> String {
    match message.split_once(['`', '"', '\'']) {
        Some((before, _)) => format!("{before}…"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{guarded, is_guarded, unquoted};

    #[test]
    fn what_a_panic_quotes_is_not_repeated() {
        let name = String::from("DOÉ^JANE");
        let cut = std::panic::catch_unwind(|| name[..3].len()).unwrap_err();
        let message = cut.downcast_ref::<String>().unwrap();
        assert!(message.contains("JANE"), "std quotes what it cannot cut: {message}");
        assert!(!unquoted(message).contains("JAN"), "{}", unquoted(message));
        assert_eq!(unquoted("index out of bounds: the len is 3"), "index out of bounds: the len is 3");
    }

    #[test]
    fn a_panic_inside_is_an_answer_and_the_flag_falls_back() {
        assert_eq!(guarded(|| 7), Some(7));
        assert!(guarded(is_guarded).unwrap());
        let broken: Option<u32> = guarded(|| "not a number".parse::<u32>().unwrap());
        assert_eq!(broken, None);
        assert!(!is_guarded());
    }
}
