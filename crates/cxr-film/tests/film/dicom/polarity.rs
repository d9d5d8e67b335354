//! More attenuation is brighter, in what the model takes and in what the screen shows.

use cxr_film::Film;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use proptest::prelude::*;

use super::make::Make;

/// Grey of the screen never falls where grey of the model rises.
fn agree(film: &Film) -> bool {
    let mut pairs: Vec<(f32, u8)> = film.linear.iter().copied().zip(film.display.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    pairs.is_sorted_by_key(|pair| pair.1)
}

/// Ways to bring the grey of 12 stored bits to the screen, all rising.
fn tone(make: Make, kind: u8) -> Make {
    let ramp: Vec<u16> = (0..256).collect();
    match kind {
        0 => make,
        1 => make.window("2048", "1000"),
        2 => make.window("1500", "3000").function("SIGMOID"),
        3 => make.window("1000", "500").function("LINEAR_EXACT"),
        4 => make.table(tags::VOILUT_SEQUENCE, 1000, 8, &ramp),
        5 => make.rescale("-1", "4095").window("2048", "4096"),
        _ => make.rescale("2", "-1000").window("1000", "8000"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn linear_and_display_never_disagree(
        pixels in prop::collection::vec(0_u16..4096, 2..200),
        kind in 0_u8..7,
        signed: bool,
    ) {
        let make = |photometric: &str| {
            let make = tone(Make::row(12, &pixels), kind).photometric(photometric);
            if signed { make.signed() } else { make }
        };
        let positive = make("MONOCHROME2").film();
        let negative = make("MONOCHROME1").film();
        prop_assert!(agree(&positive));
        prop_assert!(agree(&negative));

        // MONOCHROME1 turns both over, once.
        for i in 0..pixels.len() {
            prop_assert_eq!(negative.linear[i], negative.linear_max - positive.linear[i]);
            prop_assert_eq!(negative.display[i], 255 - positive.display[i]);
        }
        // Presentation LUT Shape INVERSE beside it says the same again and turns nothing back.
        let inverse = make("MONOCHROME1").text(tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE").film();
        prop_assert_eq!(inverse.linear, negative.linear);
        prop_assert_eq!(inverse.display, negative.display);
    }
}

#[test]
fn without_a_rescale_linear_is_the_stored_value() {
    let film = Make::row(12, &[0, 1, 2000, 4095]).film();
    assert_eq!(film.linear, [0.0, 1.0, 2000.0, 4095.0]);
    assert_eq!(film.linear_max, 4095.0);
    let film = Make::row(12, &[0, 1, 2000, 4095]).rescale("2", "-1024").film();
    assert_eq!(film.linear, [0.0, 1.0, 2000.0, 4095.0], "an even rescale changes units, not grey");
    let film = Make::row(12, &[0, 1, 2000, 4095]).photometric("MONOCHROME1").film();
    assert_eq!(film.linear, [4095.0, 4094.0, 2095.0, 0.0]);
}
