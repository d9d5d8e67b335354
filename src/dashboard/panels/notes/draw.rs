//! The notes of a study, the newest at the bottom, and the line to write one.

use ratatui::{Frame, layout::Rect};

use super::Notes;
use crate::dashboard::{
    cells,
    state::State,
    widgets::{centred, pane, put, text_line},
    words,
};

pub(super) fn area(state: &State) -> Rect {
    centred(state.size, 72, 14)
}

pub(super) fn draw(state: &State, notes: &Notes, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let subject =
        state.worklist().get(notes.study).map(|row| state.subject(&row.study())).unwrap_or_default();
    let inside = pane(state, frame, area, &format!("Notes on {subject}"), "enter keeps it, esc closes");
    if inside.height == 0 {
        return;
    }
    let written = state.detail().filter(|detail| detail.study.id == notes.study);
    let written = written.map_or(&[][..], |detail| &detail.notes);
    let width = usize::from(inside.width.saturating_sub(2));
    let mut lines = Vec::new();
    for note in written {
        let at = words::clock(note.time, state.now, &state.zone);
        lines.push((format!("{at} {}", note.author), theme.dim));
        let text = state.hidden(&note.text);
        lines.extend(cells::wrap(text, width, 20).into_iter().map(|line| (line, theme.text)));
    }
    if lines.is_empty() {
        lines.push(("There is no note yet.".to_owned(), theme.dim));
    }
    let rows = usize::from(inside.height - 1);
    let hidden = lines.len().saturating_sub(rows);
    for ((text, style), y) in lines.iter().skip(hidden).zip(inside.y..) {
        put(frame, inside.x + 1, y, inside.width.saturating_sub(1), text, *style);
    }
    text_line(state, frame, Rect { y: inside.bottom() - 1, height: 1, ..inside }, "note:", notes.input());
}
