//! The film of the selected study with its heatmap, and the line that says what is seen.

pub(in crate::dashboard) mod keys;

use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    widgets::{Paragraph, Widget, Wrap},
};
use ratatui_image::Image;

use crate::{
    dashboard::{
        cells,
        layout::{View, inside},
        pictures::Detail,
        state::{HELD_LINES, State},
        widgets::{pane, put},
    },
    picture::{self, Window},
    session::protocol::PictureRequest,
    store::FilmState,
};

pub(in crate::dashboard) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect, popup: Option<Rect>) {
    let title = match (state.view, state.worklist().selected()) {
        (View::Film, Some(row)) => state.subject(&row.study()),
        _ => "Film".to_owned(),
    };
    let inner = inside(area);
    let (note, notice) = label_line(state);
    pane(state, frame, area, &title, &position(state));
    if inner.height < 2 {
        return;
    }
    let style = if notice { state.theme.warning } else { state.theme.dim };
    let line = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    let aside = if side_marks(state, frame, line) { 2 } else { 0 };
    put(frame, line.x + aside, line.y, line.width.saturating_sub(2 * aside), &note, style);
    if let Some(FilmState::Held(held)) = state.film().map(|film| &film.state) {
        let text = Rect { height: HELD_LINES.min(inner.height), ..inner };
        let width = usize::from(text.width);
        // The sentence of a lateral says by itself that it is not scored, and why that is as it should be.
        let (said, style) = if held.gate.lists_beside() {
            (held.reason.clone(), state.theme.text)
        } else {
            (format!("‖ Held, not scored: {}", held.reason), state.theme.held)
        };
        let lines = cells::wrap(&said, width, usize::from(text.height));
        for (line, y) in lines.iter().zip(text.y..) {
            put(frame, text.x, y, text.width, line, style.patch(state.theme.title));
        }
    }
    if let Some(area) = state.picture_area() {
        show(state, frame, area, popup);
    }
}

/// Returns which film of the study, and its view.
fn position(state: &State) -> String {
    let Some(film) = state.film() else { return String::new() };
    let number = format!("film {}/{}", state.film_index() + 1, state.film_count());
    if film.header.view_position.is_empty() {
        number
    } else {
        format!("{number} {}", film.header.view_position)
    }
}

/// The line under the picture: what it shows, and whether that needs attention.
fn label_line(state: &State) -> (String, bool) {
    let gallery = state.gallery();
    let film = state.film();
    let shown = gallery.shown().map(|(request, _)| request);
    match (shown, film) {
        (Some(shown), Some(film)) if shown.film != film.id => {
            return ("previous film shown, loading this one …".to_owned(), true);
        }
        (Some(_), None) if state.worklist().selected().is_some() => {
            return ("previous film shown, loading this one …".to_owned(), true);
        }
        _ => {}
    }
    let Some(film) = film else { return (String::new(), false) };
    let FilmState::Scored { findings, model, .. } = &film.state else {
        return (String::new(), false);
    };
    // What the picture on the screen really shows, not what was asked for.
    let heatmap = shown.and_then(|shown| shown.heatmap.as_deref());
    let mut text = match heatmap.and_then(|label| findings.iter().find(|finding| finding.label == label)) {
        Some(finding) => format!("coarse hint, {model}: {} {:.2}", finding.label, finding.score),
        None => "film without heatmap".to_owned(),
    };
    // First what passes: the rest of the line may be cut off.
    if gallery.is_loading() {
        text.push_str(", loading …");
    }
    if gallery.shown().is_some_and(|(_, print)| print.detail() != Detail::WHOLE) {
        text.push_str(", slow line: reduced");
    }
    for part in shown.map(|shown| differences(state, shown)).unwrap_or_default() {
        text.push_str(", ");
        text.push_str(&part);
    }
    // Before all else, so that no narrow pane cuts it off.
    if shown.is_some_and(|shown| shown.prior.is_some() && shown.prior == state.beside()) {
        return (format!("right: another patient, {text}"), true);
    }
    (text, false)
}

/// The settings of the picture that are not as at first.
fn differences(state: &State, shown: &PictureRequest) -> Vec<String> {
    let mut parts = Vec::new();
    let presentation = &shown.presentation;
    if shown.prior.is_some() && shown.prior != state.beside() {
        let prior = state.prior().and_then(|prior| prior.study_time);
        let taken = prior.map(|time| format!(" of {}", time.date())).unwrap_or_default();
        parts.push(format!("right: prior{taken}"));
    }
    if presentation.zoom.is_near() {
        parts.push(format!("{} %", presentation.zoom.percent));
    }
    if presentation.window != Window::STORED {
        let named = presentation.window.name().map(|name| format!("window {name}"));
        parts.push(named.unwrap_or_else(|| {
            format!("level {}, width {}", presentation.window.level, presentation.window.width)
        }));
    }
    if presentation.inverted {
        parts.push("inverted".to_owned());
    }
    parts
}

/// The patient's sides at both ends of the line below the picture; false where the header does not tell them.
fn side_marks(state: &State, frame: &mut Frame<'_>, area: Rect) -> bool {
    let sides = state.film().and_then(|film| picture::sides(&film.header.patient_orientation));
    let Some((left, right)) = sides.filter(|_| area.width > 12) else { return false };
    put(frame, area.x, area.y, 1, &left.to_string(), state.theme.title);
    put(frame, area.right() - 1, area.y, 1, &right.to_string(), state.theme.title);
    true
}

fn show(state: &State, frame: &mut Frame<'_>, area: Rect, popup: Option<Rect>) {
    let gallery = state.gallery();
    if let Some(reason) = gallery.failure() {
        say(state, frame, area, &format!("No picture: {}", state.without_path(reason)));
        return;
    }
    let Some((_, print)) = gallery.shown() else {
        if gallery.is_loading() {
            say(state, frame, area, "loading …");
        }
        return;
    };
    let size = print.size();
    let (width, height) = (size.width.min(area.width), size.height.min(area.height));
    let placed =
        Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    // Text cannot lie over a sixel or an iTerm2 picture, and closing it would leave it there: under a
    // popup there is no picture, and it is drawn anew when the popup closes.
    let covered = popup.is_some_and(|popup| popup.intersects(placed));
    if covered && !print.detail().is_text(gallery.canvas()) {
        return;
    }
    let mut below = placed;
    for strip in gallery.strips() {
        frame.render_widget(Image::new(strip), below);
        let height = strip.size().height.min(below.height);
        below = Rect { y: below.y + height, height: below.height - height, ..below };
    }
}

fn say(state: &State, frame: &mut Frame<'_>, area: Rect, text: &str) {
    let lines = cells::wrap(text, usize::from(area.width), usize::from(area.height)).len();
    let lines = u16::try_from(lines).unwrap_or(area.height);
    let middle = Rect { y: area.y + area.height.saturating_sub(lines) / 2, height: lines, ..area };
    Paragraph::new(text)
        .style(state.theme.dim)
        .alignment(Alignment::Center)
        .wrap(Wrap { trim: true })
        .render(middle, frame.buffer_mut());
}
