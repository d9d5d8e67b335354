//! Damage of every kind to films of every kind: the answer is a film or a sentence, within bounded memory,
//! and never half a film.

#![allow(clippy::unwrap_used)] // helpers of tests may panic
#![allow(unsafe_code)] // an allocator that counts cannot be written without

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use cxr_film::{DecodeError, Film};
use proptest::prelude::*;

/// Counts what this thread holds, and the most that it held.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends gives back after its counters are gone.
    let _gone = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        MOST.with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call is handed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A decoder's tables and threads, and what a film of a thousand pixels needs; a length of gigabytes that is
/// believed goes far beyond.
const BOUND: isize = 64 << 20;

fn in_folder(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "json"));
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

static FILMS: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| in_folder("golden/film_variants"));

/// Decodes within the bound, and holds the answer to its contract.
fn decode(bytes: &[u8]) -> Result<Film, DecodeError> {
    let before = HELD.get();
    MOST.set(before);
    let decoded = cxr_film::decode(bytes);
    let most = MOST.get() - before;
    assert!(most < BOUND, "{most} bytes held for a file of {}", bytes.len());
    match &decoded {
        Ok(film) => {
            assert_eq!(film.linear.len(), film.width as usize * film.height as usize);
            assert_eq!(film.display.len(), film.linear.len());
            assert!(film.linear.iter().all(|grey| (0.0..=film.linear_max).contains(grey)));
        }
        Err(error) => {
            assert!(error.reason.ends_with('.') && error.reason.contains(": "), "{error}");
            assert!(!error.reason.contains(char::is_control), "{error:?}");
        }
    }
    decoded
}

#[test]
fn a_film_cut_short_is_never_half_a_film() {
    for (path, bytes) in FILMS.iter() {
        let whole = decode(bytes);
        for length in (0..bytes.len()).step_by(37).chain(bytes.len() - 12..bytes.len()) {
            // What follows the last pixel may be missing, nothing else.
            if let Ok(film) = decode(&bytes[..length]) {
                let whole = whole.as_ref().unwrap();
                let same = film.linear == whole.linear && film.display == whole.display;
                assert!(same && length + 64 > bytes.len(), "{} cut to {length}", path.display());
            }
        }
    }
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    for (_, bytes) in FILMS.iter().step_by(9) {
        for at in 132..bytes.len().min(1200) - 4 {
            let mut lying = bytes.clone();
            lying[at..at + 4].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
            let _bounded = decode(&lying);
        }
    }
}

/// A DICOM file with a frame of JPEG 2000, 8 bits.
fn dicom_of_jpeg_2000(columns: u16, rows: u16, codestream: &[u8]) -> Vec<u8> {
    let short = |group: u16, element: u16, vr: &[u8; 2], value: &[u8]| {
        let length = u16::try_from(value.len()).unwrap().to_le_bytes();
        [&group.to_le_bytes()[..], &element.to_le_bytes(), vr, &length, value].concat()
    };
    let number = |element: u16, value: u16| short(0x28, element, b"US", &value.to_le_bytes());
    let item = |element: u8, bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        [&[0xfe, 0xff, element, 0xe0][..], &length, bytes].concat()
    };
    [
        &[0; 128],
        &b"DICM"[..],
        &short(2, 0x10, b"UI", b"1.2.840.10008.1.2.4.90"),
        &number(2, 1),
        &short(0x28, 4, b"CS", b"MONOCHROME2 "),
        &number(0x10, rows),
        &number(0x11, columns),
        &number(0x100, 8),
        &number(0x101, 8),
        &number(0x102, 7),
        &number(0x103, 0),
        &[0xe0, 0x7f, 0x10, 0, b'O', b'B', 0, 0, 0xff, 0xff, 0xff, 0xff],
        &item(0, &[]),
        &item(0, codestream),
        &item(0xdd, &[]),
    ]
    .concat()
}

/// The claims of a codestream of JPEG 2000 about itself; its packets are all empty.
#[derive(Debug, Clone)]
struct Claims {
    size: (u16, u16),
    tile: (u16, u16),
    levels: u8,
    /// Binary logarithms of the width and height of code-blocks, less 2.
    block: (u8, u8),
    /// The size of precincts, in one byte.
    precinct: Option<u8>,
    layers: u16,
    /// Step sizes of sub-bands.
    steps: usize,
    /// Whether each tile brings parameters of its own.
    own: bool,
    packets: usize,
}

impl Claims {
    fn file(&self) -> Vec<u8> {
        let [(columns, rows), tile] = [self.size, self.tile];
        let segment = |marker: u8, body: &[u8]| {
            let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
            [&[0xff, marker][..], &length, body].concat()
        };
        let longs = [columns, rows, 0, 0, tile.0, tile.1, 0, 0].map(|long| u32::from(long).to_be_bytes());
        let size = [&[0, 0][..], longs.as_flattened(), &[0, 1, 7, 1, 1]].concat();
        let layers = self.layers.to_be_bytes();
        let precincts = vec![self.precinct.unwrap_or_default(); usize::from(self.levels) + 1];
        let precincts = &precincts[..if self.precinct.is_some() { precincts.len() } else { 0 }];
        let style = u8::from(self.precinct.is_some());
        let coding =
            [&[style, 0][..], &layers, &[0, self.levels, self.block.0, self.block.1, 0, 1], precincts];
        let coding = segment(0x52, &coding.concat());
        let steps = segment(0x5c, &[&[0x40][..], &vec![8 << 3; self.steps]].concat());
        let mut file = [&[0xff, 0x4f][..], &segment(0x51, &size), &coding, &steps].concat();
        let tiles = columns.div_ceil(tile.0) * rows.div_ceil(tile.1);
        for number in 0..tiles {
            let own = if self.own { &coding[..] } else { &[] };
            let length = u32::try_from(12 + own.len() + 2 + self.packets).unwrap().to_be_bytes();
            let head = [&number.to_be_bytes()[..], &length, &[0, 1]].concat();
            file.extend(segment(0x90, &head));
            file.extend([own, &[0xff, 0x93]].concat());
            file.resize(file.len() + self.packets, 0);
        }
        file.extend([0xff, 0xd9]);
        dicom_of_jpeg_2000(columns, rows, &file)
    }

