//! The list: a line a study, the sickest on top, held ones apart at the bottom.

pub(in crate::dashboard) mod status;

use ratatui::{Frame, layout::Rect, style::Style};

use crate::{
    dashboard::{
        cells,
        keymap::action::Action,
        layout::list::Placed,
        state::State,
        theme::{short_word, symbol},
        widgets::{pane, put},
        words,
        worklist::Column,
    },
    session::protocol::Position,
    store::{Status, StudyRow},
    study::Severity,
};

pub(in crate::dashboard) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    pane(state, frame, area, &title(state), &summary(state, area.width));
    let Some(layout) = state.list_layout() else { return };
    let rows = layout.rows;
    if state.worklist().is_empty() {
        empty(state, frame, rows);
        return;
    }
    headings(state, frame, rows, &layout.columns);
    let selected = state.worklist().selected_index();
    for (y, index) in layout.lines() {
        let line = Rect { y, height: 1, ..rows };
        match index.and_then(|index| Some((index, state.worklist().rows().get(index)?))) {
            Some((index, row)) => {
                let is_selected = selected == Some(index);
                draw_row(state, frame, line, &layout.columns, (index, &row.study()), is_selected);
            }
            None => {
                put(frame, line.x + 2, y, line.width - 2, "── held: not scored ──", state.theme.held);
            }
        }
    }
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

/// Returns how many stand in each band; first, how many criticals are scrolled out of sight above.
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
    // A follower does not know it.
    let inbox = health.map(|health| health.inbox.as_str()).filter(|inbox| !inbox.is_empty());
    let inbox = inbox.unwrap_or("the inbox");
    let mut lines = vec![(format!("No films yet. Waiting for films in {inbox}"), state.theme.title)];
    if health.is_none_or(|health| health.position == Position::Owner) {
        lines.extend([
            (String::new(), state.theme.text),
            ("Copy DICOM, PNG, JPEG or TIFF films there:".to_owned(), state.theme.text),
            (format!("  cp film.dcm {inbox}/"), state.theme.key),
            ("or by DICOM from a modality or PACS:".to_owned(), state.theme.text),
            ("  cxr-triage watch --receive".to_owned(), state.theme.key),
            (String::new(), state.theme.text),
            ("Nothing in the inbox is changed.".to_owned(), state.theme.dim),
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

/// Returns why the study stands where it does: what raised it, then its top finding.
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
