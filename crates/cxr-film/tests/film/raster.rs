//! PNG, JPEG and TIFF of all depths and colours become the grey that a person would expect.

#![allow(clippy::unwrap_used)] // helpers of tests may panic

use std::{fs, io::Cursor, path::Path};

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
use proptest::prelude::*;
use serde::Deserialize;

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A 2 x 2 picture of one kind of pixel.
macro_rules! picture {
    ($kind:ident, $($pixel:expr),+) => {{
        let pixels = [$($kind($pixel)),+];
        ImageBuffer::from_fn(2, 2, |x, y| pixels[(y * 2 + x) as usize]).into()
    }};
}

/// what, the picture, its linear and display grey, linear_max
type Case = (&'static str, DynamicImage, [f32; 4], [u8; 4], f32);

#[test]
fn every_depth_and_colour_becomes_grey() {
    let cases: [Case; 8] = [
        (
            "grey",
            picture!(Luma, [0_u8], [7], [128], [255]),
            [0.0, 7.0, 128.0, 255.0],
            [0, 7, 128, 255],
            255.0,
        ),
        (
            "16-bit grey",
            picture!(Luma, [0_u16], [257], [32_896], [65_535]),
            [0.0, 257.0, 32_896.0, 65_535.0],
            [0, 1, 128, 255],
            65_535.0,
        ),
        (
            "12 bits in a 16-bit file",
            picture!(Luma, [0_u16], [1024], [2048], [4095]),
            [0.0, 1024.0, 2048.0, 4095.0],
            [0, 64, 128, 255],
            65_535.0,
        ),
        (
            "grey with alpha, on black",
            picture!(LumaA, [200_u8, 255], [200, 0], [200, 128], [0, 255]),
            [200.0, 0.0, 100.0, 0.0],
            [200, 0, 100, 0],
            255.0,
        ),
        (
            "colour",
            picture!(Rgb, [255_u8, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]),
            [76.0, 150.0, 29.0, 9.0],
            [76, 150, 29, 9],
            255.0,
        ),
        (
            "colour with alpha",
            picture!(Rgba, [255_u8, 255, 255, 51], [9, 9, 9, 255], [0, 0, 0, 0], [255, 255, 255, 255]),
            [51.0, 9.0, 0.0, 255.0],
            [51, 9, 0, 255],
            255.0,
        ),
        (
            "16-bit colour",
            picture!(Rgb, [65_535_u16, 65_535, 65_535], [0, 0, 0], [514, 514, 514], [65_535, 0, 0]),
            [65_535.0, 0.0, 514.0, 19_595.0],
            [255, 0, 2, 76],
            65_535.0,
        ),
        (
            "16-bit colour with alpha",
            picture!(
                Rgba,
                [65_535_u16, 65_535, 65_535, 0],
                [257, 257, 257, 65_535],
                [0, 0, 0, 9],
                [65_535, 65_535, 65_535, 65_535]
            ),
            [0.0, 257.0, 0.0, 65_535.0],
            [0, 1, 0, 255],
            65_535.0,
        ),
    ];
    for (what, picture, linear, display, max) in cases {
        for format in [ImageFormat::Png, ImageFormat::Tiff] {
            if format == ImageFormat::Tiff && picture.color().channel_count() == 2 {
                continue; // this encoder cannot
            }
            let film = cxr_film::decode(&encoded(&picture, format)).expect(what);
            assert_eq!((film.width, film.height), (2, 2), "{what} {format:?}");
            assert_eq!(film.linear, linear, "{what} {format:?}");
            assert_eq!(film.display, display, "{what} {format:?}");
            assert_eq!(film.linear_max, max, "{what} {format:?}");
            assert_eq!(film.header.bits_stored, if max > 255.0 { 16 } else { 8 }, "{what} {format:?}");
        }
    }
}

/// A file that Pillow made (tests/golden/film_rasters.py), and the grey that it made of it.
#[derive(Deserialize)]
struct Peer {
    file: String,
    held: Option<String>,
    max: u16,
    width: u32,
    height: u32,
    /// 16 bits a pixel, hexadecimal
    grey: Option<String>,
}

#[test]
fn what_scanners_phones_and_viewers_save_is_the_grey_that_pillow_sees() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/film_rasters");
    let peers: Vec<Peer> = serde_json::from_slice(&fs::read(folder.join("cases.json")).unwrap()).unwrap();
    assert!(peers.len() > 20);
    for peer in peers {
        let decoded = cxr_film::decode(&fs::read(folder.join(&peer.file)).unwrap());
        let Some(grey) = peer.grey else {
            let reason = decoded.expect_err(&peer.file).reason;
            assert!(reason.contains(&peer.held.unwrap()), "{}: {reason}", peer.file);
            continue;
        };
        let film = decoded.expect(&peer.file);
        let size = (film.width, film.height, film.linear_max);
        assert_eq!(size, (peer.width, peer.height, f32::from(peer.max)), "{}", peer.file);
        // JPEG decoders may round to either side, in three components.
        let tolerance = if peer.file.contains("jp") { 2.0 } else { f32::from(peer.max) / 255.0 };
        let theirs = (0..grey.len()).step_by(4).map(|at| u16::from_str_radix(&grey[at..at + 4], 16).unwrap());
        let off = film.linear.iter().zip(theirs).map(|(ours, theirs)| (ours - f32::from(theirs)).abs());
        let off = off.fold(0.0, f32::max);
        assert!(off <= tolerance, "{}: off by {off}", peer.file);
    }
}

