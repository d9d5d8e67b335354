//! How the shift goes, in a period; and the way to the study that waits longest.

mod draw;
pub(in crate::dashboard) mod words;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Frame, layout::Rect};

use crate::{
    dashboard::{
        keymap::action::Action,
        message::Effect,
        state::{Handled, Panel, State, choose},
    },
    session::protocol::{Period, Request, ShiftWatch},
    store::Unseen,
    study::Severity,
};

/// The open panel.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShiftPanel {
    period: Period,
    chosen: usize,
}

impl ShiftPanel {
    /// The lines of its table: the bands from the top down, then all of them together.
    pub const LINES: [Option<Severity>; 5] = [
        Some(Severity::Critical),
        Some(Severity::Urgent),
        Some(Severity::Routine),
        Some(Severity::Held),
        None,
    ];

    /// The period that is shown.
    #[must_use]
    pub fn period(self) -> Period {
        self.period
    }

    /// The chosen line.
    #[must_use]
    pub fn chosen(self) -> usize {
        self.chosen
    }

    /// The studies of a line's band that nobody has seen.
    fn unseen(self, state: &State, line: Option<Severity>) -> Option<Unseen> {
        let unseen = &state.shift(self.period)?.unseen;
        match line {
            Some(band) => unseen.get(&band).copied(),
            None => {
                let oldest = unseen.values().min_by_key(|unseen| unseen.since)?;
                Some(Unseen { studies: unseen.values().map(|unseen| unseen.studies).sum(), ..*oldest })
            }
        }
    }
}

impl Panel for ShiftPanel {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let action = state.keymap.action(event);
        choose(&mut self.chosen, Self::LINES.len(), action);
        match (event.code, action) {
            (KeyCode::Enter, _) => {
                let line = Self::LINES.get(self.chosen).copied().flatten();
                return match self.unseen(state, line) {
                    Some(unseen) => {
                        state.go_to(unseen.oldest);
                        Handled::close()
                    }
                    None => Handled::stay(),
                };
            }
            (KeyCode::Tab, _) => self.period = self.period.next(),
            (_, action) => return Handled::usual(action, Action::Shift),
        }
        Handled::stay()
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state, *self)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, *self, frame, area);
    }
}

/// Asks for the counts of the period that is shown, and says when none is shown any more.
pub(in crate::dashboard) fn settle(state: &mut State) -> Option<Effect> {
    let shown = state.panel::<ShiftPanel>().map(|panel| panel.period());
    if !state.counted.ask(shown) {
        return None;
    }
    let watch = shown.map(|period| ShiftWatch { period, zone: state.zone.clone() });
    Some(Effect::Request(Request::Shift(watch)))
}
