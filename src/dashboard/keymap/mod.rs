//! Keys: their names, and which action each one stands for.

pub mod action;

use std::{fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use action::{ACTIONS, Action};

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
    ("backspace", "backspace", KeyCode::Backspace),
    ("delete", "delete", KeyCode::Delete),
    ("f1", "F1", KeyCode::F(1)),
];

/// A word that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a key; write one character, ctrl- or alt- and a character, or a name such as enter, pageup or f1"
)]
pub struct UnknownKeyError(String);

impl FromStr for Key {
    type Err = UnknownKeyError;

    fn from_str(word: &str) -> Result<Self, UnknownKeyError> {
        if let Some(&(_, _, code)) = NAMED.iter().find(|(name, ..)| *name == word) {
            return Ok(Self { code, modifiers: KeyModifiers::NONE });
        }
        for (prefix, modifier) in [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT)] {
            if let Some(rest) = word.strip_prefix(prefix) {
                let key: Self = rest.parse().map_err(|_| UnknownKeyError(word.to_owned()))?;
                return Ok(Self { modifiers: key.modifiers | modifier, ..key });
            }
        }
        let mut characters = word.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => {
                Ok(Self { code: KeyCode::Char(character), modifiers: KeyModifiers::NONE })
            }
            _ => Err(UnknownKeyError(word.to_owned())),
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

/// One key, or several one after the other: "d", "g g".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chord(Vec<Key>);

impl Chord {
    /// Its keys, one at least.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// Returns whether one begins with the other, so that they could not be told apart.
    fn collides(&self, other: &Self) -> bool {
        let shared = self.0.len().min(other.0.len());
        self.0[..shared] == other.0[..shared]
    }
}

impl FromStr for Chord {
    type Err = UnknownKeyError;

    fn from_str(words: &str) -> Result<Self, UnknownKeyError> {
        let keys: Vec<Key> = words.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(UnknownKeyError(words.to_owned())) } else { Ok(Self(keys)) }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, key) in self.0.iter().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            write!(formatter, "{gap}{key}")?;
        }
        Ok(())
    }
}

/// The meaning of the keys pressed so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// That action.
    Action(Action),
    /// Nothing yet: they begin longer ones.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Keys that a site wrote and that cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct KeymapError {
    /// The action's name, as it is written in the configuration.
    pub action: String,
    /// Whether the name itself is wrong, not its keys.
    pub is_name: bool,
    /// The mistake.
    pub message: String,
    /// The advice.
    pub help: String,
}

/// Which keys stand for which action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// The first chord of an action is the one to show first.
    chords: Vec<(Chord, Action)>,
}

impl Default for Keymap {
    fn default() -> Self {
        let chords = ACTIONS.iter().flat_map(|entry| {
            let chords = entry.keys.iter().filter_map(|words| words.parse::<Chord>().ok());
            chords.map(|chord| (chord, entry.action))
        });
        Self { chords: chords.collect() }
    }
}

impl Keymap {
    /// The table's keys, with those of a site in the place of each action that it names. An empty list
    /// takes an action's keys away.
    ///
    /// # Errors
    /// An unknown name, a word that is no key, or keys that stand for two actions.
    pub fn of_site<'a>(
        site: impl IntoIterator<Item = (&'a String, &'a Vec<String>)>,
    ) -> Result<Self, KeymapError> {
        let mut map = Self::default();
        let mut written: Vec<Action> = Vec::new();
        for (name, words) in site {
            let Some(entry) = ACTIONS.iter().find(|entry| entry.name == name) else {
                return Err(unknown(name));
            };
            map.chords.retain(|(_, action)| *action != entry.action);
            for word in words {
                let chord: Chord = word.parse().map_err(|error: UnknownKeyError| KeymapError {
                    action: name.clone(),
                    is_name: false,
                    message: error.to_string(),
                    help: format!("for example: {name} = \"{}\"", entry.keys[0]),
                })?;
                map.chords.push((chord, entry.action));
            }
            written.push(entry.action);
        }
        match map.conflict(&written) {
            Some(error) => Err(error),
            None => Ok(map),
        }
    }

    /// Two actions that the same keys stand for; reported for the one that the site wrote.
    fn conflict(&self, written: &[Action]) -> Option<KeymapError> {
        for (at, (chord, action)) in self.chords.iter().enumerate() {
            let rest = &self.chords[at + 1..];
            let Some((other_chord, other)) =
                rest.iter().find(|(other, by)| by != action && other.collides(chord))
            else {
                continue;
            };
            let (mine, theirs) = if written.contains(other) { (*other, *action) } else { (*action, *other) };
            let same = chord == other_chord;
            let message = if same {
                format!("`{chord}` stands for both `{}` and `{}`", mine.name(), theirs.name())
            } else {
                format!(
                    "`{chord}` of `{}` and `{other_chord}` of `{}` begin alike",
                    action.name(),
                    other.name()
                )
            };
            let help = format!("give one of them other keys: {} = \"…\"", theirs.name());
            return Some(KeymapError { action: mine.name().to_owned(), is_name: false, message, help });
        }
        None
    }

    /// Returns the meaning of keys pressed one after the other.
    #[must_use]
    pub fn meaning(&self, pressed: &[Key]) -> Meaning {
        let mut begun = self.chords.iter().filter(|(chord, _)| chord.keys().starts_with(pressed));
        match begun.next() {
            Some((chord, action)) if chord.keys().len() == pressed.len() => Meaning::Action(*action),
            Some(_) => Meaning::Prefix,
            None => Meaning::Nothing,
        }
    }

    /// Returns the action of one key alone, if it has one.
    #[must_use]
    pub fn action(&self, event: KeyEvent) -> Option<Action> {
        match self.meaning(&[Key::from(event)]) {
            Meaning::Action(action) => Some(action),
            Meaning::Prefix | Meaning::Nothing => None,
        }
    }

    /// The keys of an action, the ones to show first.
    pub fn keys(&self, action: Action) -> impl Iterator<Item = &Chord> {
        self.chords.iter().filter(move |(_, known)| *known == action).map(|(chord, _)| chord)
    }

    /// The first keys of an action as text; empty if it has none.
    #[must_use]
    pub fn shown(&self, action: Action) -> String {
        self.keys(action).next().map_or_else(String::new, ToString::to_string)
    }

    /// Returns the rest of each chord that the keys pressed so far begin, and its action.
    pub fn following<'a>(&'a self, pressed: &'a [Key]) -> impl Iterator<Item = (String, Action)> + 'a {
        let begun = self
            .chords
            .iter()
            .filter(|(chord, _)| chord.keys().len() > pressed.len() && chord.keys().starts_with(pressed));
        begun.map(|(chord, action)| (Chord(chord.keys()[pressed.len()..].to_vec()).to_string(), *action))
    }
}

