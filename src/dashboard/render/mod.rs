//! Draws the state. One file a region:
//!
//! ```text
//! ┌ header.rs ───────────────────────────────────────────────────────────┐
//! │ cxr-triage  watching ./inbox  queue 12  3.4 films/s  cpu       14:02 │
//! │ model starter: its banner; then alarms, a line each                  │
//! ├ worklist.rs ───────────────────────┬ film.rs ────────────────────────┤
//! │   # severity    finding   patient  │                                 │
//! │ ▸ 1 ◆ critical  Effusion  DOE, J   │  the film with its heatmap      │
//! │   2 ▲ urgent    Nodule    ROE, R   │                                 │
//! │   ── held: not scored ──           │                                 │
//! ├ findings.rs ───────────────────────┤                                 │
//! │ Effusion  ████████│███┃██▌    0.91 │                                 │
//! │ Nodule    ████      │   ┃     0.34 │  film 1/2, label, coarse hint   │
//! ├ footer.rs ─────────────────────────┴─────────────────────────────────┤
//! │ the message line                                                     │
//! │ keys that do something now                            what this is not│
//! └──────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! What lies over it is in `overlay/`. In the film view the film takes the list's place; under 72x20 the worklist
//! stands alone.

mod film;
mod findings;
mod finish;
mod footer;
mod gauge;
mod header;
mod overlay;
mod worklist;

pub(super) use header::lines as header_lines;
pub(super) use overlay::hidden_help_lines;
pub(super) use worklist::{ListPart, part_at as list_part_at};

use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    style::Style,
    text::Line,
    widgets::{Block, BorderType, Paragraph, Widget},
};

use super::{State, cells, layout::SMALLEST};

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
    let popup = overlay::area(state);
    header::draw(state, frame, layout.header);
    if let Some(area) = layout.list {
        worklist::draw(state, frame, area);
    }
    if let Some(area) = layout.findings {
        findings::draw(state, frame, area);
    }
    if let Some(area) = layout.film {
        film::draw(state, frame, area, popup);
    }
    footer::draw_message(state, frame, layout.message);
    footer::draw_hints(state, frame, layout.footer);
    overlay::draw(state, frame);
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

/// A pane's frame with its title; returns the inside.
fn pane(state: &State, frame: &mut Frame<'_>, area: Rect, title: &str, note: &str) -> Rect {
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
fn put(frame: &mut Frame<'_>, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
    let text = cells::fit(text, usize::from(width));
    let buffer = frame.buffer_mut();
    if width == 0 || !buffer.area.contains((x, y).into()) {
        return 0;
    }
    let (end, _) = buffer.set_stringn(x, y, text, usize::from(width), style);
    end - x
}
