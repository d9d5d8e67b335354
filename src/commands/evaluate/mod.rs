//! `evaluate`: how good the model is on a labelled set.
//!
//! ```text
//! inputs (labels, films, boxes) ─▶ score (decode, gates, model; kept between runs) ─▶ crate::evaluate
//!    ─▶ tables and curves on standard output, out (report.html, report.json, plots)
//! ```

mod curves;
mod explore;
mod inputs;
mod kept;
mod out;
mod score;
mod shots;
mod tables;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io::{self, Write},
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use sha2::{Digest, Sha256};

use self::{
    inputs::Inputs,
    kept::{Kept, Record, Wanted},
    score::{Outcome, Scorer, Task},
};
use super::{
    Failure,
    cli::{BlankAs, EvaluateArgs, GlobalArgs, UncertainAs},
    output::progress,
    setup::Setup,
    signals,
};
use crate::{
    config::{self, LabelDefaults},
    evaluate::{
        self, Case, FilmBox, Goal, HeldFilm, LabelInfo, Localisation, Marked, ModelInfo, Published, Report,
        SetInfo, Thresholds,
        labels::{Blank, Row, Uncertain, canonical},
    },
    model::Model,
    pipeline::shown,
    triage::Rules,
};

/// Runs `evaluate`.
pub(super) fn run(args: &EvaluateArgs, global: &GlobalArgs) -> Result<(), Failure> {
    if let Some(path) = &args.explore {
        return explore::run(path, args.split.as_deref(), args.json);
    }
    let setup = Setup::new(global)?;
    check(args, &setup)?;
    let (model, rules) = setup.model_and_rules()?;
    let known: Vec<&str> = model.manifest().labels.iter().map(|label| label.name.as_str()).collect();
    let mut inputs = inputs::gather(args, &known, &setup.config().inbox.ignore)?;
    let boxes = match &args.boxes {
        None => HashMap::new(),
        Some(path) => {
            let (boxes, notes) = inputs::boxes(path, &known, &inputs.joined)?;
            inputs.notes.extend(notes);
            boxes
        }
    };
    let gates = &setup.config().quality;
    let mut kept = match &args.out {
        None => Kept::default(),
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| Kept::open(folder, &model, gates))
            .map_err(|error| Failure::failed(format!("cannot write to {}: {error}", shown(folder))))?,
    };
    let task = |(n, (film, _)): (usize, &(std::path::PathBuf, Row))| Task {
        path: inputs.folder.join(film),
        wanted: Wanted { held_too: args.score_held, heatmap: boxes.contains_key(&n) },
    };
    let tasks: Vec<Task> = inputs.joined.iter().enumerate().map(task).collect();
    let interrupted = signals::interrupted()?;
    let bar = progress(tasks.len() as u64, "films");
    let scorer = Scorer { model: &model, gates, interrupted: &interrupted };
    let run = scorer.score(&tasks, &mut kept, &bar)?;
    bar.finish_and_clear();
    if interrupted.load(Ordering::Relaxed) {
        return Err(stopped(run.outcomes.len(), tasks.len(), &kept));
    }
    if run.reused > 0 {
        inputs
            .notes
            .push(format!("the scores of {} unchanged films are those of an earlier run", run.reused));
    }

    let films = Films::sort(&inputs, &run.outcomes, args.score_held);
    let evaluated =
        Evaluated { args, model: &model, rules: &rules, inputs: &inputs, boxes: &boxes, films: &films };
    let report = evaluated.report()?;
    let mut stdout = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut stdout, &report).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else {
        tables::write(&mut stdout, &report)?;
        writeln!(stdout)?;
        curves::write(&mut stdout, &report.labels)?;
    }
    if let Some(folder) = &args.out {
        let (shots, legend) = shots::take(&evaluated)?;
        out::write(folder, &report, &shots, &legend)?;
        if !args.json {
            writeln!(stdout, "\nwritten: {}", shown(&folder.join("report.html")))?;
        }
    }
    if args.write {
        write_thresholds(&setup, &model, &report, &mut stdout, args.json)?;
    }
    stdout.flush()?;
    match report.unread.as_slice() {
        [] => Ok(()),
        unread => {
            let lines: Vec<String> = unread.iter().map(|f| format!("{}: {}", f.film, f.reason)).collect();
            Err(Failure::failed(format!("could not be read:\n  {}", lines.join("\n  "))))
        }
    }
}

