//! The list: a line a study, the sickest on top, held ones apart at the bottom.

use jiff::civil;
use ratatui::{Frame, layout::Rect, style::Style};

use super::{
    super::{
        Role, State,
        action::Action,
        cells,
        theme::{short_word, symbol},
        words,
    },
    pane, put,
};
use crate::{
    store::{Status, StudyRow},
    triage::Severity,
};

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Rank,
    Severity,
    Finding,
    Score,
    Subject,
    StudyTime,
    Waiting,
    Status,
}

/// A column and its width.
type Placed = (Column, u16);

/// The columns that fit, in order. The finding and the patient share what the others leave.
fn columns(width: u16, rank_digits: u16) -> Vec<Placed> {
    use Column::{Finding, Rank, Score, Severity, StudyTime, Subject, Waiting};
    let narrow = width < 52;
    let severity = if narrow { 6 } else { 10 };
    let mut fixed = vec![(Severity, severity), (Score, 5), (Waiting, 5)];
    // What more there is room for: from the width on at which it does not starve the others.
    let more = [(50, Rank, rank_digits.max(2)), (72, Column::Status, 7), (86, StudyTime, 11)];
    fixed.extend(more.iter().filter(|(from, ..)| width >= *from).map(|&(_, column, width)| (column, width)));

    // The marker, and a space after each column.
    let taken: u16 = 2 + fixed.iter().map(|(_, width)| width + 1).sum::<u16>() + 1;
    let shared = width.saturating_sub(taken);
    let finding = (shared / 2).clamp(shared.min(9), 28);
    let flexible = [(Finding, finding), (Subject, shared.saturating_sub(finding))];

    [Rank, Severity, Finding, Score, Subject, StudyTime, Waiting, Column::Status]
        .into_iter()
        .filter_map(|column| {
            let known = fixed.iter().chain(&flexible).find(|(placed, _)| *placed == column);
            known.copied().filter(|(_, width)| *width > 0)
        })
        .collect()
}

fn heading(column: Column) -> &'static str {
    match column {
        Column::Rank => "#",
        Column::Severity => "band",
        Column::Finding => "top finding",
        Column::Score => "score",
        Column::Subject => "patient or file",
        Column::StudyTime => "study time",
        Column::Waiting => "waits",
        Column::Status => "status",
    }
}

pub(super) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let inside = pane(state, frame, area, &title(state), &summary(state, area.width));
    if state.worklist().is_empty() {
        empty(state, frame, inside);
        return;
    }
    let digits = state.worklist().len().to_string().len();
    let columns = columns(inside.width, u16::try_from(digits).unwrap_or(6));
    headings(state, frame, inside, &columns);

    let held_from = state.worklist().held_from();
    let first = state.worklist().offset();
    let selected = state.worklist().selected_index();
    let mut y = inside.y + 1;
    for (index, row) in state.rows_on_screen().iter().enumerate().map(|(at, row)| (first + at, row)) {
        if y >= inside.bottom() {
            break;
        }
        if index == held_from {
            put(frame, inside.x + 2, y, inside.width - 2, "── held: not scored ──", state.theme.held);
            y += 1;
        }
        if y < inside.bottom() {
            let line = Rect { y, height: 1, ..inside };
            draw_row(state, frame, line, &columns, (index, row), selected == Some(index));
        }
        y += 1;
    }
}

fn title(state: &State) -> String {
    let list = state.worklist();
    let name = if list.shows_done() { "Done" } else { "Worklist" };
    match list.selected_index() {
        Some(index) => format!("{name} {}/{}", index + 1, list.len()),
        None => name.to_owned(),
    }
}

/// How many stand in each band; first, how many criticals are scrolled out of sight above.
fn summary(state: &State, width: u16) -> String {
    let list = state.worklist();
    let name = |band| {
        if width < 58 { symbol(band).to_owned() } else { format!(" {}", band.word()) }
    };
    let above = list.count(Severity::Critical).min(list.offset());
    let mut parts = Vec::new();
    if above > 0 {
        parts.push(format!("↑{above}{} above", name(Severity::Critical)));
    }
    for band in [Severity::Critical, Severity::Urgent, Severity::Held] {
        let count = list.count(band);
        if count > 0 {
            parts.push(format!("{count}{}", name(band)));
        }
    }
    parts.join(", ")
}

