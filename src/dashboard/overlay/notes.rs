//! The notes of the selected study, and a line to write one.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Input, Overlay, Turn};
use crate::{
    dashboard::{Request, State, update::Effect},
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

    /// What is being written.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.input.insert(text);
    }

    pub(super) fn key(mut self, _: &mut State, event: KeyEvent) -> Turn {
        match event.code {
            KeyCode::Esc => return (None, Vec::new()),
            KeyCode::Enter if self.input.text().trim().is_empty() => return (None, Vec::new()),
            KeyCode::Enter => {
                let text = self.input.text().trim().to_owned();
                self.input = Input::default();
                let request = Effect::Request(Request::Note(self.study, text));
                return (Some(Overlay::Notes(self)), vec![request]);
            }
            _ => {
                self.input.key(event);
            }
        }
        (Some(Overlay::Notes(self)), Vec::new())
    }
}
