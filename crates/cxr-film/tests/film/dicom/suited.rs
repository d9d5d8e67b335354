//! Windows and tables that are not the film's own, and grey for a model where it differs from what is shown.

use cxr_film::Film;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use proptest::prelude::*;

use super::make::Make;

/// A film of 12 bits, with all greys in it alike.
fn even() -> Vec<u16> {
    (0..20_480).map(|at| at / 5).collect()
}

/// A picture in the lower half of the scale, and as many pixels of even air, as a detector sees it beside a patient.
fn with_air() -> Vec<u16> {
    (0..20_480).map(|at| if at % 2 == 0 { at / 8 } else { 3900 + at % 50 }).collect()
}

fn table(entries: impl Fn(u16) -> f64) -> Vec<u16> {
    (0..4096).map(|input| entries(input).clamp(0.0, 4095.0).round() as u16).collect()
}

/// An S, as tables for films have it.
fn bent(input: u16) -> f64 {
    4095.0 / (1.0 + (-(f64::from(input) - 2048.0) / 700.0).exp())
}

fn whole(film: &Film) -> Vec<u8> {
    film.linear.iter().map(|grey| (grey / 4095.0 * 255.0).round() as u8).collect()
}

#[test]
fn a_window_that_is_not_the_films_own_is_named_and_not_used() {
    let row = |pixels: &[u16]| Make::row(12, pixels);
    let voi = tags::VOILUT_SEQUENCE;
    let cut = table(|input| (f64::from(input) - 600.0) / 1800.0 * 4095.0);
    let cases: [(&str, Make, Option<&str>); 18] = [
        ("the whole range", row(&even()).window("2048", "4096"), None),
        ("wider by half", row(&even()).window("2048", "6000"), None),
        ("the uppermost", row(&even()).window("1975", "3950"), None),
        ("dark parts cut off", row(&even()).window("2548", "3096"), None),
        ("air cut off", row(&with_air()).window("1300", "2600"), None),
        ("air cut off, as black", row(&with_air()).photometric("MONOCHROME1").window("1300", "2600"), None),
        ("a bent table", row(&even()).table(voi, 0, 12, &table(bent)), None),
        (
            "light parts cut off",
            row(&even()).window("1500", "1800"),
            Some("window makes 41 % of the picture plain white"),
        ),
        ("with a comma", row(&even()).window("1500,5", "1800"), Some("41 % of the picture plain white")),
        (
            "under 1",
            row(&even()).rescale("0.0001", "0").window("0.15", "0.18"),
            Some("41 % of the picture plain white"),
        ),
        ("too narrow", row(&even()).window("1500", "100"), Some("plain black")),
        ("a threshold", row(&even()).window("2048", "1"), Some("plain black")),
        ("to a side", row(&even()).window("3500", "1000"), Some("73 % of the picture plain black")),
        ("below it all", row(&even()).window("-5000", "2000"), Some("100 % of the picture plain white")),
        ("above it all", row(&even()).window("40000", "40000"), Some("100 % of the picture plain black")),
        (
            "too wide",
            row(&even()).window("32768", "65536"),
            Some("window leaves the picture 6 % of the grey scale"),
        ),
        ("exactly", row(&even()).window("1500", "1800").function("LINEAR_EXACT"), Some("plain white")),
        (
            "a table",
            row(&even()).table(voi, 0, 12, &cut),
            Some("VOI LUT makes 41 % of the picture plain white"),
        ),
    ];
    for (what, make, fault) in cases {
        let film = make.film();
        let said = film.warnings.join(" ");
        assert_eq!(said.is_empty(), fault.is_none(), "{what}: {said}");
        let Some(fault) = fault else { continue };
        assert!(said.contains(fault) && said.contains("whole grey scale"), "{what}: {said}");
        assert_eq!(film.display, whole(&film), "{what}");
        assert_eq!(film.scored, None, "{what}");
    }
}

#[test]
fn what_a_window_does_to_a_negative_is_judged_as_it_is_seen() {
    let negative = |window: (&str, &str)| {
        Make::row(12, &even()).photometric("MONOCHROME1").window(window.0, window.1).film()
    };
    // A quarter of the picture: as black it may be, as white it may not.
    assert!(negative(("1536", "3072")).warnings.is_empty());
    let film = negative(("2560", "3072"));
    assert!(film.warnings.concat().contains("25 % of the picture plain white"), "{:?}", film.warnings);
    assert_eq!(film.display, whole(&film));
}

