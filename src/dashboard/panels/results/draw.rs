//! Results on their way: a line each, with study, destination and how far it has come.

use ratatui::{Frame, layout::Rect};

use super::{Progress, Results};
use crate::dashboard::{
    state::State,
    widgets::{centred, chosen_line, first_line, pane, put},
};

const WIDTH: u16 = 96;
/// The columns that a study and a destination take.
const STUDY: u16 = 26;
const DESTINATION: u16 = 14;

pub(super) fn area(state: &State, results: Results) -> Rect {
    let lines = u16::try_from(results.lines(state).len()).unwrap_or(u16::MAX);
    centred(state.size, WIDTH, lines.max(1).saturating_add(3))
}

pub(super) fn draw(state: &State, results: Results, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let keys = if state.may_send() { "enter sends, or tries again; esc closes" } else { "esc closes" };
    let inside = pane(state, frame, area, "Results sent", keys);
    let lines = results.lines(state);
    let (x, width) = (inside.x + 2, inside.width.saturating_sub(2));
    if lines.is_empty() {
        put(frame, x, inside.y, width, "no destination is configured: docs/network.md says how", theme.dim);
    }
    let rows = usize::from(inside.height);
    let chosen = results.chosen().min(lines.len().saturating_sub(1));
    let first = first_line(chosen, rows);
    for ((at, line), y) in lines.iter().enumerate().skip(first).zip(inside.y..inside.bottom()) {
        let subject = state.worklist().get(line.study).map(|row| state.subject(&row.study()));
        let subject = subject.unwrap_or_else(|| format!("study {}", line.study));
        put(frame, x, y, width.min(STUDY), &subject, theme.text);
        let mut at_x = STUDY + 1;
        put(frame, x + at_x, y, width.saturating_sub(at_x).min(DESTINATION), line.destination, theme.title);
        at_x += DESTINATION + 1;
        let (words, style) = match line.progress {
            Progress::Unknown => ("…".to_owned(), theme.dim),
            Progress::NotSent => ("not sent".to_owned(), theme.dim),
            Progress::Sent(sending) if sending.is_in_trouble() => {
                (state.sending_in_words(sending), theme.warning)
            }
            Progress::Sent(sending) => (state.sending_in_words(sending), theme.text),
        };
        put(frame, x + at_x, y, width.saturating_sub(at_x), &words, style);
        if at == chosen {
            chosen_line(state, frame, inside, y);
        }
    }
}
