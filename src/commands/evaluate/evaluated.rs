//! From films, labels and scores to the report.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::Path,
};

use super::{
    inputs::{self, Inputs},
    kept::Record,
    score::Outcome,
    to_write,
};
use crate::{
    commands::{
        CommandError,
        cli::{BlankAs, EvaluateArgs, UncertainAs},
    },
    evaluate::{
        self, Case, FilmBox, Goal, HeldFilm, LabelInfo, Localisation, Marked, ModelInfo, Published, Report,
        SetInfo, Thresholds,
        labels::{Blank, Uncertain, canonical},
    },
    hash::sha256,
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
pub(super) struct Evaluated<'a> {
    pub(super) args: &'a EvaluateArgs,
    pub(super) model: &'a Model,
    pub(super) rules: &'a Rules,
    pub(super) inputs: &'a Inputs,
    pub(super) boxes: &'a HashMap<usize, Vec<FilmBox>>,
    pub(super) films: &'a Films<'a>,
}

impl Evaluated<'_> {
    pub(super) fn report(&self) -> Result<Report, CommandError> {
        let (labels, cases) = (self.labels(), self.cases());
        let mut notes = self.inputs.notes.clone();
        if self.films.counted.is_empty() {
            return Err(CommandError::failed(format!(
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
        let label = |(label, rule): (&crate::model::Label, &crate::study::LabelRule)| LabelInfo {
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
    pub(super) fn cases(&self) -> Vec<Case<'_>> {
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

    fn set_info(&self) -> Result<SetInfo, CommandError> {
        let labels_file = self.args.labels.as_deref().unwrap_or(Path::new(""));
        let (uncertain, blank) = self.counting();
        Ok(SetInfo {
            films_folder: shown(&self.inputs.folder),
            labels_file: shown(labels_file),
            labels_sha256: sha256(inputs::bytes(labels_file)?),
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
