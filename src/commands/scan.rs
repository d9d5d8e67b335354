//! `scan`: score files or folders now, print the ranked table. Uses no store.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Failure,
    cli::{GlobalArgs, ScanArgs},
    output::{Lean, progress, table},
    setup::Setup,
    signals,
};
use crate::{
    config::RasterStudy,
    film::Header,
    intake,
    model::{Input, Model},
    pipeline::{Admitted, examine, failed, file_name, read, shown, study_key},
    quality::{self, Gates, Held, SAME_EXPOSURE},
    triage::{self, Finding, RankKey, Rules, Severity},
};

/// Films read ahead of the model.
const READ_AHEAD: usize = 4;
/// Films in one forward pass.
const BATCH: usize = 4;

/// One study, as a line of JSON. The fields are a contract with scripts.
#[derive(Debug, Serialize)]
struct Study {
    study: String,
    films: Vec<Film>,
    severity: Severity,
    score: Option<f64>,
    top: Option<String>,
    held: Vec<HeldFilm>,
    model: ModelName,
    version: &'static str,
}

impl Study {
    fn place(&self, since: Timestamp) -> RankKey<'_> {
        RankKey { severity: self.severity, score: self.score, since, study: &self.study }
    }

    /// An image for processing is not scored where the one for presentation of its exposure is.
    fn count_exposures_once(&mut self) {
        let scored: Vec<Header> = self.films.iter().map(|film| film.header.clone()).collect();
        let aside = |raw: &Header| scored.iter().any(|shown| raw.is_raw_of(shown));
        for held in &mut self.held {
            if held.header.as_ref().is_some_and(aside) {
                SAME_EXPOSURE.clone_into(&mut held.reason);
            }
        }
        for film in self.films.extract_if(.., |film| aside(&film.header)) {
            let Film { path, header, .. } = film;
            self.held.push(HeldFilm { path, reason: SAME_EXPOSURE.to_owned(), header: Some(header) });
        }
    }
}

#[derive(Debug, Serialize)]
struct Film {
    path: String,
    sha256: String,
    #[serde(serialize_with = "four_fields")]
    findings: Vec<Finding>,
    #[serde(skip)]
    header: Header,
}

#[derive(Debug, Serialize)]
struct HeldFilm {
    path: String,
    reason: String,
    /// What a file that decoded said of itself.
    #[serde(skip)]
    header: Option<Header>,
}

#[derive(Debug, Clone, Serialize)]
struct ModelName {
    name: String,
    sha256: String,
}

/// Of a finding, what the contract names.
fn four_fields<S: serde::Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Four<'a> {
        label: &'a str,
        probability: f64,
        threshold: f64,
        score: f64,
    }
    serializer.collect_seq(findings.iter().map(|finding| Four {
        label: &finding.label,
        probability: finding.probability,
        threshold: finding.threshold,
        score: finding.score,
    }))
}

/// What came of one file.
enum Read {
    Ready { path: PathBuf, sha256: String, study: String, header: Header, input: Input },
    Held { path: PathBuf, sha256: String, study: String, header: Option<Header>, held: Held },
    Unread { path: PathBuf, error: io::Error },
}

