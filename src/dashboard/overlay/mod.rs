//! What lies over the screen: one at a time, each with its own file here (what keys do to it) and a file
//! in `render/overlay/` (what it looks like).
//!
//! An overlay gets every key while it is open. It answers with what is open next, and what has to be
//! done outside. One that opens another sets `State::overlay` itself and answers `None`.

mod bench_keys;
mod columns;
mod filter_line;
mod help;
mod input;
mod notes;
mod palette;
mod plugins;
mod shift;
mod who;
mod workbench;

pub(super) use bench_keys::BENCH_KEYS;
pub use bench_keys::bench_markdown;
pub use columns::Columns;
pub use filter_line::FilterLine;
pub use help::Help;
pub use input::Input;
pub use notes::Notes;
pub use palette::{Palette, PaletteLine};
pub use plugins::{Line as PluginLine, Plugins};
pub use shift::ShiftPanel;
pub use who::Who;
pub use workbench::Workbench;
pub(super) use workbench::bench_update;

use crossterm::event::KeyEvent;

use super::{State, action::Action, update::Effect};

/// The overlay that is open.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The keys and what they do.
    Help(Help),
    /// Actions by their names.
    Palette(Palette),
    /// A filter is being typed.
    Filter(FilterLine),
    /// Which columns the list has.
    Columns(Columns),
    /// The notes of a study.
    Notes(Notes),
    /// Who is at the keys?
    Who(Who),
    /// The plugins.
    Plugins(Plugins),
    /// How the shift goes.
    Shift(ShiftPanel),
    /// The threshold workbench.
    Workbench(Box<Workbench>),
}

/// What is open after a key, and what is to be done.
pub(super) type Turn = (Option<Overlay>, Vec<Effect>);

impl Overlay {
    /// Whether an action does something here: for the footer.
    #[must_use]
    pub fn offers(&self, action: Action) -> bool {
        match self {
            Self::Help(_) | Self::Plugins(_) | Self::Shift(_) | Self::Workbench(_) => {
                matches!(action, Action::Up | Action::Down | Action::Close | Action::Interrupt)
            }
            Self::Columns(_) => matches!(action, Action::Up | Action::Down | Action::Close),
            Self::Palette(_) | Self::Filter(_) | Self::Notes(_) | Self::Who(_) => {
                matches!(action, Action::Close | Action::Interrupt)
            }
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
        Overlay::Filter(line) => line.key(state, event),
        Overlay::Columns(columns) => columns.key(state, event),
        Overlay::Notes(notes) => notes.key(state, event),
        Overlay::Who(who) => who.key(state, event),
        Overlay::Plugins(plugins) => plugins.key(state, event),
        Overlay::Shift(panel) => panel.key(state, event),
        Overlay::Workbench(bench) => bench.key(state, event),
    };
    if state.overlay.is_none() {
        state.overlay = next;
    }
    effects
}

/// Tells the open overlay that the list has become what was asked for.
pub(super) fn list_is_whole(state: &mut State) {
    if let Some(Overlay::Filter(line)) = &state.overlay {
        line.clone().spare(state);
    }
}

/// Gives pasted text to the open overlay, if it takes text.
pub(super) fn paste(state: &mut State, text: &str) {
    match &mut state.overlay {
        Some(Overlay::Palette(palette)) => palette.paste(text),
        Some(Overlay::Filter(line)) => {
            line.paste(text);
            let typed = line.input().text().to_owned();
            state.set_typed_filter(&typed);
        }
        Some(Overlay::Notes(notes)) => notes.paste(text),
        Some(Overlay::Who(who)) => who.paste(text),
        Some(
            Overlay::Help(_)
            | Overlay::Columns(_)
            | Overlay::Plugins(_)
            | Overlay::Shift(_)
            | Overlay::Workbench(_),
        )
        | None => {}
    }
}
