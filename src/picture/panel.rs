//! One film in its box, or two side by side.

use image::{GrayImage, RgbImage, imageops};

use super::{Colours, Mode, Presentation, scale, tinted};
use crate::model::Heatmap;

/// The heat at which contours are drawn.
const LEVELS: [f32; 4] = [0.3, 0.5, 0.7, 0.9];
/// Contours are a pixel wide for each so many of the picture's width.
const PIXELS_A_LINE: u32 = 400;
/// A heatmap is made of seven by seven values: no zoom needs more of it than this.
const FINEST: u32 = 512;

/// One label's heat.
#[derive(Debug, Clone, Copy)]
pub struct Heat<'a> {
    /// The model's grids.
    pub map: &'a Heatmap,
    /// The label's place in them.
    pub label: usize,
}

/// Draws a film by its display grey as a person wants to see it, in `bounds` (width, height) with its
/// aspect kept and no larger than it is; `prior` stands at its right, whole.
///
/// The same input gives the same bytes.
#[must_use]
pub fn compose(
    film: &GrayImage,
    heat: Option<Heat<'_>>,
    prior: Option<&GrayImage>,
    presentation: &Presentation,
    bounds: (u32, u32),
) -> RgbImage {
    let heat = heat.filter(|_| presentation.mode != Mode::Film);
    let beside = presentation.mode == Mode::Beside && heat.is_some();
    let count = 1 + u32::from(beside) + u32::from(prior.is_some());
    let gap = if count > 1 { (bounds.0 / 100).max(1) } else { 0 };
    let each = (bounds.0.saturating_sub(gap * (count - 1)) / count, bounds.1);

    let mut panels = Vec::new();
    if beside {
        panels.push(panel(film, None, presentation, each));
    }
    panels.push(panel(film, heat, presentation, each));
    panels
        .extend(prior.map(|prior| {
            panel(prior, None, &Presentation { zoom: super::Zoom::FIT, ..*presentation }, each)
        }));
    row(panels, gap)
}

/// Films one below the other, each as large as fits into its share of `bounds` (width, height), which the picture fills. A
/// film that is not to be had leaves its place empty.
#[must_use]
pub fn sheet(films: &[Option<&GrayImage>], bounds: (u32, u32)) -> RgbImage {
    let mut whole = RgbImage::new(bounds.0.max(1), bounds.1.max(1));
    let height = (bounds.1 / films.len().max(1) as u32).max(1);
    for (film, top) in films.iter().zip((0..).step_by(height as usize)) {
        if let Some(film) = film {
            let film = panel(film, None, &Presentation::default(), (bounds.0, height));
            let (x, y) =
                ((bounds.0.saturating_sub(film.width())) / 2, (height.saturating_sub(film.height())) / 2);
            imageops::replace(&mut whole, &film, i64::from(x), top + i64::from(y));
        }
    }
    whole
}

/// The panels from left to right, each in the middle of the row's height.
fn row(mut panels: Vec<RgbImage>, gap: u32) -> RgbImage {
    if panels.len() == 1 {
        return panels.remove(0);
    }
    let width: u32 = panels.iter().map(|panel| panel.width() + gap).sum::<u32>() - gap;
    let height = panels.iter().map(RgbImage::height).max().unwrap_or(1);
    let mut whole = RgbImage::new(width, height);
    let mut x = 0;
    for panel in panels {
        let y = (height - panel.height()) / 2;
        imageops::replace(&mut whole, &panel, i64::from(x), i64::from(y));
        x += panel.width() + gap;
    }
    whole
}

/// The part of a film that is in sight, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sight {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

impl Sight {
    /// Returns the part of a film of `size` that a box of `bounds` shows: fitted, then so much nearer. A box of another
    /// shape than the film's shows more of it as one goes nearer.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the film
    fn of(size: (u32, u32), presentation: &Presentation, bounds: (u32, u32)) -> Self {
        let (width, height) = (f64::from(size.0.max(1)), f64::from(size.1.max(1)));
        let (wide, high) = (f64::from(bounds.0.max(1)), f64::from(bounds.1.max(1)));
        let scale = (wide / width).min(high / height) * f64::from(presentation.zoom.percent.max(100)) / 100.0;
        let part = |length: f64, room: f64, centre: u16| {
            let seen = (room / scale).clamp(1.0, length).round();
            let from = (length * f64::from(centre) / 1000.0 - seen / 2.0).clamp(0.0, length - seen);
            (from as u32, seen as u32)
        };
        let ((x, width), (y, height)) =
            (part(width, wide, presentation.zoom.x), part(height, high, presentation.zoom.y));
        Self { x, y, width, height }
    }
}

