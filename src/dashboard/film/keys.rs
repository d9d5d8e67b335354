//! Keys that change how a film is shown. Nothing here touches a pixel.

use crate::{
    dashboard::{keymap::action::Action, layout::View, message::Effect, state::State},
    picture::{Colours, Mode, Window, Zoom},
    quality::{Gate, SAME_EXPOSURE},
    session::protocol::{NoticeLevel, Request},
    store::FilmState,
};
use cxr_film::Header;

/// A step nearer.
const NEARER: f32 = 1.25;
/// A step of opacity, in percent.
const OPACITY: u8 = 10;
/// A step of level and width, in greys.
const GREYS: i16 = 8;

/// Does what the action says; false if it is none of these.
pub(in crate::dashboard) fn act(state: &mut State, action: Action) -> bool {
    let near = state.presentation.zoom.is_near() && state.view == View::Film;
    match action {
        // While a part of the film is in sight, what moves through the list moves over the film.
        Action::Up if near => move_by(state, 0, -1),
        Action::Down if near => move_by(state, 0, 1),
        Action::PanLeft => move_by(state, -1, 0),
        Action::PanRight => move_by(state, 1, 0),
        Action::ZoomIn => zoom(state, state.presentation.zoom.by(NEARER)),
        Action::ZoomOut => zoom(state, state.presentation.zoom.by(1.0 / NEARER)),
        Action::ZoomFit => zoom(state, fit_or_full(state)),
        Action::Heatmap => {
            let next = if state.heatmap_is_on() { Mode::Film } else { state.heated };
            set_mode(state, next);
        }
        Action::PictureMode => {
            let next = after(&Mode::ALL, state.presentation.mode);
            set_mode(state, next);
            state.say(NoticeLevel::Info, format!("Picture: {}.", next.word()));
        }
        Action::ColourMap => {
            state.presentation.colours = after(&Colours::ALL, state.presentation.colours);
            let word = state.presentation.colours.word();
            state.say(NoticeLevel::Info, format!("Heatmap in {word}."));
        }
        Action::MoreOpaque => opacity(state, state.presentation.opacity.saturating_add(OPACITY)),
        Action::LessOpaque => opacity(state, state.presentation.opacity.saturating_sub(OPACITY)),
        Action::WindowPreset => {
            let presets = Window::PRESETS.map(|(_, window)| window);
            window(state, after(&presets, state.presentation.window));
        }
        Action::Darker => level(state, GREYS),
        Action::Brighter => level(state, -GREYS),
        Action::LessContrast => width(state, GREYS * 2),
        Action::MoreContrast => width(state, -GREYS * 2),
        Action::Invert => state.presentation.inverted = !state.presentation.inverted,
        Action::WorstLabel => state.label = None,
        Action::Prior => {
            state.beside_prior = !state.beside_prior;
            // What is known may be old: another film of the patient may have come.
            state.priors = None;
        }
        Action::ResetPicture => {
            (state.presentation.window, state.presentation.inverted, state.presentation.zoom) =
                (Window::STORED, false, Zoom::FIT);
        }
        _ => return false,
    }
    true
}

/// The one after it, round and round; the first for one that is not listed.
fn after<T: Copy + PartialEq>(all: &[T], now: T) -> T {
    let next = all.iter().position(|one| *one == now).map_or(0, |at| (at + 1) % all.len());
    all[next]
}

fn set_mode(state: &mut State, mode: Mode) {
    state.presentation.mode = mode;
    if mode != Mode::Film {
        state.heated = mode;
    }
}

fn move_by(state: &mut State, right: i16, down: i16) {
    state.presentation.zoom = state.presentation.zoom.moved(right, down);
}

fn zoom(state: &mut State, zoom: Zoom) {
    // The centre may lie where nothing is any more after a step back.
    state.presentation.zoom = zoom.moved(0, 0);
    state.say(NoticeLevel::Info, format!("Zoom {} %.", state.presentation.zoom.percent));
}

/// From the whole film to one pixel of it a pixel of the terminal, and back.
fn fit_or_full(state: &State) -> Zoom {
    if state.presentation.zoom.is_near() {
        return Zoom::FIT;
    }
    let Some((film, area)) = state.film().zip(state.picture_area()) else { return Zoom::FIT };
    let Header { columns, rows, .. } = film.header;
    let density = state.gallery.canvas().density();
    let share = |pixels: u32, cells: u16, density: u32| {
        f64::from(pixels) / f64::from((u32::from(cells) * density).max(1))
    };
    let factor = share(columns, area.width, density.0).max(share(rows, area.height, density.1));
    #[allow(clippy::cast_possible_truncation)] // a small factor
    let factor = factor as f32;
    Zoom::FIT.by(factor)
}

fn opacity(state: &mut State, percent: u8) {
    state.presentation.opacity = percent.min(100);
    state.say(NoticeLevel::Info, format!("Heatmap opacity {} %.", state.presentation.opacity));
}

fn level(state: &mut State, by: i16) {
    let Window { level, width } = state.presentation.window;
    let level = (i16::from(level) + by).clamp(0, 255);
    window(state, Window { level: u8::try_from(level).unwrap_or(128), width });
}

fn width(state: &mut State, by: i16) {
    let Window { level, width } = state.presentation.window;
    window(state, Window { level, width: width.saturating_add_signed(by).clamp(8, 256) });
}

fn window(state: &mut State, window: Window) {
    state.presentation.window = window;
    let name = window.name().map(|name| format!(" ({name})")).unwrap_or_default();
    state.say(NoticeLevel::Info, format!("Level {}, width {}{name}.", window.level, window.width));
}

/// Shows another film of the study.
pub(in crate::dashboard) fn turn_film(state: &mut State, by: isize) {
    let count = state.film_count();
    if count > 1 {
        let next = state.film_index().cast_signed() + by;
        state.film = next.rem_euclid(count.cast_signed()).unsigned_abs();
        state.label = None;
    }
}

/// Asks for a held film to be scored. That it waits, and what came of it, comes back with its study.
pub(in crate::dashboard) fn score(state: &mut State) -> Vec<Effect> {
    let Some(film) = state.scorable_film() else {
        let why = match state.film() {
            Some(film) => match (&film.state, film.decoded) {
                (FilmState::Scored { .. }, _) => "This film is scored already.",
                (FilmState::Held(_), false) => "There is no picture in this file that could be scored.",
                (FilmState::Held(held), true) if held.gate == Gate::Exposure => SAME_EXPOSURE,
                (FilmState::Held(_), true) => "This film is already waiting to be scored.",
            },
            None => return Vec::new(),
        };
        state.say(NoticeLevel::Info, why.to_owned());
        return Vec::new();
    };
    let said =
        "This held film is scored in its turn; the score will say that you asked, and why it was held.";
    state.say(NoticeLevel::Info, said.to_owned());
    vec![Effect::Request(Request::Score(film))]
}
