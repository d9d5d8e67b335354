//! Parts of the screen that several regions draw: panes, texts, boxes over the screen, fields to type into.

pub(in crate::dashboard) mod gauge;
mod input;

pub use input::Input;

use ratatui::{
    Frame,
    layout::{Rect, Size},
    style::Style,
    text::Line,
    widgets::{Block, BorderType, Widget},
};

use super::{cells, state::State};

/// A pane's frame with its title; returns the inside.
pub(in crate::dashboard) fn pane(
    state: &State,
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    note: &str,
) -> Rect {
    let room = usize::from(area.width.saturating_sub(4));
    let title = cells::fit(title, room);
    let left = room.saturating_sub(cells::width(&title) + 3);
    let mut block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(state.theme.border)
        .title(Line::styled(format!(" {title} "), state.theme.title));
    if !note.is_empty() && left >= 4 {
        let note = format!(" {} ", cells::fit(note, left.saturating_sub(1)));
        block = block.title(Line::styled(note, state.theme.dim).right_aligned());
    }
    let inside = block.inner(area);
    block.render(area, frame.buffer_mut());
    inside
}

/// Writes text into one line of the screen, cut at `width` columns; returns the columns used.
pub(in crate::dashboard) fn put(
    frame: &mut Frame<'_>,
    x: u16,
    y: u16,
    width: u16,
    text: &str,
    style: Style,
) -> u16 {
    let text = cells::fit(text, usize::from(width));
    let buffer = frame.buffer_mut();
    if width == 0 || !buffer.area.contains((x, y).into()) {
        return 0;
    }
    let (end, _) = buffer.set_stringn(x, y, text, usize::from(width), style);
    end - x
}

/// Marks the line of a list on which the person stands.
pub(in crate::dashboard) fn chosen_line(state: &State, frame: &mut Frame<'_>, inside: Rect, y: u16) {
    frame.buffer_mut().set_style(Rect { y, height: 1, ..inside }, state.theme.selected);
    put(frame, inside.x, y, 1, "▸", state.theme.selected);
}

/// Returns the first line of a list that is shown, so that the chosen one is among its rows.
pub(in crate::dashboard) fn first_line(chosen: usize, rows: usize) -> usize {
    (chosen + 1).saturating_sub(rows)
}

/// A box in the middle of the screen, as large as wished where it fits.
pub(in crate::dashboard) fn centred(screen: Size, width: u16, height: u16) -> Rect {
    let (width, height) = (screen.width.min(width), height.min(screen.height.saturating_sub(2)));
    Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height)
}

/// A box above the message line, at the right.
pub(in crate::dashboard) fn in_the_corner(screen: Size, width: u16, height: u16) -> Rect {
    let (width, height) = (screen.width.min(width), height.min(screen.height.saturating_sub(3)));
    Rect::new(screen.width - width, screen.height.saturating_sub(height + 2), width, height)
}

/// A line that a person types into, with a cursor; scrolled so that the cursor is in sight.
pub(in crate::dashboard) fn text_line(
    state: &State,
    frame: &mut Frame<'_>,
    area: Rect,
    prompt: &str,
    input: &Input,
) {
    let theme = &state.theme;
    let x = area.x + 1 + put(frame, area.x + 1, area.y, area.width, prompt, theme.key) + 1;
    let room = area.right().saturating_sub(x + 1);
    let (before, after) = input.text().split_at(input.cursor());
    let before = cells::fit_end(before, usize::from(room.saturating_sub(1)));
    let used = put(frame, x, area.y, room, &before, theme.text);
    put(frame, x + used, area.y, room.saturating_sub(used), after, theme.text);
    if x + used < area.right() {
        let cursor = Rect::new(x + used, area.y, 1, 1);
        frame.buffer_mut().set_style(cursor, theme.selected);
    }
}
