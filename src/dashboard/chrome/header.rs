//! The lines at the top: intake, queue and engine; the model and its banner; alarms.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Paragraph, Widget},
};

use crate::{
    dashboard::{
        cells,
        keymap::action::Action,
        layout::header::{self, HeaderLine},
        state::State,
        words,
    },
    session::protocol::{Health, Position},
};

/// A piece of the first line, and how early it goes when there is no room (the highest first).
struct Piece {
    text: String,
    style: Style,
    gives_way: u8,
}

pub(in crate::dashboard) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    Paragraph::new(lines(state)).render(area, frame.buffer_mut());
}

fn lines(state: &State) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let doubt = state.site.doubt.as_deref();
    let below =
        header::lines(state.health.as_ref(), doubt, state.size.width).into_iter().map(|(kind, line)| {
            let style = match kind {
                HeaderLine::Model => theme.dim,
                HeaderLine::Fault => theme.error,
                HeaderLine::Alarm | HeaderLine::Doubt => theme.warning,
            };
            Line::styled(format!(" {line}"), style)
        });
    [first(state)].into_iter().chain(below).collect()
}

fn first(state: &State) -> Line<'static> {
    let clock = state.zone.to_datetime(state.now).strftime("%H:%M").to_string();
    let width = usize::from(state.size.width);
    let room = width.saturating_sub(cells::width(&clock) + 3);

    let mut pieces = pieces(state);
    let needed = |pieces: &[Piece]| pieces.iter().map(|piece| cells::width(&piece.text) + 2).sum::<usize>();
    while needed(&pieces) > room && pieces.len() > 1 {
        let last = pieces.iter().enumerate().max_by_key(|(_, piece)| piece.gives_way);
        let Some((index, _)) = last else { break };
        pieces.remove(index);
    }
    let mut spans = vec![Span::raw(" ")];
    for piece in &pieces {
        spans.push(Span::styled(piece.text.clone(), piece.style));
        spans.push(Span::raw("  "));
    }
    let gap = room.saturating_sub(needed(&pieces)) + 1;
    spans.push(Span::raw(" ".repeat(gap)));
    spans.push(Span::styled(clock, state.theme.dim));
    Line::from(spans)
}

fn pieces(state: &State) -> Vec<Piece> {
    let theme = &state.theme;
    let piece = |text: String, style, gives_way| Piece { text, style, gives_way };
    let mut pieces = vec![piece("cxr-triage".to_owned(), theme.brand, 5)];
    let Some(health) = &state.health else {
        pieces.push(piece("starting".to_owned(), theme.dim, 0));
        return pieces;
    };
    let alarms = state.worklist().alarms();
    if alarms > 0 {
        let keys = (state.keymap.shown(Action::NextAlarm), state.keymap.shown(Action::Acknowledge));
        let text = format!("! {alarms} to acknowledge: {} {}", keys.0, keys.1);
        pieces.push(piece(text, theme.critical, 0));
    }
    let room = usize::from(state.size.width) / 3;
    match health.position {
        Position::Owner => {
            pieces.push(piece(format!("watching {}", cells::fit_end(&health.inbox, room)), theme.text, 3));
            pieces.push(piece(format!("queue {}", health.queued), theme.text, 1));
            pieces.push(working(state, health));
            if let Some(speed) = health.films_per_second {
                pieces.push(piece(format!("{speed:.1} films/s"), theme.text, 6));
            }
            pieces.push(piece(health.device.clone(), theme.dim, 8));
        }
        Position::Follower => pieces.push(piece(words::FOLLOWS.to_owned(), theme.warning, 0)),
    }
    if let Some(last) = health.last_arrival {
        let ago = words::clock(last, state.now, &state.zone);
        pieces.push(piece(format!("last film {ago}"), theme.dim, 7));
    }
    pieces
}

fn working(state: &State, health: &Health) -> Piece {
    let room = usize::from(state.size.width) / 4;
    match &health.working_on {
        Some(_) if state.hides_names() => {
            Piece { text: "working".to_owned(), style: state.theme.text, gives_way: 9 }
        }
        Some(file) => {
            let text = format!("working on {}", cells::fit_end(file, room));
            Piece { text, style: state.theme.text, gives_way: 9 }
        }
        None => Piece { text: "idle".to_owned(), style: state.theme.dim, gives_way: 4 },
    }
}
