//! The palette: any action by a few letters of its name or of what it does.

mod draw;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Frame, layout::Rect};

use crate::{
    dashboard::{
        keymap::action::{ACTIONS, Entry},
        state::{
            Handled, Panel, State,
            plugins::{self, Command},
        },
        widgets::Input,
    },
    study::PersonRole,
};

/// The open palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    input: Input,
    chosen: usize,
    /// The plugins' commands, as they were when it was opened.
    commands: Vec<Command>,
    /// The role of the person at the keys, likewise.
    role: Option<PersonRole>,
}

/// A line of the palette.
#[derive(Debug, Clone, Copy)]
pub enum PaletteLine<'a> {
    /// One of the program's actions.
    Action(&'static Entry),
    /// One of a plugin's commands.
    Command(&'a Command),
}

impl PaletteLine<'_> {
    /// The action's name, or the plugin's.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Action(entry) => entry.name,
            Self::Command(command) => &command.plugin,
        }
    }
}

impl Palette {
    pub(in crate::dashboard) fn open(state: &State) -> Self {
        Self { commands: plugins::commands(state).collect(), role: state.role(), ..Self::default() }
    }

    /// The line as it is typed.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The chosen line.
    #[must_use]
    pub fn chosen(&self) -> usize {
        self.chosen.min(self.lines().len().saturating_sub(1))
    }

    /// The actions and the plugins' commands that fit and are permitted, the best first.
    #[must_use]
    pub fn lines(&self) -> Vec<PaletteLine<'_>> {
        let typed = self.input.text();
        // A match in the description counts, but less.
        let rate = |name: &str, about: &str| fit(typed, name).max(fit(typed, about).map(|rate| rate - 40));
        let permitted = ACTIONS.iter().filter(|it| it.action.permission().is_given_to(self.role));
        let actions = permitted.filter_map(|it| Some((rate(it.name, it.about)?, PaletteLine::Action(it))));
        let commands = self
            .commands
            .iter()
            .filter_map(|it| Some((rate(&it.command.title, &it.plugin)?, PaletteLine::Command(it))));
        let mut rated: Vec<(i32, PaletteLine<'_>)> = actions.chain(commands).collect();
        // Stable: what fits as well stays in the order of the table.
        rated.sort_by_key(|(rate, _)| -rate);
        rated.into_iter().map(|(_, line)| line).collect()
    }
}

impl Panel for Palette {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Esc => return Handled::close(),
            KeyCode::Backspace if self.input.text().is_empty() => return Handled::close(),
            KeyCode::Enter => {
                return match self.lines().get(self.chosen()) {
                    Some(PaletteLine::Action(entry)) => Handled::act(entry.action),
                    Some(PaletteLine::Command(command)) => {
                        Handled::close_with(plugins::run(state, (*command).clone()))
                    }
                    None => Handled::close(),
                };
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
        Handled::stay()
    }

    fn paste(&mut self, _: &mut State, text: &str) {
        self.input.insert(text);
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, self, frame, area);
    }
}

/// Returns how well the letters typed fit a text, if they all stand in it in their order: letters that begin a
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
            let palette = Palette { input: Input::from(typed), ..Palette::default() };
            let lines = palette.lines();
            let found: Vec<&str> = lines.iter().map(PaletteLine::name).collect();
            if typed.is_empty() {
                assert_eq!(found.len(), ACTIONS.len());
            } else {
                assert_eq!(found.first(), Some(&name), "`{typed}` finds {found:?}");
            }
        }
        assert!(Palette { input: Input::from("xqzw"), ..Palette::default() }.lines().is_empty());
    }
}