    /// Returns what a film of this size takes, and some of what its file has.
    fn bound(&self, file: usize) -> isize {
        let pixels = isize::from(self.size.0.cast_signed()) * isize::from(self.size.1.cast_signed());
        BOUND + 16 * pixels + 40 * file.cast_signed()
    }
}

/// Decodes within a bound of its own.
fn decode_within(bytes: &[u8], bound: isize) -> Result<Film, DecodeError> {
    let before = HELD.get();
    MOST.set(before);
    let decoded = cxr_film::decode(bytes);
    let most = MOST.get() - before;
    assert!(most < bound, "{most} bytes held for a file of {}", bytes.len());
    decoded
}

#[test]
fn a_codestream_of_countless_parts_is_refused_before_they_are_made() {
    let one = Claims {
        size: (2048, 2048),
        tile: (2048, 2048),
        levels: 0,
        block: (4, 4),
        precinct: None,
        layers: 1,
        steps: 1,
        own: false,
        packets: 1,
    };
    assert!(decode(&one.file()).is_ok(), "a black film: {:?}", decode(&one.file()).err());
    for (what, claims, words) in [
        ("precincts", Claims { precinct: Some(0x22), packets: 1 << 18, ..one.clone() }, "far more work"),
        (
            "precincts, more",
            Claims { precinct: Some(0x11), packets: 1 << 20, ..one.clone() },
            "far more work",
        ),
        ("layers", Claims { layers: u16::MAX, ..one.clone() }, "cut short"),
        (
            "blocks",
            Claims { size: (8000, 6000), tile: (8000, 6000), block: (0, 0), ..one.clone() },
            "far more work",
        ),
        ("tiles", Claims { tile: (10, 10), ..one.clone() }, "far more work"),
    ] {
        let file = claims.file();
        let reason = decode_within(&file, claims.bound(file.len())).expect_err(what).reason;
        assert!(reason.contains(words), "{what}: {reason}");
    }
    // Each tile has a copy of the picture's step sizes, of which there may be 65,000, and needs one.
    let claims = Claims { size: (1024, 1024), tile: (16, 16), steps: 65_000, own: true, ..one };
    let film = decode(&claims.file()).expect("tiles of their own");
    assert!(film.display.iter().all(|&grey| grey == 128));
}

/// Every find of fuzzing, each once; the folder's names say what it was.
#[test]
fn what_was_found_stays_found() {
    let regressions = in_folder("regressions");
    assert!(!regressions.is_empty());
    for (_, bytes) in regressions {
        let _bounded = decode(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever a codestream of JPEG 2000 claims, memory stays within what its pixels and bytes take.
    #[test]
    fn claims_take_no_more_memory_than_pixels_and_bytes(
        size in (1_u16..1500, 1_u16..1500),
        tile in (8_u16..2000, 8_u16..2000),
        levels in 0_u8..=6,
        block in (0_u8..=4, 0_u8..=4),
        precinct in prop::option::of((1_u8..=15, 1_u8..=15)),
        layers in prop_oneof![Just(1_u16), 1_u16..50, any::<u16>()],
        own in any::<bool>(),
        packets in prop_oneof![0_usize..64, 0_usize..60_000],
    ) {
        let precinct = precinct.map(|(width, height)| height << 4 | width);
        // Tiles of so many packets make files of gigabytes.
        let tiles = usize::from(size.0.div_ceil(tile.0)) * usize::from(size.1.div_ceil(tile.1));
        let packets = packets.min((4 << 20) / tiles);
        let claims = Claims { size, tile, levels, block, precinct, layers, steps: 19, own, packets };
        let file = claims.file();
        if let Ok(film) = decode_within(&file, claims.bound(file.len())) {
            prop_assert!(film.display.iter().all(|&grey| grey == 128));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn damage_is_an_answer_never_a_crash(
        film in 0.0..1.0_f64,
        damage in prop::collection::vec((0.0..1.0_f64, any::<[u8; 4]>(), 0_usize..6), 1..8),
    ) {
        let (_, bytes) = &FILMS[(film * FILMS.len() as f64) as usize];
        let mut bytes = bytes.clone();
        for (place, value, kind) in damage {
            // The preamble means nothing: only what follows it is worth damaging.
            let at = 132 + (place * (bytes.len() - 140) as f64) as usize;
            match kind {
                0 | 1 => bytes[at] = value[0],
                2 => bytes[at] ^= 1 << (value[0] & 7),
                3 => bytes[at..at + 4].copy_from_slice(&value),
                4 => drop(bytes.splice(at..at, value)),
                _ => drop(bytes.drain(at..at + 1)),
            }
        }
        let _answer = decode(&bytes);
    }
}
