//! `scan`: score files or folders now, print the ranked table. Uses no store.

mod work;

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use crossbeam_channel::Receiver;
use jiff::Timestamp;
use serde::Serialize;

use self::work::{Known, Outcome, Work};
use super::{
    Failure,
    cli::{GlobalArgs, ScanArgs},
    faults::Faults,
    output::{Lean, progress, stdout, table},
    setup::Setup,
    signals,
};
use crate::{
    film::Header,
    guard::guarded,
    intake,
    model::{Findings, ModelError},
    pipeline::{Cores, broke_down, failed, file_name, shown},
    quality::{self, Gates, Held, SAME_EXPOSURE, Warning},
    text::unnamed,
    triage::{self, Finding, RankKey, Rules, Severity},
};

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
    /// What a reader should know beside the findings, a sentence each.
    warnings: Vec<String>,
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

/// Runs `scan`.
pub(super) fn run(args: &ScanArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let setup = Setup::new(global)?;
    let (model, rules) = setup.model_and_rules()?;
    let interrupted = signals::interrupted()?;
    let mut faults = Faults::new(&args.paths);
    let files = films_under(&args.paths, &setup.config().inbox.ignore, &mut faults);

    let bar = progress(files.len() as u64, "films");
    let gates = &setup.config().quality;
    let cores = Cores::new(Arc::clone(&model));
    let work = Work::new(&files, cores, gates, setup.config().inbox.raster_study, &interrupted);
    let name = ModelName { name: model.manifest().name.clone(), sha256: model.sha256().to_owned() };
    let mut gathering = Gathering { studies: BTreeMap::new(), seen: HashMap::new(), model: name };
    let judge = Judge { rules: &rules, gates };
    work.run(|outcomes| gathering.gather(&outcomes, &judge, &bar, &mut faults));
    bar.finish_and_clear();
    if interrupted.load(Ordering::Relaxed) {
        return Err(Failure::Interrupted);
    }

    let mut ranked = rank(gathering.studies.into_values().collect());
    if let Some(top) = args.top {
        ranked.truncate(top);
    }
    let mut out = stdout();
    if args.json {
        for study in &ranked {
            out.json(study)?;
        }
    } else {
        print_table(&mut out, &ranked)?;
        for (path, why) in faults.iter() {
            writeln!(out, "not read: {}: {why}", shown(path))?;
        }
    }
    out.flush()?;
    faults.end()
}

/// The files named, and those in the folders named, in the order of their paths. What a folder holds
/// beside films (see [`intake::may_hold_films`]) is left out; a file named outright never is.
pub(super) fn films_under(paths: &[PathBuf], ignore: &[String], faults: &mut Faults<'_>) -> Vec<PathBuf> {
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

fn walk(folder: &Path, ignore: &[String], found: &mut Vec<PathBuf>, faults: &mut Faults<'_>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(folder, &error);
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
            tracing::info!(file = unnamed(path), first = unnamed(first), "the same film again");
            return true;
        }
        self.seen.insert(sha256.to_owned(), path.to_owned());
        false
    }

    /// Takes what the lines say, in the order of the files however it comes: the same files give the same bytes.
    fn gather(
        &mut self,
        outcomes: &Receiver<(usize, Outcome)>,
        judge: &Judge<'_>,
        bar: &indicatif::ProgressBar,
        faults: &mut Faults<'_>,
    ) {
        let (mut early, mut due) = (BTreeMap::new(), 0);
        for (number, outcome) in outcomes {
            bar.inc(1);
            early.insert(number, outcome);
            while let Some(outcome) = early.remove(&due) {
                due += 1;
                self.take(outcome, judge, faults);
            }
        }
    }

    fn take(&mut self, outcome: Outcome, judge: &Judge<'_>, faults: &mut Faults<'_>) {
        let (known, judged) = match outcome {
            Outcome::Unread { path, error } => return faults.push(&path, &error),
            Outcome::Repeat { path, sha256 } => {
                self.is_repeat(&sha256, &path);
                return;
            }
            Outcome::Held(known, held) => (known, Err(held)),
            Outcome::Scored(mut known, findings) => {
                let judged = judge.say(findings, &mut known.warnings);
                (known, judged)
            }
        };
        let Known { path, sha256, study, header, warnings } = known;
        if self.is_repeat(&sha256, &path) {
            return;
        }
        let (study, path, header) = (self.study(study), shown(&path), header.map(|header| *header));
        match judged {
            Ok(findings) => {
                let header = header.unwrap_or_default();
                let warnings = warnings.into_iter().map(|warning| warning.sentence).collect();
                study.films.push(Film { path, sha256, findings, warnings, header });
            }
            Err(held) => study.held.push(HeldFilm { path, reason: held.reason, header }),
        }
    }
}

/// Says what a film's findings mean.
struct Judge<'a> {
    rules: &'a Rules,
    gates: &'a Gates,
}

impl Judge<'_> {
    /// Adds the last gate's warning to those of the gates before it.
    fn say(
        &self,
        findings: Result<Findings, ModelError>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Finding>, Held> {
        let findings = findings.map_err(|error| failed(&error))?;
        let judged = guarded(|| {
            warnings.extend(quality::inspect_distance(findings.distance, warnings, self.gates)?);
            Ok(triage::assess(&findings.probabilities, self.rules).findings)
        });
        judged.unwrap_or_else(|| Err(broke_down()))
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
    for film in studies.iter().flat_map(|study| &study.films) {
        for warning in &film.warnings {
            writeln!(out, "warning: {}: {warning}", file_name(Path::new(&film.path)))?;
        }
    }
    for held in studies.iter().flat_map(|study| &study.held) {
        writeln!(out, "held: {}: {}", file_name(Path::new(&held.path)), held.reason)?;
    }
    Ok(())
}
