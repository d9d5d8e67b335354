//! From films as the network sees them to a layer, and what it is worth.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    block::{self, Course},
    films::{Films, Seen},
};
use crate::{
    commands::{
        CommandError,
        cli::{DepthAs, TrainArgs},
        labelled::first,
        output::progress,
    },
    evaluate::{Case, labels::Row, whose},
    model::{Base, EvaluatedOn, Label, Manifest, NewWeights, Sample, Training},
    train::{
        Examples, FOLDS, Fitted, LabelOutcome, Measuring, Role, Weighting, block::BatchNorm, fit, folds,
        held_out, outcomes, steps,
    },
};

/// A label is learned from so many patients with its finding, and as many without it, at least.
const PATIENTS: usize = 10;

/// A layer, and all that is known of it.
pub(super) struct Learned {
    pub(super) fitted: Fitted,
    /// As the manifest has them.
    pub(super) labels: Vec<Label>,
    pub(super) outcomes: Vec<LabelOutcome>,
    /// Of each label: patients trained on with its finding, and without it.
    pub(super) counts: Vec<[usize; 2]>,
    pub(super) evaluated: EvaluatedOn,
    /// How the films were divided, in words.
    pub(super) division: String,
    /// Films trained on.
    pub(super) films: usize,
    /// Their patients.
    pub(super) patients: usize,
    /// The splits that films trained on have in the label file, but for those called `train...`.
    pub(super) splits: BTreeSet<String>,
    pub(super) samples: Vec<Sample>,
    /// The trained block, of which `fitted` is only the beginning.
    pub(super) block: Option<block::Trained>,
}

/// Films of one role.
#[derive(Default)]
struct Part {
    paths: Vec<PathBuf>,
    contents: Vec<String>,
    /// The films that a profile is made of: their places, and what the network sees in them.
    samples: Vec<(usize, Sample)>,
    rows: Vec<Row>,
    owners: Vec<String>,
    patients: Vec<Option<String>>,
    truths: Vec<Vec<Option<bool>>>,
    features: Vec<f32>,
}

impl Learned {
    pub(super) fn of(
        args: &TrainArgs,
        films: &mut Films,
        seen: Vec<Seen>,
        base: &Base,
        interrupted: &AtomicBool,
    ) -> Result<Self, CommandError> {
        let is_block = args.depth == DepthAs::Block4;
        let channels = seen.first().map_or(0, |film| film.pooled.len());
        let (mut trained, mut chosen, named_folds) = parts(seen, args);
        let (names, _) = learnable(films, &mut [&mut trained, &mut chosen])?;
        let mut folds = named_folds.unwrap_or_else(|| trained.folds());
        let left_out = held_out(&folds).ok_or_else(|| {
            CommandError::usage(
                "the films that can be trained on are all in one fold, and two are needed at least",
            )
        })?;
        let mut is_held_out = false;
        if is_block && chosen.rows.is_empty() {
            // A block is trained once: what it is measured on must stay out.
            (trained, chosen) = trained.without(&folds, left_out);
            is_held_out = true;
            folds = trained.folds();
        }
        let counts = trained.counts(names.len());
        let weighting = Weighting::from(args.weighting);
        let examples =
            Examples { features: &trained.features, channels, truths: &trained.truths, folds: &folds };
        let bar = progress(steps(names.len()) as u64, "strengths of the penalty");
        let is_over = || interrupted.load(Ordering::Relaxed);
        let fitted = fit(examples, &names, weighting, &is_over, &|| bar.inc(1))?;
        bar.finish_and_clear();
        let block = is_block
            .then(|| block(args, base, [&trained, &chosen], &fitted, films, interrupted))
            .transpose()?;

        let is_split = !chosen.rows.is_empty();
        let scores = match &block {
            Some(block) => block.best.probabilities.clone(),
            None if is_split => fitted.probabilities(&chosen.features),
            None => fitted.out_of_fold.clone(),
        };
        let measured = if is_split { &chosen } else { &trained };
        let evaluated = measured.evaluated_on(films, base.model().manifest(), is_split, is_block);
        let cases = measured.cases(&scores);
        let outcomes = outcomes(Measuring { names: &names, cases: &cases, on: &evaluated, goal: args.goal });
        let division = match &films.column {
            Some((column, _)) if is_split && !is_held_out => format!("films by column {column}"),
            Some((column, _)) => format!("folds by column {column}"),
            None if is_held_out => format!("one of {FOLDS} folds of patients left out"),
            None => format!("{FOLDS} folds of patients"),
        };
        let splits = trained.rows.iter().filter_map(|row| row.split.clone());
        let own_samples = || trained.samples.iter().map(|(_, sample)| sample.clone()).collect();
        Ok(Self {
            labels: outcomes.iter().enumerate().map(label).collect(),
            counts,
            evaluated,
            division,
            films: trained.rows.len(),
            patients: trained.owners.iter().collect::<BTreeSet<_>>().len(),
            splits: splits.filter(|split| !split.to_lowercase().starts_with("train")).collect(),
            samples: block.as_ref().map_or_else(own_samples, |block| block.samples.clone()),
            fitted,
            outcomes,
            block,
        })
    }

