//! The findings of the film that is shown: a bar a label on the scale of the score, on which 0.5 is the
//! label's own alert threshold.

pub(in crate::dashboard) mod keys;
mod spread;

use ratatui::{Frame, layout::Rect, style::Style};

use crate::{
    dashboard::{
        cells,
        keymap::action::Action,
        state::State,
        widgets::{gauge, pane, put},
        words,
        worklist::Column,
    },
    store::{Answer, FilmState, OnRequest, Status, StudyRow},
    study::{self, Finding},
};

/// The lines of a warning, at most: the findings below it need room too.
const WARNING: usize = 3;

pub(in crate::dashboard) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let Some(row) = state.worklist().selected() else {
        pane(state, frame, area, "Findings", "");
        return;
    };
    let row = row.study();
    let inside = pane(state, frame, area, &state.subject(&row), &row.model);
    compare(state, frame, area);
    let mut y = inside.y;
    for (text, style) in about(state, &row, usize::from(inside.width.saturating_sub(2))) {
        if y < inside.bottom() {
            put(frame, inside.x + 1, y, inside.width.saturating_sub(1), &text, style);
            y += 1;
        }
    }
    let list = Rect { y, height: inside.bottom().saturating_sub(y), ..inside };
    match state.film().map(|film| &film.state) {
        Some(FilmState::Scored { .. }) => bars(state, frame, list),
        Some(FilmState::Held(held)) => {
            let style = if held.gate.lists_beside() { state.theme.text } else { state.theme.held };
            let width = usize::from(list.width.saturating_sub(2));
            let lines = cells::wrap(&held.reason, width, usize::from(list.height));
            for (line, y) in lines.iter().zip(list.y..) {
                put(frame, list.x + 1, y, list.width.saturating_sub(1), line, style);
            }
        }
        None if state.detail().is_none() => {
            put(frame, list.x + 1, list.y, list.width.saturating_sub(1), "loading …", state.theme.dim);
        }
        None => {}
    }
}

/// The patient, and the facts that a reader must know before the numbers.
fn about(state: &State, row: &StudyRow, width: usize) -> Vec<(String, Style)> {
    let theme = &state.theme;
    let clock = |time| words::clock(time, state.now, &state.zone);
    let mut lines = Vec::new();

    let taken = words::study_time(row.study_time, state.today());
    let identity: &[&String] = if state.hides_names() {
        &[&row.description, &row.view]
    } else {
        &[&row.patient_id, &row.accession_number, &row.description, &row.view, &taken]
    };
    let identity: Vec<&str> =
        identity.iter().map(|text| text.as_str()).filter(|text| !text.is_empty()).collect();
    let identity = if identity.is_empty() && !state.hides_names() {
        row.file_name.clone()
    } else {
        identity.join(" · ")
    };
    lines.push((identity, theme.dim));

    if row.status != Status::New {
        let by = if row.status_by.is_empty() { String::new() } else { format!(" by {}", row.status_by) };
        let at = row.status_at.map(|at| format!(" at {}", clock(at))).unwrap_or_default();
        lines.push((format!("{}{by}{at}", row.status.word()), theme.dim));
    }
    match &row.acknowledged {
        Some(known) => {
            lines.push((format!("acknowledged by {} at {}", known.by, clock(known.at)), theme.dim));
        }
        None if row.is_alarm() => {
            let key = state.keymap.shown(Action::Acknowledge);
            lines.push((format!("! critical and not acknowledged: {key} takes note of it"), theme.critical));
        }
        None => {}
    }
    if row.notes > 0 {
        let count = if row.notes == 1 { "1 note".to_owned() } else { format!("{} notes", row.notes) };
        lines.push((format!("{count}: {} reads", state.keymap.shown(Action::Notes)), theme.text));
    }
    if !row.marks.tags.is_empty() {
        lines.push((format!("tags: {}", Column::Tags.marked(&row.marks)), theme.text));
    }
    // A plugin that is allowed to know who a patient is may write it down.
    for note in row.marks.notes.iter().filter(|_| !state.hides_names()) {
        lines.push((format!("{}: {}", note.plugin, note.text), theme.text));
    }
    let mut flags = Vec::new();
    if let Some(until) = row.was_critical_until {
        flags.push(format!("was critical until {}", clock(until)));
    }
    if let Some(outside) = &row.outside {
        flags.push(format!("{}: at least {}", outside.source, outside.floor.word()));
    }
    if let Some(at) = row.promoted_at {
        flags.push(format!("↑ promoted for waiting at {}", clock(at)));
    }
    if !flags.is_empty() {
        lines.push((flags.join(", "), theme.warning));
    }
    if row.listed_films > 0 {
        let films = if row.listed_films == 1 { "film" } else { "films" };
        lines.push((format!("{} more {films} listed, not scored", row.listed_films), theme.dim));
    }
    if row.held_films > 0 && row.scored_films > 0 {
        let films = if row.held_films == 1 { "1 film held" } else { "films held" };
        let count = if row.held_films == 1 { String::new() } else { format!("{} ", row.held_films) };
        lines.push((format!("{count}{films}: {}", row.held_reason), theme.held));
    }
    if let Some(request) = state.film().and_then(|film| film.on_request.as_ref()) {
        let OnRequest { by, at, was_held, answer } = request;
        lines.push(match answer {
            Answer::Scored => (format!("scored on request by {by}, was held: {was_held}"), theme.warning),
            Answer::Waiting => (format!("{by} asked at {} for its score: waiting", clock(*at)), theme.dim),
            Answer::Refused(why) => {
                (format!("{by} asked at {} for its score: {why}", clock(*at)), theme.warning)
            }
        });
    }
    if let (Some(detail), Some(film)) = (state.detail(), state.film()) {
        // What it was held for is said above.
        let said = film.on_request.as_ref().map(|request| &request.was_held);
        let warnings = detail.warnings(film, !state.hides_names());
        let unsaid = warnings.iter().filter(|warning| Some(*warning) != said);
        lines.extend(unsaid.flat_map(|it| cells::wrap(it, width, WARNING)).map(|line| (line, theme.warning)));
    }
    for sending in
        state.detail().filter(|detail| detail.study.id == row.id).iter().flat_map(|it| &it.sendings)
    {
        let style = if sending.is_in_trouble() { theme.warning } else { theme.dim };
        let text = format!("{}: {}", sending.destination, state.sending_in_words(sending));
        lines.extend(cells::wrap(&text, width, WARNING).into_iter().map(|line| (line, style)));
    }
    if !row.complete {
        lines.push(("more films may still come".to_owned(), theme.dim));
    }
    lines
}

