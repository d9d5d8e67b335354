//! VOI and Modality LUT modules: stored values in, grey on the screen out.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::make::Make;

const RAMP: [u16; 5] = [0, 1024, 2048, 3072, 4095];

#[test]
fn windows_show_what_the_standard_says() {
    let ramp = || Make::row(12, &RAMP);
    let cases: [(&str, Make, [u8; 5]); 20] = [
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
        (
            "under 1, of units that are finer",
            ramp().rescale("0.0001", "0").window("0.2048", "0.1025"),
            [0, 0, 128, 255, 255],
        ),
        ("of 1, likewise", ramp().rescale("0.001", "-1").window("1.048", "1"), [0, 0, 128, 255, 255]),
        ("decimal commas", ramp().window("2048,0", "1025,0"), [0, 0, 128, 255, 255]),
        (
            "decimal commas in the rescale",
            ramp().rescale("0,5", "-512,0").window("512", "513"),
            [0, 0, 128, 255, 255],
        ),
        ("signs, exponents and blanks", ramp().window(" +2.048e3 ", "1025.\0"), [0, 0, 128, 255, 255]),
        ("empty first values", ramp().window(r"\2048", r"\1025"), [0, 0, 128, 255, 255]),
        ("an empty first centre", ramp().window(r"\2048", "1025"), [0, 0, 128, 255, 255]),
        ("an empty first width", ramp().window("2048", r"\1025"), [0, 0, 128, 255, 255]),
    ];
    for (what, make, expected) in cases {
        assert_eq!(make.display(), expected, "{what}");
    }
}

