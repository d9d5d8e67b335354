//! The question who is at the keys.

use ratatui::{Frame, layout::Rect};

use super::Who;
use crate::dashboard::{
    state::State,
    widgets::{centred, pane, put, text_line},
};

pub(super) fn area(state: &State) -> Rect {
    centred(state.size, 60, 4)
}

pub(super) fn draw(state: &State, who: &Who, frame: &mut Frame<'_>, area: Rect) {
    let inside = pane(state, frame, area, "Who is at the keys?", "");
    text_line(state, frame, Rect { height: 1, ..inside }, "name:", who.input());
    let hint = format!("for the audit; without an answer: {}", state.who);
    if inside.height > 1 {
        put(frame, inside.x + 1, inside.y + 1, inside.width.saturating_sub(1), &hint, state.theme.dim);
    }
}
