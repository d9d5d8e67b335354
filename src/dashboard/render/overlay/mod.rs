//! What lies over the screen. One file an overlay, as in `dashboard/overlay/`.

mod columns;
mod help;
mod notes;
mod palette;
mod plugins;
mod shift;
mod which_key;
mod who;
mod workbench;

pub(in crate::dashboard) use help::hidden_lines as hidden_help_lines;

use ratatui::{
    Frame,
    layout::{Rect, Size},
    widgets::{Clear, Widget},
};

use super::{
    super::{
        State, cells,
        overlay::{Input, Overlay},
    },
    put,
};

/// Where the overlay lies, if one is open; pictures must know.
pub(super) fn area(state: &State) -> Option<Rect> {
    match state.overlay() {
        None if state.pending.is_empty() => None,
        None => Some(which_key::area(state)),
        Some(Overlay::Help(_)) => Some(help::area(state)),
        Some(Overlay::Palette(_)) => Some(palette::area(state)),
        Some(Overlay::Columns(columns)) => Some(columns::area(state, columns)),
        Some(Overlay::Notes(_)) => Some(notes::area(state)),
        Some(Overlay::Who(_)) => Some(who::area(state)),
        // It takes the place of the list's last lines; see `render/worklist.rs`.
        Some(Overlay::Filter(_)) => None,
        Some(Overlay::Plugins(_)) => Some(plugins::area(state)),
        Some(Overlay::Shift(panel)) => Some(shift::area(state, *panel)),
        Some(Overlay::Workbench(_)) => Some(workbench::area(state)),
    }
}

/// Draws the open overlay.
pub(super) fn draw(state: &State, frame: &mut Frame<'_>) {
    let Some(area) = area(state) else { return };
    Clear.render(area, frame.buffer_mut());
    match state.overlay() {
        None => which_key::draw(state, frame, area),
        Some(Overlay::Help(help)) => help::draw(state, help, frame, area),
        Some(Overlay::Palette(palette)) => palette::draw(state, palette, frame, area),
        Some(Overlay::Columns(columns)) => columns::draw(state, columns, frame, area),
        Some(Overlay::Notes(notes)) => notes::draw(state, notes, frame, area),
        Some(Overlay::Who(who)) => who::draw(state, who, frame, area),
        Some(Overlay::Filter(_)) => {}
        Some(Overlay::Plugins(plugins)) => plugins::draw(state, *plugins, frame, area),
        Some(Overlay::Shift(panel)) => shift::draw(state, *panel, frame, area),
        Some(Overlay::Workbench(bench)) => workbench::draw(state, bench, frame, area),
    }
}

/// A box in the middle of the screen, as large as wished where it fits.
fn centred(screen: Size, width: u16, height: u16) -> Rect {
    let (width, height) = (screen.width.min(width), height.min(screen.height.saturating_sub(2)));
    Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height)
}

/// A box above the message line, at the right.
fn in_the_corner(screen: Size, width: u16, height: u16) -> Rect {
    let (width, height) = (screen.width.min(width), height.min(screen.height.saturating_sub(3)));
    Rect::new(screen.width - width, screen.height.saturating_sub(height + 2), width, height)
}

/// A line that a person types into, with a cursor; scrolled so that the cursor is in sight.
pub(super) fn text_line(state: &State, frame: &mut Frame<'_>, area: Rect, prompt: &str, input: &Input) {
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