#[test]
fn what_can_be_used_is_used_without_a_word_and_the_rest_is_named() {
    let ramp = || Make::row(12, &RAMP);
    let voi = tags::VOILUT_SEQUENCE;
    let inverse = |make: Make| make.text(tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE");
    let cases: [(&str, Make, &[&str]); 17] = [
        ("a comma", ramp().window("2048,5", "1025"), &[]),
        ("an empty first value", ramp().window(r"\2048", r"\1025"), &[]),
        ("no values", ramp().window("", ""), &[]),
        ("text", ramp().window("auto", "auto"), &["Window Center is \"auto\"", "Window Width is \"auto\""]),
        (
            "text, then numbers",
            ramp().window(r"auto\2048", r"auto\1025"),
            &["Window Center", "another window"],
        ),
        ("a number that is none", ramp().window("2048", "NaN"), &["Window Width is \"NaN\""]),
        ("no width", ramp().window("2048", "0"), &["Window Width 0, which make no window"]),
        ("a width alone", ramp().window("", "400"), &["Window Center is empty and Window Width 400"]),
        ("half a grey level", ramp().window("2048", "0.5"), &["Window Width 0.5, which make no window"]),
        ("a function", ramp().window("2048", "1025").function("CUBIC"), &["VOI LUT Function is \"CUBIC\""]),
        ("a slope", ramp().rescale("one", "0"), &["Rescale Slope is \"one\""]),
        ("an intercept", ramp().rescale("1", "1024 HU"), &["Rescale Intercept is \"1024 HU\""]),
        ("a table", ramp().table(voi, 0, 8, &[]).window("2048", "1025"), &["VOI LUT"]),
        ("a shape that contradicts", inverse(ramp()), &["Presentation LUT Shape is INVERSE"]),
        ("a shape that does not", inverse(ramp().photometric("MONOCHROME1")), &[]),
        ("padding", ramp().number(tags::PIXEL_PADDING_VALUE, 65_535), &["Pixel Padding Value is 65535"]),
        (
            "spacing",
            ramp().text(tags::PIXEL_SPACING, VR::DS, r"0.1\wide").text(
                tags::IMAGER_PIXEL_SPACING,
                VR::DS,
                r"1\9",
            ),
            &["Imager Pixel Spacing says pixels of 1 by 9"],
        ),
    ];
    for (what, make, words) in cases {
        let said = make.film().warnings.join(" ");
        assert!(words.iter().all(|word| said.contains(word)), "{what}: {said}");
        assert_eq!(said.is_empty(), words.is_empty(), "{what}: {said}");
    }
}

#[test]
fn grey_that_gets_lost_is_refused_with_the_attribute_named() {
    for (slope, intercept, word) in [
        ("1e-9", "9e11", "one grey value of different samples"),
        ("1e-4", "1e12", "one grey value of different samples"),
        ("-1e-9", "-9e11", "one grey value"),
        ("1e305", "0", "no numbers"),
        ("0", "5", "Rescale Slope is 0"),
        ("NaN", "0", "Rescale Slope is NaN"),
        ("inf", "0", "Rescale Slope is inf"),
        ("1", "-Infinity", "Rescale Intercept is -Infinity"),
        ("1", "1e400", "Rescale Intercept is 1e400"),
    ] {
        for padded in [false, true] {
            let make = Make::row(12, &RAMP).rescale(slope, intercept).window("0", "100");
            let make = if padded { make.number(tags::PIXEL_PADDING_VALUE, 0) } else { make };
            let reason = make.reason();
            assert!(reason.contains(word) && !reason.contains("again"), "{slope} x + {intercept}: {reason}");
        }
    }
    let fine = Make::row(12, &RAMP).rescale("1e-9", "1").film();
    assert_eq!(fine.linear, RAMP.map(f32::from));
}

#[test]
fn voi_tables_show_what_the_standard_says() {
    let ramp = || Make::row(12, &RAMP);
    let voi = tags::VOILUT_SEQUENCE;
    let cases: [(&str, Make, [u8; 5]); 12] = [
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
        ("16 bits of 12", ramp().table(voi, 2047, 16, &[0, 2048, 4095]), [0, 0, 128, 255, 255]),
        ("16 bits of 14", ramp().table(voi, 2047, 16, &[0, 8192, 16_383]), [0, 0, 128, 255, 255]),
        ("16 bits of 15", ramp().table(voi, 2047, 16, &[0, 16_384, 32_767]), [0, 0, 64, 127, 127]),
        ("14 bits of 10", ramp().table(voi, 2047, 14, &[0, 512, 1023]), [0, 0, 128, 255, 255]),
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

/// Bytes of a sequence of one item with a descriptor and data, both as 16-bit words.
fn sequence(descriptor: [u16; 3], data: &[u8]) -> Vec<u8> {
    let element = |tag: u32, vr: &[u8; 4], value: &[u8]| {
        let length = u32::try_from(value.len()).unwrap();
        let [group, element] =
            [tag >> 16, tag & 0xffff].map(|half| u16::try_from(half).unwrap().to_le_bytes());
        [&group[..], &element, vr, &length.to_le_bytes(), value].concat()
    };
    let words: Vec<u8> = descriptor.iter().flat_map(|word| word.to_le_bytes()).collect();
    let item = [element(0x0028_3002, b"OW\0\0", &words), element(0x0028_3006, b"OW\0\0", data)].concat();
    [&b"\xfe\xff\x00\xe0"[..], &u32::try_from(item.len()).unwrap().to_le_bytes(), &item].concat()
}

#[test]
fn tables_are_found_however_their_entries_lie() {
    let words =
        |entries: &[u16]| -> Vec<u8> { entries.iter().flat_map(|entry| entry.to_le_bytes()).collect() };
    let steep: Vec<u16> = (0..4096).map(|i| if i < 2048 { 0 } else { 255 }).collect();
    let bytes: Vec<u8> = steep.iter().map(|&entry| u8::try_from(entry).unwrap()).collect();
    let longest: Vec<u16> = (0..=65_535).collect();
    for (what, descriptor, data, expected) in [
        ("one to a word", [4096, 0, 8], words(&steep), [0, 0, 255, 255, 255]),
        ("two to a word", [4096, 0, 8], bytes.clone(), [0, 0, 255, 255, 255]),
        ("two to a word, said 16 bits", [4096, 0, 16], bytes, [0, 0, 255, 255, 255]),
        ("the last is missing", [4096, 0, 8], words(&steep[..4095]), [0, 0, 255, 255, 255]),
        ("65536 of them", [0, 0, 16], words(&longest), [0, 4, 8, 12, 16]),
        ("first mapped below zero", [4096, 63_488, 8], words(&steep), [0, 255, 255, 255, 255]),
    ] {
        // A rescale that makes values below zero possible, where the first mapped one is
        let intercept = if descriptor[1] == 0 { "0" } else { "-1024" };
        let make = Make::row(12, &RAMP).rescale("1", intercept);
        let make = make.bytes(tags::VOILUT_SEQUENCE, VR::UN, &sequence(descriptor, &data));
        assert_eq!(make.display(), expected, "{what}");
    }
}

#[test]
fn a_modality_table_of_fewer_bits_than_it_says_is_not_black() {
    let entries: Vec<u16> = (0..1024).map(|i| i * 4).collect();
    let make = |bits| Make::row(10, &[0, 512, 1023]).table(tags::MODALITY_LUT_SEQUENCE, 0, bits, &entries);
    let (told, promised) = (make(12).film(), make(16).film());
    assert_eq!(promised.display, [0, 128, 255]);
    assert_eq!(promised.display, told.display);
    assert!(
        promised.linear.iter().zip(&told.linear).all(|(a, b)| (a - b).abs() < 1.5),
        "{:?}",
        promised.linear
    );
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
