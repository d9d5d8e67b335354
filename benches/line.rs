//! The line around the engine: each stage of a film's way alone, then the whole of it, from files to probabilities
//! and heatmaps, as `scan` goes it: `just bench line`. The films are phantoms of 1024 x 1024.
//!
//! Beside what people write in Python: `just line` (benches/line.py).

// A bench that fails, fails.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxr_triage::{
    film,
    model::{DeviceChoice, Model, Precision, Source},
    phantom::{Phantom, View},
    picture,
    pipeline::{Admitted, Cores, Step, examine, read},
    quality::{self, Gates},
};
use image::{GrayImage, ImageFormat, codecs::jpeg::JpegEncoder};
use jiff::civil;

const SIDE: u32 = 1024;
/// Films of a run of the whole line.
const FILMS: usize = 24;

/// A frontal phantom as 8-bit grey, and its film as DICOM without compression.
fn film_files(nth: u64) -> (GrayImage, Vec<u8>) {
    let phantom = (nth * 12..).map(|place| Phantom::nth(7, place)).find(|p| p.view == View::Frontal).unwrap();
    let grey = phantom.picture(SIDE).into_iter().map(|value| (value >> 4) as u8).collect();
    let taken = civil::date(2026, 1, 1).at(8, 0, 0, 0);
    (GrayImage::from_raw(SIDE, SIDE, grey).unwrap(), phantom.dicom(SIDE, taken))
}

fn png(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn jpeg(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90)).unwrap();
    bytes
}

fn model() -> Arc<Model> {
    Arc::new(Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap())
}

fn stages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stage");
    group.sample_size(20).throughput(Throughput::Elements(u64::from(SIDE * SIDE)));
    let (picture, dicom) = film_files(0);
    for (name, bytes) in [("PNG", png(&picture)), ("JPEG", jpeg(&picture)), ("DICOM", dicom)] {
        group.bench_function(format!("decode {name}"), |bencher| {
            bencher.iter(|| film::decode(black_box(&bytes)).unwrap());
        });
    }
    let film = film::decode(&png(&picture)).unwrap();
    let gates = Gates::default();
    group.bench_function("gates", |bencher| bencher.iter(|| quality::inspect(black_box(&film), &gates)));
    let model = model();
    group.bench_function("prepare", |bencher| bencher.iter(|| model.prepare(black_box(&film)).unwrap()));
    let input = model.prepare(&film).unwrap();
    group.bench_function("infer", |bencher| {
        bencher.iter(|| model.infer(std::slice::from_ref(&input)).unwrap());
    });
    let findings = model.infer(&[input]).unwrap().remove(0);
    let bounds = (960, 960);
    group.bench_function("picture with heatmap", |bencher| {
        bencher.iter(|| picture::render(&film, Some((&findings.heatmap, 0)), bounds));
    });
    group.finish();
}

/// What `scan` does with files, but for the ranking.
fn score(files: &[PathBuf], model: &Arc<Model>) -> usize {
    let (cores, gates) = (Cores::new(Arc::clone(model)), Gates::default());
    let (next, scored) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let examined = |path: &Path| {
        let bytes = read(path).unwrap();
        match examine(bytes.content, cores.model(), &gates).verdict {
            Ok(Admitted { input, .. }) => Step::Ready((), input),
            Err(held) => Step::Ended(held),
        }
    };
    thread::scope(|scope| {
        for _ in 0..cores.lines() {
            scope.spawn(|| {
                while next.load(Ordering::Relaxed) < files.len() {
                    let file = || files.get(next.fetch_add(1, Ordering::Relaxed));
                    let turn = cores.turn(file, |path| examined(path), |held| panic!("{}", held.reason));
                    for (_, findings) in turn.unwrap() {
                        black_box(findings.unwrap().heatmap.to_bytes());
                        scored.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    scored.into_inner()
}

fn line(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let mut films = [Vec::new(), Vec::new()];
    for nth in 0..FILMS as u64 {
        let (picture, dicom) = film_files(nth);
        for (kind, (name, bytes)) in [("png", png(&picture)), ("dcm", dicom)].into_iter().enumerate() {
            let path = folder.path().join(format!("{nth}.{name}"));
            fs::write(&path, bytes).unwrap();
            films[kind].push(path);
        }
    }
    let model = model();
    let mut group = criterion.benchmark_group("line");
    group.sample_size(10).throughput(Throughput::Elements(FILMS as u64));
    for (name, files) in ["PNG", "DICOM"].into_iter().zip(&films) {
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(score(files, &model), FILMS));
        });
    }
    group.finish();
}

criterion_group!(benches, stages, line);
criterion_main!(benches);
