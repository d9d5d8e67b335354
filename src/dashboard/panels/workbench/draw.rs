//! The threshold workbench:
//!
//! ```text
//! ╭ Thresholds of starter ──────────────────────────────────────────────╮
//! │ what it is based on                                                 │
//! │   label          studies by probability   alert       critical  a day│
//! │ ▸ Effusion       █▇▅▃▂▁ │ ▁ ┃             0.40→0.35   0.76      9→12 │
//! │ bands            a day      half wait up to          9 of 10 up to   │
//! │ ◆ critical       3.1→4.2    12m→14m                  40m→44m         │
//! │ what would change, then the studies that would                       │
//! │ the message                                                          │
//! │ the keys                                                             │
//! ╰─────────────────────────────────────────────────────────────────────╯
//! ```

use ratatui::{Frame, layout::Rect, style::Style};

use super::{
    Workbench,
    keys::BENCH_KEYS,
    labels::draw_labels,
    outcome::{draw_bands, draw_moves},
};
use crate::{
    dashboard::{
        cells,
        keymap::Key,
        state::State,
        widgets::{centred, pane, put},
        words,
    },
    session::protocol::NoticeLevel,
    study::Sample,
};

const WIDTH: u16 = 120;
/// Lines beside labels and moves: what it is based on, two headings, three bands, who rises, what changes, message
/// and keys.
const FIXED: u16 = 10;
/// Moves that are in sight on the smallest screen.
const MOVES: u16 = 3;
/// Beyond so many there is nothing to gain.
const MOST_MOVES: u16 = 16;
pub(super) fn area(state: &State, workbench: &Workbench) -> Rect {
    let labels = u16::try_from(workbench.settings().len()).unwrap_or(u16::MAX).max(8);
    centred(state.size, WIDTH, labels.saturating_add(FIXED + MOST_MOVES + 2))
}

pub(super) fn draw(state: &State, workbench: &Workbench, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let title = match workbench.bench() {
        Some(bench) => format!("Thresholds of {}", bench.model),
        None => "Thresholds".to_owned(),
    };
    let inside = pane(state, frame, area, &title, "esc closes");
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let (Some(bench), Some(sample)) = (workbench.bench(), workbench.sample()) else {
        let (text, style) = match workbench.failure() {
            Some(text) => (text, theme.error),
            None => ("reading the last studies …", theme.dim),
        };
        let lines = cells::wrap(text, usize::from(inside.width), usize::from(inside.height));
        for (line, y) in lines.iter().zip(inside.y..) {
            put(frame, inside.x, y, inside.width, line, style);
        }
        return;
    };
    let room = inside.height.saturating_sub(FIXED);
    let count = u16::try_from(bench.labels.len()).unwrap_or(u16::MAX);
    let labels = count.min(room.saturating_sub(MOVES).max(1));
    put(frame, inside.x, inside.y, inside.width, &ground(state, sample), theme.text);
    let table = Rect { y: inside.y + 1, height: labels + 1, ..inside };
    draw_labels(state, workbench, (bench, sample), frame, table);

    let (message, style) = message(state, workbench);
    let message = cells::wrap(&message, usize::from(inside.width), 3);
    let foot = (u16::try_from(message.len()).unwrap_or(1) + 1).min(inside.height);
    let foot = Rect { y: inside.bottom() - foot, height: foot, ..inside };
    let below = Rect { y: table.bottom(), height: foot.y.saturating_sub(table.bottom()), ..inside };
    if sample.studies == 0 {
        let text = format!(
            "No study that {} scored is in the store yet. Thresholds can be set all the same; what they would \
             have done cannot be told.",
            bench.model
        );
        let lines = cells::wrap(&text, usize::from(below.width), usize::from(below.height));
        for (line, y) in lines.iter().zip(below.y..) {
            put(frame, below.x, y, below.width, line, theme.warning);
        }
    } else if let Some(found) = workbench.found() {
        draw_bands(state, sample, found, frame, below);
        let moves = Rect { y: below.y + 5, height: below.height.saturating_sub(5), ..below };
        draw_moves(state, workbench, found, frame, moves);
    }
    for (line, y) in message.iter().zip(foot.y..foot.bottom()) {
        put(frame, foot.x, y, foot.width, line, style);
    }
    draw_keys(state, frame, Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside });
}

/// "The last 1204 studies, 3.2 days: 05-01 10:12 to 05-04 15:40; 1100 were opened".
fn ground(state: &State, sample: &Sample) -> String {
    let Some((first, last)) = sample.period else { return String::new() };
    let clock = |time| words::clock(time, state.now, &state.zone);
    let long = match sample.days() {
        Some(days) => format!("{days:.1} days"),
        None => words::span(last.duration_since(first)),
    };
    let studies = if sample.studies == 1 { "study" } else { "studies" };
    let (n, opened) = (sample.studies, sample.opened);
    format!("The last {n} {studies}, {long}: {} to {}; {opened} opened", clock(first), clock(last))
}

/// The line to be said: the last message, else what is saved and what is not.
fn message(state: &State, workbench: &Workbench) -> (String, Style) {
    let theme = &state.theme;
    let changes = workbench.changes().len();
    match workbench.said() {
        Some((level, text)) => {
            let symbol = match level {
                NoticeLevel::Info => "",
                NoticeLevel::Warning => "! ",
                NoticeLevel::Error => "✖ ",
            };
            (format!("{symbol}{text}"), theme.notice(level))
        }
        None if workbench.is_counting() => ("counting …".to_owned(), theme.dim),
        None if changes > 0 => {
            let labels = if changes == 1 { "1 label".to_owned() } else { format!("{changes} labels") };
            (format!("{labels} changed, not saved: enter writes the configuration"), theme.warning)
        }
        None => ("Nothing changed yet.".to_owned(), theme.dim),
    }
}

fn draw_keys(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let mut x = area.x;
    for (hint, keys) in hints() {
        let needed = cells::width(&keys) + 1 + cells::width(hint);
        if usize::from(area.right().saturating_sub(x)) < needed {
            break;
        }
        x += put(frame, x, area.y, area.width, &keys, theme.key) + 1;
        x += put(frame, x, area.y, area.width, hint, theme.text) + 2;
    }
}

/// The keys of the table, those with the same word together.
fn hints() -> Vec<(&'static str, String)> {
    let mut hints: Vec<(&'static str, String)> = Vec::new();
    for row in BENCH_KEYS {
        let Some(key) = row.keys.first().and_then(|word| word.parse::<Key>().ok()) else { continue };
        match hints.iter_mut().find(|(hint, _)| *hint == row.hint) {
            Some((_, keys)) => keys.push_str(&format!(" {key}")),
            None => hints.push((row.hint, key.to_string())),
        }
    }
    hints
}
