//! The whole line, from files to studies in their order with a heatmap for each film, as `scan` goes it and `watch`
//! without its store: `just bench line`. "elem/s" are films a second; first with all cores, then with one.
//!
//! Beside what people write in Python: `just line` (benches/line.py). Each stage alone: `just bench stages`.

// A bench that fails, fails.
#![allow(clippy::unwrap_used, missing_docs)]

mod films;

use std::{
    collections::BTreeMap,
    env, fs,
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use cxr_film::Film;
use cxr_triage::{
    config::{self, LabelDefaults, Loaded},
    model::{DeviceChoice, Findings, Model, Precision, Source},
    pipeline::{self, Admitted, Cores, Pass, Step, examine, read, study_key},
    quality::{self, Held},
    study::{self, Finding, OperatingPoint, RankKey, Rules, StudyAssessment},
};
use films::{SIDE, dicom, frontal};
use image::{GrayImage, ImageFormat};
use jiff::Timestamp;

/// Different films.
const PHANTOMS: u64 = 12;
/// How a process that measures is told where the films lie.
const FOLDER: &str = "CXR_TRIAGE_BENCH_FILMS";
/// How the engine is told the number of its threads: at the process's start, by this variable.
const THREADS: &str = "RAYON_NUM_THREADS";

/// What a film that was scored has: its findings, and its heatmap as it is stored.
type Scored = (Vec<Finding>, Vec<u8>);

/// A study in the list.
struct Row {
    study: String,
    place: StudyAssessment,
    scored: Vec<Scored>,
    /// Films that the model finds unlike its own: a few of the phantoms are.
    held: usize,
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
            .map(|label| LabelDefaults {
                name: &label.name,
                own: OperatingPoint { alert: label.alert, critical: label.critical },
                validated: label.validated,
            })
            .collect();
        let site = Loaded::default();
        let rules = config::rules(&site, &manifest.name, &labels).unwrap();
        Self { rules, site, model: Arc::new(model) }
    }

    /// The files' studies, the most urgent first.
    fn ranked(&self, files: &[PathBuf]) -> Vec<Row> {
        let mut studies = BTreeMap::<String, (Vec<Scored>, usize)>::new();
        for (study, film) in self.judged(files) {
            let (scored, held) = studies.entry(study).or_default();
            match film {
                Ok(film) => scored.push(film),
                Err(_) => *held += 1,
            }
        }
        let studies = studies.into_iter();
        let rows = studies.map(|(study, (scored, held))| {
            let place = study::combine(scored.iter().map(|(findings, _)| findings.as_slice()));
            Row { study, place, scored, held }
        });
        let mut rows: Vec<Row> = rows.collect();
        rows.sort_by(|a, b| key(a).cmp(&key(b)));
        rows
    }

    /// Each film with the key of its study, by as many workers as there are cores.
    fn judged(&self, files: &[PathBuf]) -> Vec<(String, Result<Scored, Held>)> {
        let cores = Cores::new(Arc::clone(&self.model));
        let outcomes = cores
            .pass(self, files, &AtomicBool::new(false), |outcomes| outcomes.into_iter().collect::<Vec<_>>());
        outcomes.into_iter().map(|(_, outcome)| outcome.unwrap()).collect()
    }

    fn judge(&self, findings: &Findings) -> Result<Scored, Held> {
        quality::inspect_distance(findings.distance, &[], &self.site.config.quality)?;
        let judged = study::assess(&findings.probabilities, &self.rules).findings;
        Ok((judged, findings.heatmap.to_bytes()))
    }
}

impl Pass for Engine {
    type File = PathBuf;
    type Film = String;
    /// Each of the phantoms can be scored.
    type Outcome = Result<(String, Result<Scored, Held>), String>;

    fn read(&self, _: usize, path: &PathBuf) -> Step<String, Self::Outcome> {
        let bytes = read(path).unwrap();
        let examined = examine(bytes.content, &self.model, &self.site.config.quality);
        let study = study_key(&examined.header, &bytes.sha256, path, self.site.config.inbox.raster_study);
        match examined.verdict {
            Ok(Admitted { input, .. }) => Step::Ready(study, input),
            Err(held) => Step::Ended(Err(held.reason)),
        }
    }

    fn broken(&self, path: &PathBuf) -> Self::Outcome {
        Err(format!("{} broke the reader", path.display()))
    }

    fn scored(&self, study: String, _: &PathBuf, scored: pipeline::Scored) -> Self::Outcome {
        Ok((study, self.judge(&scored.unwrap())))
    }
}

/// Nothing has waited: all arrive now, as in `scan`.
fn key(row: &Row) -> RankKey<'_> {
    let Row { study, place, .. } = row;
    RankKey { severity: place.severity, score: place.score, since: Timestamp::UNIX_EPOCH, study }
}

/// Phantoms as 1.png, 1.dcm and so on.
fn write_films(folder: &Path) {
    for nth in 0..PHANTOMS {
        let dicom = dicom(&frontal(nth));
        let pixels = stored(&cxr_film::decode(&dicom).unwrap());
        fs::write(folder.join(format!("{nth}.png")), png(&eight_bit(&pixels))).unwrap();
        fs::write(folder.join(format!("{nth}.dcm")), dicom).unwrap();
    }
}

/// The stored values of 12 bits, as drawing the phantom once more would give them.
fn stored(film: &Film) -> Vec<u16> {
    film.linear.iter().map(|&value| value as u16).collect()
}

/// 12 bits a pixel as 8.
fn eight_bit(pixels: &[u16]) -> GrayImage {
    let grey = pixels.iter().map(|&value| u8::try_from(value >> 4).unwrap()).collect();
    GrayImage::from_raw(SIDE, SIDE, grey).unwrap()
}

fn png(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn line(criterion: &mut Criterion) {
    let folder = PathBuf::from(env::var_os(FOLDER).unwrap());
    let engine = Engine::new();
    let workers = Cores::new(Arc::clone(&engine.model)).workers();
    let cores = if workers == 1 { "one core".to_owned() } else { format!("{workers} cores") };
    // Enough for each core to take some more than once.
    let films = 24.max(12 * workers as u64);
    let mut group = criterion.benchmark_group("line");
    group.sample_size(10).throughput(Throughput::Elements(films));
    for (name, end) in [("PNG", "png"), ("DICOM", "dcm")] {
        let files: Vec<PathBuf> =
            (0..films).map(|nth| folder.join(format!("{}.{end}", nth % PHANTOMS))).collect();
        group.bench_function(BenchmarkId::new(name, &cores), |bencher| {
            bencher.iter(|| {
                let rows = engine.ranked(&files);
                let scored: usize = rows.iter().map(|row| row.scored.len()).sum();
                let held: usize = rows.iter().map(|row| row.held).sum();
                assert!(scored + held == files.len() && scored > held, "{scored} scored, {held} held");
                rows
            });
        });
    }
    group.finish();
}

criterion_group!(benches, line);

/// Makes the films, then measures with all cores and with one, each in a process of its own: the engine's threads
/// are made once.
fn main() {
    if env::var_os(FOLDER).is_some() {
        benches();
        Criterion::default().configure_from_args().final_summary();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    write_films(folder.path());
    let mut counts = vec![thread::available_parallelism().unwrap().get(), 1];
    counts.dedup();
    for threads in counts {
        let mut measuring = Command::new(env::current_exe().unwrap());
        measuring.args(env::args_os().skip(1)).env(FOLDER, folder.path()).env(THREADS, threads.to_string());
        assert!(measuring.status().unwrap().success(), "with {threads} threads");
    }
}