/// What is better said before an hour of scoring than after it.
fn check(args: &EvaluateArgs, setup: &Setup) -> Result<(), Failure> {
    if matches!(args.calibrate, Some(Goal::AlarmsPerDay(_))) && args.films_per_day.is_none() {
        return Err(Failure::usage(
            "alarms-per-day needs to know how many films a day there are: add --films-per-day N",
        ));
    }
    if args.write && setup.loaded.path.is_none() {
        return Err(Failure::usage(
            "there is no configuration file to write thresholds into: make one with `cxr-triage config init`, or \
             name one with --config",
        ));
    }
    Ok(())
}

fn stopped(done: usize, all: usize, kept: &Kept) -> Failure {
    match kept.path() {
        Some(path) => Failure::InterruptedWith(format!(
            "interrupted: {done} of {all} films are done and kept in {}; the same command goes on from there",
            shown(path)
        )),
        None => Failure::InterruptedWith(format!(
            "interrupted after {done} of {all} films; with --out DIR the next run would go on from here"
        )),
    }
}

/// The films, sorted by what became of them. Numbers are places in `Inputs::joined`.
struct Films<'a> {
    counted: Vec<(usize, &'a Record)>,
    held: Vec<HeldFilm>,
    unread: Vec<HeldFilm>,
    copies: Vec<String>,
}

impl<'a> Films<'a> {
    fn sort(inputs: &Inputs, outcomes: &'a [Outcome], held_too: bool) -> Self {
        let mut films =
            Self { counted: Vec::new(), held: Vec::new(), unread: Vec::new(), copies: Vec::new() };
        let mut seen = HashSet::new();
        for (n, outcome) in outcomes.iter().enumerate() {
            let film = shown(&inputs.joined[n].0);
            match outcome {
                Err(reason) => films.unread.push(HeldFilm { film, reason: reason.clone() }),
                // A film counts once, however often it is there.
                Ok(record) if !seen.insert(&record.sha256) => films.copies.push(film),
                Ok(record) => {
                    if let Some(reason) = &record.held {
                        films.held.push(HeldFilm { film, reason: reason.clone() });
                    }
                    if record.probabilities.is_some() && (held_too || record.held.is_none()) {
                        films.counted.push((n, record));
                    }
                }
            }
        }
        films
    }
}

/// Everything that a report is made of.
struct Evaluated<'a> {
    args: &'a EvaluateArgs,
    model: &'a Model,
    rules: &'a Rules,
    inputs: &'a Inputs,
    boxes: &'a HashMap<usize, Vec<FilmBox>>,
    films: &'a Films<'a>,
}

