//! A mistake in the configuration: where it is, what it is, what to do.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use unicode_width::UnicodeWidthStr;

use crate::text::{clean, shortened};

/// A mistake in the configuration, or a file that cannot be read. All of it is safe to show.
///
/// Its `Display` is the whole of it, without colour:
///
/// ```text
/// cxr-triage.toml:12:9: threshold `alert` is 1.4, but a probability lies between 0 and 1
///    |
/// 12 | alert = 1.4
///    |         ^^^
/// help: write a number such as 0.4
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file; none if the text came from none.
    pub path: Option<PathBuf>,
    /// The line, from 1; none if the whole file is meant.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// The mistake, in one line.
    pub message: String,
    /// The remedy, in one line.
    pub help: Option<String>,
    /// The line that is wrong.
    pub excerpt: Option<Box<Excerpt>>,
}

/// A line of the file, with the part that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, each character that a terminal could not show replaced by a space; of a long line 200 characters.
    pub text: String,
    /// Cells of a terminal before the part that is meant.
    pub indent: usize,
    /// Cells of the part that is meant, at least 1.
    pub width: usize,
}

/// Characters of a line that are shown at most.
const LONGEST_LINE: usize = 200;
/// Characters of a message, which may quote a value.
const LONGEST_MESSAGE: usize = 600;

impl ConfigError {
    /// A mistake that no line can be blamed for.
    pub(crate) fn of_file(path: Option<&Path>, message: &str, help: Option<&str>) -> Self {
        Self {
            path: path.map(Path::to_owned),
            line: None,
            column: None,
            message: shortened(&clean(message), LONGEST_MESSAGE),
            help: help.map(|help| shortened(&clean(help), LONGEST_MESSAGE)),
            excerpt: None,
        }
    }

    /// A mistake at `span`, bytes of `text`.
    pub(crate) fn at(
        path: Option<&Path>,
        text: &str,
        span: Range<usize>,
        message: &str,
        help: Option<&str>,
    ) -> Self {
        let start = floor_char_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let end = floor_char_boundary(text, span.end).clamp(start, line_end);
        let excerpt = Excerpt::of(&text[line_start..start], &text[start..end], &text[end..line_end]);
        Self {
            line: Some(text[..line_start].matches('\n').count() + 1),
            column: Some(text[line_start..start].chars().count() + 1),
            excerpt: Some(Box::new(excerpt)),
            ..Self::of_file(path, message, help)
        }
    }

    /// Message and help in one line, with the line's number if there is one: for a message line.
    #[must_use]
    pub fn short(&self) -> String {
        let place = self.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let help = self.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{place}{}{help}", self.message)
    }
}

impl Excerpt {
    /// A line in the three parts before, at and after what is meant; of a long line what lies around that.
    fn of(before: &str, meant: &str, after: &str) -> Self {
        let meant: String = meant.chars().take(LONGEST_LINE).collect();
        let room = LONGEST_LINE - meant.chars().count();
        // Half of the room before it; what one side does not need is the other's.
        let after_wants = after.trim_end().chars().count();
        let before_gets = room.saturating_sub(after_wants.min(room / 2)).min(before.chars().count());
        let skipped = before.chars().count() - before_gets;
        let before: String = before.chars().skip(skipped).collect();
        let before = if skipped > 0 { format!("…{}", printable(&before)) } else { printable(&before) };
        let after_gets = room - before_gets;
        let more = if after_wants > after_gets { "…" } else { "" };
        let after: String = after.chars().take(after_gets).collect();
        let text = format!("{before}{}{}", printable(&meant), printable(&after));
        Self {
            text: format!("{}{more}", text.trim_end()),
            indent: before.width(),
            width: printable(&meant).width().max(1),
        }
    }
}

/// Character for character, so that columns stay where they are; `clean` decides what may be shown.
fn printable(line: &str) -> String {
    let shown = |c: char| if clean(c.encode_utf8(&mut [0; 4])).is_empty() { ' ' } else { c };
    line.chars().map(shown).collect()
}

