//! The palette: the line that is typed, and the actions that fit.

use ratatui::{Frame, layout::Rect};

use super::{Palette, PaletteLine};
use crate::dashboard::{
    state::State,
    widgets::{centred, chosen_line, first_line, pane, put, text_line},
};

const WIDTH: u16 = 70;
const LINES: u16 = 14;
/// The columns that a name takes, and those that keys take.
const NAME: u16 = 18;
const KEYS: u16 = 12;

pub(super) fn area(state: &State) -> Rect {
    centred(state.size, WIDTH, LINES)
}

pub(super) fn draw(state: &State, palette: &Palette, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let inside = pane(state, frame, area, "Actions", "enter does it, esc closes");
    text_line(state, frame, Rect { height: 1, ..inside }, ":", palette.input());
    let rows = usize::from(inside.height.saturating_sub(1));
    let lines = palette.lines();
    if lines.is_empty() && rows > 0 {
        put(frame, inside.x + 2, inside.y + 1, inside.width.saturating_sub(2), "no action fits", theme.dim);
    }
    let first = first_line(palette.chosen(), rows);
    for ((at, line), y) in lines.iter().enumerate().skip(first).zip(inside.y + 1..inside.bottom()) {
        let (keys, about, offered) = match line {
            PaletteLine::Action(entry) => {
                let offered = state.offers_under_panels(entry.action);
                (state.keymap.shown(entry.action), entry.about, offered)
            }
            PaletteLine::Command(it) => {
                let offered = state.worklist().selected().is_some();
                (it.command.key.clone(), it.command.title.as_str(), offered)
            }
        };
        let style = if offered { theme.text } else { theme.dim };
        let x = inside.x + 2;
        let room = inside.right().saturating_sub(x);
        put(frame, x, y, room.min(NAME), line.name(), style);
        put(frame, x + NAME + 1, y, room.saturating_sub(NAME + 1).min(KEYS), &keys, theme.key);
        let at_about = NAME + KEYS + 2;
        put(frame, x + at_about, y, room.saturating_sub(at_about), about, style);
        if at == palette.chosen() {
            chosen_line(state, frame, inside, y);
        }
    }
}