impl Evaluated<'_> {
    fn report(&self) -> Result<Report, Failure> {
        let (labels, cases) = (self.labels(), self.cases());
        let mut notes = self.inputs.notes.clone();
        if self.films.counted.is_empty() {
            return Err(Failure::failed(format!(
                "none of the {} films could be scored: {}",
                self.inputs.joined.len(),
                self.films.held.first().or(self.films.unread.first()).map_or("", |film| &film.reason)
            )));
        }
        if !self.films.copies.is_empty() {
            let names = inputs::first(&self.films.copies);
            notes.push(format!(
                "{} films are copies of others and count once: {names}",
                self.films.copies.len()
            ));
        }
        let localisation = self.localise(&mut notes);
        let measured = evaluate::measure(&labels, &cases);
        if measured.iter().any(|label| label.auc.is_some())
            && self.patients().is_some_and(|n| n < cases.len())
        {
            notes.push("patients repeat and intervals are by film: the truth is wider".to_owned());
        }
        Ok(Report {
            version: crate::VERSION,
            made: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            model: self.model_info(),
            set: self.set_info()?,
            notes,
            labels: measured,
            held: self.films.held.clone(),
            unread: self.films.unread.clone(),
            localisation,
            thresholds: self.args.calibrate.map(|goal| self.thresholds(goal, &labels, &cases)),
        })
    }

    fn labels(&self) -> Vec<LabelInfo> {
        let of_model = self.model.manifest().labels.iter().zip(&self.rules.labels);
        let label = |(label, rule): (&crate::model::Label, &crate::triage::LabelRule)| LabelInfo {
            name: label.name.clone(),
            alert: rule.alert,
            validated: rule.validated,
            rank: rule.rank,
            published: label.evaluation.map(|known| Published {
                auc: known.auc,
                interval: known.interval,
                positives: known.positives,
                films: known.films,
            }),
        };
        of_model.map(label).collect()
    }

    /// The films that count, with their truths in the model's order.
    fn cases(&self) -> Vec<Case<'_>> {
        let findings: Vec<&str> = self.inputs.findings.iter().map(String::as_str).collect();
        let place = |label: &crate::model::Label| {
            let name = canonical(&label.name, &findings)?;
            findings.iter().position(|finding| *finding == name)
        };
        let places: Vec<Option<usize>> = self.model.manifest().labels.iter().map(place).collect();
        let (uncertain, blank) = self.counting();
        let mut cases = Vec::with_capacity(self.films.counted.len());
        for (n, record) in &self.films.counted {
            let truths = &self.inputs.joined[*n].1.truths;
            let truth = |place: &Option<usize>| truths.get((*place)?)?.counted(uncertain, blank);
            let truths = places.iter().map(truth).collect();
            cases.push(Case { probabilities: record.probabilities.as_deref().unwrap_or_default(), truths });
        }
        cases
    }

    fn counting(&self) -> (Uncertain, Blank) {
        let uncertain = match self.args.uncertain {
            UncertainAs::Ignore => Uncertain::Ignore,
            UncertainAs::Positive => Uncertain::Positive,
            UncertainAs::Negative => Uncertain::Negative,
        };
        let blank = match self.args.blank {
            BlankAs::Ignore => Blank::Ignore,
            BlankAs::Negative => Blank::Negative,
        };
        (uncertain, blank)
    }

    fn patients(&self) -> Option<usize> {
        let of_films = self.films.counted.iter().map(|(n, _)| self.inputs.joined[*n].1.patient.as_deref());
        let patients: BTreeSet<&str> = of_films.flatten().collect();
        (!patients.is_empty()).then_some(patients.len())
    }

    fn model_info(&self) -> ModelInfo {
        let manifest = self.model.manifest();
        ModelInfo {
            name: manifest.name.clone(),
            title: manifest.title.clone(),
            banner: manifest.banner.clone(),
            sha256: self.model.sha256().to_owned(),
            evaluation: manifest.evaluation.clone(),
            device: format!("{} {}", self.model.device_name(), self.model.precision().word()),
        }
    }

    fn set_info(&self) -> Result<SetInfo, Failure> {
        let labels_file = self.args.labels.as_deref().unwrap_or(Path::new(""));
        let hash = Sha256::digest(inputs::bytes(labels_file)?);
        let (uncertain, blank) = self.counting();
        Ok(SetInfo {
            films_folder: shown(&self.inputs.folder),
            labels_file: shown(labels_file),
            labels_sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            split: self.args.split.clone(),
            rows: self.inputs.rows,
            films: self.inputs.films,
            joined: self.inputs.joined.len(),
            scored: self.films.counted.len(),
            patients: self.patients(),
            uncertain: match uncertain {
                Uncertain::Ignore => "-1 does not count",
                Uncertain::Positive => "-1 counts as present",
                Uncertain::Negative => "-1 counts as absent",
            }
            .to_owned(),
            blank: match blank {
                Blank::Ignore => "an empty cell does not count",
                Blank::Negative => "an empty cell counts as absent",
            }
            .to_owned(),
            held_scored: self.args.score_held,
        })
    }

    fn thresholds(&self, goal: Goal, labels: &[LabelInfo], cases: &[Case<'_>]) -> Thresholds {
        let proposals =
            evaluate::propose(goal, self.args.films_per_day.unwrap_or(f64::INFINITY), labels, cases);
        let then: Vec<f64> = proposals.iter().map(|p| to_write(p).unwrap_or(p.now.threshold)).collect();
        Thresholds {
            goal,
            films_per_day: self.args.films_per_day,
            any_alarm_now: evaluate::any_alarm(cases, labels, |n| labels[n].alert),
            any_alarm_then: evaluate::any_alarm(cases, labels, |n| then[n]),
            proposals,
        }
    }

    /// The size of the films that boxes were drawn on.
    fn box_size(&self, record: &Record) -> (u32, u32) {
        self.args.box_size.unwrap_or(record.size)
    }

    fn localise(&self, notes: &mut Vec<String>) -> Vec<Localisation> {
        let (mut off, mut beyond) = (0, 0);
        let mut maps = Vec::new();
        for (n, record) in &self.films.counted {
            let Some(boxes) = self.boxes.get(n) else { continue };
            let Some(map) = record.read_heatmap() else { continue };
            let size = self.box_size(record);
            let mut by_label: HashMap<usize, Vec<evaluate::Rect>> = HashMap::new();
            for b in boxes {
                beyond += usize::from(b.leaves(size));
                match b.on(size) {
                    Some(rect) => by_label.entry(b.label).or_default().push(rect),
                    None => off += 1,
                }
            }
            maps.push((map, record.size, by_label));
        }
        if beyond > 0 {
            notes.push(format!(
                "{beyond} boxes reach beyond their film, {off} of them lie wholly outside: if they were drawn on films \
                 of another size, name it with --box-size (NIH's are 1024x1024)"
            ));
        }
        let marked: Vec<Marked<'_>> = maps
            .iter()
            .flat_map(|(heatmap, size, by_label)| {
                let mut labels: Vec<_> = by_label.iter().collect();
                labels.sort_by_key(|(label, _)| **label);
                labels.into_iter().map(move |(label, boxes)| Marked {
                    label: *label,
                    heatmap,
                    size: *size,
                    boxes: boxes.clone(),
                })
            })
            .collect();
        let names: Vec<&str> = self.rules.labels.iter().map(|rule| rule.label.as_str()).collect();
        evaluate::localise(&names, &marked)
    }
}