fn floor_char_boundary(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0)
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}", clean(&path.to_string_lossy()))?,
            None => f.write_str("configuration")?,
        }
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        if let (Some(line), Some(excerpt)) = (self.line, &self.excerpt) {
            let number = line.to_string();
            let gutter = " ".repeat(number.len());
            let caret = format!("{}{}", " ".repeat(excerpt.indent), "^".repeat(excerpt.width));
            write!(f, "\n{gutter} |\n{number} | {}\n{gutter} | {caret}", excerpt.text)?;
        }
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str, span: Range<usize>) -> ConfigError {
        ConfigError::at(Some(Path::new("c.toml")), text, span, "this is wrong", Some("do that"))
    }

    #[test]
    fn the_caret_stands_under_what_is_meant() {
        let text = "first = 1\n\talert = 1.4 # 1.4\nlast = 2\n";
        let expected =
            "c.toml:2:10: this is wrong\n  |\n2 |  alert = 1.4 # 1.4\n  |          ^^^\nhelp: do that";
        assert_eq!(at(text, 19..22).to_string(), expected);
    }

    #[test]
    fn columns_count_characters_and_carets_count_cells() {
        // Each of the two characters takes three bytes and two cells.
        let error = at("\"胸部\" = x", 11..12);
        assert_eq!((error.line, error.column), (Some(1), Some(8)));
        let excerpt = error.excerpt.unwrap();
        assert_eq!((excerpt.indent, excerpt.width), (9, 1));
    }

    #[test]
    fn of_a_long_line_200_characters_around_the_mistake_are_shown() {
        let value = "x".repeat(150);
        // text before, what is wrong, text after
        for (before, wrong, after) in [
            (String::new(), "BAD", "y".repeat(5_000)),
            ("x".repeat(5_000), "BAD", String::new()),
            ("胸".repeat(5_000), "BAD", "y".repeat(5_000)),
            ("w".repeat(5_000), value.as_str(), "y".repeat(5_000)),
            ("x".repeat(190), "BAD", "yyy".to_owned()),
            (String::new(), "BAD", String::new()),
        ] {
            let text = format!("a = 1\n{before}{wrong}{after}\nb = 2");
            let excerpt = at(&text, 6 + before.len()..6 + before.len() + wrong.len()).excerpt.unwrap();
            let plain = excerpt.text.trim_matches('…');
            assert!(plain.chars().count() <= 200, "{}", excerpt.text);
            let cells_before = |text: &str| text.width();
            let place = excerpt.text.find(wrong).unwrap();
            assert_eq!(cells_before(&excerpt.text[..place]), excerpt.indent, "{}", excerpt.text);
            assert_eq!(excerpt.width, wrong.len());
            let whole = before.chars().count() + wrong.len() + after.len() <= 200;
            assert_eq!(excerpt.text.contains('…'), !whole, "{}", excerpt.text);
        }
        let long = at(&format!("a = \"{}\"", "z".repeat(100_000)), 4..100_006);
        assert!(long.to_string().len() < 2_000, "{}", long.to_string().len());
        assert!(ConfigError::of_file(None, &"m".repeat(9_000), None).message.len() < 700);
    }

    #[test]
    fn what_would_drive_the_terminal_is_not_shown() {
        let error = at("a = \"\u{1b}[2J\u{202e}\"", 4..12);
        assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']), "{error:?}");
    }

    #[test]
    fn a_message_line_says_where_what_and_what_to_do() {
        assert_eq!(at("a\nb", 2..3).short(), "line 2: this is wrong (do that)");
        assert_eq!(ConfigError::of_file(None, "gone", None).short(), "gone");
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_can_be_pointed_at(text in "(?s).{0,40}", start in 0..200_usize, length in 0..50_usize) {
            let error = at(&text, start..start + length);
            let line = error.line.unwrap();
            prop_assert!(line >= 1 && line <= text.matches('\n').count() + 1);
            prop_assert!(error.to_string().contains("this is wrong"));
        }
    }
}
