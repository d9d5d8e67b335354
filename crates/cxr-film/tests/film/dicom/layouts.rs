//! How stored values lie in the pixel data: depth, shift, sign, colour.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::make::Make;

#[test]
fn stored_bits_are_found_wherever_they_lie() {
    let cases: [(&str, Make, Vec<f32>); 7] = [
        ("8 in 16", Make::row(8, &[0, 128, 255]), vec![0.0, 128.0, 255.0]),
        ("16", Make::row(16, &[0, 256, 65_535]), vec![0.0, 256.0, 65_535.0]),
        ("idle bits above are masked", Make::row(12, &[0xf000, 0xffff]), vec![0.0, 4095.0]),
        (
            "high bit at the top",
            Make::row(12, &[0x0010, 0xfff0]).number(tags::HIGH_BIT, 15),
            vec![1.0, 4095.0],
        ),
        (
            "a high bit too low is a slip",
            Make::row(12, &[1, 4095]).number(tags::HIGH_BIT, 3),
            vec![1.0, 4095.0],
        ),
        ("signed", Make::row(12, &[0x800, 0xfff, 0, 0x7ff]).signed(), vec![0.0, 2047.0, 2048.0, 4095.0]),
        ("signed, sign extended", Make::row(12, &[0xf800, 0xffff]).signed(), vec![0.0, 2047.0]),
    ];
    for (what, make, expected) in cases {
        assert_eq!(make.film().linear, expected, "{what}");
    }
}

#[test]
fn a_film_of_fewer_bits_than_it_says_is_not_black() {
    let pixels: Vec<u16> = (0..4096).collect();
    let film = Make::row(16, &pixels).film();
    assert_eq!((film.display[0], film.display[2048], film.display[4095]), (0, 128, 255));
    assert_eq!(film.linear[4095], 4095.0, "the model's grey stays as stored");
}

#[test]
fn a_mark_far_from_the_rest_is_not_what_the_scale_ends_at() {
    let pixels: Vec<u16> = (0..4096).collect();
    let with = |mark: u16| [&pixels[..], &[mark]].concat();
    for (what, make) in [
        ("white", Make::row(16, &with(65_535))),
        ("in the middle of nowhere", Make::row(16, &with(30_000))),
        ("of a negative", Make::row(16, &with(65_535)).photometric("MONOCHROME1")),
        ("that is padding", Make::row(16, &with(65_535)).number(tags::PIXEL_PADDING_VALUE, 65_535)),
    ] {
        let display = make.display();
        let ends = [display[0], display[2048], display[4095]];
        let expected = if what == "of a negative" { [255, 127, 0] } else { [0, 128, 255] };
        assert_eq!(ends, expected, "{what}");
    }
    let high: Vec<u16> = (61_000..65_096).collect();
    let display = Make::row(16, &[&[0][..], &high].concat()).display();
    assert_eq!((display[1], display[2049], display[4096]), (0, 128, 255), "a mark at 0");
}

#[test]
fn colour_becomes_luma() {
    // Red, green, blue, white; luma 76, 150, 29, 255
    let rgb = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
    let planes = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255];
    let ybr = [76, 85, 255, 150, 44, 21, 29, 255, 107, 255, 128, 128];
    let ybr_planes = [76, 150, 29, 255, 85, 44, 255, 128, 255, 21, 107, 128];
    let ybr_422 = [76, 150, 64, 138, 29, 255, 190, 117];
    for (photometric, planar, bytes) in [
        ("RGB", 0, &rgb[..]),
        ("RGB", 1, &planes),
        ("YBR_FULL", 0, &ybr),
        ("YBR_FULL", 1, &ybr_planes),
        ("YBR_FULL_422", 0, &ybr_422),
    ] {
        let film = Make::row(8, &[0; 4])
            .number(tags::SAMPLES_PER_PIXEL, 3)
            .number(tags::PLANAR_CONFIGURATION, planar)
            .number(tags::BITS_ALLOCATED, 8)
            .photometric(photometric)
            .bytes(tags::PIXEL_DATA, VR::OB, bytes)
            .film();
        assert_eq!(film.display, [76, 150, 29, 255], "{photometric}, planar {planar}");
        assert_eq!(film.linear, [76.0, 150.0, 29.0, 255.0], "{photometric}, planar {planar}");
    }
}

#[test]
fn headers_that_contradict_themselves_are_refused_in_words() {
    let row = || Make::row(12, &[0, 1, 2, 3]);
    let cases: [(&str, Make); 11] = [
        ("no size", row().without(tags::ROWS)),
        ("no size", row().number(tags::COLUMNS, 0)),
        ("more than any film", row().number(tags::ROWS, 60_000).number(tags::COLUMNS, 60_000)),
        ("4 of its 8 samples", row().number(tags::ROWS, 2)),
        ("12 allocated bits", row().number(tags::BITS_ALLOCATED, 12)),
        ("1 allocated bits", row().number(tags::BITS_ALLOCATED, 1)),
        ("17 bits stored in 16", row().number(tags::BITS_STORED, 17)),
        ("whether its grey scale is inverted", row().without(tags::PHOTOMETRIC_INTERPRETATION)),
        ("kind HSV", row().photometric("HSV")),
        ("palette is missing", row().photometric("PALETTE COLOR")),
        ("3 samples a pixel", row().number(tags::SAMPLES_PER_PIXEL, 3)),
    ];
    for (word, make) in cases {
        let reason = make.reason();
        assert!(reason.contains(word), "{word}: {reason}");
        assert!(reason.contains(": ") && reason.ends_with('.'), "says what to do: {reason}");
    }
}
