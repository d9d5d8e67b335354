//! The keys that may follow those pressed so far.

use ratatui::{Frame, layout::Rect};

use crate::dashboard::{
    cells,
    keymap::action::ACTIONS,
    state::State,
    widgets::{in_the_corner, pane, put},
};

/// The columns that keys take.
const KEYS: u16 = 5;

fn lines(state: &State) -> Vec<(String, &'static str)> {
    let about = |action| ACTIONS.iter().find(|entry| entry.action == action).map_or("", |entry| entry.about);
    let following = state.keymap.following(&state.pending).filter(|(_, action)| state.may(*action));
    following.map(|(keys, action)| (keys, about(action))).collect()
}

pub(in crate::dashboard) fn area(state: &State) -> Rect {
    let lines = lines(state);
    let longest = lines.iter().map(|(_, about)| cells::width(about)).max().unwrap_or(0);
    let width = u16::try_from(longest).unwrap_or(u16::MAX).saturating_add(KEYS + 4);
    in_the_corner(state.size, width, u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2))
}

pub(in crate::dashboard) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let pressed: Vec<String> = state.pending.iter().map(ToString::to_string).collect();
    let inside = pane(state, frame, area, &format!("{} …", pressed.join(" ")), "");
    for ((keys, about), y) in lines(state).into_iter().zip(inside.y..inside.bottom()) {
        put(frame, inside.x + 1, y, KEYS - 1, &keys, state.theme.key);
        put(frame, inside.x + KEYS, y, inside.width.saturating_sub(KEYS), about, state.theme.text);
    }
}
