//! Real films in, real films out: what departments send is read right or held for the right reason.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cxr_film::Film;
use cxr_triage::quality::{self, Gate, Gates};

/// The folder of real films, which is not part of the repository.
fn films() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/films"));
    if folder.is_dir() {
        return Some(folder.to_owned());
    }
    println!("skipped: ../shared/films is not here");
    None
}

fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "csv"));
    paths.sort();
    paths
}

fn decode(path: &Path) -> Film {
    cxr_film::decode(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn chest_films_pass_all_gates() {
    let Some(films) = films() else { return };
    for folder in ["dicom", "nih", "pediatric"] {
        for path in in_folder(&films.join(folder)) {
            let film = decode(&path);
            assert_eq!(film.linear.len(), film.display.len());
            assert_eq!(film.display.len(), film.width as usize * film.height as usize);
            assert_eq!((film.scored.as_ref(), film.warnings.len()), (None, 0), "{}", path.display());
            assert_eq!(quality::inspect(&film, &Gates::default()), Ok(vec![]), "{}", path.display());
        }
    }
}

#[test]
fn a_real_film_cut_short_is_never_half_a_film() {
    let Some(films) = films() else { return };
    for path in in_folder(&films.join("dicom")) {
        let whole = fs::read(&path).unwrap();
        for tenths in [3, 6, 9] {
            let error = cxr_film::decode(&whole[..whole.len() * tenths / 10]).expect_err("cut short");
            assert!(error.reason.contains("cut short") || error.reason.contains("damaged"), "{error}");
            assert_eq!(error.header.expect("a header").body_part_examined, "CHEST", "{}", path.display());
        }
    }
}

#[test]
fn what_must_not_be_scored_is_held_for_what_is_wrong_with_it() {
    let Some(films) = films() else { return };
    let cases = [
        ("abdomen-ct.dcm", Gate::Modality, "CT"),
        ("body-part-ribcage.dcm", Gate::BodyPart, "RIBCAGE"),
        ("empty.png", Gate::Unreadable, "empty"),
        ("modality-ct.dcm", Gate::Modality, "CT"),
        ("truncated.dcm", Gate::Unreadable, "cut short"),
        ("web-page-named.dcm", Gate::Unreadable, "web page"),
        ("wg04-extremity-monochrome1-jpeg-lossless.dcm", Gate::BodyPart, "EXTREMITY"),
        ("wg04-hip-jpeg-ls.dcm", Gate::BodyPart, "HIP"),
        ("wg04-hip-rle.dcm", Gate::BodyPart, "HIP"),
    ];
    let reject = films.join("reject");
    assert_eq!(in_folder(&reject).len(), cases.len(), "a film that this test does not know");
    for (name, gate, word) in cases {
        let held = match cxr_film::decode(&fs::read(reject.join(name)).unwrap()) {
            Ok(film) => quality::inspect(&film, &Gates::default()).expect_err(name),
            Err(unreadable) => quality::hold(&unreadable, &Gates::default()),
        };
        assert_eq!(held.gate, gate, "{name}: {}", held.reason);
        assert!(held.reason.contains(word), "{name}: {}", held.reason);
    }
}
