//! What keys do to the way a film is looked at. Nothing here touches a pixel.

use super::{NoticeLevel, State, action::Action, layout::View};
use crate::{
    film::Header,
    picture::{Colours, Mode, Window, Zoom},
};

/// A step nearer.
const NEARER: f32 = 1.25;
/// A step of opacity, in percent.
const OPACITY: u8 = 10;
/// A step of level and width, in greys.
const GREYS: i16 = 8;

/// Does what the action says; false if it is none of these.
pub(super) fn act(state: &mut State, action: Action) -> bool {
    let near = state.look.zoom.is_near() && state.view == View::Film;
    match action {
        // While a part of the film is in sight, what moves through the list moves over the film.
        Action::Up if near => move_by(state, 0, -1),
        Action::Down if near => move_by(state, 0, 1),
        Action::PanLeft => move_by(state, -1, 0),
        Action::PanRight => move_by(state, 1, 0),
        Action::ZoomIn => zoom(state, state.look.zoom.by(NEARER)),
        Action::ZoomOut => zoom(state, state.look.zoom.by(1.0 / NEARER)),
        Action::ZoomFit => zoom(state, fit_or_full(state)),
        Action::Heatmap => {
            let next = if state.heatmap_is_on() { Mode::Film } else { state.heated };
            set_mode(state, next);
        }
        Action::PictureMode => {
            let next = after(&Mode::ALL, state.look.mode);
            set_mode(state, next);
            state.say(NoticeLevel::Info, format!("Picture: {}.", next.word()));
        }
        Action::ColourMap => {
            state.look.colours = after(&Colours::ALL, state.look.colours);
            let word = state.look.colours.word();
            state.say(NoticeLevel::Info, format!("Heatmap in {word}."));
        }
        Action::MoreOpaque => opacity(state, state.look.opacity.saturating_add(OPACITY)),
        Action::LessOpaque => opacity(state, state.look.opacity.saturating_sub(OPACITY)),
        Action::WindowPreset => {
            let presets = Window::PRESETS.map(|(_, window)| window);
            window(state, after(&presets, state.look.window));
        }
        Action::Darker => level(state, GREYS),
        Action::Brighter => level(state, -GREYS),
        Action::LessContrast => width(state, GREYS * 2),
        Action::MoreContrast => width(state, -GREYS * 2),
        Action::Invert => state.look.inverted = !state.look.inverted,
        Action::WorstLabel => state.label = None,
        Action::Prior => {
            state.beside_prior = !state.beside_prior;
            // What is known may be old: another film of the patient may have come.
            state.priors = None;
        }
        Action::ResetPicture => {
            (state.look.window, state.look.inverted, state.look.zoom) = (Window::STORED, false, Zoom::FIT);
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
    state.look.mode = mode;
    if mode != Mode::Film {
        state.heated = mode;
    }
}

fn move_by(state: &mut State, right: i16, down: i16) {
    state.look.zoom = state.look.zoom.moved(right, down);
}

fn zoom(state: &mut State, zoom: Zoom) {
    // The centre may lie where nothing is any more after a step back.
    state.look.zoom = zoom.moved(0, 0);
    state.say(NoticeLevel::Info, format!("Zoom {} %.", state.look.zoom.percent));
}

/// From the whole film to one pixel of it a pixel of the terminal, and back.
fn fit_or_full(state: &State) -> Zoom {
    if state.look.zoom.is_near() {
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
    state.look.opacity = percent.min(100);
    state.say(NoticeLevel::Info, format!("Heatmap opacity {} %.", state.look.opacity));
}

fn level(state: &mut State, by: i16) {
    let Window { level, width } = state.look.window;
    let level = (i16::from(level) + by).clamp(0, 255);
    window(state, Window { level: u8::try_from(level).unwrap_or(128), width });
}

fn width(state: &mut State, by: i16) {
    let Window { level, width } = state.look.window;
    window(state, Window { level, width: width.saturating_add_signed(by).clamp(8, 256) });
}

fn window(state: &mut State, window: Window) {
    state.look.window = window;
    let name = window.name().map(|name| format!(" ({name})")).unwrap_or_default();
    state.say(NoticeLevel::Info, format!("Level {}, width {}{name}.", window.level, window.width));
}
