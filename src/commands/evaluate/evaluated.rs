//! From films, labels and scores to the report.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

mod comparison;

pub(super) use comparison::Other;

use super::{
    cases::{Counting, cases, infos, whose},
    inputs::{self, Inputs},
    kept::Record,
    score::Outcome,
    to_write,
};
use crate::{
    commands::{CommandError, cli::EvaluateArgs, labelled},
    evaluate::{
        self, Case, FilmBox, Goal, HeldFilm, Intervals, LabelInfo, Localisation, Marked, Measured, ModelInfo,
        Report, SetInfo, Thresholds, WithoutFinding, by_column,
    },
    model::Model,
    pipeline::shown,
    study::Rules,
};

/// The films, sorted by what became of them. Numbers are places in `Inputs::joined`.
pub(super) struct Films<'a> {
    pub(super) counted: Vec<(usize, &'a Record)>,
    pub(super) held: Vec<HeldFilm>,
    pub(super) unread: Vec<HeldFilm>,
    pub(super) copies: Vec<String>,
}

impl<'a> Films<'a> {
    pub(super) fn sort(inputs: &Inputs, outcomes: &'a [Outcome], held_too: bool) -> Self {
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
                    if record.counts(held_too) {
                        films.counted.push((n, record));
                    }
                }
            }
        }
        films
    }
}

/// Everything that a report is made of.
pub(super) struct Evaluated<'a> {
    pub(super) args: &'a EvaluateArgs,
    pub(super) model: &'a Model,
    pub(super) rules: &'a Rules,
    pub(super) inputs: &'a Inputs,
    pub(super) boxes: &'a HashMap<usize, Vec<FilmBox>>,
    pub(super) films: &'a Films<'a>,
    pub(super) other: Option<Other<'a>>,
}

impl Evaluated<'_> {
    pub(super) fn report(&self) -> Result<Report, CommandError> {
        let mut notes = self.inputs.notes.clone();
        if self.films.counted.is_empty() {
            return Err(CommandError::failed(format!(
                "none of the {} films could be scored: {}",
                self.inputs.joined.len(),
                self.films.held.first().or(self.films.unread.first()).map_or("", |film| &film.reason)
            )));
        }
        if !self.films.copies.is_empty() {
            let names = labelled::first(&self.films.copies);
            notes.push(format!(
                "{} films are copies of others and count once: {names}",
                self.films.copies.len()
            ));
        }
        let labels = infos(self.model.manifest(), self.rules, &self.args.prevalence);
        let cases = self.cases();
        let intervals = Intervals::of(cases.len(), cases.iter().filter(|case| !case.whose.is_known).count());
        notes.extend(note_on_patients(&intervals));
        let localisation = self.localise(&mut notes);
        let Measured { labels: measured, macro_mean } = evaluate::measure(&labels, &cases);
        let grouped =
            |by: &inputs::By| by_column(&by.group(self.inputs, &self.films.counted), &labels, &cases);
        let set = self.set_info(&cases);
        Ok(Report {
            version: crate::VERSION,
            made: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            model: model_info(self.model),
            set,
            notes,
            intervals,
            labels: measured,
            macro_mean,
            groups: self.inputs.by.iter().map(grouped).collect(),
            comparison: self.other.as_ref().map(|other| other.against(self)),
            held: self.films.held.clone(),
            unread: self.films.unread.clone(),
            localisation,
            thresholds: self.args.calibrate.map(|goal| self.thresholds(goal, &labels, &cases)),
        })
    }

    /// The films that count, with their truths in the model's order.
    pub(super) fn cases(&self) -> Vec<Case<'_>> {
        let films = &self.films.counted;
        let whose = whose(self.inputs, films);
        cases(self.inputs, &self.model.manifest().labels, films, &whose, Counting::of(self.args))
    }

    fn set_info(&self, cases: &[Case<'_>]) -> SetInfo {
        let counting = Counting::of(self.args);
        SetInfo {
            films_folder: shown(&self.inputs.folder),
            labels_file: shown(self.args.labels.as_deref().unwrap_or(Path::new(""))),
            labels_sha256: self.inputs.labels_sha256.clone(),
            split: self.args.split.clone(),
            rows: self.inputs.rows,
            films: self.inputs.films,
            joined: self.inputs.joined.len(),
            scored: self.films.counted.len(),
            patients: evaluate::patients(cases).map(|patients| patients as usize),
            uncertain: counting.says_of_uncertain().to_owned(),
            blank: counting.says_of_blank().to_owned(),
            held_scored: self.args.score_held,
        }
    }

    fn thresholds(&self, goal: Goal, labels: &[LabelInfo], cases: &[Case<'_>]) -> Thresholds {
        let proposals =
            evaluate::propose(goal, self.args.films_per_day.unwrap_or(f64::INFINITY), labels, cases);
        let then: Vec<f64> = proposals.iter().map(|p| to_write(p).unwrap_or(p.now.threshold)).collect();
        let critical = |(n, proposal): (usize, &evaluate::Proposal)| {
            proposal.critical.filter(|_| proposal.not_written.is_none()).unwrap_or(labels[n].critical)
        };
        let both: Vec<(f64, f64)> =
            then.iter().copied().zip(proposals.iter().enumerate().map(critical)).collect();
        let without_finding: Option<WithoutFinding> =
            matches!(goal, Goal::Alarms(_)).then(|| evaluate::without_finding(labels, cases, &both));
        Thresholds {
            goal,
            films_per_day: self.args.films_per_day,
            any_alarm_now: evaluate::any_alarm(cases, labels, |n| labels[n].alert),
            any_alarm_then: evaluate::any_alarm(cases, labels, |n| then[n]),
            films: cases.len(),
            patients: evaluate::patients(cases),
            without_finding,
            proposals,
        }
    }

    /// The size of the films that boxes were drawn on.
    pub(super) fn box_size(&self, record: &Record) -> (u32, u32) {
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

fn note_on_patients(intervals: &Intervals) -> Option<String> {
    match (intervals.by, intervals.films_without_patient) {
        ("patient", 0) => None,
        ("patient", films) => {
            Some(format!("{films} films name no patient: for the intervals each counts as a patient"))
        }
        _ => Some(
            "nothing says which patients the films are of: intervals are by film, and too narrow if patients repeat"
                .to_owned(),
        ),
    }
}

pub(super) fn model_info(model: &Model) -> ModelInfo {
    let manifest = model.manifest();
    ModelInfo {
        name: manifest.name.clone(),
        title: manifest.title.clone(),
        banner: manifest.banner.clone(),
        sha256: model.sha256().to_owned(),
        evaluation: manifest.evaluation.clone(),
        device: model.device_in_words(),
    }
}
