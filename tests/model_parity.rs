//! The engine against PyTorch with the same weights: `tests/golden/densenet_peer.py`.

use std::path::{Path, PathBuf};

use cxr_densenet::Processor;
use cxr_film::Film;
use cxr_triage::{
    model::{DeviceChoice, Findings, Input, Label, Library, Model, Precision, Region},
    study::{self, LabelRule, OperatingPoint, Rules, Severity},
};
use serde::Deserialize;

/// The claim: probabilities equal those of torchvision's DenseNet-121.
const CLOSE: f32 = 1e-4;
/// JPEG decoders may differ by a grey level; nothing else may be off.
const CLOSE_FOR_JPEG: f32 = 2e-3;

#[derive(Deserialize)]
struct Golden {
    weights_sha256: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    input: String,
    logits: Vec<f32>,
    probabilities: Vec<f32>,
}

/// The committed starter. Not whatever model the machine's user has.
fn starter() -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights");
    let source = Library::new(Some(&folder), &[]).find(Some("starter")).unwrap();
    Model::load(&source, DeviceChoice::Cpu, Precision::Fp32).unwrap()
}

fn golden(text: &str, model: &Model) -> Golden {
    let golden: Golden = serde_json::from_str(text).unwrap();
    assert_eq!(golden.weights_sha256, model.sha256(), "the golden file is of other weights: make it again");
    golden
}

