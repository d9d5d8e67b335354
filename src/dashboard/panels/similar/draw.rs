//! The nearest studies: how far and whose, how it stands, the findings, the last note.

use ratatui::{Frame, layout::Rect};

use super::SimilarPanel;
use crate::{
    dashboard::{
        cells,
        state::State,
        theme::symbol,
        widgets::{centred, pane, put},
        words,
    },
    session::protocol::SimilarFilm,
    store::StudyRow,
    study::{Finding, in_order},
};

/// Findings of a film that are told.
const FINDINGS: usize = 4;

/// Returns where list and findings are: the film stays in sight.
pub(super) fn area(state: &State) -> Rect {
    let layout = state.layout();
    let panes = layout.and_then(|layout| match (layout.list, layout.findings) {
        (Some(list), Some(findings)) => Some(list.union(findings)),
        (list, findings) => list.or(findings),
    });
    panes.unwrap_or_else(|| centred(state.size, 72, 18))
}

pub(super) fn draw(state: &State, panel: &SimilarPanel, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let inside = pane(state, frame, area, "Like this", "enter goes there");
    let text = Rect { x: inside.x + 2, width: inside.width.saturating_sub(2), ..inside };
    let said = match &panel.answer {
        None => Some(("looking …".to_owned(), theme.dim)),
        Some(Err(why)) => Some((why.to_string(), theme.warning)),
        Some(Ok(neighbours)) if neighbours.is_empty() => {
            Some(("No other patient's film is there to compare with.".to_owned(), theme.text))
        }
        Some(Ok(_)) => None,
    };
    if let Some((said, style)) = said {
        let lines = cells::wrap(&said, usize::from(text.width), usize::from(text.height));
        for (line, y) in lines.iter().zip(text.y..) {
            put(frame, text.x, y, text.width, line, style);
        }
        return;
    }
    let blocks: Vec<Vec<Line>> = panel.neighbours().iter().map(|it| lines(state, it)).collect();
    // The chosen one stays in sight, whole where there is room.
    let height = |blocks: &[Vec<Line>]| blocks.iter().map(Vec::len).sum::<usize>();
    let mut first = 0;
    while first < panel.chosen && height(&blocks[first..=panel.chosen]) > usize::from(inside.height) {
        first += 1;
    }
    let mut y = text.y;
    for (at, block) in blocks.iter().enumerate().skip(first) {
        let top = y;
        for (line, style) in block {
            if y < inside.bottom() {
                put(frame, text.x, y, text.width, line, *style);
                y += 1;
            }
        }
        if at == panel.chosen && top < inside.bottom() {
            frame.buffer_mut().set_style(Rect { y: top, height: 1, ..inside }, theme.selected);
            put(frame, inside.x, top, 1, "▸", theme.selected);
        }
    }
}

type Line = (String, ratatui::style::Style);

/// The lines that tell of one study, as it is now where the list knows it.
fn lines(state: &State, film: &SimilarFilm) -> Vec<Line> {
    let theme = &state.theme;
    let study = state.worklist().get(film.study.id).map_or_else(|| film.study.clone(), |row| row.study());
    let subject = state.subject(&study);
    let findings = in_order(&film.findings, &state.site.findings_order);
    // Those over their thresholds; else the first alone.
    let mut told: Vec<&Finding> =
        findings.iter().filter(|it| it.score >= 0.5).take(FINDINGS).copied().collect();
    if told.is_empty() {
        told.extend(findings.first());
    }
    let told: Vec<String> = told.iter().map(|it| format!("{} {:.2}", it.label, it.score)).collect();
    let mut lines = vec![
        (format!("{:.3} {} {subject}", film.distance, symbol(study.severity)), theme.text.patch(theme.title)),
        (format!("  {}", told.join(", ")), theme.severity(study.severity)),
        (format!("  {}", status(state, &study)), theme.dim),
    ];
    if let Some(note) = film.notes.last() {
        let text = if state.hides_names() { "(hidden with the names)" } else { &note.text };
        lines.push((format!("  {}: {text}", note.author), theme.text));
    }
    lines
}

/// "critical, seen by anna, 2026-03-01, 4h".
fn status(state: &State, study: &StudyRow) -> String {
    let by = if study.status_by.is_empty() { String::new() } else { format!(" by {}", study.status_by) };
    let taken = study.study_time.map(|time| format!(", {}", time.date())).unwrap_or_default();
    let came = words::waiting(state.now, study.first_arrival);
    format!("{}, {}{by}{taken}, came {came} ago", study.severity.word(), study.status.word())
}
