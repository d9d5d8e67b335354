//! What a film costs before and behind the model, stage by stage on one thread, on a phantom of 1024 x 1024: `just bench
//! stages`. "B/s" are said at each. Decoding and the network are timed in their crates: `just bench decode`, `just bench
//! kernels`.

// A bench that fails, fails.
#![allow(clippy::unwrap_used, missing_docs)]

mod films;

use std::{
    fs,
    hint::black_box,
    io::Cursor,
    sync::{Arc, LazyLock},
    time::Duration,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxr_film::Film;
use cxr_triage::{
    dashboard::{Canvas, EncodeJob, Past},
    model::{self, DeviceChoice, Filter, Heatmap, Model, Precision, Region, Source, Step, Tone},
    picture::{self, Heat, Mode, Presentation},
    pipeline,
    quality::{self, Gates},
    session::protocol::PictureRequest,
};
use films::{SIDE, dicom, frontal};
use image::{ImageFormat, RgbImage};
use ratatui::layout::Size;
use ratatui_image::picker::ProtocolType;

const PIXELS: u64 = SIDE as u64 * SIDE as u64;
/// The largest picture that is drawn of a film, in pixels, and the same in cells of 8 x 16.
const DRAWN: (u32, u32) = (960, 960);
const CELLS: Size = Size { width: 120, height: 60 };

/// The film of all stages, as DICOM without compression.
static DICOM: LazyLock<Vec<u8>> = LazyLock::new(|| dicom(&frontal(0)));

/// Reading a file and its SHA-256. Bytes: the file's.
fn read(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.dcm");
    fs::write(&path, &*DICOM).unwrap();
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::BytesDecimal(DICOM.len() as u64));
    group.bench_function("file and its SHA-256", |bencher| bencher.iter(|| pipeline::read(&path).unwrap()));
    group.finish();
}

/// From a film to what the network takes. Bytes: one a pixel of the film, its display grey.
fn prepare(criterion: &mut Criterion) {
    let film = film();
    let model = Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap();
    let gates = Gates::default();
    assert!(quality::inspect(&film, &gates).is_ok(), "a film that is held early costs less");
    let mut group = criterion.benchmark_group("prepare");
    group.throughput(Throughput::BytesDecimal(PIXELS));
    group.bench_function("gates", |bencher| bencher.iter(|| quality::inspect(black_box(&film), &gates)));
    group.bench_function("all steps of the starter", |bencher| {
        bencher.iter(|| model.prepare(black_box(&film)).unwrap());
    });
    let grey = Step::Grey { from: Tone::Display };
    let mut steps = |name: &str, steps: &[Step]| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| model::prepare(black_box(&film), steps).unwrap());
        });
    };
    for (name, size, filter, eight_bit) in [
        ("Lanczos in 8 bit", 256, Filter::Lanczos, true),
        ("Lanczos", 256, Filter::Lanczos, false),
        ("bilinear", 224, Filter::Bilinear, false),
        ("Gaussian, then linear", 224, Filter::Order1Gaussian, false),
        ("nearest", 320, Filter::Nearest, false),
    ] {
        steps(&format!("{name} to {size}"), &[grey, Step::Resize { size, filter, eight_bit }]);
    }
    group.finish();
}

/// Heatmaps, stored and drawn. Bytes: those of the grids, and of the map over the whole picture, in f32.
fn heatmap(criterion: &mut Criterion) {
    let map = map();
    let stored = map.to_bytes();
    let mut group = criterion.benchmark_group("heatmap");
    group.throughput(Throughput::BytesDecimal(size_of_val(&map.values[..]) as u64));
    group.bench_function("to what is stored", |bencher| bencher.iter(|| black_box(&map).to_bytes()));
    group.bench_function("from what is stored", |bencher| {
        bencher.iter(|| Heatmap::from_bytes(black_box(&stored)).unwrap());
    });
    group.throughput(Throughput::BytesDecimal(u64::from(DRAWN.0 * DRAWN.1) * size_of::<f32>() as u64));
    group.bench_function("over the picture", |bencher| {
        bencher.iter(|| black_box(&map).upsampled(0, DRAWN.0, DRAWN.1).unwrap());
    });
    group.finish();
}

/// Film and heatmap as one picture, and that picture as terminals and files want it. Bytes: those of the picture,
/// three a pixel.
fn draw(criterion: &mut Criterion) {
    let (film, map) = (film(), map());
    let grey = picture::grey(&film);
    let compose = |mode| {
        let presentation = Presentation { mode, ..Presentation::default() };
        picture::compose(&grey, Some(Heat { map: &map, label: 0 }), None, &presentation, DRAWN)
    };
    let size = |picture: &RgbImage| Throughput::BytesDecimal(picture.as_raw().len() as u64);
    let mut group = criterion.benchmark_group("picture");
    for mode in Mode::ALL {
        group.throughput(size(&compose(mode)));
        group.bench_function(mode.word(), |bencher| bencher.iter(|| compose(black_box(mode))));
    }
    let picture = Arc::new(compose(Mode::Overlay));
    group.throughput(size(&picture));
    group.bench_function("to PNG", |bencher| {
        bencher.iter(|| picture.write_to(&mut Cursor::new(Vec::new()), ImageFormat::Png).unwrap());
    });
    let (width, height) = picture.dimensions();
    let request = PictureRequest {
        film: 1,
        heatmap: None,
        prior: None,
        sheet: Vec::new(),
        presentation: Presentation::default(),
        width,
        height,
    };
    for (name, protocol, compressed) in [
        ("half-blocks", ProtocolType::Halfblocks, false),
        ("sixel", ProtocolType::Sixel, false),
        ("iTerm2", ProtocolType::Iterm2, false),
        ("kitty", ProtocolType::Kitty, false),
        ("kitty, compressed", ProtocolType::Kitty, true),
    ] {
        let canvas = Canvas { protocol, cell: (8, 16), compressed, ..Canvas::halfblocks() };
        let job = EncodeJob { request: request.clone(), image: Arc::clone(&picture), cells: CELLS, canvas };
        group.bench_function(format!("to {name}"), |bencher| {
            bencher.iter(|| job.run(black_box(&mut Past::default())).print.unwrap());
        });
    }
    group.finish();
}

fn film() -> Film {
    cxr_film::decode(&DICOM).unwrap()
}

/// A map of seven by seven for each of 14 labels, some of it cold.
fn map() -> Heatmap {
    let (labels, side) = (14, 7);
    let values = (0..labels * side * side).map(|n| (n % 11) as f32 / 4.0 - 0.5).map(|v| v.max(0.0)).collect();
    Heatmap { labels, rows: side, columns: side, values, region: Region::WHOLE }
}

fn settings() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20)
}

criterion_group! {
    name = stages;
    config = settings();
    targets = read, prepare, heatmap, draw
}
criterion_main!(stages);
