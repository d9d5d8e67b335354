//! The line that a filter is typed into. The list follows every character; while what stands there
//! cannot be understood, it stays as it was and the mistake is shown.

mod draw;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Frame, layout::Rect};

use crate::{
    dashboard::{
        state::{Handled, Panel, State, plugins},
        widgets::Input,
        worklist::{Column, Completion, begins_a_field, complete},
    },
    study::Attribute,
};

/// How many completions are offered at once.
const OFFERED: usize = 6;

/// The open line.
#[derive(Debug, Clone)]
pub struct FilterLine {
    input: Input,
    /// The filter before, which esc brings back.
    before: String,
    /// The completions that tab offers now, and which of them stands in the line.
    tabs: Option<(Vec<Completion>, usize)>,
}

impl FilterLine {
    pub(in crate::dashboard) fn open(text: &str) -> Self {
        Self { input: Input::from(text), before: text.to_owned(), tabs: None }
    }

    /// The line as it is typed.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Returns the completions that tab would write.
    #[must_use]
    pub fn offers(&self, state: &State) -> Vec<Completion> {
        match &self.tabs {
            Some((offers, _)) => offers.clone(),
            None => self.complete(state),
        }
    }

    fn complete(&self, state: &State) -> Vec<Completion> {
        let values = |field: &str| known_values(state, field);
        complete(self.input.text(), self.input.cursor(), OFFERED, values)
    }

    /// Lets the list follow.
    fn follow(&self, state: &mut State) {
        state.set_typed_filter(self.input.text());
        self.spare(state);
    }

    /// A word that may become the name of a field ("sta" of "status:new") must not empty the list on the
    /// way there.
    fn spare(&self, state: &mut State) {
        let text = self.input.text();
        let (before, last) = text.rsplit_once(' ').unwrap_or(("", text));
        if !state.worklist.is_unfinished() && state.worklist.is_empty() && begins_a_field(last) {
            state.set_typed_filter(before);
        }
    }

    /// Writes the next completion in the place of the last one.
    fn tab(&mut self, state: &State, by: isize) {
        let (offers, at) = match self.tabs.take() {
            Some((offers, at)) => {
                let count = offers.len().max(1).cast_signed();
                let next = (at.cast_signed() + by).rem_euclid(count).unsigned_abs();
                (offers, next)
            }
            None => (self.complete(state), 0),
        };
        let Some(offer) = offers.get(at) else { return };
        self.input.replace(offer.at.start..self.input.cursor(), &offer.text);
        // A single one is final: the next tab completes what comes after it.
        self.tabs = (offers.len() > 1).then_some((offers, at));
    }
}

impl Panel for FilterLine {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        match event.code {
            KeyCode::Esc => {
                state.set_typed_filter(&self.before);
                return Handled::close();
            }
            KeyCode::Enter => {
                state.set_typed_filter(self.input.text());
                return Handled::close();
            }
            KeyCode::Backspace if self.input.text().is_empty() => return Handled::close(),
            KeyCode::Up => move_by(state, -1),
            KeyCode::Down => move_by(state, 1),
            KeyCode::Tab => self.tab(state, 1),
            KeyCode::BackTab => self.tab(state, -1),
            _ => {
                if self.input.key(event) {
                    self.tabs = None;
                }
            }
        }
        self.follow(state);
        Handled::stay()
    }

    fn paste(&mut self, state: &mut State, text: &str) {
        self.input.insert(text);
        self.tabs = None;
        state.set_typed_filter(self.input.text());
    }

    fn is_filter(&self) -> bool {
        true
    }

    fn list_is_whole(&mut self, state: &mut State) {
        self.spare(state);
    }

    fn area(&self, state: &State) -> Rect {
        state.list_layout().map_or(Rect::ZERO, |list| list.prompt)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, self, frame, area);
    }
}

fn move_by(state: &mut State, by: isize) {
    state.worklist.finish();
    state.worklist.move_by(by);
}

/// The words that stand in the list for a field, the most frequent first.
fn known_values(state: &State, field: &str) -> Vec<String> {
    let column = match field {
        "finding" | "top" => Column::Finding,
        "view" => Column::View,
        "model" => Column::Model,
        "by" => Column::By,
        "tag" => Column::Tags,
        "plugin" => return plugins::filters(state),
        word => match Attribute::from_word(word) {
            Some(attribute) => Column::Attribute(attribute),
            None => return Vec::new(),
        },
    };
    state.worklist.frequent(column)
}
