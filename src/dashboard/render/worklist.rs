//! The list: a line a study, the sickest on top, held ones apart at the bottom.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
};

use super::{
    super::{
        Column, Role, State,
        action::Action,
        cells,
        filter::FilterError,
        layout::inside,
        overlay::{FilterLine, Overlay},
        plugins,
        state::FILTER_LINES,
        theme::{short_word, symbol},
        words,
    },
    overlay::text_line,
    pane, put,
};
use crate::{
    store::{Status, StudyRow},
    triage::Severity,
};

/// A column and its width.
type Placed = (Column, u16);
/// A column, how much room it needs and from which width of the pane on; none for those that share the rest.
type Wished = (Column, Option<(u16, u16)>);

/// The least width of a column that shares what the others leave.
const LEAST: u16 = 6;

/// The columns that fit, in the order that was chosen. The finding and the patient share what the others
/// leave; where that is too little, columns go from the right.
fn columns(chosen: &[Wished], width: u16) -> Vec<Placed> {
    let fits = |(_, room): &Wished| room.is_none_or(|(_, from)| width >= from);
    let mut shown: Vec<Wished> = chosen.iter().copied().filter(fits).collect();
    loop {
        // The marker, and a space after each column.
        let fixed = shown.iter().filter_map(|(_, room)| *room);
        let taken: u16 = 2 + fixed.map(|(width, _)| width + 1).sum::<u16>() + 1;
        let flexible = shown.iter().filter(|(_, room)| room.is_none()).count();
        let flexible = u16::try_from(flexible).unwrap_or(0);
        let shared = width.saturating_sub(taken);
        let needed = flexible * LEAST + flexible.saturating_sub(1);
        let last = shown.iter().rposition(|(_, room)| room.is_some());
        if let Some(last) = last.filter(|_| taken > width || shared < needed) {
            shown.remove(last);
            continue;
        }
        return shown.iter().map(|&wished| (wished.0, share(wished, &shown, shared))).collect();
    }
}

/// A column's width, where `shared` is left for those that have none of their own.
fn share((column, room): Wished, shown: &[Wished], shared: u16) -> u16 {
    let finding = (shared / 2).clamp(shared.min(9), 28);
    let is_shown = |wanted| shown.iter().any(|(column, _)| *column == wanted);
    let both = is_shown(Column::Finding) && is_shown(Column::Patient);
    match (column, room) {
        (_, Some((width, _))) => width,
        (Column::Finding, None) if both => finding,
        (_, None) if both => shared.saturating_sub(finding),
        (_, None) => shared,
    }
}

/// A part of the list that can be clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dashboard) enum ListPart {
    /// A study, by its index.
    Row(usize),
    /// The heading of a column.
    Heading(Column),
}

/// What lies at a place of the screen.
pub(in crate::dashboard) fn part_at(state: &State, at: Position) -> Option<ListPart> {
    let pane = state.layout()?.list?;
    let rows = rows_area(state, inside(pane));
    if at.y == rows.y && rows.contains(at) {
        let mut x = rows.x + 2;
        for (column, width) in placed(state, rows) {
            if (x..=x + width).contains(&at.x) {
                return Some(ListPart::Heading(column));
            }
            x += width + 1;
        }
        return None;
    }
    let mut lines = lines(state, rows);
    lines.find_map(|(y, line)| line.filter(|_| y == at.y)).map(ListPart::Row)
}

fn placed(state: &State, area: Rect) -> Vec<Placed> {
    let digits = state.worklist().len().to_string().len();
    let digits = u16::try_from(digits).unwrap_or(6);
    let wished = |&column: &Column| {
        let room = column.room(area.width, digits);
        (column, room.map(|(width, from)| (plugins::width(state, column).unwrap_or(width), from)))
    };
    let wished: Vec<Wished> = state.columns().iter().map(wished).collect();
    columns(&wished, area.width)
}

/// The list's place without the line that a filter is typed into.
fn rows_area(state: &State, inside: Rect) -> Rect {
    let prompt = if matches!(state.overlay(), Some(Overlay::Filter(_))) { FILTER_LINES } else { 0 };
    Rect { height: inside.height.saturating_sub(prompt), ..inside }
}

