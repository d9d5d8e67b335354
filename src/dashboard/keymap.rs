//! Keys: their names, and which action each one stands for.

use std::{collections::HashMap, fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action};

/// A key with its modifiers. Shift is part of the character itself ("G"), as terminals send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        // Terminals disagree on whether a capital letter or a back-tab also carries the shift.
        let told_by_code = matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab);
        let ignored = if told_by_code { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
        Self { code: event.code, modifiers: event.modifiers - ignored }
    }
}

impl From<Key> for KeyEvent {
    fn from(key: Key) -> Self {
        Self::new(key.code, key.modifiers)
    }
}

/// The keys that have a name instead of a character, and what the footer shows for them.
const NAMED: &[(&str, &str, KeyCode)] = &[
    ("up", "↑", KeyCode::Up),
    ("down", "↓", KeyCode::Down),
    ("left", "←", KeyCode::Left),
    ("right", "→", KeyCode::Right),
    ("pageup", "PgUp", KeyCode::PageUp),
    ("pagedown", "PgDn", KeyCode::PageDown),
    ("home", "Home", KeyCode::Home),
    ("end", "End", KeyCode::End),
    ("enter", "enter", KeyCode::Enter),
    ("esc", "esc", KeyCode::Esc),
    ("tab", "tab", KeyCode::Tab),
    ("shift-tab", "shift-tab", KeyCode::BackTab),
    ("space", "space", KeyCode::Char(' ')),
    ("f1", "F1", KeyCode::F(1)),
];

/// A word that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a key; write one character, ctrl- or alt- and a character, or a name such as enter, pageup or f1"
)]
pub struct UnknownKey(String);

impl FromStr for Key {
    type Err = UnknownKey;

    fn from_str(word: &str) -> Result<Self, UnknownKey> {
        if let Some(&(_, _, code)) = NAMED.iter().find(|(name, ..)| *name == word) {
            return Ok(Self { code, modifiers: KeyModifiers::NONE });
        }
        for (prefix, modifier) in [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT)] {
            if let Some(rest) = word.strip_prefix(prefix) {
                let key: Self = rest.parse().map_err(|_| UnknownKey(word.to_owned()))?;
                return Ok(Self { modifiers: key.modifiers | modifier, ..key });
            }
        }
        let mut characters = word.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => {
                Ok(Self { code: KeyCode::Char(character), modifiers: KeyModifiers::NONE })
            }
            _ => Err(UnknownKey(word.to_owned())),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, prefix) in [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-")] {
            if self.modifiers.contains(modifier) {
                formatter.write_str(prefix)?;
            }
        }
        match (NAMED.iter().find(|(_, _, code)| *code == self.code), self.code) {
            (Some((_, shown, _)), _) => formatter.write_str(shown),
            (None, KeyCode::Char(character)) => write!(formatter, "{character}"),
            (None, other) => write!(formatter, "{other}"),
        }
    }
}

/// Which key stands for which action.
#[derive(Debug, Clone)]
pub struct Keymap {
    keys: HashMap<Key, Action>,
    shown: HashMap<Action, Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut map = Self { keys: HashMap::new(), shown: HashMap::new() };
        for entry in ACTIONS {
            for key in entry.keys.iter().filter_map(|word| word.parse::<Key>().ok()) {
                map.keys.insert(key, entry.action);
                map.shown.entry(entry.action).or_default().push(key);
            }
        }
        map
    }
}

impl Keymap {
    /// What the key does, if anything.
    #[must_use]
    pub fn action(&self, event: KeyEvent) -> Option<Action> {
        self.keys.get(&Key::from(event)).copied()
    }

    /// The keys of an action, the one to show first.
    #[must_use]
    pub fn keys(&self, action: Action) -> &[Key] {
        self.shown.get(&action).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_known_and_stands_for_one_action() {
        let map = Keymap::default();
        for entry in ACTIONS {
            for word in entry.keys {
                let key: Key = word.parse().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
                assert_eq!(map.keys[&key], entry.action, "`{word}` stands for two actions");
            }
        }
    }

    #[test]
    fn keys_are_recognised_as_terminals_send_them() {
        for (word, code, modifiers) in [
            ("G", KeyCode::Char('G'), KeyModifiers::SHIFT),
            ("G", KeyCode::Char('G'), KeyModifiers::NONE),
            ("?", KeyCode::Char('?'), KeyModifiers::SHIFT),
            ("shift-tab", KeyCode::BackTab, KeyModifiers::SHIFT),
            ("ctrl-c", KeyCode::Char('c'), KeyModifiers::CONTROL),
            ("space", KeyCode::Char(' '), KeyModifiers::NONE),
        ] {
            assert_eq!(word.parse(), Ok(Key::from(KeyEvent::new(code, modifiers))), "{word}");
        }
    }

    #[test]
    fn a_word_that_is_no_key_is_refused() {
        for word in ["", "ctrl-", "hyper-x", "enterr"] {
            assert!(word.parse::<Key>().is_err(), "{word:?}");
        }
    }
}
