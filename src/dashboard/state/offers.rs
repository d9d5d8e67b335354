//! Which actions would do something now.

use super::State;
use crate::{dashboard::keymap::action::Action, store::FilmState};

impl State {
    /// Returns whether the action would do anything now; the footer offers only those.
    #[must_use]
    pub fn offers(&self, action: Action) -> bool {
        self.may(action)
            && match self.open_panel() {
                Some(panel) => panel.offers(action),
                None => self.offers_under_panels(action),
            }
    }

    /// Returns whether the action would do anything if no panel were open.
    pub(in crate::dashboard) fn offers_under_panels(&self, action: Action) -> bool {
        if !self.may(action) {
            return false;
        }
        let selected = self.worklist().selected().is_some();
        match action {
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                self.worklist().len() > 1
            }
            Action::Open | Action::Seen | Action::Done | Action::Claim | Action::Notes => selected,
            Action::Acknowledge => self.worklist().selected().is_some_and(|row| row.is_alarm()),
            Action::NextAlarm => self.worklist().alarms() > 0,
            Action::NextFilm | Action::PreviousFilm => self.film_count() > 1,
            Action::Heatmap | Action::PreviousLabel | Action::NextLabel | Action::PictureMode => {
                !self.findings().is_empty()
            }
            Action::ColourMap | Action::LessOpaque | Action::MoreOpaque | Action::WorstLabel => {
                self.heatmap_is_on() && !self.findings().is_empty()
            }
            Action::WindowPreset
            | Action::Darker
            | Action::Brighter
            | Action::LessContrast
            | Action::MoreContrast
            | Action::Invert
            | Action::ZoomIn
            | Action::ZoomFit
            | Action::Prior
            | Action::ResetPicture => self.picture_area().is_some() && self.film().is_some(),
            Action::Similar => self.film().is_some_and(|film| matches!(film.state, FilmState::Scored { .. })),
            Action::ZoomOut | Action::PanLeft | Action::PanRight => self.presentation().zoom.is_near(),
            Action::Score => self.scorable_film().is_some(),
            Action::Undo => self.can_undo(),
            Action::Close => self.has_something_to_close(),
            Action::View(number) => self.view_at(number).is_some(),
            Action::ShowDone
            | Action::Filter
            | Action::Sort(_)
            | Action::Columns
            | Action::HideNames
            | Action::Who
            | Action::Suspend
            | Action::Help
            | Action::Palette
            | Action::Plugins
            | Action::Senders
            | Action::Shift
            | Action::Workbench
            | Action::Results
            | Action::Redraw
            | Action::Quit
            | Action::Interrupt => true,
        }
    }
}