    /// Says in words how much of the network was trained.
    pub(super) fn depth(&self) -> String {
        match &self.block {
            Some(block) => {
                let norms = match block.batch_norm {
                    BatchNorm::Frozen => "",
                    BatchNorm::Trained => " with batch norm's statistics",
                };
                format!("block4{norms}, best after epoch {}", block.best.epoch)
            }
            None => "head".to_owned(),
        }
    }

    /// The new weights.
    pub(super) fn weights(&self) -> NewWeights<'_> {
        match &self.block {
            Some(block) => NewWeights::Block(&block.values),
            None => NewWeights::Head { weight: &self.fitted.weight, bias: &self.fitted.bias },
        }
    }
}

/// Films by their roles, and the folds of those to train on, if all have one.
fn parts(seen: Vec<Seen>, args: &TrainArgs) -> (Part, Part, Option<Vec<usize>>) {
    let (mut trained, mut chosen, mut folds) = (Part::default(), Part::default(), Vec::new());
    for film in seen {
        match film.role {
            Role::Train(fold) => {
                folds.extend(fold);
                trained.push(film, args);
            }
            Role::Choose => chosen.push(film, args),
            Role::Leave => {}
        }
    }
    let all = folds.len() == trained.rows.len();
    (trained, chosen, all.then_some(folds))
}

/// Trains the last block.
fn block(
    args: &TrainArgs,
    base: &Base,
    [trained, chosen]: [&Part; 2],
    fitted: &Fitted,
    films: &Films,
    interrupted: &AtomicBool,
) -> Result<block::Trained, CommandError> {
    let weighting = Weighting::from(args.weighting);
    let of_label = |label: usize| {
        let count = |kind: bool| trained.truths.iter().filter(|truths| truths[label] == Some(kind)).count();
        weighting.weights(count(false), count(true))
    };
    let weights: Vec<[f64; 2]> = (0..fitted.bias.len()).map(of_label).collect();
    let contents = (&trained.contents, &chosen.contents, &trained.truths, &chosen.truths);
    let made_for = format!(
        "{} {} {} {weighting} {contents:?}",
        crate::VERSION,
        base.model().sha256(),
        films.labels_sha256
    );
    let samples: Vec<usize> = trained.samples.iter().map(|(film, _)| *film).collect();
    Course {
        base,
        paths: [&trained.paths, &chosen.paths],
        truths: [&trained.truths, &chosen.truths],
        samples: &samples,
        weights: &weights,
        head: fitted,
        epochs: args.epochs,
        batch_norm: args.batch_norm.into(),
        made_for: &made_for,
        interrupted,
    }
    .run()
}

impl Part {
    fn push(&mut self, film: Seen, args: &TrainArgs) {
        let counted =
            |truth: &crate::evaluate::labels::Truth| truth.counted(args.uncertain.into(), args.blank.into());
        self.truths.push(film.row.truths.iter().map(counted).collect());
        self.samples.extend(film.sample.clone().map(|sample| (self.rows.len(), sample)));
        self.owners.push(film.owner());
        self.patients.push(film.patient);
        self.paths.push(film.path);
        self.contents.push(film.sha256);
        self.rows.push(film.row);
        self.features.extend(film.pooled);
    }

    /// Folds of its patients.
    fn folds(&self) -> Vec<usize> {
        let owners: Vec<&str> = self.owners.iter().map(String::as_str).collect();
        folds(&owners, &self.truths, FOLDS)
    }

    /// Its films but for those of a fold, and these.
    fn without(self, folds: &[usize], fold: usize) -> (Self, Self) {
        let channels = self.features.len() / self.rows.len().max(1);
        let mut parts = [Self::default(), Self::default()];
        let mut samples = self.samples.into_iter().peekable();
        let films = self.paths.into_iter().zip(self.contents).zip(self.rows).zip(self.owners);
        let films =
            films.zip(self.patients).zip(self.truths).zip(self.features.chunks_exact(channels.max(1)));
        for (film, ((((((path, content), row), owner), patient), truths), features)) in films.enumerate() {
            let part = &mut parts[usize::from(folds[film] == fold)];
            if let Some((_, sample)) = samples.next_if(|(of, _)| *of == film) {
                part.samples.push((part.rows.len(), sample));
            }
            part.paths.push(path);
            part.contents.push(content);
            part.rows.push(row);
            part.owners.push(owner);
            part.patients.push(patient);
            part.truths.push(truths);
            part.features.extend(features);
        }
        parts.into()
    }

