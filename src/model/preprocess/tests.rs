//! Against Pillow, torch and scikit-image: `tests/golden/preprocess_peer.py`.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::*;
use cxr_film::Header;

const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/preprocess.safetensors");

fn film(width: u32, height: u32, linear: Vec<f32>, linear_max: f32) -> Film {
    let display = linear.iter().map(|&value| (value / linear_max * 255.0) as u8).collect();
    Film {
        width,
        height,
        linear,
        linear_max,
        display,
        scored: None,
        header: Header::default(),
        warnings: Vec::new(),
    }
}

fn golden_film(tensor: &Tensor) -> Film {
    let (height, width) = tensor.dims2().unwrap();
    let largest = if tensor.dtype() == candle_core::DType::U8 { 255.0 } else { 32767.0 };
    let tensor = tensor.to_dtype(candle_core::DType::F32).unwrap();
    film(width as u32, height as u32, tensor.flatten_all().unwrap().to_vec1().unwrap(), largest)
}

fn resize(size: u32, filter: Filter, eight_bit: bool) -> Step {
    Step::Resize { size, filter, eight_bit }
}

/// The steps of a golden case, and how far a value may be off.
fn steps(name: &str) -> (Vec<Step>, f32) {
    let size = || name.rsplit('-').next().unwrap().parse().unwrap();
    let display = Step::Grey { from: Tone::Display };
    let stored = Step::Grey { from: Tone::Stored };
    let recipe = name.split('-').next().unwrap();
    match recipe {
        "lanczos" => (vec![display, resize(size(), Filter::Lanczos, true)], 0.0),
        "bilinear" if name.contains("-8-") => (vec![display, resize(size(), Filter::Bilinear, true)], 0.0),
        // torch keeps the weights in f32: a few millionths of the range.
        "bilinear" => (vec![display, resize(size(), Filter::Bilinear, false)], 1e-3),
        "nearest" => (vec![display, resize(size(), Filter::Nearest, false)], 0.0),
        "gaussian" if name == "gaussian-bright" => {
            (vec![stored, resize(16, Filter::Order1Gaussian, false)], 1e-4)
        }
        "gaussian" => (vec![stored, resize(size(), Filter::Order1Gaussian, false)], 1e-4),
        "crop" => (vec![display, Step::CentreCrop {}], 0.0),
        "standardise" if name == "standardise-torch" => {
            (vec![display, Step::Standardise { epsilon: 1e-3, ddof: 1 }], 1e-6)
        }
        "standardise" => (vec![display, Step::Standardise { epsilon: 1e-6, ddof: 0 }], 1e-6),
        "starter" => (
            vec![
                display,
                Step::CentreCrop {},
                resize(48, Filter::Lanczos, true),
                Step::Standardise { epsilon: 1e-3, ddof: 1 },
                resize(40, Filter::Bilinear, false),
            ],
            1e-5,
        ),
        "torchxrayvision" => (
            vec![
                stored,
                Step::Scale { low: -1024.0, high: 1024.0 },
                Step::CentreCrop {},
                resize(40, Filter::Order1Gaussian, false),
            ],
            1e-3,
        ),
        "keras" => (
            vec![
                display,
                resize(40, Filter::Nearest, false),
                Step::Standardise { epsilon: 1e-6, ddof: 0 },
                Step::Channels { count: 3 },
            ],
            1e-6,
        ),
        _ => panic!("no steps for {name}"),
    }
}

#[test]
fn every_step_equals_its_library() {
    let golden: HashMap<String, Tensor> =
        candle_core::safetensors::load_buffer(GOLDEN, &Device::Cpu).unwrap();
    let mut cases = 0;
    for (key, film) in &golden {
        let Some(name) = key.strip_suffix(".film") else { continue };
        let (steps, tolerance) = steps(name);
        let wanted: Vec<f32> = golden[&format!("{name}.out")].flatten_all().unwrap().to_vec1().unwrap();
        let input = prepare(&golden_film(film), &steps).unwrap();
        assert_eq!(input.values.len(), input.channels * input.height * input.width, "{name}");
        assert_eq!(input.values.len(), wanted.len(), "{name}");
        let off = input.values.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{name}: {off:e}");
        assert!(off <= tolerance, "{name}: {off} off");
        cases += 1;
    }
    assert!(cases > 30, "{cases} cases");
}

