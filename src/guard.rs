//! A panic in words, for log and standard error. Panics of decoders and of the model are caught by
//! [`guarded`]: one costs its film, not the worker.

use std::{any::Any, panic::PanicHookInfo, thread};

pub use cxr_film::guard::{guarded, is_guarded};

/// The message of a panic that was caught, up to the first quotation mark, as in [`panic_in_words`].
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    unquoted(
        text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message"),
    )
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

/// The message up to the first quotation mark.
pub(crate) fn unquoted(message: &str) -> String {
    match message.split_once(['`', '"', '\'']) {
        Some((before, _)) => format!("{before}…"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn what_a_panic_quotes_is_not_repeated() {
        let name = String::from("DOÉ^JANE");
        let cut = std::panic::catch_unwind(|| name[..3].len()).unwrap_err();
        let message = cut.downcast_ref::<String>().unwrap();
        assert!(message.contains("JANE"), "std quotes what it cannot cut: {message}");
        assert!(!unquoted(message).contains("JAN"), "{}", unquoted(message));
        assert_eq!(unquoted("index out of bounds: the len is 3"), "index out of bounds: the len is 3");
    }
}