fn panel(
    film: &GrayImage,
    heat: Option<Heat<'_>>,
    presentation: &Presentation,
    bounds: (u32, u32),
) -> RgbImage {
    let sight = Sight::of(film.dimensions(), presentation, bounds);
    let mut seen = imageops::crop_imm(film, sight.x, sight.y, sight.width, sight.height).to_image();
    let table = presentation.window.table(presentation.inverted);
    for grey in seen.iter_mut() {
        *grey = table[usize::from(*grey)];
    }
    let seen = scale::shrink(seen, bounds);
    let heat = heat.and_then(|heat| heat_in(heat, film.dimensions(), sight, seen.dimensions()));
    match (presentation.mode, heat) {
        (Mode::Contours, Some(heat)) => contours(&seen, &heat, presentation.colours),
        (_, heat) => tinted(
            &seen,
            heat.as_deref(),
            presentation.colours,
            f32::from(presentation.opacity.min(100)) / 100.0,
        ),
    }
}

/// The heat of what is in sight, a value a pixel of the drawn panel.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // places within the map
fn heat_in(heat: Heat<'_>, film: (u32, u32), sight: Sight, drawn: (u32, u32)) -> Option<Vec<f32>> {
    if (sight.width, sight.height) == film {
        return heat.map.upsampled(heat.label, drawn.0, drawn.1);
    }
    let (wide, high) = scale::fit(film, (FINEST, FINEST));
    let map = heat.map.upsampled(heat.label, wide, high)?;
    let place = |at: u32, drawn: u32, from: u32, seen: u32, film: u32, most: u32| {
        let on_film = f64::from(from) + (f64::from(at) + 0.5) / f64::from(drawn) * f64::from(seen);
        (on_film / f64::from(film) * f64::from(most) - 0.5).clamp(0.0, f64::from(most - 1)) as f32
    };
    let mut values = Vec::with_capacity(drawn.0 as usize * drawn.1 as usize);
    for row in 0..drawn.1 {
        let y = place(row, drawn.1, sight.y, sight.height, film.1, high);
        for column in 0..drawn.0 {
            let x = place(column, drawn.0, sight.x, sight.width, film.0, wide);
            values.push(between(&map, wide as usize, high as usize, x, y));
        }
    }
    Some(values)
}

/// The value at a place between the points of a map.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // places within the map
fn between(map: &[f32], wide: usize, high: usize, x: f32, y: f32) -> f32 {
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(wide - 1), (top + 1).min(high - 1));
    let (u, v) = (x - left as f32, y - top as f32);
    let at = |row: usize, column: usize| map.get(row * wide + column).copied().unwrap_or(0.0);
    let above = at(top, left) + (at(top, right) - at(top, left)) * u;
    let below = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * u;
    above + (below - above) * v
}

/// The film with lines where the heat crosses a level, in the level's colour.
fn contours(grey: &GrayImage, heat: &[f32], colours: Colours) -> RgbImage {
    let mut picture = tinted(grey, None, colours, 0.0);
    let (width, height) = grey.dimensions();
    let thick = (width / PIXELS_A_LINE).max(1);
    let rank = |x: u32, y: u32| {
        let heat = heat.get((y * width + x) as usize).copied().unwrap_or(0.0);
        LEVELS.iter().filter(|level| heat >= **level).count()
    };
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let here = rank(x, y);
        let beyond =
            [(thick, 0), (0, thick)].map(|(dx, dy)| rank((x + dx).min(width - 1), (y + dy).min(height - 1)));
        let crossed = beyond.into_iter().filter(|rank| *rank != here).max().map(|rank| rank.max(here));
        if let Some(level) = crossed.and_then(|rank| LEVELS.get(rank.saturating_sub(1))) {
            // A level's own colour may be dark: the upper half of the map stands out on any grey.
            pixel.0 = colours.of(0.5 + level / 2.0).map(super::round);
        }
    }
    picture
}

#[cfg(test)]
#[path = "panel_tests.rs"]
mod tests;
