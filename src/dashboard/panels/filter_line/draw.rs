//! The line that a filter is typed into, and under it its mistake or what may follow.

use ratatui::{Frame, layout::Rect};

use super::FilterLine;
use crate::dashboard::{
    cells,
    state::State,
    widgets::{put, text_line},
    worklist::FilterError,
};

pub(super) fn draw(state: &State, line: &FilterLine, frame: &mut Frame<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    text_line(state, frame, Rect { height: 1, ..area }, "/", line.input());
    if area.height < 2 {
        return;
    }
    let (x, width) = (area.x + 1, area.width.saturating_sub(1));
    let offers: Vec<String> = line.offers(state).into_iter().map(|offer| offer.text).collect();
    // A word that is still being typed ("band:cri") is not wrong yet.
    let is_begun = |mistake: &FilterError| !offers.is_empty() && mistake.at.end == line.input().cursor();
    if let Some(mistake) = state.mistake.as_ref().filter(|mistake| !is_begun(mistake)) {
        let before = cells::width(&line.input().text()[..mistake.at.start]);
        let caret = u16::try_from(before).unwrap_or(u16::MAX).saturating_add(2);
        let message = format!("^ {}", mistake.message);
        // Under the character that is wrong, if the message fits there.
        let room = width.saturating_sub(u16::try_from(cells::width(&message)).unwrap_or(u16::MAX));
        let indent = caret.min(room);
        put(frame, x + indent, area.y + 1, width - indent, &message, state.theme.warning);
        return;
    }
    let hint = if offers.is_empty() && state.worklist().is_unfinished() {
        format!("of {} · looking through them …", state.worklist().total())
    } else if offers.is_empty() {
        format!("{} of {} · enter keeps it, esc drops it", state.worklist().len(), state.worklist().total())
    } else {
        format!("tab: {}", offers.join("  "))
    };
    put(frame, x + 2, area.y + 1, width.saturating_sub(2), &hint, state.theme.dim);
}
