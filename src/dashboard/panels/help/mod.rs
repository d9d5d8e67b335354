//! The help: scrolls and closes.

mod draw;

use crossterm::event::KeyEvent;
use ratatui::{Frame, layout::Rect};

use crate::dashboard::{
    keymap::action::Action,
    state::{Handled, Panel, State},
};

/// The open help.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Help {
    /// Lines that are scrolled out of sight above.
    pub scrolled: u16,
}

impl Panel for Help {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let hidden = draw::hidden_lines(state);
        match state.keymap.action(event) {
            Some(Action::Up) => self.scrolled = self.scrolled.min(hidden).saturating_sub(1),
            Some(Action::Down) => self.scrolled = (self.scrolled + 1).min(hidden),
            Some(Action::PageUp) => self.scrolled = self.scrolled.min(hidden).saturating_sub(10),
            Some(Action::PageDown) => self.scrolled = (self.scrolled + 10).min(hidden),
            Some(Action::Open) => return Handled::close(),
            action => return Handled::usual(action, Action::Help),
        }
        Handled::stay()
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, *self, frame, area);
    }
}
