//! Each kernel of the engine alone, for each kind of instructions that the processor has: `just bench kernels`.
//! "elem/s" are multiplications and additions a second.

#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cxr_triage::model::cpu::trial::{Work, trials};

fn kernels(criterion: &mut Criterion) {
    for mut trial in trials() {
        let mut group = criterion.benchmark_group(trial.kernel);
        group.throughput(match trial.work {
            Work::Operations(count) => Throughput::Elements(count),
            Work::Bytes(count) => Throughput::Bytes(count),
        });
        group.bench_function(BenchmarkId::from_parameter(&trial.instructions), |bencher| {
            bencher.iter(|| (trial.run)());
        });
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
