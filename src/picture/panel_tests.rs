use image::Luma;

use super::*;
use crate::{
    model::Region,
    picture::{Window, Zoom},
};

/// Darker at the left, brighter at the right.
fn slope(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, _| Luma([u8::try_from(x * 255 / width).unwrap()]))
}

/// Hot in the right lower corner alone.
fn corner() -> Heatmap {
    let mut values = vec![0.0; 49];
    values[48] = 1.0;
    Heatmap { labels: 1, rows: 7, columns: 7, values, region: Region::WHOLE }
}

fn presentation(mode: Mode) -> Presentation {
    Presentation { mode, ..Presentation::default() }
}

fn is_grey(pixel: &image::Rgb<u8>) -> bool {
    pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2]
}

#[test]
fn each_mode_shows_what_it_says() {
    let (film, map) = (slope(280, 280), corner());
    let heat = Some(Heat { map: &map, label: 0 });
    for (mode, size, coloured) in [
        (Mode::Film, (100, 100), false),
        (Mode::Overlay, (100, 100), true),
        (Mode::Beside, (99, 49), true),
        (Mode::Contours, (100, 100), true),
    ] {
        let picture = compose(&film, heat, None, &presentation(mode), (100, 100));
        assert_eq!(picture.dimensions(), size, "{mode:?}");
        assert_eq!(picture.pixels().any(|pixel| !is_grey(pixel)), coloured, "{mode:?}");
    }
    let beside = compose(&film, heat, None, &presentation(Mode::Beside), (200, 100));
    assert!(beside.enumerate_pixels().filter(|(x, ..)| *x < 99).all(|(.., pixel)| is_grey(pixel)));
    let lines = compose(&film, heat, None, &presentation(Mode::Contours), (280, 280));
    let marked = lines.pixels().filter(|pixel| !is_grey(pixel)).count();
    assert!((20..3000).contains(&marked), "lines, not areas: {marked}");
    assert!(is_grey(lines.get_pixel(10, 10)));
}

#[test]
fn opacity_goes_from_nothing_to_the_colour_itself() {
    let (film, map) = (slope(70, 70), corner());
    let at = |opacity| {
        let presentation = Presentation { opacity, ..presentation(Mode::Overlay) };
        compose(&film, Some(Heat { map: &map, label: 0 }), None, &presentation, (70, 70)).get_pixel(69, 69).0
    };
    assert_eq!(at(0), [251; 3]);
    for (found, colour) in at(100).into_iter().zip(Colours::Magma.of(1.0)) {
        assert!((f32::from(found) - colour).abs() < 10.0, "{found} for {colour}");
    }
    assert_ne!(at(50), at(100));
}

#[test]
fn going_nearer_shows_a_part_of_the_film_and_of_its_heat() {
    let (film, map) = (slope(400, 400), corner());
    let zoom = Zoom { percent: 200, x: 750, y: 750 };
    let near = Presentation { zoom, ..presentation(Mode::Overlay) };
    let picture = compose(&film, Some(Heat { map: &map, label: 0 }), None, &near, (100, 100));
    assert_eq!(picture.dimensions(), (100, 100));
    assert!((i32::from(picture.get_pixel(0, 0).0[0]) - 127).abs() < 3, "the middle is at the left edge");
    assert!(!is_grey(picture.get_pixel(99, 99)), "the hot corner is still the corner");
    // Half of the sight is the same in both: the right lower quarter of the whole.
    let whole =
        compose(&film, Some(Heat { map: &map, label: 0 }), None, &presentation(Mode::Overlay), (100, 100));
    for (x, y) in [(60, 60), (90, 80), (98, 98)] {
        let (far, close) = (whole.get_pixel(x, y).0, picture.get_pixel(2 * x - 100, 2 * y - 100).0);
        for (far, close) in far.into_iter().zip(close) {
            assert!(far.abs_diff(close) < 12, "{x}, {y}: {far} {close}");
        }
    }
}

#[test]
fn nearer_in_a_wide_box_more_of_the_film_fills_it() {
    let presentation =
        Presentation { zoom: Zoom { percent: 300, x: 500, y: 500 }, ..presentation(Mode::Film) };
    assert_eq!(
        Sight::of((600, 600), &presentation, (400, 200)),
        Sight { x: 100, y: 200, width: 400, height: 200 }
    );
    let fit = Presentation { zoom: Zoom::FIT, ..presentation };
    assert_eq!(Sight::of((600, 500), &fit, (400, 200)), Sight { x: 0, y: 0, width: 600, height: 500 });
}

#[test]
fn window_and_inversion_act_on_the_films_own_grey() {
    let film = slope(256, 8);
    let window = Window { level: 100, width: 100 };
    let harder = compose(&film, None, None, &Presentation { window, ..presentation(Mode::Film) }, (256, 8));
    assert_eq!((harder.get_pixel(40, 0).0[0], harder.get_pixel(200, 0).0[0]), (0, 255));
    let negative =
        compose(&film, None, None, &Presentation { inverted: true, ..presentation(Mode::Film) }, (256, 8));
    assert_eq!(negative.get_pixel(0, 0).0, [255; 3]);
}

#[test]
fn a_prior_film_stands_whole_at_the_right() {
    let (film, prior) = (slope(100, 100), GrayImage::from_pixel(60, 100, Luma([77])));
    let near = Presentation { zoom: Zoom { percent: 400, x: 500, y: 500 }, ..presentation(Mode::Film) };
    let picture = compose(&film, None, Some(&prior), &near, (202, 100));
    assert_eq!(picture.get_pixel(picture.width() - 1, 0).0, [77; 3]);
    assert_eq!(picture.dimensions(), (100 / 4 + 2 + 60, 100));
}
