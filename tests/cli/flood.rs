//! A flood: all that lands in the inbox at once is in the store once, scored or with a reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Cursor,
};

use cxr_triage::{
    quality::Gate,
    store::{FilmState, Store},
};
use dicom_core::{DataElement, VR, dicom_value};
use dicom_dictionary_std::tags;
use image::{GrayImage, ImageFormat, imageops};

use crate::cli::{
    dicom,
    support::{Bench, drawn_film, is},
};

/// What must become of a file: scored, or held by that gate.
type Expected = BTreeMap<String, Option<Gate>>;

fn small_film(number: u32) -> GrayImage {
    imageops::crop_imm(&drawn_film(number), 0, 0, 64, 64).to_image()
}

/// A whole film that a gate holds, of one of five kinds.
fn held(number: u32) -> (Vec<u8>, Gate) {
    let (gate, attribute) = match number % 5 {
        0 => (Gate::BodyPart, (tags::BODY_PART_EXAMINED, VR::CS, "HIP")),
        1 => (Gate::View, (tags::VIEW_POSITION, VR::CS, "LL")),
        2 => (Gate::Modality, (tags::MODALITY, VR::CS, "CT")),
        3 => (Gate::Frames, (tags::NUMBER_OF_FRAMES, VR::IS, "2")),
        _ => (Gate::Blank, (tags::MODALITY, VR::CS, "DX")),
    };
    let picture = match gate {
        Gate::Blank => GrayImage::from_pixel(64, 64, image::Luma([90])),
        Gate::Frames => imageops::resize(&small_film(number), 64, 128, imageops::FilterType::Nearest),
        _ => small_film(number),
    };
    let mut object = dicom::object(number, &picture, &[attribute]);
    if gate == Gate::Frames {
        object.put(DataElement::new(tags::ROWS, VR::US, dicom_value!(U16, 64)));
    }
    (dicom::file(object), gate)
}

