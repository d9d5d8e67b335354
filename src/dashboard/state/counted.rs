//! The counts of the shift, as far as they were asked for and came.

use super::State;
use crate::{session::protocol::Period, store::Shift};

/// The period that was asked for, and the counts that are known.
#[derive(Debug, Default)]
pub(in crate::dashboard) struct Counted {
    asked: Option<Period>,
    known: Option<(Period, Box<Shift>)>,
}

impl Counted {
    /// Notes the period that is shown, if one is; returns whether another one was asked for last.
    pub(in crate::dashboard) fn ask(&mut self, shown: Option<Period>) -> bool {
        std::mem::replace(&mut self.asked, shown) != shown
    }

    /// Takes an answer.
    pub(in crate::dashboard) fn take(&mut self, period: Period, shift: Box<Shift>) {
        self.known = Some((period, shift));
    }
}

impl State {
    /// The counts of a period, once they are known.
    pub(in crate::dashboard) fn shift(&self, period: Period) -> Option<&Shift> {
        self.counted.known.as_ref().filter(|(known, _)| *known == period).map(|(_, shift)| &**shift)
    }
}
