//! From the bytes of a file to a film, on one thread, by format and transfer syntax: `cargo bench --bench decode`. The
//! film is a made-up chest of 1024 x 1024 and 12 bits; "B/s" are bytes of its stored pixels without compression.

// A bench that fails, fails.
#![allow(clippy::unwrap_used, missing_docs)]

mod coded;
mod syntaxes;

use std::{hint::black_box, io::Cursor, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxr_film::Film;
use image::{GrayImage, ImageBuffer, ImageFormat, Luma};

/// Rows and columns.
pub(crate) const SIDE: u32 = 1024;
const PIXELS: u64 = SIDE as u64 * SIDE as u64;

fn decode(criterion: &mut Criterion) {
    let pixels = chest();
    let mut group = criterion.benchmark_group("decode");
    let mut time = |name: &str, bytes: &[u8], pixel: u64| {
        group.throughput(Throughput::BytesDecimal(PIXELS * pixel));
        group.bench_function(name, |bencher| bencher.iter(|| cxr_film::decode(black_box(bytes)).unwrap()));
    };
    let grey = eight_bit(&pixels);
    let deep: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_raw(SIDE, SIDE, &pixels[..]).unwrap();
    let mut png = [Cursor::new(Vec::new()), Cursor::new(Vec::new())];
    grey.write_to(&mut png[0], ImageFormat::Png).unwrap();
    deep.write_to(&mut png[1], ImageFormat::Png).unwrap();
    time("PNG", png[0].get_ref(), 1);
    time("PNG of 16 bits", png[1].get_ref(), 2);
    time("JPEG", &coded::jpeg(&grey), 1);
    for coded in syntaxes::all(&pixels) {
        // What is timed must be the film.
        let film = cxr_film::decode(&coded.file).unwrap();
        assert!(stored(&film) == pixels || !coded.is_lossless, "{} came back as another film", coded.syntax);
        time(&format!("DICOM {}", coded.syntax), &coded.file, coded.pixel);
    }
    group.finish();
}

/// A body with two lungs, and a detector's noise.
fn chest() -> Vec<u16> {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as f32 / 8.0 - 16.0
    };
    let inside = |x: f32, y: f32, (left, top): (f32, f32), (across, down): (f32, f32)| {
        (1.0 - ((x - left) / across).powi(2) - ((y - top) / down).powi(2)).max(0.0).sqrt()
    };
    let grey = |x: f32, y: f32| {
        let body = inside(x, y, (0.5, 0.55), (0.48, 0.6));
        let lungs = inside(x, y, (0.3, 0.5), (0.15, 0.3)) + inside(x, y, (0.7, 0.5), (0.15, 0.3));
        200.0 + 3200.0 * body - 1800.0 * lungs
    };
    let side = SIDE as f32;
    let places = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x as f32 / side, y as f32 / side)));
    places.map(|(x, y)| (grey(x, y) + noise()).clamp(0.0, 4095.0) as u16).collect()
}

/// The stored values, as far as the film has them.
fn stored(film: &Film) -> Vec<u16> {
    film.linear.iter().map(|&value| value as u16).collect()
}

/// 12 bits a pixel as 8.
pub(crate) fn eight_bit(pixels: &[u16]) -> GrayImage {
    let grey = pixels.iter().map(|&value| u8::try_from(value >> 4).unwrap()).collect();
    GrayImage::from_raw(SIDE, SIDE, grey).unwrap()
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20);
    targets = decode
}
criterion_main!(benches);
