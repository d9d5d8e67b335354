//! Film and heatmap become one RGB picture: window, zoom, colour map, opacity, size. Used by the dashboard
//! and by `show`; knows nothing of either.

mod colormap;
pub mod lettering;
mod orientation;
mod panel;
mod presentation;
mod scale;

use image::{GrayImage, RgbImage};

use crate::model::Heatmap;
use cxr_film::Film;

pub use colormap::Colours;
pub use orientation::sides;
pub use panel::{Heat, compose, sheet};
pub use presentation::{Mode, Presentation, Window, Zoom};
pub use scale::fit;

/// Draws a film as a workstation shows it, as large as fits into `bounds` (width, height) with its
/// aspect kept and no larger than it is, and over it, if given, the heatmap of one label. A label
/// that the heatmap does not have leaves the film bare.
///
/// The same input gives the same bytes.
#[must_use]
pub fn render(film: &Film, heatmap: Option<(&Heatmap, usize)>, bounds: (u32, u32)) -> RgbImage {
    let heat = heatmap.map(|(map, label)| Heat { map, label });
    compose(&grey(film), heat, None, &Presentation::default(), bounds)
}

/// A film's display grey as a picture of its own; black where the film contradicts itself.
#[must_use]
pub fn grey(film: &Film) -> GrayImage {
    GrayImage::from_raw(film.width, film.height, film.display.clone())
        .unwrap_or_else(|| GrayImage::new(film.width.max(1), film.height.max(1)))
}

/// Grey, and over it the heat (0 to 1, of the same size, row by row), the hotter the more opaque, up to `most_opaque`
/// (0 to 1), so that the film stays readable where nothing was found.
fn tinted(grey: &GrayImage, heat: Option<&[f32]>, colours: Colours, most_opaque: f32) -> RgbImage {
    let mut picture = RgbImage::new(grey.width(), grey.height());
    let cold = std::iter::repeat(&0.0);
    let heat = heat.into_iter().flatten().chain(cold);
    for ((pixel, grey), &heat) in picture.pixels_mut().zip(grey.pixels()).zip(heat) {
        let grey = f32::from(grey.0[0]);
        let heat = if heat.is_finite() { heat.clamp(0.0, 1.0) } else { 0.0 };
        let opacity = most_opaque * heat;
        pixel.0 = colours.of(heat).map(|channel| round(grey + (channel - grey) * opacity));
    }
    picture
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a mean of values of 0 to 255
fn round(value: f32) -> u8 {
    value.round() as u8
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, RgbImage};
    use proptest::prelude::*;

    use super::{Presentation, render, tinted};
    use cxr_film::Film;

    fn film(width: u32, height: u32) -> Film {
        let grey = |x: u32, y: u32| u8::try_from((x * 255 / width + y * 255 / height) / 2).unwrap();
        let display: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| grey(x, y))).collect();
        Film::of_grey(width, height, display)
    }

    #[test]
    fn a_bare_film_keeps_its_grey_and_its_shape() {
        let film = film(300, 200);
        let whole = render(&film, None, (1000, 1000));
        assert_eq!(whole.dimensions(), (300, 200), "never enlarged");
        for (pixel, &grey) in whole.pixels().zip(&film.display) {
            assert_eq!(pixel.0, [grey; 3]);
        }
        let small = render(&film, None, (60, 60));
        assert_eq!(small.dimensions(), (60, 40));
        for (x, y) in [(2, 2), (30, 20), (57, 37)] {
            let expected = i32::from(film.display[(y * 5 + 2) * 300 + x * 5 + 2]);
            let got = i32::from(small.get_pixel(u32::try_from(x).unwrap(), u32::try_from(y).unwrap()).0[0]);
            assert!((got - expected).abs() <= 1, "{got} for {expected} at {x}, {y}");
        }
    }

    #[test]
    fn the_finest_pattern_becomes_its_mean_not_a_moire() {
        let mut film = film(1000, 1000);
        film.display = (0..1000 * 1000).map(|i| if (i / 1000 + i) % 2 == 0 { 0 } else { 200 }).collect();
        let small = render(&film, None, (90, 90));
        for (x, y, pixel) in small.enumerate_pixels() {
            assert!(pixel.0[0].abs_diff(100) <= 2, "{:?} at {x}, {y}", pixel.0);
        }
    }

    /// Grey with heat over it as it is shown at first.
    fn blend(grey: &GrayImage, heat: &[f32]) -> RgbImage {
        let Presentation { colours, opacity, .. } = Presentation::default();
        tinted(grey, Some(heat), colours, f32::from(opacity) / 100.0)
    }

    #[test]
    fn heat_colours_and_cold_does_not() {
        let grey = GrayImage::from_pixel(4, 1, image::Luma([100]));
        let picture = blend(&grey, &[0.0, 0.5, 1.0, f32::NAN]);
        let tint = |x: u32| {
            let [red, _, blue] = picture.get_pixel(x, 0).0;
            u32::from(red.abs_diff(blue))
        };
        assert_eq!(picture.get_pixel(0, 0).0, [100; 3]);
        assert_eq!(picture.get_pixel(3, 0).0, [100; 3]);
        assert!(tint(1) > 15 && tint(2) > tint(1), "{} {}", tint(1), tint(2));
    }

    #[test]
    fn bone_stays_brighter_than_lung_under_the_hottest_spot() {
        let grey = GrayImage::from_vec(2, 1, vec![40, 200]).unwrap();
        let picture = blend(&grey, &[1.0, 1.0]);
        for (lung, bone) in picture.get_pixel(0, 0).0.into_iter().zip(picture.get_pixel(1, 0).0) {
            assert!(bone > lung + 40, "{lung} {bone}");
        }
    }

    proptest! {
        #[test]
        fn any_film_fits_any_box(width in 1_u32..200, height in 1_u32..200, w in 0_u32..250, h in 0_u32..250) {
            let film = film(width, height);
            let picture = render(&film, None, (w, h));
            prop_assert!(picture.width() >= 1 && picture.height() >= 1);
            prop_assert!(picture.width() <= w.max(1).min(width));
            prop_assert!(picture.height() <= h.max(1).min(height));
        }
    }
}