fn furthest(found: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(found.len(), wanted.len());
    found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The same numbers as `synthetic` of the peer's script.
fn synthetic(seed: usize) -> Input {
    const SIZE: usize = 224;
    let wave = |x: usize, period: usize| (x % period * 2).abs_diff(period) * 255 / period;
    let noise = |x: usize, y: usize| {
        let h = (x * 374_761_393 + y * 668_265_263 + seed * 2_246_822_519) as u32;
        let h = (h ^ (h >> 13)).wrapping_mul(1_274_126_177);
        ((h ^ (h >> 16)) & 0xff) as usize
    };
    let values = (0..SIZE * SIZE)
        .map(|n| {
            let (x, y) = (n % SIZE, n / SIZE);
            let waves = wave(x, 96 + 32 * seed) + wave(y + 7 * seed, 160 + 16 * seed);
            (16 * waves + noise(x, y)) as f32 / 2048.0 - 2.0
        })
        .collect();
    Input { values, channels: 1, height: SIZE, width: SIZE, region: Region::WHOLE }
}

#[test]
fn equal_inputs_give_pytorchs_probabilities_in_batches_of_any_size() {
    let model = starter();
    let golden = golden(include_str!("golden/densenet_synthetic.json"), &model);
    let inputs: Vec<Input> = golden.rows.iter().map(|row| synthetic(row.input.parse().unwrap())).collect();
    let scored = |batch: usize| -> Vec<Findings> {
        inputs.chunks(batch).flat_map(|inputs| model.infer(inputs).unwrap()).collect()
    };
    let alone = scored(1);
    for (row, findings) in golden.rows.iter().zip(&alone) {
        let off = furthest(&findings.probabilities, &row.probabilities);
        println!("input {}: {off:e}", row.input);
        assert!(off < CLOSE, "input {}: {off} off", row.input);
        // A probability near 0 hides an error: look at the logits as well.
        let logits: Vec<f32> = findings.probabilities.iter().map(|p| (p / (1.0 - p)).ln()).collect();
        assert!(furthest(&logits, &row.logits) < 10.0 * CLOSE, "input {}: {logits:?}", row.input);
    }
    for batch in [3, 8] {
        for (one, many) in alone.iter().zip(scored(batch)) {
            assert_eq!(one.probabilities, many.probabilities, "batches of {batch}");
            assert_eq!(one.heatmap.values, many.heatmap.values, "batches of {batch}");
        }
    }
}

#[test]
fn real_films_give_pytorchs_probabilities_from_the_file_on() {
    let films = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/films"));
    if !films.is_dir() {
        println!("skipped: ../shared/films is not here");
        return;
    }
    let model = starter();
    let golden = golden(include_str!("golden/densenet_films.json"), &model);
    let mut exact = 0;
    for row in &golden.rows {
        let input = model.prepare(&raster(&films.join(&row.input))).unwrap();
        let findings = &model.infer(&[input]).unwrap()[0];
        let off = furthest(&findings.probabilities, &row.probabilities);
        println!("{}: {off:e}", row.input);
        let png = row.input.ends_with("png");
        assert!(off < if png { CLOSE } else { CLOSE_FOR_JPEG }, "{}: {off} off", row.input);
        exact += usize::from(png);
    }
    assert!(exact >= 8, "eight films at least are held to {CLOSE}");
}

/// What bf16 may change on real films: nothing that a person would see in the list.
#[test]
fn bf16_keeps_the_bands_and_the_order_of_real_films() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/films/nih"));
    if !folder.is_dir() {
        println!("skipped: ../shared/films is not here");
        return;
    }
    if !Processor::has_bf16() {
        println!("skipped: this processor has no instructions for bf16");
        return;
    }
    let model = starter();
    let folder_of_weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights");
    let source = Library::new(Some(&folder_of_weights), &[]).find(Some("starter")).unwrap();
    let short = Model::load(&source, DeviceChoice::Cpu, Precision::Bf16).unwrap();
    let rule = |label: &Label| LabelRule {
        label: label.name.clone(),
        alert: label.alert,
        critical: OperatingPoint { alert: label.alert, critical: label.critical }.critical_above(label.alert),
        cap: Severity::Critical,
        rank: label.validated,
        validated: label.validated,
    };
    let labels = model.manifest().labels.iter().map(rule).collect();
    let rules = Rules { model: "starter".to_owned(), labels };
    let judged = |model: &Model, input: &Input| {
        let findings = model.infer(std::slice::from_ref(input)).unwrap().remove(0);
        let findings = study::assess(&findings.probabilities, &rules).findings;
        let study = study::combine([findings.as_slice()]);
        (findings, study)
    };
    let mut scores = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "png") {
            continue;
        }
        let input = model.prepare(&raster(&path)).unwrap();
        let ((wanted, wanted_study), (found, found_study)) = (judged(&model, &input), judged(&short, &input));
        let film = path.display();
        for (wanted, found) in wanted.iter().zip(&found) {
            let off = (wanted.score - found.score).abs();
            assert!(off <= 0.02, "{film}: {} {} became {}", wanted.label, wanted.score, found.score);
            assert_eq!(wanted.severity, found.severity, "{film}: {}", wanted.label);
        }
        assert_eq!(wanted_study.severity, found_study.severity, "{film}");
        scores.push((wanted_study.score.unwrap(), found_study.score.unwrap()));
    }
    assert!(scores.len() >= 54, "{} films", scores.len());
    let tau = kendall(&scores);
    println!("{} films, Kendall's tau {tau:.4}", scores.len());
    assert!(tau >= 0.99, "Kendall's tau {tau}");
}

/// Kendall's tau: the share of pairs in the same order less that of pairs in the other.
fn kendall(scores: &[(f64, f64)]) -> f64 {
    let (mut sum, mut pairs) = (0, 0);
    for (n, a) in scores.iter().enumerate() {
        for b in &scores[..n] {
            pairs += 1;
            sum += if (a.0 > b.0) == (a.1 > b.1) { 1 } else { -1 };
        }
    }
    f64::from(sum) / f64::from(pairs)
}

/// An 8-bit grey file as a film, without the film room: this test is about the model.
fn raster(path: &Path) -> Film {
    let picture = image::open(path).unwrap().into_luma8();
    let (width, height) = picture.dimensions();
    Film::of_grey(width, height, picture.into_raw())
}
