//! The plugins: a line each with its health, its troubles and its commands under it.

use ratatui::{Frame, layout::Rect};

use super::{Line, Plugins};
use crate::{
    dashboard::{
        state::State,
        widgets::{centred, chosen_line, first_line, pane, put},
    },
    store::{PluginRecord, PluginState},
};

const WIDTH: u16 = 76;
/// The columns that a plugin's name takes.
const NAME: u16 = 20;
/// The columns that a command's key takes.
const KEY: u16 = 8;

pub(super) fn area(state: &State) -> Rect {
    let lines = u16::try_from(Plugins::lines(state).len()).unwrap_or(u16::MAX);
    centred(state.size, WIDTH, lines.max(1).saturating_add(3))
}

pub(super) fn draw(state: &State, plugins: Plugins, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let keys = if state.may_ask_plugins() { "enter runs, or tries again; esc closes" } else { "esc closes" };
    let inside = pane(state, frame, area, "Plugins", keys);
    let lines = Plugins::lines(state);
    let (x, width) = (inside.x + 2, inside.width.saturating_sub(2));
    if lines.is_empty() {
        put(frame, x, inside.y, width, "none is enabled: docs/plugins.md says how", theme.dim);
    }
    let rows = usize::from(inside.height);
    let chosen = plugins.chosen().min(lines.len().saturating_sub(1));
    let first = first_line(chosen, rows);
    for ((at, line), y) in lines.iter().enumerate().skip(first).zip(inside.y..inside.bottom()) {
        match line {
            Line::Plugin(record) => {
                put(frame, x, y, width.min(NAME), &record.name, theme.title);
                let style = if record.state == PluginState::Running { theme.text } else { theme.warning };
                put(frame, x + NAME + 1, y, width.saturating_sub(NAME + 1), &health(record), style);
            }
            Line::Trouble(text) => {
                put(frame, x + 2, y, width.saturating_sub(2), text, theme.warning);
            }
            Line::Command(it) => {
                put(frame, x + 2, y, width.saturating_sub(2).min(KEY), &it.command.key, theme.key);
                let at = KEY + 3;
                put(frame, x + at, y, width.saturating_sub(at), &it.command.title, theme.text);
            }
        }
        if at == chosen {
            chosen_line(state, frame, inside, y);
        }
    }
}

/// "running · 1204 calls · 38 us · 210 KiB · 2 failed · 3 waiting".
fn health(record: &PluginRecord) -> String {
    let mean = record.micros.checked_div(record.calls).unwrap_or_default();
    let mut words = vec![
        record.state.word().to_owned(),
        format!("{} calls", record.calls),
        format!("{mean} us"),
        format!("{} KiB", record.memory >> 10),
    ];
    for (count, word) in
        [(record.failures, "failed"), (record.refused, "refused"), (record.waiting, "waiting")]
    {
        if count > 0 {
            words.push(format!("{count} {word}"));
        }
    }
    words.join(" · ")
}
