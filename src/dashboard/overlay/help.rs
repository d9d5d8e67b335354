//! The help: scrolls and closes.

use crossterm::event::KeyEvent;

use super::{Overlay, Turn};
use crate::dashboard::{State, action::Action, render, update::Effect};

/// The open help.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Help {
    /// Lines that are scrolled out of sight above.
    pub scrolled: u16,
}

impl Help {
    pub(super) fn key(mut self, state: &State, event: KeyEvent) -> Turn {
        let hidden = render::hidden_help_lines(state);
        match state.keymap.action(event) {
            Some(Action::Up) => self.scrolled = self.scrolled.min(hidden).saturating_sub(1),
            Some(Action::Down) => self.scrolled = (self.scrolled + 1).min(hidden),
            Some(Action::PageUp) => self.scrolled = self.scrolled.min(hidden).saturating_sub(10),
            Some(Action::PageDown) => self.scrolled = (self.scrolled + 10).min(hidden),
            Some(Action::Help | Action::Close | Action::Open | Action::Quit) => return (None, Vec::new()),
            Some(Action::Redraw) => return (Some(Overlay::Help(self)), vec![Effect::Redraw]),
            _ => {}
        }
        (Some(Overlay::Help(self)), Vec::new())
    }
}
