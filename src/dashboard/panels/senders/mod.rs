//! The feed: who sends films by DICOM, when the last one came, what was refused and why.

mod draw;

use crossterm::event::KeyEvent;
use ratatui::{Frame, layout::Rect};

use crate::{
    dashboard::{
        keymap::action::Action,
        message::Effect,
        state::{Handled, Panel, State, choose},
    },
    session::protocol::Request,
    store::Sender,
};

/// The open list of senders.
#[derive(Debug, Clone, Default)]
pub(in crate::dashboard) struct Senders {
    /// None until they are known.
    senders: Option<Vec<Sender>>,
    chosen: usize,
}

impl Senders {
    /// Asks for the senders, for as long as the panel is open.
    pub(in crate::dashboard) fn ask() -> Effect {
        Effect::Request(Request::Senders(true))
    }

    /// Takes over what is known of them now; the chosen one stays chosen.
    pub(in crate::dashboard) fn take(&mut self, senders: Vec<Sender>) {
        let of = |sender: &Sender| (sender.title.clone(), sender.address.clone());
        let chosen = self.senders.as_ref().and_then(|known| known.get(self.chosen)).map(of);
        let at = senders.iter().position(|sender| Some(of(sender)) == chosen);
        self.chosen = at.unwrap_or(self.chosen).min(senders.len().saturating_sub(1));
        self.senders = Some(senders);
    }
}

impl Panel for Senders {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let action = state.keymap.action(event);
        choose(&mut self.chosen, self.senders.as_ref().map_or(0, Vec::len), action);
        Handled::usual(action, Action::Senders)
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn at_close(&self) -> Option<Request> {
        Some(Request::Senders(false))
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state, self)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, self, frame, area);
    }
}