/// What is no film, or no longer one, of one of ten kinds; each file has its own bytes.
fn bad(number: u32) -> Vec<u8> {
    let whole = || dicom::object(number, &small_film(number), &[]);
    let words = |text: &str| format!("{text} {number}").into_bytes();
    match number / 10 % 10 {
        0 => vec![0; 200 + number as usize],
        1 => words("<!DOCTYPE html><html><title>404</title>"),
        2 => words("a note about a film"),
        3 => words("%PDF-1.7"),
        4 => words("GIF89a"),
        5 => {
            let mut png = Cursor::new(Vec::new());
            small_film(number).write_to(&mut png, ImageFormat::Png).unwrap();
            let mut bytes = png.into_inner();
            bytes.truncate(bytes.len() * 2 / 3);
            bytes.extend(number.to_le_bytes());
            bytes
        }
        6 => {
            let mut bytes = dicom::file(whole());
            bytes.truncate(bytes.len() - 2_000);
            bytes
        }
        7 => {
            let mut object = whole();
            for side in [tags::ROWS, tags::COLUMNS] {
                object.put(DataElement::new(side, VR::US, dicom_value!(U16, 60_000)));
            }
            dicom::file(object)
        }
        8 => [b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".as_slice(), &number.to_le_bytes()]
            .concat(),
        _ => {
            let mut object = whole();
            object.remove_element(tags::PIXEL_DATA);
            dicom::file(object)
        }
    }
}

/// Fills the inbox: every tenth file is bad, one in `one_scored` is scored, the others are held.
fn fill(bench: &Bench, files: u32, one_scored: u32) -> Expected {
    let mut expected = Expected::new();
    for number in 0..files {
        let (name, gate) = if number % 10 == 0 {
            let name = format!("{number:05}.dcm");
            fs::write(bench.inbox().join(&name), bad(number)).unwrap();
            (name, Some(Gate::Unreadable))
        } else if number % one_scored == 1 {
            let name = format!("{number:05}.png");
            bench.film(&name, number);
            (name, None)
        } else {
            // Without extension, as modalities send them.
            let (name, (bytes, gate)) = (format!("IM{number:05}"), held(number));
            fs::write(bench.inbox().join(&name), bytes).unwrap();
            (name, Some(gate))
        };
        expected.insert(name, gate);
    }
    expected
}

/// That the store holds each file once, with what must have become of it.
fn assert_accounted_for(bench: &Bench, mut expected: Expected) {
    let store = Store::open(bench.place()).unwrap();
    let scored = expected.values().filter(|gate| gate.is_none()).count();
    let counts = store.counts().unwrap();
    assert_eq!((counts.queued, counts.scored_films, counts.held_films), (0, scored, expected.len() - scored));
    let mut hashes = BTreeSet::new();
    for study in store.studies_since(0).unwrap() {
        for film in store.detail(study.id).unwrap().unwrap().films {
            let name = film.path.file_name().unwrap().to_str().unwrap().to_owned();
            let gate = expected.remove(&name).unwrap_or_else(|| panic!("{name} is there twice"));
            match film.state {
                FilmState::Scored { findings, .. } => {
                    assert!(gate.is_none() && !findings.is_empty(), "{name} was scored");
                }
                FilmState::Held(held) => {
                    assert_eq!(Some(held.gate), gate, "{name}: {}", held.reason);
                    assert!(held.reason.ends_with('.'), "{name}: {:?}", held.reason);
                }
            }
            assert!(hashes.insert(film.sha256), "{name}: the same bytes twice");
        }
    }
    assert!(expected.is_empty(), "lost: {expected:?}");
}

#[test]
fn of_three_hundred_files_dropped_at_once_thirty_of_them_bad_every_one_is_accounted_for() {
    flood(&Bench::new());
}

#[test]
fn of_three_hundred_files_dropped_at_once_every_one_is_accounted_for_on_a_server() {
    Bench::on_server().iter().for_each(flood);
}

fn flood(bench: &Bench) {
    let expected = fill(bench, 300, 50);
    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    assert!(is(events.last().unwrap(), "idle") && events.last().unwrap()["films"] == 300);
    assert_accounted_for(bench, expected);
}

/// The same with ten thousand files, a thousand of them bad and 200 scored, and what memory that takes:
/// `cargo test --release --test all ten_thousand -- --ignored --nocapture`. Takes minutes.
#[test]
#[ignore = "takes minutes; see its comment"]
#[cfg(target_os = "linux")]
fn of_ten_thousand_files_every_one_is_accounted_for_at_a_memory_that_does_not_grow() {
    /// More than an entry in intake's table takes, and far less than a film.
    const A_FILE: u64 = 4;

    let bench = Bench::new();
    let expected = fill(&bench, 10_000, 50);
    let mut watch = bench.watch(&[]);
    let started = std::time::Instant::now();
    let (mut ended, mut peaks) = (0, BTreeMap::new());
    while let Some(event) = watch.next() {
        ended += u64::from(is(&event, "scored") || is(&event, "held"));
        if [1_000, 5_000, 10_000].contains(&ended) && !peaks.contains_key(&ended) {
            let (now, peak) = memory(watch.child.id());
            println!(
                "{ended} files: VmRSS {now} kB, VmHWM {peak} kB, {:.0} s",
                started.elapsed().as_secs_f64()
            );
            peaks.insert(ended, peak);
        }
        if is(&event, "idle") {
            break;
        }
    }
    drop(watch);
    assert_accounted_for(&bench, expected);
    let growth = peaks[&10_000] - peaks[&1_000];
    assert!(growth < 9_000 * A_FILE, "grew by {growth} kB from 1,000 to 10,000 files");
}

/// Resident memory of a process now and at its highest, in kB.
#[cfg(target_os = "linux")]
fn memory(process: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (field("VmRSS:"), field("VmHWM:"))
}