#[test]
fn a_model_sees_a_film_without_the_bend_of_its_table() {
    let voi = tags::VOILUT_SEQUENCE;
    let level = |input: u16| (f64::from(input) - 200.0) / 3695.0 * 4095.0;
    for (what, entries, bits) in [
        ("12 bits", table(bent), 12),
        ("12 bits, said to be 16", table(bent), 16),
        ("8 bits", table(|input| bent(input) / 16.0), 8),
        ("falling", table(|input| 4095.0 - bent(input)), 12),
    ] {
        for photometric in ["MONOCHROME2", "MONOCHROME1"] {
            let film = Make::row(12, &even()).photometric(photometric).table(voi, 0, bits, &entries).film();
            let falls = what == "falling";
            let straight = whole(&film).into_iter().map(|grey| if falls { 255 - grey } else { grey });
            let off = film.scored().iter().zip(straight).map(|(a, b)| a.abs_diff(b)).max();
            assert!(off <= Some(4), "{what} {photometric}: off by {off:?}");
            assert_ne!(film.scored(), film.display, "{what} {photometric}");
        }
    }
    // What a table cuts off is cut off for a model too, and a table that turns back is taken as it is.
    let film = Make::row(12, &even()).table(voi, 0, 12, &table(level)).film();
    let off = film.scored().iter().zip(&film.display).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(off <= Some(1), "off by {off:?}");
    let film = Make::row(12, &even()).table(voi, 0, 12, &table(|input| (bent(input) - 2048.0).abs())).film();
    assert_eq!(film.scored, None);
}

#[test]
fn a_model_sees_a_film_without_marks() {
    let marked = |marks: &[(usize, u16)]| {
        let mut pixels = even();
        marks.iter().for_each(|&(at, grey)| pixels[at] = grey);
        Make::row(16, &pixels).film()
    };
    let clean = marked(&[]);
    assert_eq!(clean.scored, None);
    let text: Vec<(usize, u16)> = (3000..3200).map(|at| (at, 65_535)).collect();
    let border: Vec<(usize, u16)> = (0..400).map(|at| (at, 65_535)).collect();
    for (what, marks) in [
        ("a hot pixel", &[(9, 65_535)][..]),
        ("text", &text),
        ("two greys", &[(9, 30_000), (8000, 65_535)]),
        ("a border", &border),
    ] {
        let film = marked(marks);
        let off = film.scored().iter().zip(&clean.display).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(5), "{what}: off by {off:?}");
        assert!(marks.iter().all(|&(at, _)| film.display[at] == 255), "{what}: a person sees it");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever window, rescale and table a film brings: it is shown, or refused with a sentence.
    #[test]
    fn every_window_and_table_is_an_answer(
        window in ("[-+0-9.,eE ]{0,8}", "[-+0-9.,eE ]{0,8}"),
        rescale in prop::option::of(("-?[0-9]{1,3}(\\.[0-9]{1,3})?(e-?[0-9]{1,2})?", "-?[0-9]{1,6}")),
        table in prop::option::of((any::<u16>(), any::<u16>(), prop::collection::vec(any::<u16>(), 0..40))),
        modality in prop::option::of((any::<u16>(), any::<u16>(), prop::collection::vec(any::<u16>(), 0..40))),
        bits in 1_u16..=16,
        negative in any::<bool>(),
        seed in any::<u16>(),
    ) {
        let most = u16::MAX >> (16 - bits);
        let pixels: Vec<u16> = (0..10_500_u16).map(|at| at.wrapping_mul(seed | 1) & most).collect();
        let mut make = Make::row(bits, &pixels).window(&window.0, &window.1);
        if negative {
            make = make.photometric("MONOCHROME1");
        }
        if let Some((slope, intercept)) = rescale {
            make = make.rescale(&slope, &intercept);
        }
        for (sequence, table) in [(tags::VOILUT_SEQUENCE, table), (tags::MODALITY_LUT_SEQUENCE, modality)] {
            if let Some((first, bits, entries)) = table {
                make = make.table(sequence, first, bits, &entries);
            }
        }
        match cxr_film::decode(&make.text(tags::PATIENT_ID, VR::LO, "1").file()) {
            Ok(film) => {
                prop_assert_eq!(film.display.len(), pixels.len());
                prop_assert_eq!(film.scored().len(), pixels.len());
                prop_assert!(film.linear.iter().all(|grey| (0.0..=film.linear_max).contains(grey)));
            }
            Err(error) => prop_assert!(error.reason.ends_with('.') && error.reason.contains(": "), "{}", error),
        }
    }
}
