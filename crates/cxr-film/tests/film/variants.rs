//! One synthetic picture in every syntax, depth, photometric interpretation, LUT and window that
//! departments send, against pydicom (tests/golden/film_variants.py).

#![allow(clippy::unwrap_used, clippy::print_stdout)] // helpers of tests may panic and print

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cxr_film::Film;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    expectations: BTreeMap<String, Expectation>,
    cases: Vec<Case>,
}

/// Grey in hexadecimal: 16 bits a pixel big endian, and 8.
#[derive(Deserialize)]
struct Expectation {
    max: f32,
    linear: String,
    display: String,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    syntax: String,
    depth: String,
    photometric: String,
    kind: String,
    lossless: bool,
    expect: Option<String>,
    held: Option<String>,
    width: u32,
    height: u32,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/film_variants")
}

fn golden() -> Golden {
    serde_json::from_slice(&fs::read(folder().join("cases.json")).unwrap()).unwrap()
}

fn numbers(hex: &str, digits: usize) -> Vec<f32> {
    let digit = |at: usize| f32::from(u16::from_str_radix(&hex[at..at + digits], 16).unwrap());
    (0..hex.len()).step_by(digits).map(digit).collect()
}

fn furthest(ours: impl Iterator<Item = f32>, theirs: &[f32]) -> f32 {
    ours.zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Returns what is wrong with a film, if anything.
fn fault(film: &Film, case: &Case, expected: &Expectation) -> Option<String> {
    let (linear, display) = (numbers(&expected.linear, 4), numbers(&expected.display, 2));
    let size = (film.width, film.height, film.linear.len(), film.display.len());
    if size != (case.width, case.height, linear.len(), display.len()) || film.linear_max != expected.max {
        return Some(format!("size {size:?}, most {}", film.linear_max));
    }
    let off_linear = furthest(film.linear.iter().copied(), &linear);
    let off_display = furthest(film.display.iter().copied().map(f32::from), &display);
    // Expectations are whole numbers; grey behind a Modality LUT or a stretch is not.
    let tolerance = match (case.lossless, case.kind.as_str()) {
        (true, kind) if !kind.contains("modality") => 0.0,
        (true, _) => 0.51,
        // One level of 255 where decoders may round either way
        (false, _) => expected.max / 255.0,
    };
    (off_linear > tolerance || off_display > 1.0)
        .then(|| format!("linear off by {off_linear}, display by {off_display}"))
}

#[test]
fn every_variant_is_read_as_pydicom_reads_it_or_held_with_its_reason() {
    let golden = golden();
    let mut faults = Vec::new();
    for case in &golden.cases {
        let decoded = cxr_film::decode(&fs::read(folder().join(&case.file)).unwrap());
        let fault = match (decoded, &case.expect, &case.held) {
            (Ok(film), Some(name), None) => fault(&film, case, &golden.expectations[name]),
            (Err(error), None, Some(words)) if error.reason.contains(words) => None,
            (Err(error), ..) => Some(error.reason),
            (Ok(_), ..) => Some("read, though it should be held".to_owned()),
        };
        faults.extend(fault.map(|fault| format!("{}: {fault}", case.file)));
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), golden.cases.len(), faults.join("\n"));
}

/// The table of docs/input.md is made of the cases, so that it cannot say more than was tried.
#[test]
fn the_table_in_the_manual_is_the_one_that_was_tried() {
    let golden = golden();
    // Photometric interpretations by syntax and depth, depths by syntax and photometric interpretations.
    let mut by_depth: BTreeMap<(&str, &str, bool), BTreeSet<&str>> = BTreeMap::new();
    for case in golden.cases.iter().filter(|case| case.expect.is_some() || case.held.is_some()) {
        let key = (case.syntax.as_str(), case.depth.as_str(), case.held.is_some());
        by_depth.entry(key).or_default().insert(&case.photometric);
    }
    let mut rows: BTreeMap<(&str, Vec<&str>, bool), Vec<&str>> = BTreeMap::new();
    for ((syntax, depth, held), photometric) in by_depth {
        rows.entry((syntax, photometric.into_iter().collect(), held)).or_default().push(depth);
    }
    let mut table =
        "| syntax | bits stored in allocated (s: signed) | photometric interpretation | outcome |\n|---|---|---|---|\n"
            .to_owned();
    for ((syntax, photometric, held), mut depths) in rows {
        depths.sort_by_key(|depth| {
            (depth.trim_start_matches('s').len(), depth.trim_start_matches('s').to_owned(), depth.len())
        });
        let depths = depths.join(", ").replace("in", "/");
        let outcome = if held { "held" } else { "passed" };
        table += &format!("| {syntax} | {depths} | {} | {outcome} |\n", photometric.join(", "));
    }
    println!("{table}");
    let manual =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/input.md")).unwrap();
    assert!(manual.contains(&table), "docs/input.md should hold this table:\n{table}");
}

/// One picture is known again in every lossless transfer syntax, and no other picture is taken for it.
#[test]
fn the_hash_of_the_stored_picture_is_the_same_in_every_syntax() {
    let golden = golden();
    let mut hashes: BTreeMap<(String, bool), BTreeSet<String>> = BTreeMap::new();
    let mut films = 0;
    for case in golden.cases.iter().filter(|case| case.lossless && case.kind == "syntax") {
        let Some(expected) = case.expect.as_ref().and_then(|name| golden.expectations.get(name)) else {
            continue;
        };
        let Ok(film) = cxr_film::decode(&fs::read(folder().join(&case.file)).unwrap()) else { continue };
        films += 1;
        let picture = (expected.linear.clone(), case.photometric == "MONOCHROME1");
        hashes.entry(picture).or_default().insert(film.header.pixels);
    }
    assert!(films > 100 && hashes.len() > 5, "{films} films, {} pictures", hashes.len());
    assert!(hashes.values().all(|hashes| hashes.len() == 1), "a picture has several hashes");
    let different: BTreeSet<&String> = hashes.values().flatten().collect();
    assert_eq!(different.len(), hashes.len(), "two pictures have one hash");
}
