//! The question who is at the keys, where several people share an account.

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
};

/// The open question.
#[derive(Debug, Clone, Default)]
pub struct Who {
    input: Input,
}

impl Who {
    /// The name as it is typed.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }
}

impl State {
    /// Asks who is at the keys before anything else.
    #[must_use]
    pub fn asking_who(mut self) -> Self {
        self.open(Who::default());
        self
    }
}

impl Panel for Who {
    /// Without an answer the name stays what it was.
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        match event.code {
            KeyCode::Esc => return Handled::close(),
            KeyCode::Enter => {
                let name = crate::text::clean(self.input.text());
                if name.is_empty() || name == state.who {
                    return Handled::close();
                }
                state.who.clone_from(&name);
                return Handled::close_with(vec![Effect::Request(Request::Who(name))]);
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
