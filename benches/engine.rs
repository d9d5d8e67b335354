//! The whole engine on synthetic films, by size, batch and precision: `just bench engine`.

// A bench that fails, fails.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cxr_densenet::Processor;
use cxr_triage::model::{DeviceChoice, Input, Model, Precision, Source};

fn whole_engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(20);
    for precision in [Precision::Fp32, Precision::Bf16] {
        if precision == Precision::Bf16 && !Processor::has_bf16() {
            continue;
        }
        for (size, batch) in [(224, 1), (224, 8), (320, 1), (320, 8)] {
            let model = Model::load(&Source::Embedded, DeviceChoice::Cpu, precision).unwrap().resized(size);
            let inputs: Vec<Input> = (0..batch).map(|film| model.pattern(film)).collect();
            group.throughput(Throughput::Elements(u64::from(batch)));
            let id = BenchmarkId::new(precision.word(), format!("{batch} x {size}"));
            group.bench_with_input(id, &inputs, |bencher, inputs| {
                bencher.iter(|| model.infer(inputs).unwrap());
            });
        }
    }
    group.finish();
}

/// From the bytes of the weights to a model that can score: part of every start.
fn loading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("loading");
    group.sample_size(20);
    group.bench_function("starter", |bencher| {
        bencher.iter(|| Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap());
    });
    group.finish();
}

criterion_group!(benches, whole_engine, loading);
criterion_main!(benches);