/// The threshold that `--write` writes for a label.
fn to_write(proposal: &evaluate::Proposal) -> Option<f64> {
    proposal.then.as_ref().filter(|_| proposal.not_written.is_none()).map(|at| at.threshold)
}

fn write_thresholds(
    setup: &Setup,
    model: &Arc<Model>,
    report: &Report,
    stdout: &mut impl Write,
    json: bool,
) -> Result<(), Failure> {
    let (Some(path), Some(thresholds)) = (&setup.loaded.path, &report.thresholds) else { return Ok(()) };
    let alerts: Vec<(&str, f64)> =
        thresholds.proposals.iter().filter_map(|p| Some((p.label.as_str(), to_write(p)?))).collect();
    if alerts.is_empty() {
        return Err(Failure::failed(
            "no label has enough films to choose a threshold by: nothing was written",
        ));
    }
    let manifest = model.manifest();
    let defaults: Vec<LabelDefaults<'_>> = manifest
        .labels
        .iter()
        .map(|label| LabelDefaults { name: &label.name, alert: label.alert, validated: label.validated })
        .collect();
    config::write_alerts(path, &manifest.name, &defaults, &alerts)?;
    if !json {
        writeln!(stdout, "written: {} thresholds of {} into {}", alerts.len(), manifest.name, shown(path))?;
    }
    Ok(())
}