fn empty(state: &State, frame: &mut Frame<'_>, area: Rect) {
    if state.worklist().shows_done() {
        let key = state.keymap.shown(Action::ShowDone);
        let text = format!("No study is done. {key} goes back to the list.");
        put(frame, area.x + 2, area.y + 1, area.width.saturating_sub(3), &text, state.theme.title);
        return;
    }
    let health = state.health.as_ref();
    let inbox = health.map_or("the inbox", |health| health.inbox.as_str());
    let mut lines = vec![(format!("No films yet. Waiting for films in {inbox}"), state.theme.title)];
    if health.is_none_or(|health| health.role == Role::Owner) {
        lines.extend([
            (String::new(), state.theme.text),
            ("Copy DICOM, PNG, JPEG or TIFF films there:".to_owned(), state.theme.text),
            (format!("  cp film.dcm {inbox}/"), state.theme.key),
            ("or receive them from a modality (dcmtk):".to_owned(), state.theme.text),
            (format!("  storescp -od {inbox} 11112"), state.theme.key),
            (String::new(), state.theme.text),
            ("The inbox is only read; nothing in it is changed.".to_owned(), state.theme.dim),
        ]);
    }
    let mut y = area.y + 1;
    for (text, style) in lines {
        let wrapped = cells::wrap(&text, usize::from(area.width.saturating_sub(4)), 3);
        // Wrapping trims; a command keeps its indent.
        let indent = if text.starts_with("  ") { 2 } else { 0 };
        for line in if wrapped.is_empty() { vec![String::new()] } else { wrapped } {
            if y < area.bottom() {
                put(frame, area.x + 2 + indent, y, area.width.saturating_sub(3 + indent), &line, style);
            }
            y += 1;
        }
    }
}

fn headings(state: &State, frame: &mut Frame<'_>, area: Rect, columns: &[Placed]) {
    let mut x = area.x + 2;
    for &(column, width) in columns {
        let text = match column {
            Column::Rank | Column::Score | Column::Waiting => {
                format!("{:>width$}", heading(column), width = usize::from(width))
            }
            _ => heading(column).to_owned(),
        };
        put(frame, x, area.y, width, &text, state.theme.heading);
        x += width + 1;
    }
}

fn draw_row(
    state: &State,
    frame: &mut Frame<'_>,
    area: Rect,
    columns: &[Placed],
    (index, row): (usize, &StudyRow),
    is_selected: bool,
) {
    let theme = &state.theme;
    let is_new = row.status == Status::New;
    let base = if is_new { theme.text.patch(theme.new) } else { theme.text };
    let mut x = area.x + 2;
    for (at, &(column, width)) in columns.iter().enumerate() {
        // The reason why a film is held matters more than the score that it does not have.
        let width = match columns.get(at + 1) {
            Some((Column::Score, score)) if row.severity == Severity::Held => width + 1 + score,
            _ => width,
        };
        if column == Column::Score && row.severity == Severity::Held {
            x += width + 1;
            continue;
        }
        let (text, style) = cell(state, column, width, index, row);
        put(frame, x, area.y, width, &text, base.patch(style));
        x = if column == Column::Finding { x + columns[at].1 + 1 } else { x + width + 1 };
    }
    if is_new {
        put(frame, area.x + 1, area.y, 1, "•", base);
    }
    if is_selected {
        frame.buffer_mut().set_style(area, theme.selected);
        put(frame, area.x, area.y, 1, "▸", theme.selected);
    }
}

fn cell(state: &State, column: Column, width: u16, index: usize, row: &StudyRow) -> (String, Style) {
    let theme = &state.theme;
    let right = |text: String| format!("{text:>width$}", width = usize::from(width));
    let plain = Style::new();
    match column {
        Column::Rank if row.severity == Severity::Held => (String::new(), plain),
        Column::Rank => (right((index + 1).to_string()), theme.dim),
        Column::Severity => {
            let word = if width < 10 { short_word(row.severity) } else { row.severity.word() };
            (format!("{} {word}", symbol(row.severity)), theme.severity(row.severity))
        }
        Column::Finding if row.severity == Severity::Held => (row.held_reason.clone(), plain),
        Column::Finding => (finding(row), plain),
        Column::Score => (right(row.score.map(|score| format!("{score:.2}")).unwrap_or_default()), plain),
        Column::Subject => (words::subject(row), plain),
        Column::StudyTime => (study_time(row, state.today()), theme.dim),
        Column::Waiting => {
            let overdue = state.is_overdue(row);
            let text = words::waiting(state.now, row.first_arrival);
            let style = if overdue { theme.warning } else { plain };
            (right(if overdue { format!("{text}!") } else { text }), style)
        }
        Column::Status => (words::status(row.status).to_owned(), plain),
    }
}

/// Flags a study that a change of thresholds took out of `critical` before anybody acknowledged it.
const WAS_CRITICAL: &str = "was◆";

/// Why the study stands where it does: what raised it, then its top finding.
fn finding(row: &StudyRow) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if let Some(outside) = &row.outside {
        parts.push(&outside.source);
    }
    if row.promoted_at.is_some() {
        parts.push("↑wait");
    }
    if row.was_critical_until.is_some() {
        parts.push(WAS_CRITICAL);
    }
    parts.push(row.top.as_deref().unwrap_or("nothing ranks"));
    parts.join(" ")
}

fn study_time(row: &StudyRow, today: civil::Date) -> String {
    words::study_time(row.study_time, today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fill_the_width_and_never_exceed_it() {
        for width in 36..240 {
            for digits in [1, 3, 6] {
                let placed = columns(width, digits);
                let taken: u16 = 2 + placed.iter().map(|(_, width)| width + 1).sum::<u16>() - 1;
                assert!(taken <= width, "{taken} in {width}");
                for needed in
                    [Column::Severity, Column::Finding, Column::Score, Column::Subject, Column::Waiting]
                {
                    assert!(placed.iter().any(|(column, _)| *column == needed), "{needed:?} at {width}");
                }
            }
        }
    }
}