/// Runs `scan`.
pub(super) fn run(args: &ScanArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let setup = Setup::new(global)?;
    let (model, rules) = setup.model_and_rules()?;
    let interrupted = signals::interrupted()?;
    let mut faults = Vec::new();
    let files = films_under(&args.paths, &setup.config().inbox.ignore, &mut faults);

    let bar = progress(files.len() as u64, "films");
    let grouping = setup.config().inbox.raster_study;
    let (read_in, reads) = bounded(READ_AHEAD);
    let reader = {
        let (model, interrupted) = (Arc::clone(&model), Arc::clone(&interrupted));
        let gates = setup.config().quality.clone();
        thread::spawn(move || read_all(files, &model, &gates, grouping, &interrupted, &read_in))
    };
    let judge = Judge { model: &model, rules: &rules, gates: &setup.config().quality };
    let studies = score_all(&reads, &judge, &bar, &mut faults);
    bar.finish_and_clear();
    let _ = reader.join();
    if interrupted.load(Ordering::Relaxed) {
        return Err(Failure::Interrupted);
    }

    let mut ranked = rank(studies);
    if let Some(top) = args.top {
        ranked.truncate(top);
    }
    let mut out = io::stdout().lock();
    if args.json {
        for study in &ranked {
            serde_json::to_writer(&mut out, study).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    } else {
        print_table(&mut out, &ranked)?;
    }
    out.flush()?;
    match faults.as_slice() {
        [] => Ok(()),
        faults => Err(Failure::failed(format!("could not be read:\n  {}", faults.join("\n  ")))),
    }
}

/// The files named, and those in the folders named, in the order of their paths. What a folder holds
/// beside films (see [`intake::may_hold_films`]) is left out; a file named outright never is.
pub(super) fn films_under(paths: &[PathBuf], ignore: &[String], faults: &mut Vec<String>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut found = Vec::new();
            walk(path, ignore, &mut found, faults);
            found.sort();
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    files
}

fn walk(folder: &Path, ignore: &[String], found: &mut Vec<PathBuf>, faults: &mut Vec<String>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(format!("{}: {error}", shown(folder)));
            return;
        }
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if !intake::may_hold_films(&path, ignore) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, ignore, found, faults),
            _ if path.is_file() => found.push(path),
            _ => {}
        }
    }
}

fn read_all(
    files: Vec<PathBuf>,
    model: &Model,
    gates: &Gates,
    grouping: RasterStudy,
    interrupted: &AtomicBool,
    out: &Sender<Read>,
) {
    for path in files {
        if interrupted.load(Ordering::Relaxed) {
            return;
        }
        let read = match read(&path) {
            Err(error) => Read::Unread { path, error },
            Ok(bytes) => {
                let examined = examine(bytes.content, model, gates);
                let study = study_key(&examined.header, &bytes.sha256, &path, grouping);
                let (sha256, header) = (bytes.sha256, examined.header);
                match examined.verdict {
                    Ok(Admitted { input, .. }) => Read::Ready { path, sha256, study, header, input },
                    Err(held) => {
                        let header = examined.decoded.then_some(header);
                        Read::Held { path, sha256, study, header, held }
                    }
                }
            }
        };
        if out.send(read).is_err() {
            return;
        }
    }
}

/// Gathers the studies by key.
struct Gathering {
    studies: BTreeMap<String, Study>,
    /// A film counts once, by its SHA-256.
    seen: HashMap<String, PathBuf>,
    model: ModelName,
}

impl Gathering {
    fn study(&mut self, key: String) -> &mut Study {
        let model = &self.model;
        self.studies.entry(key.clone()).or_insert_with(|| Study {
            study: key,
            films: Vec::new(),
            severity: Severity::Held,
            score: None,
            top: None,
            held: Vec::new(),
            model: model.clone(),
            version: crate::VERSION,
        })
    }

    /// Whether the film is here already.
    fn is_repeat(&mut self, sha256: &str, path: &Path) -> bool {
        if let Some(first) = self.seen.get(sha256) {
            tracing::info!(path = %shown(path), first = %shown(first), "the same film again");
            return true;
        }
        self.seen.insert(sha256.to_owned(), path.to_owned());
        false
    }
}

/// What scores films, and says what that means.
struct Judge<'a> {
    model: &'a Model,
    rules: &'a Rules,
    gates: &'a Gates,
}

