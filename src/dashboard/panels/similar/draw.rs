//! The nearest studies: a small picture of each, how far and whose, how it stands, the findings, the last note.

use std::ops::Range;

use ratatui::{
    Frame,
    layout::{Rect, Size},
    style::Style,
};
use ratatui_image::Image;

use super::SimilarPanel;
use crate::{
    dashboard::{
        cells,
        layout::inside,
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

/// Rows of a small picture. With fewer nothing is seen on it.
const ROWS: std::ops::RangeInclusive<u16> = 5..=9;
/// Columns that the text needs beside it.
const TEXT: u16 = 36;

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
    let Some((part, places)) = pictured(state, panel) else {
        return studies(state, panel, frame, text, 0..panel.neighbours().len(), None);
    };
    let rows = places.height / u16::try_from(part.len()).unwrap_or(1).max(1);
    let beside = places.width + 1;
    let text = Rect { x: text.x + beside, width: text.width.saturating_sub(beside), ..text };
    let wanted = panel.neighbours()[part.clone()].iter().map(|it| it.film);
    let shown = state.sheet().shown().filter(|(shown, _)| shown.sheet.iter().copied().eq(wanted));
    for strip in shown.into_iter().flat_map(|(_, print)| print.strips().first()) {
        frame.render_widget(Image::new(strip), places);
    }
    studies(state, panel, frame, text, part, Some(rows));
}

/// The neighbours that are in sight with a small picture each, and where these stand, one below the other; none where there
/// is no room for them, and over a slow line.
pub(super) fn pictured(state: &State, panel: &SimilarPanel) -> Option<(Range<usize>, Rect)> {
    let canvas = state.sheet().canvas();
    let inside = inside(area(state));
    let all = panel.neighbours().len();
    if all == 0 || canvas.bandwidth.is_some() || inside.height < *ROWS.start() {
        return None;
    }
    let rows = (inside.height / u16::try_from(all).ok()?).clamp(*ROWS.start(), *ROWS.end());
    // As wide as they are high.
    let (width, height) = (u32::from(canvas.cell.0.max(1)), u32::from(canvas.cell.1.max(1)));
    let columns = u16::try_from((u32::from(rows) * height).div_ceil(width)).ok()?;
    if inside.width < columns + TEXT {
        return None;
    }
    let in_sight = usize::from(inside.height / rows).min(all);
    // The chosen one is among them.
    let first = (panel.chosen + 1).saturating_sub(in_sight);
    let size = Size { width: columns, height: rows * u16::try_from(in_sight).ok()? };
    Some((
        first..first + in_sight,
        Rect { x: inside.x + 2, y: inside.y, width: size.width, height: size.height },
    ))
}

/// Draws these neighbours' texts one below the other, each in so many rows; without a number, in as many as it needs.
fn studies(
    state: &State,
    panel: &SimilarPanel,
    frame: &mut Frame<'_>,
    area: Rect,
    part: Range<usize>,
    rows: Option<u16>,
) {
    let blocks: Vec<Vec<Line>> =
        panel.neighbours()[part.clone()].iter().map(|it| lines(state, it, area.width, rows)).collect();
    let height = |block: &Vec<Line>| rows.map_or(block.len(), usize::from);
    let chosen = panel.chosen.saturating_sub(part.start);
    // It stays in sight, whole where there is room.
    let mut first = 0;
    while first < chosen
        && blocks[first..=chosen].iter().map(height).sum::<usize>() > usize::from(area.height)
    {
        first += 1;
    }
    let mut top = area.y;
    for (at, block) in blocks.iter().enumerate().skip(first) {
        for (line, y) in block.iter().zip(top..area.bottom()) {
            let mut x = area.x;
            for (text, style) in line {
                x += put(frame, x, y, area.right() - x, text, *style);
            }
        }
        if at == chosen && top < area.bottom() {
            let style = state.theme.selected;
            let mark = inside(self::area(state)).x;
            frame.buffer_mut().set_style(Rect { y: top, height: 1, ..area }, style);
            put(frame, mark, top, 1, "▸", style);
        }
        top = top.saturating_add(u16::try_from(height(block)).unwrap_or(u16::MAX));
    }
}

/// Texts that stand one after another.
type Line = Vec<(String, Style)>;

/// The lines that tell of one study, as it is now where the list knows it, in so many columns and rows at most.
fn lines(state: &State, film: &SimilarFilm, width: u16, rows: Option<u16>) -> Vec<Line> {
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
    let mut of_findings = vec![("  ".to_owned(), theme.text)];
    for (at, finding) in told.iter().enumerate() {
        let style = if finding.is_weak() { theme.dim } else { theme.severity(finding.severity) };
        let comma = if at + 1 < told.len() { ", " } else { "" };
        of_findings.push((format!("{} {:.2}{comma}", finding.label, finding.score), style));
    }
    let mut lines = vec![
        vec![(
            format!("{:.3} {} {subject}", film.distance, symbol(study.severity)),
            theme.text.patch(theme.title),
        )],
        of_findings,
        vec![(format!("  {}", status(state, &study)), theme.dim)],
    ];
    if let Some(note) = film.notes.last() {
        let text = state.hidden(&note.text);
        let note = format!("{}: {text}", note.author);
        let room = rows.map_or(1, |rows| usize::from(rows).saturating_sub(lines.len() + 1).max(1));
        let wrapped = cells::wrap(&note, usize::from(width.saturating_sub(2)), room);
        lines.extend(wrapped.iter().map(|line| vec![(format!("  {line}"), theme.text)]));
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