/// The lines of the list under its headings: the index of a study, or `None` for the rule over the held
/// ones.
fn lines(state: &State, area: Rect) -> impl Iterator<Item = (u16, Option<usize>)> {
    let list = state.worklist();
    let (held_from, len, first) = (list.held_from(), list.len(), list.offset());
    let indexes = (first..len).flat_map(move |index| {
        let rule = (index == held_from).then_some(None);
        rule.into_iter().chain([Some(index)])
    });
    (area.y + 1..area.bottom()).zip(indexes)
}

pub(super) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let inside = pane(state, frame, area, &title(state), &summary(state, area.width));
    let rows = rows_area(state, inside);
    if let Some(Overlay::Filter(line)) = state.overlay() {
        filter_line(
            state,
            line,
            frame,
            Rect { y: rows.bottom(), height: inside.height - rows.height, ..inside },
        );
    }
    if state.worklist().is_empty() {
        empty(state, frame, rows);
        return;
    }
    let columns = placed(state, rows);
    headings(state, frame, rows, &columns);
    let selected = state.worklist().selected_index();
    for (y, index) in lines(state, rows) {
        let line = Rect { y, height: 1, ..rows };
        match index.and_then(|index| Some((index, state.worklist().rows().get(index)?))) {
            Some((index, row)) => {
                draw_row(state, frame, line, &columns, (index, &row.study()), selected == Some(index));
            }
            None => {
                put(frame, line.x + 2, y, line.width - 2, "── held: not scored ──", state.theme.held);
            }
        }
    }
}

/// The filter as it is typed, and under it what is wrong with it or what may follow.
fn filter_line(state: &State, line: &FilterLine, frame: &mut Frame<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    text_line(state, frame, Rect { height: 1, ..area }, "/", line.input());
    if area.height < 2 {
        return;
    }
    let (x, width) = (area.x + 1, area.width.saturating_sub(1));
    let offers: Vec<String> = line.offers(state).into_iter().map(|offer| offer.text).collect();
    // A word that is still being typed ("band:cri") is not wrong yet.
    let is_begun = |mistake: &FilterError| !offers.is_empty() && mistake.at.end == line.input().cursor();
    if let Some(mistake) = state.mistake.as_ref().filter(|mistake| !is_begun(mistake)) {
        let before = cells::width(&line.input().text()[..mistake.at.start]);
        let caret = u16::try_from(before).unwrap_or(u16::MAX).saturating_add(2);
        let message = format!("^ {}", mistake.message);
        // Under the character that is wrong, if the message fits there.
        let room = width.saturating_sub(u16::try_from(cells::width(&message)).unwrap_or(u16::MAX));
        let indent = caret.min(room);
        put(frame, x + indent, area.y + 1, width - indent, &message, state.theme.warning);
        return;
    }
    let hint = if offers.is_empty() && state.worklist().is_unfinished() {
        format!("of {} · looking through them …", state.worklist().total())
    } else if offers.is_empty() {
        format!("{} of {} · enter keeps it, esc drops it", state.worklist().len(), state.worklist().total())
    } else {
        format!("tab: {}", offers.join("  "))
    };
    put(frame, x + 2, area.y + 1, width.saturating_sub(2), &hint, state.theme.dim);
}

fn title(state: &State) -> String {
    let list = state.worklist();
    let mut title = state.listed_view().map_or("Worklist", |view| &view.name).to_owned();
    if let Some(index) = list.selected_index() {
        title.push_str(&format!(" {}/{}", index + 1, list.len()));
    }
    if !list.order().is_rank() {
        title.push_str(&format!(" by {}", list.order().column.name()));
    }
    if !state.typed_filter().is_empty() {
        // Somebody's name may stand in it.
        let filter = if state.hides_names() { "filtered" } else { state.typed_filter() };
        title.push_str(&format!(" · {filter}"));
    }
    if list.is_unfinished() {
        title.push_str(" · one moment …");
    }
    title
}

