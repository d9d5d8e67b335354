//! Text from outside is hostile: it may carry escape sequences that drive a terminal, or pretend to
//! be a path. Everything that comes out of a file passes through here before it is shown, logged or
//! stored.
//!
//! - [`clean`] makes a text harmless, [`shown`] a path.
//! - [`Writer`] lets nothing else out: standard output, standard error and the log are written through it.
//! - [`json`] writes JSON in which what is not harmless is escaped.
//! - [`causes`] says what brought an error about, for the log.
//! - [`long_time`] and [`size`] say amounts in words.
//! - [`unnamed`] stands for a path where no patient's name may be.

mod amounts;
mod causes;
pub mod json;
mod path;
mod redact;
mod writer;

pub use amounts::{long_time, process_number, size};
pub use causes::causes;
pub use cxr_film::text::{clean, harmless};
pub use path::{file_name, shown, unnamed};
pub use redact::Secrets;
pub use writer::Writer;

/// The text, cut to at most so many characters, with an ellipsis in place of the rest.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        for (text, most, cut) in [("short", 5, "short"), ("longer", 5, "longe…"), ("胸部正面", 2, "胸部…")]
        {
            assert_eq!(shortened(text, most), cut);
        }
    }
}
