//! The shift: which time is looked at, and the way to the study that waits longest.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Overlay, Turn};
use crate::{
    dashboard::{NoticeLevel, Period, State, action::Action, update::Effect},
    store::{StudyId, Unseen},
    triage::Severity,
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

    /// The time that is looked at.
    #[must_use]
    pub fn period(self) -> Period {
        self.period
    }

    /// The chosen line.
    #[must_use]
    pub fn chosen(self) -> usize {
        self.chosen
    }

    /// What nobody has seen in a line's band.
    pub(in crate::dashboard) fn unseen(self, state: &State, line: Option<Severity>) -> Option<Unseen> {
        let unseen = &state.shift(self.period)?.unseen;
        match line {
            Some(band) => unseen.get(&band).copied(),
            None => {
                let oldest = unseen.values().min_by_key(|unseen| unseen.since)?;
                Some(Unseen { studies: unseen.values().map(|unseen| unseen.studies).sum(), ..*oldest })
            }
        }
    }

    pub(super) fn key(mut self, state: &mut State, event: KeyEvent) -> Turn {
        match (event.code, state.keymap.action(event)) {
            (KeyCode::Enter, _) => {
                let line = Self::LINES.get(self.chosen).copied().flatten();
                return match self.unseen(state, line) {
                    Some(unseen) => {
                        go_to(state, unseen.oldest);
                        (None, Vec::new())
                    }
                    None => (Some(Overlay::Shift(self)), Vec::new()),
                };
            }
            (KeyCode::Tab, _) => self.period = self.period.next(),
            (_, Some(Action::Up)) => self.chosen = self.chosen.saturating_sub(1),
            (_, Some(Action::Down)) => self.chosen = (self.chosen + 1).min(Self::LINES.len() - 1),
            (_, Some(Action::Close | Action::Shift | Action::Quit)) => return (None, Vec::new()),
            (_, Some(Action::Redraw)) => return (Some(Overlay::Shift(self)), vec![Effect::Redraw]),
            _ => {}
        }
        (Some(Overlay::Shift(self)), Vec::new())
    }
}

/// Selects a study, in the list that is open or else in the one of all.
fn go_to(state: &mut State, study: StudyId) {
    if state.worklist.select_study(study) {
        return;
    }
    state.set_typed_filter("");
    state.open_view(0);
    if !state.worklist.select_study(study) {
        state.say(NoticeLevel::Info, "That study is no longer on the list.".to_owned());
    }
}
