//! Our JPEG 2000 decoder against OpenJPEG's samples, and against damage. `golden/film_j2k.py` made the codestreams.

use std::{collections::BTreeMap, fs, path::PathBuf};

use proptest::prelude::*;

use super::{Component, Error, Limits, decode, picture::Image};

const LIMITS: Limits = Limits { samples: 1 << 22, components: 4 };

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/film_j2k")
}

/// OpenJPEG's picture of each codestream, by name.
fn expected() -> BTreeMap<String, serde_json::Value> {
    serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

fn stream(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.j2k"))).unwrap()
}

/// CRC-32 of the samples in little-endian words, as zlib's.
fn crc32(samples: &[u16]) -> u32 {
    !samples.iter().flat_map(|sample| sample.to_le_bytes()).fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

/// The farthest that samples are from those of the file beside the codestream.
fn farthest(name: &str, components: &[Component]) -> i32 {
    let raw = fs::read(folder().join(format!("{name}.raw"))).unwrap();
    let mut raw = &raw[..];
    let mut farthest = 0;
    for component in components {
        for &sample in &component.samples {
            let width = if component.precision <= 8 { 1 } else { 2 };
            let (bytes, rest) = raw.split_at(width);
            raw = rest;
            let bytes = [bytes[0], bytes.get(1).copied().unwrap_or_default()];
            let peer = match (component.signed, width) {
                (true, 1) => i32::from(bytes[0].cast_signed()),
                (true, _) => i32::from(i16::from_le_bytes(bytes)),
                _ => i32::from(u16::from_le_bytes(bytes)),
            };
            let ours = if component.signed { i32::from(sample.cast_signed()) } else { i32::from(sample) };
            farthest = farthest.max((ours - peer).abs());
        }
    }
    assert!(raw.is_empty());
    farthest
}

#[test]
fn every_kind_of_codestream_is_decoded_as_openjpeg_decodes_it() {
    let mut wrong = Vec::new();
    for (name, expected) in expected() {
        let image = match decode(&stream(&name), &LIMITS) {
            Ok(image) => image,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let components = expected["components"].as_array().unwrap();
        let lossless = expected["irreversible"] == false;
        for (ours, peer) in image.components.iter().zip(components) {
            let shape = serde_json::json!({
                "width": ours.width, "height": ours.height, "precision": ours.precision, "signed": ours.signed,
                "crc32": if lossless { crc32(&ours.samples).into() } else { peer["crc32"].clone() },
            });
            if shape != *peer {
                wrong.push(format!("{name}: {shape}, OpenJPEG {peer}"));
            }
        }
        if image.components.len() != components.len() || !lossless && farthest(&name, &image.components) > 1 {
            wrong.push(format!("{name}: differs"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_codestream_cut_anywhere_is_an_error() {
    for name in
        ["plain", "tiled_rpcl", "no_length", "parts_r", "packed_in_tiles", "lossy", "all_styles_layers"]
    {
        let stream = stream(name);
        // What is missing may be but the end marker.
        let end = if stream.ends_with(&[0xff, 0xd9]) { stream.len() - 2 } else { stream.len() };
        for length in 0..end {
            assert!(
                decode(&stream[..length], &LIMITS).is_err(),
                "{name} cut to {length} of {}",
                stream.len()
            );
        }
    }
}

#[test]
fn what_real_senders_leave_out_or_add_does_no_harm() {
    let plain = stream("plain");
    let whole = decode(&plain, &LIMITS).unwrap();
    let without_end = &plain[..plain.len() - 2];
    for (what, bytes) in [
        ("no end marker", without_end.to_vec()),
        ("half of an end marker", plain[..plain.len() - 1].to_vec()),
        ("a padding byte", [&plain[..], &[0]].concat()),
        ("padding", [&plain[..], &[0; 100]].concat()),
        ("padding for the end marker", [without_end, &[0; 2]].concat()),
        ("other padding for the end marker", [without_end, &[0xff; 41]].concat()),
    ] {
        assert_eq!(decode(&bytes, &LIMITS).as_ref(), Ok(&whole), "{what}");
    }
}

#[test]
fn other_kinds_and_what_is_too_large_are_told_apart() {
    let plain = stream("plain");
    let coding = plain.windows(2).position(|pair| pair == [0xff, 0x52]).unwrap();
    let mut high_throughput = plain.clone();
    high_throughput[coding + 12] |= 0x40;
    assert_eq!(decode(&high_throughput, &LIMITS), Err(Error::HighThroughput));
    let small = Limits { samples: 67 * 45 - 1, ..LIMITS };
    assert!(matches!(decode(&plain, &small), Err(Error::TooLarge(_))));
    assert!(decode(&plain, &Limits { samples: 67 * 45, ..LIMITS }).is_ok());
    let colour = Limits { components: 2, ..LIMITS };
    assert!(matches!(decode(&stream("colour"), &colour), Err(Error::TooLarge(_))));
    assert_eq!(decode(b"\xff\xd8\xff\xe0", &LIMITS), Err(Error::NotJpeg2000));
    assert_eq!(decode(b"", &LIMITS), Err(Error::NotJpeg2000));
}

#[test]
fn damage_that_segmentation_symbols_show_is_an_error() {
    // One damaged byte in the data leaves most of these wrong (D.5).
    let stream = stream("marked");
    let start = stream.windows(2).position(|pair| pair == [0xff, 0x93]).unwrap() + 200;
    let damaged = (start..start + 200).filter(|&at| {
        let mut stream = stream.clone();
        stream[at] ^= 0x10;
        decode(&stream, &LIMITS).is_err()
    });
    assert!(damaged.count() > 150);
}

/// Any golden codestream.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let names: Vec<String> = expected().into_keys().collect();
    prop::sample::select(names).prop_map(|name| stream(&name))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
    ))]

    /// No bytes make the decoder panic, and what it decodes has the size that it says.
    #[test]
    fn damaged_codestreams_never_panic(
        mut stream in any_stream(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..12),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        // Half of the changes go to the headers, where they do most.
        let header = stream.windows(2).position(|pair| pair == [0xff, 0x93]).unwrap_or(stream.len());
        for (at, value, in_header) in changes {
            let at = if in_header { at.index(header) } else { at.index(stream.len()) };
            stream[at] = value;
        }
        if let Some(cut) = cut {
            stream.truncate(cut.index(stream.len()));
        }
        if let Ok(Image { components, .. }) = decode(&stream, &LIMITS) {
            for component in components {
                prop_assert_eq!(component.samples.len(), component.width * component.height);
            }
        }
    }
}