fn unknown(name: &str) -> KeymapError {
    let nearness = |known: &str| strsim::normalized_damerau_levenshtein(name, known);
    let mut near: Vec<(f64, &str)> = ACTIONS.iter().map(|entry| (nearness(entry.name), entry.name)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<String> = near.iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
    KeymapError {
        action: name.to_owned(),
        is_name: true,
        message: format!("there is no action `{name}`"),
        help: format!("the nearest names are {}; docs/worklist.md has a table of all", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_known_and_stands_for_one_action() {
        let map = Keymap::default();
        for entry in ACTIONS {
            for words in entry.keys {
                let chord: Chord = words.parse().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
                assert_eq!(map.meaning(chord.keys()), Meaning::Action(entry.action), "`{words}`");
            }
        }
        assert_eq!(map.conflict(&[]), None);
    }

    fn site(lines: &[(&str, &[&str])]) -> Result<Keymap, KeymapError> {
        let lines: Vec<(String, Vec<String>)> = lines
            .iter()
            .map(|(name, words)| ((*name).to_owned(), words.iter().map(|w| (*w).to_owned()).collect()))
            .collect();
        Keymap::of_site(lines.iter().map(|(name, words)| (name, words)))
    }

    #[test]
    fn a_site_gives_actions_its_own_keys() {
        let map = site(&[("done", &["x", "g d"]), ("undo", &[])]).unwrap();
        let meaning = |words: &str| map.meaning(words.parse::<Chord>().unwrap().keys());
        for (words, expected) in [
            ("x", Meaning::Action(Action::Done)),
            ("g", Meaning::Prefix),
            ("g d", Meaning::Action(Action::Done)),
            ("g g", Meaning::Action(Action::First)),
            ("g x", Meaning::Nothing),
            ("d", Meaning::Nothing),
            ("u", Meaning::Nothing),
        ] {
            assert_eq!(meaning(words), expected, "{words}");
        }
        assert_eq!(map.shown(Action::Done), "x");
        let g: Vec<Key> = vec!["g".parse().unwrap()];
        let following: Vec<(String, Action)> = map.following(&g).collect();
        assert_eq!(following, [("g".to_owned(), Action::First), ("d".to_owned(), Action::Done)]);
    }

    #[test]
    fn keys_that_cannot_be_used_are_refused_with_what_to_do() {
        for (lines, message, help) in [
            (vec![("donne", vec!["x"])], "no action `donne`", "`done`"),
            (vec![("done", vec!["enterr"])], "`enterr` is not a key", "done ="),
            (vec![("done", vec!["space"])], "`space` stands for both `done` and `seen`", "seen ="),
            (vec![("done", vec!["x"]), ("undo", vec!["x"])], "both `undo` and `done`", "other keys"),
            (vec![("done", vec!["g"])], "begin alike", "first ="),
        ] {
            let lines: Vec<(&str, &[&str])> =
                lines.iter().map(|(name, words)| (*name, words.as_slice())).collect();
            let error = site(&lines).unwrap_err();
            assert!(error.message.contains(message), "{}", error.message);
            assert!(error.help.contains(help), "{}", error.help);
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