#[test]
fn a_photograph_lying_on_its_side_is_turned() {
    let picture: DynamicImage =
        ImageBuffer::from_fn(32, 16, |x, _| Luma([if x < 16 { 10_u8 } else { 240 }])).into();
    let jpeg = encoded(&picture, ImageFormat::Jpeg);
    // EXIF with one entry: Orientation 6, "turn right to see it upright"
    let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&jpeg[..2], exif, &jpeg[2..]].concat();
    let film = cxr_film::decode(&turned).unwrap();
    assert_eq!((film.width, film.height), (16, 32));
    assert!(film.display[..16].iter().all(|&v| v < 40), "the dark left edge is on top");
    assert!(film.display[31 * 16..].iter().all(|&v| v > 200));
}

#[test]
fn a_picture_cut_short_anywhere_is_refused() {
    let picture: DynamicImage = ImageBuffer::from_fn(40, 30, |x, y| Luma([(x * y % 251) as u8])).into();
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff] {
        let whole = encoded(&picture, format);
        cxr_film::decode(&whole).unwrap();
        // The last bytes may be a checksum or a directory that is not needed to see the whole picture.
        for length in 0..whole.len() * 3 / 4 {
            let error = cxr_film::decode(&whole[..length]).expect_err("cut short");
            assert!(error.reason.ends_with('.'), "{format:?} {length}: {error}");
        }
    }
    let jpeg = encoded(&picture, ImageFormat::Jpeg);
    let error = cxr_film::decode(&jpeg[..jpeg.len() - 5]).expect_err("a block is missing");
    assert!(error.reason.contains("cut short"), "{error}");
    let whole = cxr_film::decode(&jpeg).unwrap();
    for (what, bytes) in [
        ("no end marker", jpeg[..jpeg.len() - 2].to_vec()),
        ("padding", [&jpeg[..], &[0; 5000]].concat()),
        ("another picture behind it", [&jpeg[..], &jpeg[..200]].concat()),
    ] {
        assert_eq!(cxr_film::decode(&bytes).expect(what).linear, whole.linear, "{what}");
    }
}

#[test]
fn a_claim_of_more_pixels_than_a_film_has_is_refused_before_they_are_made_room_for() {
    // A PNG header of 60000 x 60000, 8-bit grey, with its checksum, and no data
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\0\0\0\0".to_vec();
    png.extend(crc32(&png[12..]).to_be_bytes());
    png.extend(b"\0\0\0\x04IDAT\0\0\0\0");
    let checksum = crc32(&png[png.len() - 8..]);
    png.extend(checksum.to_be_bytes());
    let error = cxr_film::decode(&png).expect_err("a bomb");
    assert!(error.reason.contains("more pixels") || error.reason.contains("60000 x 60000"), "{error}");
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn damage_is_an_answer_never_a_crash(
        format in prop::sample::select(vec![ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff]),
        damage in prop::collection::vec((0.0..1.0_f64, any::<u8>()), 1..6),
    ) {
        let picture: DynamicImage = ImageBuffer::from_fn(24, 24, |x, y| Rgb([(x * 10) as u8, (y * 10) as u8, 7])).into();
        let mut bytes = encoded(&picture, format);
        for (place, value) in damage {
            let index = (place * bytes.len() as f64) as usize;
            bytes[index] = value;
        }
        match cxr_film::decode(&bytes) {
            Ok(film) => {
                prop_assert_eq!(film.linear.len(), film.width as usize * film.height as usize);
                prop_assert_eq!(film.display.len(), film.linear.len());
                prop_assert!(film.linear.iter().all(|&v| (0.0..=film.linear_max).contains(&v)));
            }
            Err(error) => prop_assert!(error.reason.ends_with('.')),
        }
    }
}
