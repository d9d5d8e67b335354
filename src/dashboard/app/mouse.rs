//! The mouse: a click selects, a click on a heading sorts, the wheel scrolls. Nothing needs it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use crate::dashboard::{layout::list::ListPart, message::Effect, state::State};

/// Rows that one step of the wheel scrolls.
const STEP: isize = 3;

/// Does what the mouse says; no panel is open.
pub(in crate::dashboard) fn mouse(state: &mut State, event: MouseEvent) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    let in_list = state.layout().and_then(|layout| layout.list).is_some_and(|list| list.contains(at));
    match event.kind {
        MouseEventKind::ScrollDown if in_list => scroll(state, STEP),
        MouseEventKind::ScrollUp if in_list => scroll(state, -STEP),
        MouseEventKind::Down(MouseButton::Left) if in_list => match part_at(state, at) {
            Some(ListPart::Row(index)) => state.worklist.select(index),
            Some(ListPart::Heading(column)) => {
                state.worklist.set_order(state.worklist.wanted_order().then(column));
            }
            None => return Vec::new(),
        },
        // Moves and clicks elsewhere mean nothing; no need to draw.
        _ => return Vec::new(),
    }
    state.stale = true;
    Vec::new()
}

fn scroll(state: &mut State, by: isize) {
    let rows = state.list_rows();
    state.worklist.scroll_by(by, rows);
}

fn part_at(state: &State, at: Position) -> Option<ListPart> {
    state.list_layout()?.part_at(at)
}
