//! The message line, and the line of keys that do something now.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};

use crate::{
    dashboard::{cells, keymap::action::ACTIONS, state::State, widgets::put},
    session::protocol::NoticeLevel,
};

/// The limits of the program, said once on the screen, plainly.
const DISCLAIMER: &str = "Orders a worklist; not a medical device; never calls a film normal.";
/// The limits for a narrow terminal.
const SHORT_DISCLAIMER: &str = "Orders a list; no medical device; never says normal.";
/// From this width on it stands beside the keys; else it shares the message line.
const BESIDE_FROM: u16 = 130;

pub(in crate::dashboard) fn draw_message(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let (text, style) = match state.notice() {
        Some(notice) => {
            let symbol = match notice.level {
                NoticeLevel::Info => "",
                NoticeLevel::Warning => "! ",
                NoticeLevel::Error => "✖ ",
            };
            (format!("{symbol}{}", notice.text), state.theme.notice(notice.level))
        }
        None if usize::from(area.width) < DISCLAIMER.len() + 2 => {
            (SHORT_DISCLAIMER.to_owned(), state.theme.dim)
        }
        None if area.width < BESIDE_FROM => (DISCLAIMER.to_owned(), state.theme.dim),
        None => (state.limits().unwrap_or_default().to_owned(), state.theme.dim),
    };
    put(frame, area.x + 1, area.y, area.width.saturating_sub(2), &text, style);
}

pub(in crate::dashboard) fn draw_hints(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let beside = area.width >= BESIDE_FROM;
    let reserved = if beside { cells::width(DISCLAIMER) + 2 } else { 0 };
    let room = usize::from(area.width).saturating_sub(2 + reserved);
    let line = hints(state, room);
    line.render(Rect { x: area.x + 1, width: area.width - 1, ..area }, frame.buffer_mut());
    if beside {
        let width = u16::try_from(cells::width(DISCLAIMER)).unwrap_or(0);
        put(frame, area.right().saturating_sub(width + 1), area.y, width, DISCLAIMER, state.theme.dim);
    }
}

/// The keys of what is offered now, as many as fit.
fn hints(state: &State, room: usize) -> Line<'static> {
    let mut hints: Vec<(u8, &'static str, String)> = Vec::new();
    for entry in ACTIONS.iter().filter(|entry| state.offers(entry.action)) {
        let Some((rank, word)) = entry.hint else { continue };
        let Some(key) = state.keymap.keys(entry.action).next() else { continue };
        match hints.iter_mut().find(|(_, known, _)| *known == word) {
            Some((_, _, keys)) => keys.push_str(&format!(" {key}")),
            None => hints.push((rank, word, key.to_string())),
        }
    }
    hints.sort_by_key(|(rank, ..)| *rank);
    // What is not offered is not for the role.
    let role = state.role().map(|role| format!("role {}  ", role.word()));
    let mut used = role.as_deref().map_or(0, cells::width);
    let mut spans: Vec<Span<'static>> =
        role.into_iter().map(|role| Span::styled(role, state.theme.dim)).collect();
    for (_, word, keys) in hints {
        let width = cells::width(&keys) + 1 + cells::width(word);
        if used + width > room {
            break;
        }
        used += width + 2;
        spans.push(Span::styled(keys, state.theme.key));
        spans.push(Span::styled(format!(" {word}  "), Style::new()));
    }
    Line::from(spans)
}
