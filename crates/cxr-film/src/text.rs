//! Harmless text: what a file says may carry escape sequences that drive a terminal, or characters that deceive a
//! reader. All text of a [`Header`](crate::Header) has been [cleaned](clean).

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
    use super::clean;

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
}
