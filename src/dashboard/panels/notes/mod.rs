//! The notes of the selected study, and a line to write one.

mod draw;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Frame, layout::Rect};

use crate::{
    dashboard::{
        message::Effect,
        state::{Handled, Panel, State},
        widgets::Input,
    },
    session::protocol::Request,
    store::StudyId,
};

/// The open notes.
#[derive(Debug, Clone)]
pub struct Notes {
    /// The study that they belong to, whatever arrives meanwhile.
    pub study: StudyId,
    input: Input,
}

impl Notes {
    pub(in crate::dashboard) fn open(study: StudyId) -> Self {
        Self { study, input: Input::default() }
    }

    /// The note that is being written.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }
}

impl Panel for Notes {
    fn key(&mut self, _: &mut State, event: KeyEvent) -> Handled {
        match event.code {
            KeyCode::Esc => return Handled::close(),
            KeyCode::Enter if self.input.text().trim().is_empty() => return Handled::close(),
            KeyCode::Enter => {
                let text = self.input.text().trim().to_owned();
                self.input = Input::default();
                return Handled::stay_with(vec![Effect::Request(Request::Note(self.study, text))]);
            }
            _ => {
                self.input.key(event);
            }
        }
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
