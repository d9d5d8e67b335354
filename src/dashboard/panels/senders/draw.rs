//! The senders of films: a line each, and under it why something of it was refused last:
//!
//! ```text
//!   sender           address               last film   today  refused
//! ▸ CR-1             10.1.2.3                12m ago      41        0
//!   CT-2             10.1.2.9                      –       0        3
//!     3m ago: CT-2 is not on the list: add it to [receive.peers]
//! ```

use ratatui::{Frame, layout::Rect, style::Style};

use super::Senders;
use crate::{
    dashboard::{
        cells,
        state::State,
        widgets::{centred, chosen_line, pane, put},
        words,
    },
    store::Sender,
};

const WIDTH: u16 = 90;
/// The columns of title, last film, films of today and refusals; the address has the rest.
const TITLE: u16 = 17;
const LAST: u16 = 10;
const TODAY: u16 = 7;
const REFUSED: u16 = 9;
/// The columns before a reason.
const INDENT: u16 = 4;
/// The lines that a reason takes, at most.
const REASON: usize = 3;

/// A sender, and the lines under it.
struct Entry<'a> {
    sender: &'a Sender,
    reason: Vec<String>,
    /// Whether nothing has come since the refusal.
    is_refused: bool,
}

impl Entry<'_> {
    fn lines(&self) -> usize {
        1 + self.reason.len()
    }
}

fn entries<'a>(state: &State, panel: &'a Senders, width: u16) -> Vec<Entry<'a>> {
    let room = usize::from(width.saturating_sub(INDENT + 1));
    let entry = |sender: &'a Sender| {
        let reason = sender.last_refusal.zip(sender.reason.as_ref()).map_or_else(Vec::new, |(at, reason)| {
            cells::wrap(&format!("{} ago: {reason}", words::waiting(state.now, at)), room, REASON)
        });
        Entry { sender, reason, is_refused: sender.last_refusal > sender.last_film }
    };
    panel.senders.iter().flatten().map(entry).collect()
}

pub(super) fn area(state: &State, panel: &Senders) -> Rect {
    let width = state.size.width.min(WIDTH).saturating_sub(2);
    let lines: usize = entries(state, panel, width).iter().map(Entry::lines).sum();
    centred(state.size, WIDTH, u16::try_from(lines.max(1)).unwrap_or(u16::MAX).saturating_add(3))
}

pub(super) fn draw(state: &State, panel: &Senders, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let inside = pane(state, frame, area, "Feed: films by DICOM", "esc closes");
    let Some(senders) = &panel.senders else {
        put(frame, inside.x + 1, inside.y, inside.width.saturating_sub(1), "reading …", theme.dim);
        return;
    };
    if senders.is_empty() {
        let text = "nobody has sent anything by DICOM yet: docs/network.md says how to connect a sender";
        put(frame, inside.x + 1, inside.y, inside.width.saturating_sub(1), text, theme.dim);
        return;
    }
    let columns = ["sender", "address", "last film", "today", "refused"].map(str::to_owned);
    draw_columns(frame, Rect { height: 1.min(inside.height), ..inside }, &columns, [theme.heading; 5]);
    let entries = entries(state, panel, inside.width);
    let mut y = inside.y + 1;
    for (at, entry) in entries.iter().enumerate().skip(first(&entries, panel.chosen, inside.height)) {
        if y >= inside.bottom() {
            return;
        }
        let line = Rect { y, height: 1, ..inside };
        draw_sender(state, frame, line, entry);
        if at == panel.chosen {
            chosen_line(state, frame, inside, y);
        }
        y += 1;
        let style = if entry.is_refused { theme.warning } else { theme.dim };
        for text in &entry.reason {
            if y < inside.bottom() {
                put(frame, inside.x + INDENT, y, inside.width.saturating_sub(INDENT), text, style);
            }
            y += 1;
        }
    }
}

/// Returns the first sender that is shown, so that the chosen one is in sight with all its lines.
fn first(entries: &[Entry<'_>], chosen: usize, height: u16) -> usize {
    let rows = usize::from(height.saturating_sub(1));
    let mut used = 0;
    let shown = entries.iter().take(chosen + 1).rev().take_while(|entry| {
        used += entry.lines();
        used <= rows
    });
    (chosen + 1).saturating_sub(shown.count().max(1))
}

fn draw_sender(state: &State, frame: &mut Frame<'_>, line: Rect, entry: &Entry<'_>) {
    let theme = &state.theme;
    let Sender { title, address, last_film, films_today, refusals, .. } = entry.sender;
    let title = if title.is_empty() { "(no title)" } else { title };
    let last = last_film.map_or("–".to_owned(), |at| format!("{} ago", words::waiting(state.now, at)));
    let refused = match (*refusals, entry.is_refused) {
        (0, _) => theme.dim,
        (_, true) => theme.warning,
        (_, false) => theme.text,
    };
    let today = if *films_today == 0 { theme.dim } else { theme.text };
    let texts = [title.to_owned(), address.clone(), last, films_today.to_string(), refusals.to_string()];
    draw_columns(frame, line, &texts, [theme.title, theme.text, theme.text, today, refused]);
}

/// Title and address at the left, the numbers at the right; on a narrow screen the address gives way.
fn draw_columns(frame: &mut Frame<'_>, line: Rect, texts: &[String; 5], styles: [Style; 5]) {
    if line.height == 0 {
        return;
    }
    let x = line.x + 2;
    let numbers = line.right().saturating_sub(1 + LAST + TODAY + REFUSED).max(x);
    put(frame, x, line.y, TITLE.min(numbers - x), &texts[0], styles[0]);
    let address = x + TITLE;
    put(frame, address, line.y, numbers.saturating_sub(address + 1), &texts[1], styles[1]);
    let mut end = numbers;
    for ((text, style), width) in texts.iter().zip(styles).skip(2).zip([LAST, TODAY, REFUSED]) {
        end += width;
        let used = u16::try_from(cells::width(text)).unwrap_or(width).min(width);
        let room = line.right().saturating_sub(end - used);
        put(frame, end - used, line.y, used.min(room), text, style);
    }
}