#[test]
fn the_region_is_the_part_that_a_crop_leaves() {
    for (width, height, wanted) in [
        (200, 100, Region { x: 0.25, y: 0.0, width: 0.5, height: 1.0 }),
        (100, 200, Region { x: 0.0, y: 0.25, width: 1.0, height: 0.5 }),
        (100, 100, Region::WHOLE),
        (7, 4, Region { x: 1.0 / 7.0, y: 0.0, width: 4.0 / 7.0, height: 1.0 }),
    ] {
        let film = film(width, height, vec![9.0; (width * height) as usize], 255.0);
        let steps =
            [Step::Grey { from: Tone::Display }, Step::CentreCrop {}, resize(32, Filter::Lanczos, true)];
        let region = prepare(&film, &steps).unwrap().region;
        let off = [region.x - wanted.x, region.y - wanted.y, region.width - wanted.width];
        assert!(off.iter().all(|off| off.abs() < 1e-6), "{width} x {height}: {region:?}");
        assert!((region.height - wanted.height).abs() < 1e-6, "{width} x {height}: {region:?}");
    }
}

#[test]
fn a_fixed_mean_and_deviation_is_used_as_it_is() {
    let steps = [Step::Grey { from: Tone::Display }, Step::Normalise { mean: 100.0, std: 50.0 }];
    let input = prepare(&film(2, 1, vec![100.0, 200.0], 255.0), &steps).unwrap();
    assert_eq!(input.values, [0.0, 2.0]);
}

#[test]
fn a_blank_film_gives_numbers() {
    for step in [Step::Standardise { epsilon: 1e-3, ddof: 1 }, Step::Standardise { epsilon: 0.0, ddof: 0 }] {
        for (width, height) in [(1, 1), (64, 64)] {
            let blank = film(width, height, vec![255.0; (width * height) as usize], 255.0);
            let input = prepare(&blank, &[Step::Grey { from: Tone::Display }, step]).unwrap();
            assert!(input.values.iter().all(|value| value.is_finite()), "{step:?} {width} x {height}");
        }
    }
}

#[test]
fn a_strip_that_would_take_all_memory_is_refused() {
    let steps = [Step::ResizeShortSide { size: 4, filter: Filter::Bilinear, eight_bit: false }];
    for (width, height, is_strip) in [(15, 1, false), (16, 1, true), (2, 31, false), (2, 32, true)] {
        let grey = (0..width * height).map(|value| value as f32).collect();
        let prepared = prepare(&film(width, height, grey, 255.0), &steps);
        match prepared {
            Ok(input) => assert!(!is_strip && input.width.min(input.height) == 4, "{width} x {height}"),
            Err(error) => assert!(is_strip && error.to_string().contains("strip"), "{error}"),
        }
    }
}

#[test]
fn a_film_that_contradicts_itself_is_refused() {
    let good = || film(2, 2, vec![1.0; 4], 255.0);
    for (film, said) in [
        (Film { width: 0, linear: vec![], display: vec![], ..good() }, "no pixels"),
        (Film { width: 3, ..good() }, "should have 6 pixels"),
        (Film { display: vec![1], ..good() }, "should have 4 pixels"),
        (Film { scored: Some(vec![1]), ..good() }, "should have 4 pixels"),
        (Film { linear_max: 0.0, ..good() }, "no range"),
    ] {
        let message = prepare(&film, &[]).unwrap_err().to_string();
        assert!(message.contains(said), "{message}");
    }
}

proptest::proptest! {
    /// Whatever the shape: the right size, finite, within the film's own range where the filter has
    /// no overshoot.
    #[test]
    fn any_shape_can_be_resized(width in 1u32..90, height in 1u32..90, side in 1u32..90, seed in 0u32..1000) {
        let pixels: Vec<f32> =
            (0..width * height).map(|n| (n.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 24) as f32).collect();
        let (low, high) = (pixels.iter().copied().fold(255.0, f32::min), pixels.iter().copied().fold(0.0, f32::max));
        let film = film(width, height, pixels, 255.0);
        for (filter, eight_bit) in [
            (Filter::Lanczos, true), (Filter::Bilinear, true), (Filter::Bilinear, false),
            (Filter::Nearest, false), (Filter::Order1Gaussian, false),
        ] {
            let input = prepare(&film, &[Step::Grey { from: Tone::Stored }, resize(side, filter, eight_bit)]).unwrap();
            proptest::prop_assert_eq!(input.values.len(), (side * side) as usize);
            let slack = if filter == Filter::Lanczos { 255.0 } else { 1e-3 };
            for value in input.values {
                proptest::prop_assert!(value >= low - slack && value <= high + slack, "{:?}: {}", filter, value);
            }
        }
    }
}
