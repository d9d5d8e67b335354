//! Codestreams to samples, on one thread: `cargo bench --bench jpeg2000`. "elem/s" are samples. The codestreams are small
//! ones of the tests, one for each way of coding; `JPEG2000_FILE=FILE` times a codestream or JP2 file of yours as well.

// A bench that fails, fails.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{env, fs, hint::black_box, path::Path, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxr_jpeg2000::{Component, Limits, decode};

const LIMITS: Limits = Limits { samples: 1 << 28, components: 4 };
const GOLDEN: [&str; 6] = ["levels_5", "lossy_16", "bypass", "colour_12", "blocks_4_4", "tiled_lrcp"];

fn codestreams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("jpeg2000");
    let mut time = |name: &str, bytes: &[u8]| {
        let components = decode(bytes, &LIMITS).unwrap().components;
        let samples = components.iter().map(|Component { samples, .. }| samples.len() as u64).sum();
        group.throughput(Throughput::Elements(samples));
        group.bench_function(name, |bencher| bencher.iter(|| decode(black_box(bytes), &LIMITS).unwrap()));
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/film_j2k");
    for name in GOLDEN {
        time(name, &fs::read(folder.join(name).with_extension("j2k")).unwrap());
    }
    if let Some(file) = env::var_os("JPEG2000_FILE") {
        time("yours", &fs::read(file).unwrap());
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = codestreams
}
criterion_main!(benches);
