//! The columns that can be had.

use ratatui::{Frame, layout::Rect};

use super::Columns;
use crate::dashboard::{
    state::State,
    widgets::{centred, chosen_line, first_line, pane, put},
};

pub(super) fn area(state: &State, columns: &Columns) -> Rect {
    centred(state.size, 50, u16::try_from(columns.lines().len()).unwrap_or(u16::MAX).saturating_add(3))
}

pub(super) fn draw(state: &State, columns: &Columns, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let inside = pane(state, frame, area, "Columns", "esc closes");
    let help = "space shows, J K move, enter sorts";
    put(frame, inside.x + 1, inside.y, inside.width.saturating_sub(1), help, theme.dim);
    let rows = usize::from(inside.height.saturating_sub(1));
    let first = first_line(columns.chosen(), rows);
    let order = state.worklist().order();
    for ((at, column), y) in columns.lines().iter().enumerate().skip(first).zip(inside.y + 1..inside.bottom())
    {
        let mark = if state.columns().contains(column) { "[x]" } else { "[ ]" };
        let sorted = match (order.column == *column, order.reversed) {
            (true, false) => " ▾",
            (true, true) => " ▴",
            (false, _) => "",
        };
        let text = format!("{mark} {}{sorted}", column.name());
        put(frame, inside.x + 2, y, inside.width.saturating_sub(2), &text, theme.text);
        if at == columns.chosen() {
            chosen_line(state, frame, inside, y);
        }
    }
}