fn score_all(
    reads: &Receiver<Read>,
    judge: &Judge<'_>,
    bar: &indicatif::ProgressBar,
    faults: &mut Vec<String>,
) -> Vec<Study> {
    let model = judge.model;
    let name = ModelName { name: model.manifest().name.clone(), sha256: model.sha256().to_owned() };
    let mut gathering = Gathering { studies: BTreeMap::new(), seen: HashMap::new(), model: name };
    // Batches are cut by count alone, never by timing: the same films give the same bytes.
    let mut waiting = Vec::with_capacity(BATCH);
    for read in reads {
        bar.inc(1);
        match read {
            Read::Unread { path, error } => faults.push(format!("{}: {error}", shown(&path))),
            Read::Held { path, sha256, study, header, held } => {
                if !gathering.is_repeat(&sha256, &path) {
                    let film = HeldFilm { path: shown(&path), reason: held.reason, header };
                    gathering.study(study).held.push(film);
                }
            }
            Read::Ready { path, sha256, study, header, input } => {
                if !gathering.is_repeat(&sha256, &path) {
                    waiting.push((Known { path, sha256, study, header }, input));
                }
            }
        }
        if waiting.len() == BATCH {
            score(std::mem::take(&mut waiting), judge, &mut gathering);
        }
    }
    score(waiting, judge, &mut gathering);
    gathering.studies.into_values().collect()
}

/// What is known of a film before its score.
struct Known {
    path: PathBuf,
    sha256: String,
    study: String,
    header: Header,
}

type Waiting = (Known, Input);

fn score(waiting: Vec<Waiting>, judge: &Judge<'_>, gathering: &mut Gathering) {
    let (films, inputs): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
    for (known, outcome) in films.into_iter().zip(judge.model.infer_each(&inputs)) {
        let Known { path, sha256, study, header } = known;
        let (study, path) = (gathering.study(study), shown(&path));
        let judged = outcome.map_err(|error| failed(&error)).and_then(|findings| {
            quality::inspect_distance(findings.distance, judge.gates)?;
            Ok(triage::assess(&findings.probabilities, judge.rules).findings)
        });
        match judged {
            Ok(findings) => study.films.push(Film { path, sha256, findings, header }),
            Err(held) => study.held.push(HeldFilm { path, reason: held.reason, header: Some(header) }),
        }
    }
}

fn rank(mut studies: Vec<Study>) -> Vec<Study> {
    for study in &mut studies {
        study.count_exposures_once();
        let assessed = triage::combine(study.films.iter().map(|film| film.findings.as_slice()));
        study.severity = assessed.severity;
        study.score = assessed.score;
        study.top = assessed.top;
    }
    // Nothing has waited: all arrive now.
    let now = Timestamp::UNIX_EPOCH;
    studies.sort_by(|a, b| a.place(now).cmp(&b.place(now)));
    studies
}

fn print_table(out: &mut impl Write, studies: &[Study]) -> io::Result<()> {
    let columns = [
        ("#", Lean::Right),
        ("SEVERITY", Lean::Left),
        ("SCORE", Lean::Right),
        ("TOP FINDING", Lean::Left),
        ("FILM", Lean::Left),
    ];
    let rows: Vec<Vec<String>> = studies
        .iter()
        .enumerate()
        .map(|(index, study)| {
            let first = study.films.first().map(|film| &film.path);
            let file = first.or(study.held.first().map(|film| &film.path));
            let more = (study.films.len() + study.held.len()).saturating_sub(1);
            let mut name = file.map(|path| file_name(Path::new(path))).unwrap_or_default();
            if more > 0 {
                name.push_str(&format!(" and {more} more"));
            }
            vec![
                (index + 1).to_string(),
                study.severity.word().to_owned(),
                study.score.map(|score| format!("{score:.2}")).unwrap_or_else(|| "-".into()),
                study.top.clone().unwrap_or_else(|| "-".into()),
                name,
            ]
        })
        .collect();
    table(out, &columns, &rows)?;
    for held in studies.iter().flat_map(|study| &study.held) {
        writeln!(out, "held: {}: {}", file_name(Path::new(&held.path)), held.reason)?;
    }
    Ok(())
}
