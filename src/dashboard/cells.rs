//! Text measured in the columns of a terminal, where a wide character takes two.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns how many columns the text takes.
#[must_use]
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text, or as much of its beginning as fits with an ellipsis.
#[must_use]
pub(super) fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut fitted = take(text, columns.saturating_sub(1)).to_owned();
    if columns > 0 {
        fitted.push('…');
    }
    fitted
}

/// As much of the text's end as fits with an ellipsis: for paths, whose end says most.
#[must_use]
pub(super) fn fit_end(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = text;
    while kept.width() + 1 > columns && !kept.is_empty() {
        kept = kept.char_indices().nth(1).map_or("", |(at, _)| &kept[at..]);
    }
    if columns == 0 { String::new() } else { format!("…{kept}") }
}

/// The longest beginning that takes at most so many columns.
fn take(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// The text broken between words into lines of at most `columns`; words that are longer are cut. What
/// does not fit into `lines` lines ends in an ellipsis.
#[must_use]
pub(super) fn wrap(text: &str, columns: usize, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && columns > 0 && wrapped.len() < lines {
        if wrapped.len() + 1 == lines {
            wrapped.push(fit(rest, columns));
            break;
        }
        let head = take(rest, columns);
        let at_word = if head.len() == rest.len() || rest[head.len()..].starts_with(' ') {
            head.len()
        } else {
            head.rfind(' ').unwrap_or(head.len())
        };
        // A character wider than the whole line would never be taken: give up rather than loop.
        if at_word == 0 {
            break;
        }
        wrapped.push(rest[..at_word].trim_end().to_owned());
        rest = rest[at_word..].trim_start();
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_cut_by_columns_not_by_characters() {
        for (text, columns, shown) in [
            ("Doe, Jane", 9, "Doe, Jane"),
            ("Doe, Jane", 6, "Doe, …"),
            ("山田 太郎", 9, "山田 太郎"),
            ("山田 太郎", 6, "山田 …"),
            ("山田 太郎", 4, "山…"),
            ("x", 0, ""),
        ] {
            assert_eq!(fit(text, columns), shown, "{text} in {columns}");
        }
        assert_eq!(fit_end("/data/inbox/film.png", 9), "…film.png");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7, 3), ["one two", "three"]);
        assert_eq!(wrap("one two three four", 7, 2), ["one two", "three …"]);
        assert_eq!(wrap("unbreakable", 5, 3), ["unbre", "akabl", "e"]);
        assert_eq!(wrap("", 5, 3), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn nothing_is_ever_wider_than_its_place(text in "\\PC{0,40}", columns in 0_usize..30) {
            prop_assert!(width(&fit(&text, columns)) <= columns);
            prop_assert!(width(&fit_end(&text, columns)) <= columns.max(1));
            for line in wrap(&text, columns, 4) {
                prop_assert!(width(&line) <= columns);
            }
        }
    }
}
