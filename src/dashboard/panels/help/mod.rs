//! The help: scrolls and closes.

mod draw;

use crossterm::event::KeyEvent;
use ratatui::{Frame, layout::Rect};

use crate::dashboard::{
    keymap::action::Action,
    message::Effect,
    state::{Panel, State, Turn},
};

/// The open help.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Help {
    /// Lines that are scrolled out of sight above.
    pub scrolled: u16,
}

impl Panel for Help {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Turn {
        let hidden = draw::hidden_lines(state);
        match state.keymap.action(event) {
            Some(Action::Up) => self.scrolled = self.scrolled.min(hidden).saturating_sub(1),
            Some(Action::Down) => self.scrolled = (self.scrolled + 1).min(hidden),
            Some(Action::PageUp) => self.scrolled = self.scrolled.min(hidden).saturating_sub(10),
            Some(Action::PageDown) => self.scrolled = (self.scrolled + 10).min(hidden),
            Some(Action::Help | Action::Close | Action::Open | Action::Quit) => return Turn::close(),
            Some(Action::Redraw) => return Turn::stay_with(vec![Effect::Redraw]),
            _ => {}
        }
        Turn::stay()
    }

    fn offers(&self, action: Action) -> bool {
        matches!(action, Action::Up | Action::Down | Action::Close | Action::Interrupt)
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, *self, frame, area);
    }
}
