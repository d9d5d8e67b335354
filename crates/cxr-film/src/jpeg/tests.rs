//! Our decoder of lossless JPEG against the samples of libjpeg-turbo, libjpeg and DCMTK, and against damage.
//! `golden/film_jpeg.py` made the streams.

use std::{collections::BTreeMap, fs, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde::Deserialize;

use super::{
    Error, has_too_many_scans,
    lossless::{Picture, decode},
    unusual_kind, whole,
};

const LIMIT: u64 = 1 << 20;

#[derive(Debug, Deserialize)]
struct Expected {
    width: usize,
    height: usize,
    components: usize,
    precision: u8,
    crc32: u32,
    stream: String,
}

impl Expected {
    fn stream(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.stream).unwrap()
    }
}

fn golden(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder)
}

fn expected() -> BTreeMap<String, Expected> {
    serde_json::from_slice(&fs::read(golden("film_jpeg/lossless.json")).unwrap()).unwrap()
}

fn stream(name: &str) -> Vec<u8> {
    expected()[name].stream()
}

/// CRC-32 of the samples in little-endian words, as zlib's.
fn crc32(samples: &[u16]) -> u32 {
    let mut crc = flate2::Crc::new();
    samples.iter().for_each(|sample| crc.update(&sample.to_le_bytes()));
    crc.sum()
}

