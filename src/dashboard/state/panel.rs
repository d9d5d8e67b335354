//! Panels over the screen: one at a time, which gets every key while it is open.

use std::{any::Any, fmt};

use crossterm::event::KeyEvent;
use ratatui::{
    Frame,
    layout::{Rect, Size},
};

use super::State;
use crate::{
    dashboard::{keymap::action::Action, message::Effect},
    session::protocol::Request,
    store::FilmId,
};

/// A panel over the screen: its keys and its drawing.
///
/// While a panel takes a key it is out of the state, so that it may change both itself and the state.
pub trait Panel: Any + fmt::Debug {
    /// Takes a key.
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled;

    /// Takes pasted text. A panel without a text field ignores it.
    fn paste(&mut self, _state: &mut State, _text: &str) {}

    /// Returns whether the keys up and down do something here.
    fn has_lines(&self) -> bool {
        false
    }

    /// Returns whether an action does something here: for the footer.
    fn offers(&self, action: Action) -> bool {
        match action {
            Action::Close | Action::Interrupt => true,
            Action::Up | Action::Down => self.has_lines(),
            _ => false,
        }
    }

    /// The place that it covers; pictures must know.
    fn area(&self, state: &State) -> Rect;

    /// Draws it into that place, which is clear.
    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect);

    /// Returns whether a filter is typed here: the list then leaves room for it, and need not be finished before a key.
    fn is_filter(&self) -> bool {
        false
    }

    /// A film that is to stand beside the selected one while it is open.
    fn beside(&self, _state: &State) -> Option<FilmId> {
        None
    }

    /// The request by which a session hears, however the panel closes, that what it showed is no longer wanted.
    fn at_close(&self) -> Option<Request> {
        None
    }

    /// Films whose small pictures it wants one below the other, and the room for them in cells.
    fn sheet(&self, _state: &State) -> Option<(Vec<FilmId>, Size)> {
        None
    }

    /// Hears that the list has become the one that was asked for.
    fn list_is_whole(&mut self, _state: &mut State) {}
}

/// Moves the choice among so many lines by an action that does so.
pub(in crate::dashboard) fn choose(chosen: &mut usize, lines: usize, action: Option<Action>) {
    let last = lines.saturating_sub(1);
    *chosen = match action {
        Some(Action::Up) => (*chosen).min(last).saturating_sub(1),
        Some(Action::Down) => (*chosen + 1).min(last),
        Some(Action::First) => 0,
        Some(Action::Last) => last,
        _ => (*chosen).min(last),
    };
}

/// The outcome of a key in a panel.
#[derive(Debug)]
pub struct Handled {
    /// The fate of the panel.
    pub next: Next,
    /// Things to be done outside.
    pub effects: Vec<Effect>,
}

/// The fate of a panel after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It stays open.
    Stay,
    /// It closes.
    Close,
    /// It closes, and this is done.
    Act(Action),
}

impl Handled {
    /// The panel stays open, and that is all.
    pub(in crate::dashboard) fn stay() -> Self {
        Self::stay_with(Vec::new())
    }

    /// The panel stays open, and these things are done.
    pub(in crate::dashboard) fn stay_with(effects: Vec<Effect>) -> Self {
        Self { next: Next::Stay, effects }
    }

    /// The outcome of an action that panels without a field to type into take alike. `own` is the one that opens the
    /// panel: pressed again, it closes it.
    pub(in crate::dashboard) fn usual(action: Option<Action>, own: Action) -> Self {
        match action {
            Some(Action::Close | Action::Quit) => Self::close(),
            Some(Action::Redraw) => Self::stay_with(vec![Effect::Redraw]),
            Some(action) if action == own => Self::close(),
            _ => Self::stay(),
        }
    }

    /// The panel closes, and that is all.
    pub(in crate::dashboard) fn close() -> Self {
        Self::close_with(Vec::new())
    }

    /// The panel closes, and these things are done.
    pub(in crate::dashboard) fn close_with(effects: Vec<Effect>) -> Self {
        Self { next: Next::Close, effects }
    }

    /// The panel closes, and the action is done in its place.
    pub(in crate::dashboard) fn act(action: Action) -> Self {
        Self { next: Next::Act(action), effects: Vec::new() }
    }
}

impl State {
    /// The panel that is open.
    #[must_use]
    pub fn open_panel(&self) -> Option<&dyn Panel> {
        self.panel.as_deref()
    }

    /// The panel that is open, if it is of that kind.
    #[must_use]
    pub fn panel<P: Panel>(&self) -> Option<&P> {
        (self.panel.as_deref()? as &dyn Any).downcast_ref()
    }

    /// The panel that is open, if it is of that kind, to be changed.
    pub(in crate::dashboard) fn panel_mut<P: Panel>(&mut self) -> Option<&mut P> {
        (self.panel.as_deref_mut()? as &mut dyn Any).downcast_mut()
    }

    /// Opens a panel in the place of the one that is open.
    pub(in crate::dashboard) fn open(&mut self, panel: impl Panel) {
        self.panel = Some(Box::new(panel));
    }

    /// Calls something with the open panel while it is out of the state; it stays open unless another was opened.
    pub(in crate::dashboard) fn with_panel(&mut self, call: impl FnOnce(&mut dyn Panel, &mut Self)) {
        let Some(mut panel) = self.panel.take() else { return };
        call(&mut *panel, self);
        self.panel.get_or_insert(panel);
    }

    /// Closes the panel that is open, whatever it was about to do.
    pub(in crate::dashboard) fn close_panel(&mut self) -> Vec<Effect> {
        let request = self.panel.take().and_then(|panel| panel.at_close());
        request.map(Effect::Request).into_iter().collect()
    }

    /// The film that the open panel wants beside the selected one.
    pub(in crate::dashboard) fn beside(&self) -> Option<FilmId> {
        self.panel.as_deref()?.beside(self)
    }

    /// The films whose small pictures the open panel wants, and the room for them.
    pub(in crate::dashboard) fn wanted_sheet(&self) -> Option<(Vec<FilmId>, Size)> {
        self.panel.as_deref().and_then(|panel| panel.sheet(self))
    }

    /// Returns whether a filter is being typed.
    pub(in crate::dashboard) fn is_filter_typed(&self) -> bool {
        self.panel.as_deref().is_some_and(Panel::is_filter)
    }
}
