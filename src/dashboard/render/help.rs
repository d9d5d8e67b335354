//! The help: the table of actions, by section.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Paragraph, Widget},
};

use super::{
    super::{
        State,
        action::{ACTIONS, Section},
        cells,
    },
    pane,
};

/// The columns that keys take.
const KEYS: usize = 16;

pub(super) fn area(state: &State) -> Rect {
    let height = u16::try_from(lines(state).len()).unwrap_or(u16::MAX).saturating_add(2);
    let (width, height) = (state.size.width.min(70), height.min(state.size.height.saturating_sub(2)));
    Rect::new((state.size.width - width) / 2, (state.size.height - height) / 2, width, height)
}

pub(super) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    Clear.render(area, frame.buffer_mut());
    let lines = lines(state);
    let inside = pane(state, frame, area, "Keys", "esc closes");
    let hidden = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(inside.height);
    let scroll = state.help.unwrap_or(0).min(hidden);
    Paragraph::new(lines).scroll((scroll, 0)).render(inside, frame.buffer_mut());
}

fn lines(state: &State) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for section in Section::ALL {
        lines.push(Line::styled(format!(" {}", section.heading()), state.theme.title));
        for entry in ACTIONS.iter().filter(|entry| entry.section == section) {
            let keys = state.keymap.keys(entry.action).iter().map(ToString::to_string);
            let keys = cells::fit(&keys.collect::<Vec<_>>().join(" "), KEYS);
            let gap = " ".repeat(KEYS - cells::width(&keys) + 1);
            lines.push(Line::from(vec![
                Span::raw("  "),
                Span::styled(keys, state.theme.key),
                Span::raw(gap),
                Span::styled(entry.about, state.theme.text),
            ]));
        }
    }
    lines
}
