//! Draws the state. One folder a region:
//!
//! ```text
//! ┌ chrome/header.rs ────────────────────────────────────────────────────┐
//! │ cxr-triage  watching ./inbox  queue 12  3.4 films/s  cpu       14:02 │
//! │ model starter: its banner; then alarms, a line each                  │
//! ├ list/ ─────────────────────────────┬ film/ ──────────────────────────┤
//! │   # severity    finding   patient  │                                 │
//! │ ▸ 1 ◆ critical  Effusion  DOE, J   │  the film with its heatmap      │
//! │   2 ▲ urgent    Nodule    ROE, R   │                                 │
//! │   ── held: not scored ──           │                                 │
//! ├ findings/ ─────────────────────────┤                                 │
//! │ Effusion  ████████│███┃██▌    0.91 │                                 │
//! │ Nodule    ████      │   ┃     0.34 │  film 1/2, label, coarse hint   │
//! ├ chrome/footer.rs ──────────────────┴─────────────────────────────────┤
//! │ the message line                                                     │
//! │ keys that do something now                            what this is not│
//! └──────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Over it lies at most one of `panels/`, or the keys that may follow (`chrome/which_key.rs`). In the film view the film
//! takes the list's place; under 72x20 the worklist stands alone.

use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    text::Line,
    widgets::{Clear, Paragraph, Widget},
};

use super::finish;
use crate::dashboard::{
    cells,
    chrome::{footer, header, which_key},
    film, findings,
    layout::SMALLEST,
    list,
    state::State,
};

/// Draws everything.
pub fn draw(state: &State, frame: &mut Frame<'_>) {
    regions(state, frame);
    finish::apply(&state.theme, frame.buffer_mut());
}

fn regions(state: &State, frame: &mut Frame<'_>) {
    let Some(layout) = state.layout() else {
        too_small(state, frame);
        return;
    };
    let popup = popup(state);
    header::draw(state, frame, layout.header);
    if let Some(area) = layout.list {
        list::draw(state, frame, area);
    }
    if let Some(area) = layout.findings {
        findings::draw(state, frame, area);
    }
    if let Some(area) = layout.film {
        film::draw(state, frame, area, popup);
    }
    footer::draw_message(state, frame, layout.message);
    footer::draw_hints(state, frame, layout.footer);
    if let Some(area) = popup {
        Clear.render(area, frame.buffer_mut());
        match state.open_panel() {
            Some(panel) => panel.draw(state, frame, area),
            None => which_key::draw(state, frame, area),
        }
    }
}

/// The place of what lies over the screen; pictures must know.
pub(super) fn popup(state: &State) -> Option<Rect> {
    match state.open_panel() {
        Some(panel) => Some(panel.area(state)),
        None => (!state.pending.is_empty()).then(|| which_key::area(state)),
    }
}

fn too_small(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let needs = format!(
        "terminal too small: needs at least {}x{}, is {}x{}",
        SMALLEST.width, SMALLEST.height, area.width, area.height
    );
    let lines = cells::wrap(&needs, usize::from(area.width), usize::from(area.height));
    let lines: Vec<Line<'_>> = lines.into_iter().map(Line::from).collect();
    Paragraph::new(lines).style(state.theme.text).alignment(Alignment::Left).render(area, frame.buffer_mut());
}
