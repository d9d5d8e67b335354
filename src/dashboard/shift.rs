//! How the shift goes: which time is looked at, and what was counted of it. The store counts; this asks.

use jiff::Timestamp;

use super::{Overlay, Request, State, update::Effect, words};
pub(super) use crate::study::time_to_empty;
pub use crate::study::{Period, ShiftWatch};
use crate::{store::Shift, study::Severity};

/// What was asked, and what is known.
#[derive(Debug, Default)]
pub(super) struct Counted {
    asked: Option<Period>,
    known: Option<(Period, Box<Shift>)>,
}

impl Counted {
    /// Takes an answer.
    pub(super) fn take(&mut self, period: Period, shift: Box<Shift>) {
        self.known = Some((period, shift));
    }
}

/// Asks while the panel is open, and says when it no longer is.
pub(super) fn settle(state: &mut State) -> Option<Effect> {
    let open = match &state.overlay {
        Some(Overlay::Shift(panel)) => Some(panel.period()),
        _ => None,
    };
    if state.counted.asked == open {
        return None;
    }
    state.counted.asked = open;
    let watch = open.map(|period| ShiftWatch { period, zone: state.zone.clone() });
    Some(Effect::Request(Request::Shift(watch)))
}

impl State {
    /// What was counted of a period, once it is known.
    pub(super) fn shift(&self, period: Period) -> Option<&Shift> {
        self.counted.known.as_ref().filter(|(known, _)| *known == period).map(|(_, shift)| &**shift)
    }
}

/// "3 films", "1 film".
pub(super) fn counted(count: u32, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// What was held, and by what.
pub(super) fn held_in_words(shift: &Shift, period: Period) -> String {
    let total: u32 = shift.held.iter().map(|(_, films)| films).sum();
    if total == 0 {
        return format!("no film {}", period.within());
    }
    let gates: Vec<String> =
        shift.held.iter().map(|(gate, films)| format!("{films} {}", gate.phrase())).collect();
    format!("{} {}: {}", counted(total, "film", "films"), period.within(), gates.join(", "))
}

/// The shift as lines, for those who do not see the panel.
pub(super) fn in_words(shift: &Shift, period: Period, now: Timestamp) -> Vec<String> {
    let arrived = counted(shift.arrived, "film", "films");
    let mut lines = vec![
        format!("{}: {arrived} came, {} scored, {} waiting", period.words(), shift.scored, shift.queued),
        format!("films held: {}", held_in_words(shift, period)),
    ];
    lines.extend(shift.left_out.in_words().map(|words| format!("files left out, {words}")));
    for band in Severity::ALL.into_iter().rev() {
        let unseen = shift.unseen.get(&band).map_or("none unseen".to_owned(), |unseen| {
            let wait = words::waiting(now, unseen.since);
            format!("{} unseen, the longest {wait}, study {}", unseen.studies, unseen.oldest)
        });
        let seen = shift.seen.get(&band).map_or(String::new(), |seen| {
            let (median, most) = (words::span(seen.median), words::span(seen.most));
            format!("; {} seen, half within {median}, nine tenths within {most}", seen.studies)
        });
        lines.push(format!("{}: {unseen}{seen}", band.word()));
    }
    lines
}
