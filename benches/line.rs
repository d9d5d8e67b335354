//! The whole line, from files to studies in their order with a heatmap for each film, as `scan` goes it and `watch`
//! without its store: `just bench line`. "elem/s" are films a second; first with all cores, then with one.
//!
//! Beside what people write in Python: `just line` (benches/line.py). Each stage alone: `just bench kernels`.

// A bench that fails, fails.
#![allow(clippy::unwrap_used, missing_docs)]

mod films;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use cxr_triage::{
    config::{self, LabelDefaults, Loaded},
    model::{DeviceChoice, Model, Precision, Source},
    pipeline::{Admitted, Cores, Step, examine, read, study_key},
    quality,
    triage::{self, Finding, RankKey, Rules, StudyAssessment},
};
use films::{SIDE, dicom, eight_bit, frontal, png};
use jiff::Timestamp;

/// Films of a run.
const FILMS: usize = 24;
/// How the engine is told the number of its threads: at the process's start, by this variable.
const THREADS: &str = "RAYON_NUM_THREADS";

/// A film that was scored: the key of its study, its findings, its heatmap as it is stored.
type Scored = (String, Vec<Finding>, Vec<u8>);

/// A study in the list.
struct Row {
    study: String,
    place: StudyAssessment,
    heatmaps: Vec<Vec<u8>>,
}

/// What a run needs besides the films.
struct Engine {
    model: Arc<Model>,
    rules: Rules,
    /// A site that configures nothing.
    site: Loaded,
}

impl Engine {
    fn new() -> Self {
        let model = Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap();
        let manifest = model.manifest();
        let labels = manifest.labels.iter();
        let labels: Vec<_> = labels
            .map(|label| LabelDefaults { name: &label.name, alert: label.alert, validated: label.validated })
            .collect();
        let site = Loaded::default();
        let rules = config::rules(&site, &manifest.name, &labels).unwrap();
        Self { rules, site, model: Arc::new(model) }
    }

    /// The files' studies, the most urgent first.
    fn ranked(&self, files: &[PathBuf]) -> Vec<Row> {
        let mut studies = BTreeMap::<_, (Vec<_>, Vec<_>)>::new();
        for (study, findings, heatmap) in self.scored(files) {
            let (films, heatmaps) = studies.entry(study).or_default();
            films.push(findings);
            heatmaps.push(heatmap);
        }
        let row = |(study, (films, heatmaps)): (String, (Vec<Vec<Finding>>, _))| Row {
            study,
            place: triage::combine(films.iter().map(Vec::as_slice)),
            heatmaps,
        };
        let mut rows: Vec<Row> = studies.into_iter().map(row).collect();
        rows.sort_by(|a, b| key(a).cmp(&key(b)));
        rows
    }

    /// Each film's findings, by as many lines as there are cores.
    fn scored(&self, files: &[PathBuf]) -> Vec<Scored> {
        let cores = Cores::new(Arc::clone(&self.model));
        let (next, scored) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(files.len())));
        thread::scope(|scope| {
            for _ in 0..cores.lines() {
                scope.spawn(|| {
                    while next.load(Ordering::Relaxed) < files.len() {
                        let file = || files.get(next.fetch_add(1, Ordering::Relaxed));
                        let turn =
                            cores.turn(file, |path| self.examined(path), |held: String| panic!("{held}"));
                        for (study, findings) in turn.unwrap() {
                            let findings = findings.unwrap();
                            quality::inspect_distance(findings.distance, &self.site.config.quality).unwrap();
                            let judged = triage::assess(&findings.probabilities, &self.rules).findings;
                            scored.lock().unwrap().push((study, judged, findings.heatmap.to_bytes()));
                        }
                    }
                });
            }
        });
        scored.into_inner().unwrap()
    }

    fn examined(&self, path: &Path) -> Step<String, String> {
        let bytes = read(path).unwrap();
        let examined = examine(bytes.content, &self.model, &self.site.config.quality);
        let study = study_key(&examined.header, &bytes.sha256, path, self.site.config.inbox.raster_study);
        match examined.verdict {
            Ok(Admitted { input, .. }) => Step::Ready(study, input),
            Err(held) => Step::Ended(held.reason),
        }
    }
}

/// Nothing has waited: all arrive now, as in `scan`.
fn key(row: &Row) -> RankKey<'_> {
    let Row { study, place, .. } = row;
    RankKey { severity: place.severity, score: place.score, since: Timestamp::UNIX_EPOCH, study }
}

fn line(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let mut films = [Vec::new(), Vec::new()];
    for nth in 0..FILMS as u64 {
        let phantom = frontal(nth);
        let grey = eight_bit(&phantom.picture(SIDE));
        for (films, (end, bytes)) in films.iter_mut().zip([("png", png(&grey)), ("dcm", dicom(&phantom))]) {
            let path = folder.path().join(format!("{nth}.{end}"));
            fs::write(&path, bytes).unwrap();
            films.push(path);
        }
    }
    let engine = Engine::new();
    let cores = match Cores::new(Arc::clone(&engine.model)).lines() {
        1 => "one core".to_owned(),
        cores => format!("{cores} cores"),
    };
    let mut group = criterion.benchmark_group("line");
    group.sample_size(10).throughput(Throughput::Elements(FILMS as u64));
    for (name, files) in ["PNG", "DICOM"].into_iter().zip(&films) {
        group.bench_function(BenchmarkId::new(name, &cores), |bencher| {
            bencher.iter(|| {
                let rows = engine.ranked(files);
                assert_eq!(rows.iter().map(|row| row.heatmaps.len()).sum::<usize>(), FILMS);
                rows
            });
        });
    }
    group.finish();
}

criterion_group!(benches, line);

/// All cores; then the same with one, in a process of its own, as threads are made once.
fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    if env::var_os(THREADS).is_none() && thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
        let alone =
            Command::new(env::current_exe().unwrap()).args(env::args_os().skip(1)).env(THREADS, "1").status();
        assert!(alone.unwrap().success(), "the run with one core failed");
    }
}