/// How the selected label's probability stands among the last films, in the pane's lower border.
fn compare(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let selected = state.selected_label();
    let finding = state.findings().into_iter().find(|finding| Some(finding.label.as_str()) == selected);
    let Some((finding, films)) =
        finding.and_then(|finding| Some((finding, state.last_films(&finding.label)?)))
    else {
        return;
    };
    let room = area.width.saturating_sub(6);
    let words = spread::in_words(films, finding.probability, usize::from(room));
    if !words.is_empty() && area.height > 2 {
        put(frame, area.x + 2, area.bottom() - 1, room + 2, &format!(" {words} "), state.theme.dim);
    }
}

/// The widths of a line's parts.
struct Parts {
    label: u16,
    bar: u16,
    /// The distribution of the last films; 0 where it has no room.
    spread: u16,
}

/// Score and probability with their spaces.
const NUMBERS: u16 = 4 + 1 + 6 + 1;
/// The bar keeps so much beside a distribution, and that has so many cells, at least and at most.
const BAR: u16 = 14;
const SPREAD: (u16, u16) = (8, 16);

impl Parts {
    /// After the marker: label, bar, score and probability, the last films, a space apart.
    fn of(width: u16, longest: u16, compares: bool) -> Self {
        let label = longest.min(width.saturating_sub(2 + NUMBERS + 8)).max(6);
        let bar = width.saturating_sub(2 + label + 1 + 1 + NUMBERS);
        let spread = (bar / 3).clamp(SPREAD.0, SPREAD.1);
        let spread = if compares && bar > BAR + spread { spread } else { 0 };
        Self { label, bar: bar - spread - u16::from(spread > 0), spread }
    }
}

fn bars(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let findings = state.findings();
    let selected = state.selected_label();
    let chosen = findings.iter().position(|finding| Some(finding.label.as_str()) == selected).unwrap_or(0);
    let compares =
        findings.iter().any(|finding| state.last_films(&finding.label).is_some_and(spread::is_enough));
    let longest = findings.iter().map(|finding| cells::width(&finding.label)).max().unwrap_or(0);
    let parts = Parts::of(area.width, u16::try_from(longest).unwrap_or(u16::MAX), compares);
    // A line that is left over says what is what.
    let area = if usize::from(area.height) > findings.len() {
        headings(state, frame, area, &parts);
        Rect { y: area.y + 1, height: area.height - 1, ..area }
    } else {
        area
    };
    let rows = usize::from(area.height);
    // The selected label stays in sight.
    let first = chosen.saturating_sub(rows.saturating_sub(1));
    for (at, finding) in findings.iter().enumerate().skip(first).take(rows) {
        let y = area.y + u16::try_from(at - first).unwrap_or(0);
        bar(state, frame, Rect { y, height: 1, ..area }, &parts, finding, at == chosen);
    }
}