    /// Of each label: patients with its finding, and without it.
    fn counts(&self, labels: usize) -> Vec<[usize; 2]> {
        (0..labels).map(|label| [true, false].map(|kind| self.patients_with(label, kind))).collect()
    }

    /// Patients who have a film that says this of a label.
    fn patients_with(&self, label: usize, kind: bool) -> usize {
        let films = self.owners.iter().zip(&self.truths).filter(|(_, truths)| truths[label] == Some(kind));
        films.map(|(owner, _)| owner).collect::<BTreeSet<_>>().len()
    }

    fn cases<'a>(&self, scores: &'a [Vec<f32>]) -> Vec<Case<'a>> {
        let whose = whose(self.patients.iter().cloned());
        let films = scores.iter().zip(&self.truths).zip(whose);
        films
            .map(|((probabilities, truths), whose)| Case { probabilities, truths: truths.clone(), whose })
            .collect()
    }

    /// Describes these films as those that a layer is measured on.
    fn evaluated_on(
        &self,
        films: &mut Films,
        base: &Manifest,
        is_split: bool,
        is_block: bool,
    ) -> EvaluatedOn {
        let seen =
            |row: &&Row| Training::has(base.training.as_ref(), &films.labels_sha256, row.split.as_deref());
        // Of its own file a split called `train` says that this layer was trained on it, not the model before.
        let is_known = base.training.as_ref().is_some_and(|it| it.labels.contains(&films.labels_sha256));
        let by_base = if is_known { self.rows.iter().filter(seen).count() } else { 0 };
        if by_base > 0 {
            films.notes.push(format!(
                "{} was itself trained on {by_base} of the films that the AUCs below are measured on: they promise too \
                 much, and no label is validated by them",
                base.name
            ));
        }
        let unknown = self.patients.iter().filter(|patient| patient.is_none()).count();
        if unknown > 0 {
            films.notes.push(format!(
                "of {unknown} films nobody knows the patient, so no label is validated: add a column PatientId"
            ));
        }
        let patients = self.owners.iter().collect::<BTreeSet<_>>().len();
        let (count, what) =
            (self.rows.len(), if unknown == 0 { "patients" } else { "patients or single films" });
        let films = if is_split {
            format!("{count} films of {patients} {what} of the same label file that were not trained on")
        } else {
            format!(
                "{count} films of {patients} {what}, each scored by a layer that was trained without its fold of patients"
            )
        };
        let also_used_for = if is_block {
            "the thresholds; they chose the epoch".to_owned()
        } else if is_split {
            "the thresholds".to_owned()
        } else {
            "the thresholds; the penalty's strength, chosen for each fold by the losses of the others"
                .to_owned()
        };
        EvaluatedOn {
            films,
            also_used_for,
            source_was_trained_on: true,
            patients_are_unseen: by_base == 0,
            is_by_patient: unknown == 0,
        }
    }
}

/// Leaves out labels of which too few patients tell, and returns the others' names and numbers of patients.
fn learnable(
    films: &mut Films,
    parts: &mut [&mut Part; 2],
) -> Result<(Vec<String>, Vec<[usize; 2]>), CommandError> {
    let counts = parts[0].counts(films.findings.len());
    let is_enough = |label: &usize| counts[*label].iter().all(|patients| *patients >= PATIENTS);
    let (learned, left): (Vec<usize>, Vec<usize>) = (0..counts.len()).partition(is_enough);
    let said: Vec<String> = left
        .iter()
        .map(|&label| {
            let [with, without] = counts[label];
            format!("{} ({with} patients with it, {without} without)", films.findings[label])
        })
        .collect();
    if learned.is_empty() {
        return Err(CommandError::usage(format!(
            "nothing can be learned: a label needs {PATIENTS} patients with its finding and {PATIENTS} without it among \
             the films to train on: {}",
            said.join(", ")
        )));
    }
    if !said.is_empty() {
        films.notes.push(format!(
            "{} labels are left out, which need {PATIENTS} patients with their finding and as many without: {}",
            said.len(),
            first(&said)
        ));
    }
    for part in parts {
        for truths in &mut part.truths {
            *truths = learned.iter().map(|&label| truths[label]).collect();
        }
    }
    let names = learned.iter().map(|&label| films.findings[label].clone()).collect();
    Ok((names, learned.iter().map(|&label| counts[label]).collect()))
}

fn label((output, outcome): (usize, &LabelOutcome)) -> Label {
    Label {
        name: outcome.name.clone(),
        output,
        alert: outcome.alert,
        critical: outcome.critical,
        evaluation: outcome.evaluation,
        validated: outcome.is_validated,
    }
}