#[test]
fn every_kind_of_lossless_jpeg_is_decoded_as_its_peers_decode_it() {
    let mut wrong = Vec::new();
    for (name, expected) in expected() {
        match decode(&expected.stream(), LIMIT) {
            Ok(Picture { width, height, components, precision, samples }) => {
                let told = (
                    expected.width,
                    expected.height,
                    expected.components,
                    expected.precision,
                    expected.crc32,
                );
                if (width, height, components, precision, crc32(&samples)) != told {
                    wrong.push(name);
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_stream_cut_anywhere_says_that_bytes_are_missing() {
    for name in
        ["12-bits", "12-bits-predictor-4-shift-1-rows-3", "colour-scan-by-scan", "16-bits-predictor-7"]
    {
        let stream = stream(name);
        // The end marker may be missing.
        for length in 2..stream.len() - 2 {
            assert!(
                matches!(decode(&stream[..length], LIMIT), Err(Error::Truncated(_))),
                "{name} cut to {length}"
            );
        }
    }
}

#[test]
fn end_markers_that_are_missing_or_padded_do_no_harm() {
    let stream = stream("12-bits-predictor-6-shift-0-rows-3");
    let without_end = &stream[..stream.len() - 2];
    let picture = decode(&stream, LIMIT);
    assert!(picture.is_ok());
    for (what, bytes) in [
        ("no end marker", without_end.to_vec()),
        ("half of an end marker", stream[..stream.len() - 1].to_vec()),
        ("zeros behind it", [&stream[..], &[0; 5001]].concat()),
        ("FF behind it", [&stream[..], &[0xff; 5001]].concat()),
        ("zeros before it", [without_end, &[0; 41], &[0xff, 0xd9]].concat()),
        ("FF before it", [without_end, &[0xff; 41], &[0xff, 0xd9]].concat()),
        ("zeros for it", [without_end, &[0; 64]].concat()),
        ("another picture behind it", [&stream[..], &stream[..]].concat()),
    ] {
        assert_eq!(decode(&bytes, LIMIT), picture, "{what}");
    }
}

#[test]
fn what_is_wrong_and_what_is_not_read_is_told_apart() {
    let changed = |name: &str, marker: u8, at: usize, value: u8| {
        let mut stream = stream(name);
        let found = stream.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
        stream[found + at] = value;
        decode(&stream, LIMIT).unwrap_err()
    };
    let rows = "12-bits-predictor-1-shift-0-rows-1";
    assert!(matches!(changed("12-bits", 0xc3, 1, 0xcb), Error::Unsupported(_)), "arithmetic coding");
    assert!(matches!(changed("12-bits", 0xc3, 1, 0xc7), Error::Unsupported(_)), "hierarchical");
    assert!(matches!(changed("12-bits", 0xc3, 1, 0xc1), Error::Unsupported(_)), "cosine transforms");
    assert!(matches!(changed("colour-predictor-1", 0xc3, 11, 0x22), Error::Unsupported(_)), "subsampling");
    assert!(matches!(changed(rows, 0xdd, 5, 14), Error::Unsupported(_)), "a restart within a row");
    assert!(matches!(changed("12-bits", 0xda, 7, 9), Error::Damaged(_)), "an unknown predictor");
    assert!(matches!(changed("12-bits", 0xda, 9, 12), Error::Damaged(_)), "a point transform of all bits");
    assert!(matches!(changed("12-bits", 0xda, 6, 0x30), Error::Damaged(_)), "a missing table");
    assert!(matches!(changed(rows, 0xd3, 1, 0xd4), Error::Truncated(_)), "a restart out of order");
    let small = expected()["12-bits"].stream();
    assert_eq!(decode(&small, 13 * 10 - 1), Err(Error::TooLarge));
    // Rows that the data do not reach cost no memory.
    let mut tall = small;
    let frame = tall.windows(2).position(|pair| pair == [0xff, 0xc3]).unwrap();
    tall[frame + 5..frame + 7].fill(0xff);
    assert!(matches!(decode(&tall, u64::MAX), Err(Error::Truncated(_))));
}

#[test]
fn lost_bytes_are_noticed() {
    let stream = stream("16-bits-predictor-7");
    let start = stream.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 10;
    let noticed = (start..stream.len() - 40).filter(|&at| {
        let lost = [&stream[..at], &stream[at + 32..]].concat();
        decode(&lost, LIMIT).is_err()
    });
    assert_eq!(noticed.count(), stream.len() - 40 - start);
}

#[test]
fn scans_are_counted_against_the_pixels_they_draw() {
    let scans = |count: usize| b"\xff\xda\0\0".repeat(count);
    for (count, pixels, too_many) in
        [(10, 100_000_000, false), (21, 100_000_000, true), (300, 4_000_000, false), (10_000, 1, true)]
    {
        assert_eq!(has_too_many_scans(&scans(count), pixels), too_many, "{count} of {pixels}");
    }
}

#[test]
fn a_jpeg_is_whole_with_all_of_its_blocks_and_without_its_end_marker() {
    for name in ["grey.jpg", "colour.jpg", "cmyk.jpg", "progressive.jpg", "orientation-6.jpg"] {
        let bytes = fs::read(golden("film_rasters").join(name)).unwrap();
        assert_eq!(whole(&bytes).as_deref(), Ok(&bytes[..]), "{name}");
        let padded = [&bytes[..], &[0; 999]].concat();
        assert_eq!(whole(&padded).as_deref(), Ok(&bytes[..]), "{name} padded");
        if name != "progressive.jpg" {
            assert_eq!(
                whole(&bytes[..bytes.len() - 2]).as_deref(),
                Ok(&bytes[..]),
                "{name} without its end marker"
            );
        }
        let scan = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
        // The last bits may be padding.
        for length in 0..bytes.len() - 3 {
            let cut = &bytes[..length];
            assert!(matches!(whole(cut), Err(Error::Truncated(_))), "{name} cut to {length}");
            let ended = [cut, &[0xff, 0xd9]].concat();
            assert!(
                name == "progressive.jpg" || length < scan || whole(&ended).is_err(),
                "{name} cut to {length}, and ended"
            );
        }
    }
}

#[test]
fn unusual_kinds_are_named() {
    let frame = |marker: u8, precision: u8| {
        let header = [0xff, marker, 0, 11, precision, 0, 1, 0, 1, 1, 1, 0x11, 0];
        [&[0xff, 0xd8, 0xff, 0xe0, 0, 4, 0xff, 0xc3][..], &header].concat()
    };
    for (marker, precision, word) in [
        (0xf7, 12, Some("JPEG-LS")),
        (0xc3, 16, Some("lossless")),
        (0xc1, 12, Some("12 bits")),
        (0xc2, 12, Some("12 bits")),
        (0xc9, 8, Some("arithmetic")),
        (0xc5, 8, Some("hierarchical")),
        (0xc0, 8, None),
        (0xc1, 8, None),
        (0xc2, 8, None),
    ] {
        let kind = unusual_kind(&frame(marker, precision));
        assert_eq!(kind.is_some(), word.is_some(), "{marker:x}");
        assert!(kind.unwrap_or_default().contains(word.unwrap_or_default()), "{marker:x}: {kind:?}");
    }
    assert_eq!(unusual_kind(b"\x89PNG"), None);
    for marker in [0xc9, 0xca, 0xc5, 0xcd] {
        assert!(matches!(whole(&frame(marker, 8)), Err(Error::Unsupported(_))), "{marker:x}");
    }
}

/// Any golden stream.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let streams: Vec<_> = expected().values().map(Expected::stream).collect();
    prop::sample::select(streams)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
    ))]

    /// No bytes make the decoder panic, and what it decodes has the size that it says.
    #[test]
    fn damaged_streams_never_panic(
        mut stream in any_stream(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..12),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        // Half of the changes go to the headers, where they do most.
        let header = stream.windows(2).position(|pair| pair == [0xff, 0xda]).map_or(stream.len(), |at| at + 10);
        for (at, value, in_header) in changes {
            let at = if in_header { at.index(header) } else { at.index(stream.len()) };
            stream[at] = value;
        }
        if let Some(cut) = cut {
            stream.truncate(cut.index(stream.len()));
        }
        if let Ok(picture) = decode(&stream, LIMIT) {
            prop_assert_eq!(picture.samples.len(), picture.width * picture.height * picture.components);
        }
        let _checked = whole(&stream);
    }
}
