//! What lies over the screen: one at a time, each with its own file here (what keys do to it) and a file
//! in `render/overlay/` (what it looks like).
//!
//! An overlay gets every key while it is open. It answers with what is open next, and what has to be
//! done outside. One that opens another sets `State::overlay` itself and answers `None`.

mod help;
mod input;
mod palette;

pub use help::Help;
pub use input::Input;
pub use palette::Palette;

use crossterm::event::KeyEvent;

use super::{State, action::Action, update::Effect};

/// The overlay that is open.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The keys and what they do.
    Help(Help),
    /// Actions by their names.
    Palette(Palette),
}

/// What is open after a key, and what is to be done.
pub(super) type Turn = (Option<Overlay>, Vec<Effect>);

impl Overlay {
    /// Whether an action does something here: for the footer.
    #[must_use]
    pub fn offers(&self, action: Action) -> bool {
        match self {
            Self::Help(_) => {
                matches!(action, Action::Up | Action::Down | Action::Close | Action::Interrupt)
            }
            Self::Palette(_) => matches!(action, Action::Close | Action::Interrupt),
        }
    }
}

/// Gives a key to the open overlay.
pub(super) fn key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    if state.keymap.action(event) == Some(Action::Interrupt) {
        return vec![Effect::Quit];
    }
    let Some(overlay) = state.overlay.take() else { return Vec::new() };
    let (next, effects) = match overlay {
        Overlay::Help(help) => help.key(state, event),
        Overlay::Palette(palette) => palette.key(state, event),
    };
    if state.overlay.is_none() {
        state.overlay = next;
    }
    effects
}

/// Gives pasted text to the open overlay, if it takes text.
pub(super) fn paste(state: &mut State, text: &str) {
    match &mut state.overlay {
        Some(Overlay::Palette(palette)) => palette.paste(text),
        Some(Overlay::Help(_)) | None => {}
    }
}
