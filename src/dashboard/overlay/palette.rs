//! The palette: any action by a few letters of its name or of what it does.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Input, Overlay, Turn};
use crate::dashboard::{
    State,
    action::{ACTIONS, Entry},
    update,
};

/// The open palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    input: Input,
    chosen: usize,
}

impl Palette {
    /// What was typed.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The chosen line.
    #[must_use]
    pub fn chosen(&self) -> usize {
        self.chosen.min(self.found().len().saturating_sub(1))
    }

    /// The actions that fit, the best first.
    #[must_use]
    pub fn found(&self) -> Vec<&'static Entry> {
        let mut rated: Vec<(i32, &Entry)> = ACTIONS
            .iter()
            .filter_map(|entry| {
                let by_name = fit(self.input.text(), entry.name);
                // A match in the description counts, but less.
                let by_about = fit(self.input.text(), entry.about).map(|rate| rate - 40);
                by_name.max(by_about).map(|rate| (rate, entry))
            })
            .collect();
        // Stable: what fits as well stays in the order of the table.
        rated.sort_by_key(|(rate, _)| -rate);
        rated.into_iter().map(|(_, entry)| entry).collect()
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.input.insert(text);
    }

    pub(super) fn key(mut self, state: &mut State, event: KeyEvent) -> Turn {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Esc => return (None, Vec::new()),
            KeyCode::Backspace if self.input.text().is_empty() => return (None, Vec::new()),
            KeyCode::Enter => {
                let entry = self.found().get(self.chosen()).copied();
                return (None, entry.map_or_else(Vec::new, |entry| update::act(state, entry.action)));
            }
            KeyCode::Up => self.chosen = self.chosen().saturating_sub(1),
            KeyCode::Char('p') if control => self.chosen = self.chosen().saturating_sub(1),
            KeyCode::Down | KeyCode::Tab => self.chosen += 1,
            KeyCode::Char('n') if control => self.chosen += 1,
            _ => {
                if self.input.key(event) {
                    self.chosen = 0;
                }
            }
        }
        self.chosen = self.chosen();
        (Some(Overlay::Palette(self)), Vec::new())
    }
}

/// How well the letters typed fit a text, if they all stand in it in their order: letters that begin a
/// word or follow each other count more, and a short text more than a long one.
fn fit(typed: &str, text: &str) -> Option<i32> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut rate = 0;
    let mut next = 0;
    for wanted in typed.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let begins = |at: usize| at == 0 || !text[at - 1].is_alphanumeric();
        let candidates = || (next..text.len()).filter(|&at| text[at] == wanted);
        let follows = next > 0 && text.get(next) == Some(&wanted);
        let at = if follows { next } else { candidates().find(|&at| begins(at)).or(candidates().next())? };
        rate += if follows || begins(at) { 10 } else { 1 };
        next = at + 1;
    }
    Some(rate * 10 - i32::try_from(text.len()).unwrap_or(i32::MAX).min(99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_the_action_that_is_meant() {
        for (typed, name) in [
            ("", ACTIONS[0].name),
            ("heat", "heatmap"),
            ("nfi", "next-film"),
            ("Quit", "quit"),
            ("redr", "redraw"),
            ("worst", "first"),
            ("take back", "undo"),
        ] {
            let palette = Palette { input: Input::from(typed), chosen: 0 };
            let found: Vec<&str> = palette.found().iter().map(|entry| entry.name).collect();
            if typed.is_empty() {
                assert_eq!(found.len(), ACTIONS.len());
            } else {
                assert_eq!(found.first(), Some(&name), "`{typed}` finds {found:?}");
            }
        }
        assert!(Palette { input: Input::from("xqzw"), chosen: 0 }.found().is_empty());
    }
}