fn headings(state: &State, frame: &mut Frame<'_>, area: Rect, parts: &Parts) {
    let style = state.theme.dim;
    let mut x = area.x + 2 + parts.label + 1;
    for marks in ["│ alert  ┃ critical", "│ alert ┃ crit."] {
        if cells::width(marks) + 1 < usize::from(parts.bar) {
            put(frame, x, area.y, parts.bar, marks, style);
            break;
        }
    }
    x += parts.bar;
    put(frame, x, area.y, 5, "score", style);
    put(frame, x + 7, area.y, 5, "prob.", style);
    let films = if parts.spread >= 10 { "last films" } else { "films" };
    put(frame, x + NUMBERS + 1, area.y, parts.spread, films, style);
}

fn bar(
    state: &State,
    frame: &mut Frame<'_>,
    area: Rect,
    parts: &Parts,
    finding: &Finding,
    is_selected: bool,
) {
    let theme = &state.theme;
    let base = if finding.is_weak() { theme.dim } else { theme.text };
    let strong = if finding.is_weak() { theme.dim } else { theme.severity(finding.severity) };
    let y = area.y;

    let mut x = area.x;
    put(frame, x, y, 1, if is_selected { "▸" } else { " " }, theme.title);
    x += 2;
    let label = if is_selected { base.patch(theme.title) } else { base };
    put(frame, x, y, parts.label, &finding.label, label);
    x += parts.label + 1;
    for (column, (glyph, is_mark)) in glyphs(finding, parts.bar).into_iter().zip(0_u16..).map(|(g, c)| (c, g))
    {
        put(frame, x + column, y, 1, glyph, if is_mark { theme.mark } else { strong });
    }
    x += parts.bar + 1;
    put(frame, x, y, 4, &format!("{:.2}", finding.score), strong);
    put(frame, x + 5, y, 6, &format!("{:>6}", format!("{:.1}%", finding.probability * 100.0)), base);
    let films = state.last_films(&finding.label).filter(|films| parts.spread > 0 && spread::is_enough(films));
    if let Some(films) = films {
        let cells = usize::from(parts.spread);
        let own = spread::cell_of(finding.score, cells);
        let heights = spread::heights(films, finding, cells, gauge::RISING.len() - 1);
        for ((at, height), column) in heights.into_iter().enumerate().zip(x + NUMBERS..) {
            let (glyph, style) = match gauge::RISING.get(height) {
                _ if at == own => ("●", theme.mark),
                glyph => (glyph.copied().unwrap_or(" "), theme.dim),
            };
            put(frame, column, y, 1, glyph, style);
        }
    }
}

/// The bar's characters; `true` marks a threshold.
fn glyphs(finding: &Finding, width: u16) -> Vec<(&'static str, bool)> {
    const EIGHTHS: [&str; 8] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let cells = f64::from(width);
    let filled = finding.score.clamp(0.0, 1.0) * cells;
    // A hair more, so that what is computed as 0.7999 and as 0.8 stands in one column.
    let place = |score: f64| (score.clamp(0.0, 1.0) * cells + 1e-6) as u16;
    let alert = place(0.5);
    let critical = place(study::score(finding.critical, finding.threshold));
    (0..width)
        .map(|column| {
            if column == critical {
                return ("┃", true);
            }
            if column == alert {
                return ("│", true);
            }
            let part = ((filled - f64::from(column)) * 8.0).clamp(0.0, 8.0) as usize;
            // Not every terminal shows dimmed text dimmed: what does not rank has another filling.
            if finding.is_weak() {
                return (if part >= 4 { "░" } else { " " }, false);
            }
            (EIGHTHS.get(part).copied().unwrap_or("█"), false)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Severity;

    fn drawn(score: f64, critical: f64, validated: bool) -> String {
        let finding = Finding {
            label: "Effusion".to_owned(),
            probability: 0.5,
            threshold: 0.5,
            critical,
            score,
            severity: Severity::Urgent,
            rank: true,
            validated,
        };
        glyphs(&finding, 10).into_iter().map(|(glyph, _)| glyph).collect()
    }

    #[test]
    fn a_bar_shows_the_score_between_its_marks() {
        for (score, critical, bar) in [
            (0.0, 0.8, "     │  ┃ "),
            (0.25, 0.8, "██▌  │  ┃ "),
            (0.65, 0.8, "█████│▌ ┃ "),
            (1.0, 0.8, "█████│██┃█"),
            // A critical threshold that is never reached stands outside; one at the alert hides it.
            (0.25, 1.0, "██▌  │    "),
            (0.25, 0.5, "██▌  ┃    "),
        ] {
            assert_eq!(drawn(score, critical, true), bar, "score {score}, critical {critical}");
        }
        assert_eq!(drawn(0.65, 0.8, false), "░░░░░│░ ┃ ", "a label that is not validated");
    }
}
