//! Files that people sent and programs got wrong, of a folder that is not part of the repository: how they are read.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // helpers of tests may panic and print

use std::{
    fs,
    path::{Path, PathBuf},
};

use cxr_triage::{
    film::{self, Film},
    quality::{self, Gate, Gates},
};

fn shared() -> Option<PathBuf> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    if shared.join("cases").is_dir() {
        return Some(shared.to_owned());
    }
    println!("skipped: ../shared/cases is not here");
    None
}

fn decode(path: &Path) -> Film {
    film::decode(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn odd_files_show_the_picture_that_they_hold() {
    let Some(shared) = shared() else { return };
    let clean = decode(&shared.join("films/nih-golden-00000001_000-512.png"));
    // Shown from 600 to 2400 of 4095, exactly or in whole grey levels.
    let windowed: Vec<u8> = clean
        .display
        .iter()
        .map(|&grey| {
            (((f32::from(grey) / 255.0 * 4095.0 - 600.0) / 1800.0) * 255.0).round().clamp(0.0, 255.0) as u8
        })
        .collect();
    // By the table of that film.
    let curve = |grey: u8| 255.0 / (1.0 + (-(f32::from(grey) / 255.0 * 4095.0 - 2048.0) / 700.0).exp());
    let curved: Vec<u8> = clean.display.iter().map(|&grey| curve(grey).round() as u8).collect();
    for (name, picture) in [
        ("03-voi-lut-said-16-bits.dcm", &curved),
        ("04-modality-lut-said-16-bits.dcm", &clean.display),
        ("07-window-below-1.dcm", &windowed),
        ("08-comma-intercept.dcm", &clean.display),
        ("08-comma-window.dcm", &windowed),
        ("12-one-mark-at-65535.png", &clean.display),
        ("13-vr-blank.dcm", &clean.display),
        ("13-vr-nul.dcm", &clean.display),
        ("17-shift-jis-name.dcm", &clean.display),
        ("20-body-part-TORAX-accent.dcm", &clean.display),
        ("21-big-endian-bare.dcm", &clean.display),
    ] {
        let film = decode(&shared.join("cases").join(name));
        // The mark of a film that has one is no part of its picture.
        let pairs = film.display.iter().zip(picture).zip(&film.linear);
        let off = pairs.filter(|(_, linear)| **linear < 65_535.0).map(|((a, b), _)| a.abs_diff(*b)).max();
        let off = off.unwrap();
        assert!(off <= 3, "{name}: off by {off}");
        let warnings = quality::inspect(&film, &Gates::default()).unwrap();
        // That window does clip much of this picture.
        assert!(warnings.iter().all(|warning| warning.gate == Gate::Clipped), "{name}: {warnings:?}");
        assert_eq!(warnings.is_empty(), picture != &windowed, "{name}: {warnings:?}");
    }
    let named = decode(&shared.join("cases/17-shift-jis-name.dcm"));
    assert_eq!(named.header.patient_name, "ヤマダ^太郎=山田^太郎");
}

#[test]
fn odd_files_are_held_or_warned_of_for_what_is_wrong_with_them() {
    let Some(shared) = shared() else { return };
    for (name, gate, held) in [
        ("10-view-LAO.dcm", Gate::View, true),
        ("10-view-OBL.dcm", Gate::View, true),
        ("10-view-only-in-series-description.dcm", Gate::View, true),
        ("25-window-8-times-too-wide.dcm", Gate::Flat, false),
        ("30-grey-lost-beside-intercept.dcm", Gate::Unreadable, true),
    ] {
        let outcome = match film::decode(&fs::read(shared.join("cases").join(name)).unwrap()) {
            Ok(film) => quality::inspect(&film, &Gates::default()),
            Err(unreadable) => Err(quality::hold(&unreadable, &Gates::default())),
        };
        match outcome {
            Ok(warnings) => {
                assert!(!held && warnings.iter().any(|warning| warning.gate == gate), "{name}: {warnings:?}");
            }
            Err(found) => assert!(held && found.gate == gate, "{name}: {found:?}"),
        }
    }
}
