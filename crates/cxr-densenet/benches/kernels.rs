//! The kernels and the pieces of the network on one thread, for each kind of instructions that the processor has, then
//! DenseNet-121 as a whole: `cargo bench --bench kernels`. "elem/s" are multiplications and additions a second, of a
//! whole network films; "B/s" are bytes read and written. `cargo bench --bench kernels product` runs those with "product"
//! in their name.

// A bench that fails, fails.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{convert::Infallible, thread, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cxr_densenet::{
    Parallelism, Processor, Shape, Tensors,
    trial::{Work, trials},
};

/// Rows and columns of a film.
const SIDE: usize = 224;

fn kernels(criterion: &mut Criterion) {
    for mut trial in trials() {
        let mut group = criterion.benchmark_group(trial.kernel);
        group.throughput(match trial.work {
            Work::Operations(count) => Throughput::Elements(count),
            Work::Bytes(count) => Throughput::BytesDecimal(count),
        });
        group.bench_function(BenchmarkId::from_parameter(trial.instructions), |bencher| {
            bencher.iter(|| (trial.run)());
        });
        group.finish();
    }
}

/// Weights that mean nothing, of a size that keeps the maps' numbers near 1.
struct Invented;

impl Tensors for Invented {
    type Error = Infallible;

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Infallible> {
        if shape.len() == 1 {
            let is_one = name.contains("norm") && (name.ends_with("weight") || name.ends_with("running_var"));
            return Ok(vec![f32::from(u8::from(is_one)); shape[0]]);
        }
        let depth: usize = shape[1..].iter().product();
        let scale = (6.0 / depth as f32).sqrt();
        Ok((0..shape.iter().product()).map(|n| ((n % 17) as f32 / 8.0 - 1.0) * scale).collect())
    }
}

fn network(criterion: &mut Criterion) {
    let shape = Shape { channels: 1, outputs: 14, stem: 64, blocks: vec![6, 12, 24, 16], epsilon: 1e-5 };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut group = criterion.benchmark_group("network");
    group.sample_size(20);
    let mut networks = vec![("fp32", Processor::fp32(&shape, &mut Invented, threads).unwrap())];
    if Processor::has_bf16() {
        networks.push(("bf16", Processor::bf16(&shape, &mut Invented, threads).unwrap()));
    }
    for (name, network) in &networks {
        for (batch, parallelism) in
            [(1, Parallelism::AllThreads), (8, Parallelism::AllThreads), (1, Parallelism::OneThread)]
        {
            let films: Vec<f32> = (0..batch * SIDE * SIDE).map(|n| (n % 255) as f32 / 128.0 - 1.0).collect();
            group.throughput(Throughput::Elements(batch as u64));
            let threads = if parallelism == Parallelism::OneThread { 1 } else { threads };
            let id = BenchmarkId::new(*name, format!("{batch} x {SIDE}, {threads} threads"));
            group.bench_function(id, |bencher| {
                bencher.iter(|| network.run(&films, SIDE, SIDE, parallelism).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = kernels, network
}
criterion_main!(benches);
