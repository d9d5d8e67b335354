//! Files that people sent and programs got wrong, of a folder that is not part of the repository: how they are read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cxr_film::Film;
use cxr_triage::quality::{self, Gate, Gates};

fn shared() -> Option<PathBuf> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    if shared.join("cases").is_dir() {
        return Some(shared.to_owned());
    }
    println!("skipped: ../shared/cases is not here");
    None
}

fn decode(path: &Path) -> Film {
    cxr_film::decode(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn odd_files_show_the_picture_that_they_hold() {
    let Some(shared) = shared() else { return };
    let clean = decode(&shared.join("films/nih-golden-00000001_000-512.png"));
    // By the table of that film.
    let curve = |grey: u8| 255.0 / (1.0 + (-(f32::from(grey) / 255.0 * 4095.0 - 2048.0) / 700.0).exp());
    let curved: Vec<u8> = clean.display.iter().map(|&grey| curve(grey).round() as u8).collect();
    let cut_off = Some("42 % of the picture plain white");
    for (name, picture, said) in [
        ("03-voi-lut-said-16-bits.dcm", &curved, None),
        ("04-modality-lut-said-16-bits.dcm", &clean.display, None),
        ("07-window-below-1.dcm", &clean.display, cut_off),
        ("08-comma-intercept.dcm", &clean.display, None),
        ("08-comma-window.dcm", &clean.display, cut_off),
        ("12-one-mark-at-65535.png", &clean.display, None),
        ("13-vr-blank.dcm", &clean.display, None),
        ("13-vr-nul.dcm", &clean.display, None),
        ("17-shift-jis-name.dcm", &clean.display, None),
        ("20-body-part-TORAX-accent.dcm", &clean.display, None),
        ("21-big-endian-bare.dcm", &clean.display, None),
        ("25-window-8-times-too-wide.dcm", &clean.display, Some("5 % of the grey scale")),
    ] {
        let film = decode(&shared.join("cases").join(name));
        // The mark of a film that has one is no part of its picture.
        let pairs = film.display.iter().zip(picture).zip(&film.linear);
        let off = pairs.filter(|(_, linear)| **linear < 65_535.0).map(|((a, b), _)| a.abs_diff(*b)).max();
        let off = off.unwrap();
        assert!(off <= 3, "{name}: off by {off}");
        // A model is given the clean film by all of them.
        let pairs = film.scored().iter().zip(&clean.display).zip(&film.linear);
        let off = pairs.filter(|(_, linear)| **linear < 65_535.0).map(|((a, b), _)| a.abs_diff(*b)).max();
        assert!(off <= Some(3), "{name}: off by {off:?} for a model");
        let warned =
            quality::inspect(&film, &Gates::default()).unwrap_or_else(|held| panic!("{name}: {held:?}"));
        assert!(warned.iter().all(|warning| warning.gate == Gate::Reading), "{name}: {warned:?}");
        let warnings = film.warnings.concat();
        assert_eq!(warnings.is_empty(), said.is_none(), "{name}: {warnings}");
        assert!(warnings.contains(said.unwrap_or_default()), "{name}: {warnings}");
    }
    let named = decode(&shared.join("cases/17-shift-jis-name.dcm"));
    assert_eq!(named.header.patient_name, "ヤマダ^太郎=山田^太郎");
}

#[test]
fn odd_files_are_held_for_what_is_wrong_with_them() {
    let Some(shared) = shared() else { return };
    for (name, gate) in [
        ("10-view-LAO.dcm", Gate::View),
        ("10-view-OBL.dcm", Gate::View),
        ("10-view-only-in-series-description.dcm", Gate::View),
        ("30-grey-lost-beside-intercept.dcm", Gate::Unreadable),
    ] {
        let held = match cxr_film::decode(&fs::read(shared.join("cases").join(name)).unwrap()) {
            Ok(film) => quality::inspect(&film, &Gates::default()).expect_err(name),
            Err(unreadable) => quality::hold(&unreadable, &Gates::default()),
        };
        assert_eq!(held.gate, gate, "{name}: {held:?}");
    }
}