/// How many stand in each band; first, how many criticals are scrolled out of sight above.
fn summary(state: &State, width: u16) -> String {
    let list = state.worklist();
    let name = |band| {
        if width < 58 { symbol(band).to_owned() } else { format!(" {}", band.word()) }
    };
    let above = if list.order().is_rank() { list.count(Severity::Critical).min(list.offset()) } else { 0 };
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
    if state.worklist().total() > 0 {
        let text = if state.typed_filter().is_empty() {
            format!("No study here. {} lists all open ones.", state.keymap.shown(Action::View(1)))
        } else {
            format!("No study passes the filter. {} takes it away.", state.keymap.shown(Action::Close))
        };
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
    let order = state.worklist().order();
    let mut x = area.x + 2;
    for &(column, width) in columns {
        let mark = match (order.column == column && !order.is_rank(), order.reversed) {
            (false, _) => "",
            (true, false) => "▾",
            (true, true) => "▴",
        };
        let wide = usize::from(width);
        let heading = cells::fit(column.heading(), wide.saturating_sub(cells::width(mark)));
        let text = format!("{heading}{mark}");
        let text = if column.is_number() { format!("{text:>wide$}") } else { text };
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
    if row.is_alarm() {
        put(frame, area.x + 1, area.y, 1, "!", theme.critical);
    } else if is_new {
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
        Column::Band => {
            let word = if width < 10 { short_word(row.severity) } else { row.severity.word() };
            (format!("{} {word}", symbol(row.severity)), theme.severity(row.severity))
        }
        Column::Finding if row.severity == Severity::Held => (row.held_reason.clone(), plain),
        Column::Finding => (finding(row), plain),
        Column::Score => (right(row.score.map(|score| format!("{score:.2}")).unwrap_or_default()), plain),
        Column::Patient => (state.subject(row), plain),
        Column::Id | Column::Accession | Column::File if state.hides_names() => ("…".to_owned(), theme.dim),
        Column::Id => (row.patient_id.clone(), plain),
        Column::Accession => (row.accession_number.clone(), plain),
        Column::Description => (row.description.clone(), plain),
        Column::View => (row.view.clone(), plain),
        Column::Films => {
            let held = if row.held_films > 0 { format!("+{}‖", row.held_films) } else { String::new() };
            (right(format!("{}{held}", row.scored_films)), plain)
        }
        Column::StudyTime => (words::study_time(row.study_time, state.today()), theme.dim),
        Column::Waits => {
            let overdue = state.is_overdue(row);
            let text = words::waiting(state.now, row.first_arrival);
            let style = if overdue { theme.warning } else { plain };
            (right(if overdue { format!("{text}!") } else { text }), style)
        }
        Column::Status => (row.status.word().to_owned(), plain),
        Column::By => (row.status_by.clone(), plain),
        Column::Notes => (right(if row.notes > 0 { row.notes.to_string() } else { String::new() }), plain),
        Column::Model => (row.model.clone(), theme.dim),
        Column::File => (row.file_name.clone(), plain),
        Column::Attribute(attribute) => (row.attributes.get(attribute).to_owned(), plain),
        Column::Tags => (column.marked(&row.marks), plain),
        // A plugin that is allowed to know who a patient is may write it down.
        Column::Plugin(_) if state.hides_names() => ("…".to_owned(), theme.dim),
        Column::Plugin(_) => (column.marked(&row.marks), plain),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn wished(columns: &[Column], width: u16, digits: u16) -> Vec<Wished> {
        columns.iter().map(|&column| (column, column.room(width, digits))).collect()
    }

    #[test]
    fn columns_fill_the_width_and_never_exceed_it() {
        for width in 36..240 {
            for digits in [1, 3, 6] {
                for chosen in [&Column::USUAL[..], &Column::ALL[..]] {
                    let placed = columns(&wished(chosen, width, digits), width);
                    let taken: u16 = 2 + placed.iter().map(|(_, width)| width + 1).sum::<u16>() - 1;
                    assert!(taken <= width, "{taken} in {width}");
                    for needed in
                        [Column::Band, Column::Finding, Column::Score, Column::Patient, Column::Waits]
                    {
                        let is_there = placed.iter().any(|(column, _)| *column == needed);
                        assert!(is_there || chosen.len() > 9, "{needed:?} at {width}");
                    }
                }
            }
        }
    }

    #[test]
    fn columns_stand_in_the_order_that_was_chosen() {
        let chosen = [Column::Waits, Column::Patient, Column::Band];
        let placed: Vec<Column> =
            columns(&wished(&chosen, 80, 2), 80).into_iter().map(|(column, _)| column).collect();
        assert_eq!(placed, chosen);
    }
}
