//! `bench`: the engine's own timing.

use std::{io::Write, os::unix::process::CommandExt, process::Command, time::Instant};

use candle_core::{DType, Tensor};
use serde::Serialize;

use super::{
    CommandError,
    cli::{BenchArgs, GlobalArgs},
    output::{progress, stdout},
    setup::Setup,
};
use crate::{
    model::{Input, Model, Precision},
    study::quantile,
};

/// How the engine's thread pools are told their size: at the process's start, by this variable.
const THREADS_VARIABLE: &str = "RAYON_NUM_THREADS";
/// Pixels in one batch: its activations take about a gigabyte.
const MOST_PIXELS: u64 = 1 << 24;
/// Runs before the timed ones.
const WARM_UP: usize = 3;
/// Side of the square matrices whose product measures the machine's peak.
const PEAK_SIDE: usize = 2048;
/// The best of so many products is the peak.
const PEAK_RUNS: usize = 8;

/// One measurement. The fields are a contract with scripts.
#[derive(Debug, Serialize)]
struct Report {
    size: u32,
    batch: u32,
    threads: usize,
    precision: &'static str,
    device: String,
    median_ms_per_film: f64,
    min_ms_per_film: f64,
    p99_ms_per_film: f64,
    films_per_second: f64,
    /// Of the network's multiplications and additions, at the median.
    gflops: f64,
    /// Of what the same machine reaches, in this run and format, when it does nothing but multiply matrices.
    peak_share: f64,
}

/// Runs `bench`.
pub(super) fn run(args: &BenchArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let threads = threads(args)?;
    let setup = Setup::new(global)?;
    let model = setup.model(setup.config().model.name.as_deref())?;
    let size = args.size.unwrap_or(model.manifest().size);
    let most = (MOST_PIXELS / u64::from(size).pow(2)).max(1);
    if u64::from(args.batch) > most {
        return Err(CommandError::usage(format!(
            "--batch {} of {size} x {size} takes too much memory: 1..={most} films of that size are possible",
            args.batch
        )));
    }
    let model = model.resized(size);
    let inputs: Vec<Input> = (0..args.batch).map(|film| model.pattern(film)).collect();

    let bar = progress((WARM_UP + args.runs) as u64, "runs");
    let mut times = Vec::with_capacity(args.runs);
    for run in 0..WARM_UP + args.runs {
        let started = Instant::now();
        model.infer(&inputs)?;
        if run >= WARM_UP {
            times.push(started.elapsed().as_secs_f64() * 1000.0 / f64::from(args.batch));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    times.sort_by(f64::total_cmp);
    let at = |percent| quantile(&times, percent).unwrap_or_default();
    let median = at(50);
    let gflops = model.manifest().network().flops(size as usize) / median / 1e6;
    let report = Report {
        size,
        batch: args.batch,
        threads,
        precision: model.precision().word(),
        device: model.device_name().to_owned(),
        median_ms_per_film: median,
        min_ms_per_film: times.first().copied().unwrap_or_default(),
        p99_ms_per_film: at(99),
        films_per_second: 1000.0 / median,
        gflops,
        peak_share: gflops / model.peak_gflops().map_or_else(|| peak_gflops(&model), Ok)?,
    };
    print(&report, args.json)
}

/// The number of threads. The pools are made once and take it from the environment, so that another
/// number than theirs means to start again with that environment.
fn threads(args: &BenchArgs) -> Result<usize, CommandError> {
    let now = candle_core::utils::get_num_threads();
    let Some(wanted) = args.threads.filter(|wanted| *wanted != now) else { return Ok(now) };
    if std::env::var(THREADS_VARIABLE).is_ok_and(|value| value == wanted.to_string()) {
        return Ok(now);
    }
    let program = std::env::current_exe()?;
    let error = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(THREADS_VARIABLE, wanted.to_string())
        .exec();
    Err(CommandError::failed(format!("cannot start again with {wanted} threads: {error}")))
}

/// Measures the speed that Candle reaches on the model's device and in its number format, in a product of two large square
/// matrices, GFLOP/s.
fn peak_gflops(model: &Model) -> Result<f64, CommandError> {
    let format = match model.precision() {
        Precision::Fp32 => DType::F32,
        Precision::Bf16 => DType::BF16,
    };
    let product = || -> candle_core::Result<f64> {
        let matrix = Tensor::rand(-1f32, 1f32, (PEAK_SIDE, PEAK_SIDE), model.device())?.to_dtype(format)?;
        let mut best = f64::INFINITY;
        for _ in 0..PEAK_RUNS {
            let started = Instant::now();
            matrix.matmul(&matrix)?.narrow(0, 0, 1)?.to_dtype(DType::F32)?.to_vec2::<f32>()?;
            best = best.min(started.elapsed().as_secs_f64());
        }
        Ok(2.0 * (PEAK_SIDE as f64).powi(3) / best / 1e9)
    };
    product().map_err(|error| CommandError::failed(format!("cannot measure the machine's peak: {error}")))
}

fn print(report: &Report, json: bool) -> Result<(), CommandError> {
    let mut out = stdout();
    if json {
        return Ok(out.json(report)?);
    }
    let Report { size, batch, threads, device, .. } = report;
    writeln!(out, "{size} x {size}, batch {batch}, {threads} threads, {device}")?;
    writeln!(
        out,
        "ms a film: median {:.1}, min {:.1}, p99 {:.1}; {:.1} films a second",
        report.median_ms_per_film, report.min_ms_per_film, report.p99_ms_per_film, report.films_per_second
    )?;
    writeln!(
        out,
        "{:.0} GFLOP/s, {:.0} % of this machine's peak in {}",
        report.gflops,
        report.peak_share * 100.0,
        report.precision
    )?;
    Ok(())
}
