//! Text from outside is hostile: it may carry escape sequences that drive a terminal, or pretend to
//! be a path. Everything that comes out of a file passes through here before it is shown, logged or
//! stored.
//!
//! - [`clean`] makes a text harmless, [`shown`] a path.
//! - [`Writer`] lets nothing else out: standard output, standard error and the log are written through it.
//! - [`json`] writes JSON in which what is not harmless is escaped.
//! - [`causes`] says what brought an error about, for the log.
//! - [`unnamed`] stands for a path where no patient's name may be.

mod causes;
pub mod json;
mod path;
mod redact;
mod writer;

pub use causes::causes;
pub use path::{file_name, shown, unnamed};
pub use redact::Secrets;
pub use writer::Writer;

/// Replaces control characters (C0, DEL, C1), bidirectional overrides and zero-width characters by
/// nothing, and line breaks and tabs by one space; trims the ends.
#[must_use]
pub fn clean(text: &str) -> String {
    let cleaned: String = text.chars().filter_map(harmless).collect();
    cleaned.trim().to_owned()
}

/// The character as a terminal may get it: itself, a space for what breaks a line, or nothing.
#[must_use]
pub fn harmless(character: char) -> Option<char> {
    match character {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() || is_invisible(c) => None,
        c => Some(c),
    }
}

/// The text, cut to at most so many characters, with an ellipsis in place of the rest.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Format characters that change how their neighbours are shown without being seen themselves, and letters
/// that are drawn as nothing.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::{clean, shortened};

    #[test]
    fn escape_sequences_lose_their_teeth() {
        for (raw, shown) in [
            ("DOE^JANE", "DOE^JANE"),
            ("\u{1b}[2JDOE", "[2JDOE"),
            ("a\u{9b}31mb", "a31mb"),
            ("two\nlines\tand a tab", "two lines and a tab"),
            ("two\u{2028}lines\u{2029}more", "two lines more"),
            ("\u{202e}evil", "evil"),
            ("isolated\u{2066}", "isolated"),
            ("  padded \0", "padded"),
            ("山田^太郎", "山田^太郎"),
        ] {
            assert_eq!(clean(raw), shown, "{raw:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        for (text, most, cut) in [("short", 5, "short"), ("longer", 5, "longe…"), ("胸部正面", 2, "胸部…")]
        {
            assert_eq!(shortened(text, most), cut);
        }
    }
}
