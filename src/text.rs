//! Text from outside is hostile: it may carry escape sequences that drive a terminal, or pretend to
//! be a path. Everything that comes out of a file passes through here before it is shown, logged or
//! stored.

/// Replaces control characters (C0, DEL, C1), bidirectional overrides and zero-width characters by
/// nothing, and line breaks and tabs by one space; trims the ends.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' | '\n' | '\r' => cleaned.push(' '),
            c if c.is_control() || is_invisible(c) => {}
            c => cleaned.push(c),
        }
    }
    cleaned.trim().to_owned()
}

/// Format characters that change how their neighbours are shown without being seen themselves.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
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
            ("\u{202e}evil", "evil"),
            ("  padded \0", "padded"),
            ("山田^太郎", "山田^太郎"),
        ] {
            assert_eq!(clean(raw), shown, "{raw:?}");
        }
    }
}
