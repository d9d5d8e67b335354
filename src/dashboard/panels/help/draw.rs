//! The help: the table of actions by section, and what the symbols mean.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Paragraph, Widget},
};

use super::Help;
use crate::{
    dashboard::{
        cells,
        keymap::action::{ACTIONS, Action, Section},
        layout::inside,
        state::{State, plugins},
        theme::symbol,
        widgets::{centred, pane},
    },
    study::Severity,
};

/// The columns that keys take.
const KEYS: usize = 14;
/// The columns that a section's heading takes, where there is room for headings.
const HEADINGS: usize = 10;
const WIDTH: u16 = 74;

/// The marks in list and findings, and their meaning.
const LEGEND: [(&str, &str); 9] = [
    ("•", "new: nobody has opened it"),
    ("!", "critical, and nobody has acknowledged it"),
    ("was◆", "was critical before the thresholds changed"),
    ("↑wait", "raised one band because it waited too long"),
    ("STAT …", "raised by a priority from outside"),
    ("12m!", "waits longer than the site allows"),
    ("██│██┃", "score, with the marks of alert and critical"),
    ("░░│░", "a label that is not validated or does not rank"),
    ("▁▇▂▁●", "the last films of this model, and where this one stands"),
];

pub(super) fn area(state: &State) -> Rect {
    let height = length(&lines(state)).saturating_add(2);
    centred(state.size, WIDTH, height)
}

/// Returns how many lines do not fit.
pub(super) fn hidden_lines(state: &State) -> u16 {
    length(&lines(state)).saturating_sub(inside(area(state)).height)
}

pub(super) fn draw(state: &State, help: Help, frame: &mut Frame<'_>, area: Rect) {
    let hidden = hidden_lines(state);
    let note = if hidden > 0 { "↑ ↓ scroll, esc closes" } else { "esc closes" };
    let inside = pane(state, frame, area, "Keys", note);
    let scroll = help.scrolled.min(hidden);
    Paragraph::new(lines(state)).scroll((scroll, 0)).render(inside, frame.buffer_mut());
}

fn length(lines: &[Line<'_>]) -> u16 {
    u16::try_from(lines.len()).unwrap_or(u16::MAX)
}

fn lines(state: &State) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for section in Section::ALL {
        let mut heading = section.heading();
        for entry in ACTIONS.iter().filter(|entry| entry.section == section && state.may(entry.action)) {
            let keys: Vec<String> = state.keymap.keys(entry.action).map(ToString::to_string).collect();
            // The views that this site has, by their names.
            let about = match entry.action {
                Action::View(number) => match state.view_at(number) {
                    Some(view) => format!("the view {}", view.name),
                    None => continue,
                },
                _ => entry.about.to_owned(),
            };
            lines.push(line(state, heading, &keys.join(" "), &about));
            heading = "";
        }
    }
    let mut heading = "Plugins";
    for it in plugins::commands(state).filter(|it| !it.command.key.is_empty()) {
        lines.push(line(state, heading, &it.command.key, &it.command.title));
        heading = "";
    }
    lines.extend(limits(state));
    let bands = Severity::ALL.into_iter().rev().map(|band| format!("{} {}", symbol(band), band.word()));
    lines.push(line(state, "Marks", "", &bands.collect::<Vec<_>>().join("  ")));
    lines.extend(LEGEND.map(|(mark, about)| line(state, "", mark, about)));
    lines
}

/// The limits of the role of a person who has logged in.
fn limits(state: &State) -> Vec<Line<'static>> {
    let Some(role) = state.role() else { return Vec::new() };
    let not: Vec<&str> =
        ACTIONS.iter().filter(|entry| !state.may(entry.action)).map(|entry| entry.name).collect();
    let plugins = if state.may_ask_plugins() { "" } else { ", plugins' commands" };
    let text = format!("does not permit {}{plugins}", not.join(", "));
    let room = usize::from(WIDTH).saturating_sub(HEADINGS + KEYS + 6);
    let about = cells::wrap(&text, room, 8);
    let of_line = |(at, about): (usize, &String)| match at {
        0 => line(state, "Role", role.word(), about),
        _ => line(state, "", "", about),
    };
    about.iter().enumerate().map(of_line).collect()
}

fn line(state: &State, heading: &'static str, keys: &str, about: &str) -> Line<'static> {
    let pad = |text: &str, columns: usize| {
        let text = cells::fit(text, columns);
        let gap = columns - cells::width(&text) + 1;
        format!("{text}{}", " ".repeat(gap))
    };
    let mut spans = vec![Span::raw(" ")];
    if state.size.width >= WIDTH {
        spans.push(Span::styled(pad(heading, HEADINGS), state.theme.title));
    }
    spans.push(Span::styled(pad(keys, KEYS), state.theme.key));
    spans.push(Span::styled(about.to_owned(), state.theme.text));
    Line::from(spans)
}
