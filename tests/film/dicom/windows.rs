//! VOI and Modality LUT modules: stored values in, grey on the screen out.

use dicom_dictionary_std::tags;

use super::make::Make;

const RAMP: [u16; 5] = [0, 1024, 2048, 3072, 4095];

#[test]
fn windows_show_what_the_standard_says() {
    let ramp = || Make::row(12, &RAMP);
    let cases: [(&str, Make, [u8; 5]); 12] = [
        ("no window: the whole range", ramp(), [0, 64, 128, 191, 255]),
        ("the whole range as a window", ramp().window("2048", "4096"), [0, 64, 128, 191, 255]),
        ("narrow", ramp().window("2048", "1025"), [0, 0, 128, 255, 255]),
        ("a threshold", ramp().window("2048", "1"), [0, 0, 255, 255, 255]),
        ("exact", ramp().window("2048", "4096").function("LINEAR_EXACT"), [0, 64, 128, 191, 255]),
        ("sigmoid", ramp().window("2048", "2048").function("SIGMOID"), [5, 30, 128, 225, 250]),
        ("the first of several", ramp().window(r"2048\100", r"1025\50"), [0, 0, 128, 255, 255]),
        ("the first that makes sense", ramp().window(r"0\2048", r"0\1025"), [0, 0, 128, 255, 255]),
        ("width 0 alone is none", ramp().window("2048", "0"), [0, 64, 128, 191, 255]),
        (
            "an unknown function is linear",
            ramp().window("2048", "1025").function("CUBIC"),
            [0, 0, 128, 255, 255],
        ),
        ("text for a number is none", ramp().window("auto", "auto"), [0, 64, 128, 191, 255]),
        ("in rescaled units", ramp().rescale("0.5", "-512").window("512", "513"), [0, 0, 128, 255, 255]),
    ];
    for (what, make, expected) in cases {
        assert_eq!(make.display(), expected, "{what}");
    }
}

#[test]
fn voi_tables_show_what_the_standard_says() {
    let ramp = || Make::row(12, &RAMP);
    let voi = tags::VOILUT_SEQUENCE;
    let cases: [(&str, Make, [u8; 5]); 8] = [
        ("beyond its ends the end", ramp().table(voi, 1024, 8, &[10, 200]), [10, 10, 200, 200, 200]),
        ("12 bits", ramp().table(voi, 2047, 12, &[0, 2048, 4095]), [0, 0, 128, 255, 255]),
        ("16 bits", ramp().table(voi, 2047, 16, &[0, 32_768, 65_535]), [0, 0, 128, 255, 255]),
        ("bits that are too few for it", ramp().table(voi, 2047, 8, &[0, 2048, 4095]), [0, 0, 128, 255, 255]),
        ("bits that make no sense", ramp().table(voi, 2047, 0, &[0, 2048, 4095]), [0, 0, 128, 255, 255]),
        (
            "before a window",
            ramp().table(voi, 1024, 8, &[10, 200]).window("2048", "1"),
            [10, 10, 200, 200, 200],
        ),
        ("empty: the window", ramp().table(voi, 0, 8, &[]).window("2048", "1025"), [0, 0, 128, 255, 255]),
        (
            "in rescaled units",
            ramp().rescale("1", "-2048").table(voi, 65_535, 8, &[0, 255]),
            [0, 0, 255, 255, 255],
        ),
    ];
    for (what, make, expected) in cases {
        assert_eq!(make.display(), expected, "{what}");
    }
}

#[test]
fn a_16_bit_table_over_8_stored_bits_is_no_trap() {
    let entries: Vec<u16> = (0..256).map(|i| i * 257).collect();
    let make = Make::row(8, &[0, 100, 255]).table(tags::VOILUT_SEQUENCE, 0, 16, &entries);
    assert_eq!(make.display(), [0, 100, 255]);
}

#[test]
fn a_modality_table_goes_before_the_window_and_into_linear() {
    let table = [0, 100, 200, 255];
    let make = || Make::row(2, &[0, 1, 2, 3]).table(tags::MODALITY_LUT_SEQUENCE, 0, 8, &table);
    let film = make().film();
    assert_eq!(film.display, [0, 100, 200, 255]);
    for (linear, entry) in film.linear.iter().zip(table) {
        assert!((linear - f32::from(entry) / 85.0).abs() < 1e-5, "{linear} {entry}");
    }
    assert_eq!(make().window("150", "101").display(), [0, 1, 255, 255]);

    let broken = Make::row(2, &[0, 1]).table(tags::MODALITY_LUT_SEQUENCE, 0, 8, &[]);
    assert!(broken.reason().contains("Modality LUT"));
}
