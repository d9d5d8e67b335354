//! Who is at the keys, where several people share an account.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Input, Overlay, Turn};
use crate::dashboard::{Request, State, update::Effect};

/// The open question.
#[derive(Debug, Clone, Default)]
pub struct Who {
    input: Input,
}

impl Who {
    /// What is being typed.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.input.insert(text);
    }

    /// Without an answer the name stays what it was.
    pub(super) fn key(mut self, state: &mut State, event: KeyEvent) -> Turn {
        match event.code {
            KeyCode::Esc => return (None, Vec::new()),
            KeyCode::Enter => {
                let name = crate::text::clean(self.input.text());
                if name.is_empty() || name == state.who {
                    return (None, Vec::new());
                }
                state.who.clone_from(&name);
                return (None, vec![Effect::Request(Request::Who(name))]);
            }
            _ => {
                self.input.key(event);
            }
        }
        (Some(Overlay::Who(self)), Vec::new())
    }
}
