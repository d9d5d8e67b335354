//! The search for similar films: `cargo bench --bench similar`. Prints, for 100,000 films' features, the time to keep one, the
//! length of the file, the time of the first question (the file not in memory; opened anew) and of later ones, and the
//! memory that they take. Then, where `../shared/train` lies, how often a film's five nearest films of other patients
//! share a finding with it, beside chance. `cargo bench --bench similar -- 10000` takes another number of films.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench that cannot run has failed"
)]

use std::{
    collections::HashSet,
    fs::{self, File},
    path::Path,
    time::{Duration, Instant},
};

use cxr_triage::{
    model::{DeviceChoice, Model, Parallelism, Precision, Source},
    similar::{FeatureFile, FeatureReader, FeaturesId, FilmKey},
    store::{FilmId, Ownership},
};

/// Numbers of a film's features.
const WIDTH: usize = 1024;
/// Later questions.
const QUESTIONS: usize = 50;

fn main() {
    let films = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    speed(films);
    let train = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/train");
    if train.is_dir() {
        worth(&train);
    } else {
        println!("no ../shared/train: nothing is said of what it finds");
    }
}

fn key(film: FilmId) -> FilmKey {
    FilmKey::new(film, &format!("{film:016x}")).unwrap()
}

/// Features as a network's last ReLU leaves them: none negative, many near 0.
fn features(film: FilmId) -> Vec<f32> {
    let mut seed = film.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let number = |_| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (((seed >> 40) as f32 / (1 << 24) as f32) - 0.3).max(0.0)
    };
    (0..WIDTH).map(number).collect()
}

fn speed(films: FilmId) {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.db");
    let owned = Ownership::acquire(&store).unwrap().unwrap();
    let id = FeaturesId::new("ab".repeat(32));
    let mut file = FeatureFile::open(&store, &id, None, &owned).unwrap();
    let mut spent = Duration::ZERO;
    for film in 1..=films {
        let features = features(film);
        let started = Instant::now();
        file.put(key(film), &features).unwrap();
        spent += started.elapsed();
    }
    drop(file);
    let place = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let place = place.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let length = fs::metadata(&place).unwrap().len();
    println!(
        "{films} films: {:.1} us to keep one, {} bytes",
        spent.as_secs_f64() * 1e6 / films as f64,
        length
    );

    let started = Instant::now();
    FeatureFile::open(&store, &id, None, &owned).unwrap();
    println!("  {:6.1} ms to open it for writing", milliseconds(started));
    // Out of memory, as after a start of the machine.
    let raw = File::open(&place).unwrap();
    raw.sync_all().unwrap();
    rustix::fs::fadvise(&raw, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    let asked = features(films / 2);
    println!("  {:6.1} ms for the first question, the file on disk", ask(&store, &id, &asked));
    println!("  {:6.1} ms for the first question, the file in memory", ask(&store, &id, &asked));
    let reader = FeatureReader::open(&store, &id).unwrap().unwrap();
    let before = memory();
    let mut times: Vec<f64> = (0..QUESTIONS)
        .map(|n| {
            let film = 1 + (n as FilmId * 7919) % films;
            let started = Instant::now();
            let asked = reader.features(key(film)).unwrap().unwrap();
            let mut ranked = reader.rank(&asked).unwrap();
            let time = milliseconds(started);
            assert_eq!(ranked.pop().unwrap().key, key(film), "a film is nearest to itself");
            time
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
    println!("  {median:6.1} ms for a later question (median of {QUESTIONS}; {:.1} to {most:.1})", times[0]);
    println!("  {:6.1} MiB more memory than before the questions", (memory() - before) as f64 / 1024.0);
}

fn ask(store: &Path, id: &FeaturesId, asked: &[f32]) -> f64 {
    let started = Instant::now();
    let reader = FeatureReader::open(store, id).unwrap().unwrap();
    reader.rank(asked).unwrap().pop().unwrap();
    milliseconds(started)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The most memory that this process has had, in KiB; 0 where the system does not tell.
fn memory() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// A film of the labelled set.
struct Labelled {
    patient: String,
    findings: HashSet<usize>,
    features: Vec<f32>,
}

/// How often the five nearest films of other patients share a finding with a film that has one.
fn worth(train: &Path) {
    let model = Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap();
    let labels = fs::read_to_string(train.join("labels.csv")).unwrap();
    let films: Vec<Labelled> = labels
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|line| line[0].starts_with("nih2/") && line[1] == "val")
        .map(|line| {
            let film = cxr_film::decode(&fs::read(train.join(line[0])).unwrap()).unwrap();
            let input = model.prepare(&film).unwrap();
            let scored = model.infer_each(&[input], Parallelism::AllThreads).pop().unwrap().unwrap();
            Labelled {
                patient: line[2].to_owned(),
                findings: (3..line.len()).filter(|column| line[*column] == "1").collect(),
                features: unit(scored.features),
            }
        })
        .collect();
    let (mut nearest, mut chance, mut asked) = (0.0, 0.0, 0);
    for film in films.iter().filter(|film| !film.findings.is_empty()) {
        let mut others: Vec<(f32, bool)> = films
            .iter()
            .filter(|other| other.patient != film.patient)
            .map(|other| {
                let cosine: f32 = film.features.iter().zip(&other.features).map(|(a, b)| a * b).sum();
                (cosine, !film.findings.is_disjoint(&other.findings))
            })
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        let share = |films: &[(f32, bool)]| {
            films.iter().filter(|(_, shares)| *shares).count() as f64 / films.len() as f64
        };
        nearest += share(&others[..5]);
        chance += share(&others);
        asked += 1;
    }
    println!(
        "nih2 val, {} films, {asked} of them with a finding: of the five nearest {:.3} share one, by chance {:.3}",
        films.len(),
        nearest / f64::from(asked),
        chance / f64::from(asked)
    );
}

fn unit(features: Vec<f32>) -> Vec<f32> {
    let length = features.iter().map(|x| x * x).sum::<f32>().sqrt();
    features.into_iter().map(|x| x / length).collect()
}
