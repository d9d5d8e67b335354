//! A line of text that a person types.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::text::clean;

/// The most bytes, more than one line is for: a paste of a book stops here.
const LONGEST: usize = 500;

/// The text and where the next character goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    text: String,
    /// In bytes, always between two characters.
    cursor: usize,
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        let text = clean(text);
        Self { cursor: text.len(), text }
    }
}

impl Input {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where the next character goes, in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Puts text in at the cursor; what a terminal could not show is left out.
    pub fn insert(&mut self, text: &str) {
        // `clean` trims, and a space is a key like others.
        let shown: String = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| *c == ' ' || !clean(c.encode_utf8(&mut [0; 4])).is_empty())
            .collect();
        if self.text.len() + shown.len() <= LONGEST {
            self.text.insert_str(self.cursor, &shown);
            self.cursor += shown.len();
        }
    }

    /// Puts `text` in the place of some bytes, and the cursor behind it.
    pub fn replace(&mut self, range: std::ops::Range<usize>, text: &str) {
        if self.text.get(range.clone()).is_some() {
            self.text.replace_range(range.clone(), text);
            self.cursor = range.start + text.len();
        }
    }

    /// Takes a key that edits; `false` if it is none.
    pub fn key(&mut self, event: KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match event.code {
            KeyCode::Char('u') if control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('w') if control => {
                let from = self.word_before();
                self.text.drain(from..self.cursor);
                self.cursor = from;
            }
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char(character) if plain => self.insert(character.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => {
                let from = self.before();
                self.text.drain(from..self.cursor);
                self.cursor = from;
            }
            KeyCode::Delete => {
                let to = self.after();
                self.text.drain(self.cursor..to);
            }
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }

    fn word_before(&self) -> usize {
        let head = self.text[..self.cursor].trim_end();
        head.rfind(' ').map_or(0, |at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dashboard::keymap::Key;

    fn typed(keys: &str) -> Input {
        let mut input = Input::default();
        for word in keys.split_whitespace() {
            input.key(word.parse::<Key>().unwrap().into());
        }
        input
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        for (keys, text, cursor) in [
            ("a b c", "abc", 3),
            ("a ü left left x", "xaü", 1),
            ("a ü backspace", "a", 1),
            ("a b home delete", "b", 0),
            ("a space b c ctrl-w", "a ", 2),
            ("a b c left ctrl-u", "c", 0),
            ("a b ctrl-a x ctrl-e y", "xaby", 4),
            ("backspace delete left right", "", 0),
        ] {
            let input = typed(keys);
            assert_eq!((input.text(), input.cursor()), (text, cursor), "{keys}");
        }
    }

    #[test]
    fn what_would_drive_the_terminal_is_left_out() {
        let mut input = Input::default();
        input.insert("a\u{1b}[2J\n\u{202e}b");
        assert_eq!(input.text(), "a[2J b");
    }

    proptest! {
        #[test]
        fn the_cursor_always_stands_between_two_characters(
            keys in proptest::collection::vec(0_usize..9, 0..60), paste in "\\PC{0,8}",
        ) {
            let words = ["ä", "山", "space", "backspace", "delete", "left", "right", "ctrl-w", "home"];
            let mut input = Input::default();
            input.insert(&paste);
            for key in keys {
                input.key(words[key].parse::<Key>().unwrap().into());
                prop_assert!(input.text().is_char_boundary(input.cursor()));
            }
        }
    }
}
