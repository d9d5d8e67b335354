//! The origin of a model: where its weights came from, which films it was trained on, and which it was measured on.

use std::collections::BTreeSet;

use serde::Deserialize;

/// The films that a model's AUCs were measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluatedOn {
    /// Which films they are, in words.
    pub films: String,
    /// Their other use ("choosing the epoch"); empty: none.
    pub also_used_for: String,
    /// Whether training saw films of the same source, though of other patients.
    pub source_was_trained_on: bool,
    /// Whether training saw none of their patients.
    pub patients_are_unseen: bool,
    /// Whether the intervals are by patient.
    pub is_by_patient: bool,
}

impl EvaluatedOn {
    /// Returns whether a figure of these films can validate a label.
    pub(super) fn is_fit(&self) -> bool {
        self.is_by_patient && self.patients_are_unseen
    }
}

/// Label files that a model was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Training {
    /// Their SHA-256, hex.
    pub labels: BTreeSet<String>,
    /// The splits of these files that training saw; those whose names begin with "train" need not be named.
    pub splits: BTreeSet<String>,
    /// How this program trained it, if it did.
    pub run: Option<TrainingRun>,
}

impl Training {
    /// Whether films are among them: those of a split of that name, or without one, of a label file of that SHA-256. A
    /// split called `train...` is one of training in any file.
    #[must_use]
    pub fn has(training: Option<&Self>, labels_sha256: &str, split: Option<&str>) -> bool {
        let said = training.filter(|it| it.labels.contains(labels_sha256));
        match split {
            Some(split) => {
                split.to_lowercase().starts_with("train") || said.is_some_and(|it| it.splits.contains(split))
            }
            // A file without splits that the model was trained on was so as a whole.
            None => said.is_some(),
        }
    }
}

/// How this program trained a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingRun {
    /// The model that it began with.
    pub from: String,
    /// SHA-256 of that model's weights, hex.
    pub from_sha256: String,
    /// Films that it was trained on.
    pub films: u64,
    /// Patients whose films these are; a film of nobody knows whom counts as one.
    pub patients: u64,
    /// The options of the run, chosen on the command line or not, in words.
    pub options: String,
    /// The program's version.
    pub version: String,
}

/// Where weights can be fetched from, and how to know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The address.
    pub url: String,
    /// The file's length.
    pub bytes: Option<u64>,
    /// SHA-256 of the file, hex.
    pub sha256: Option<String>,
}

/// The outputs of the published weights for one film: the proof that they, and all that comes before and after
/// them, are the same here.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// SHA-256 of the film's file, hex.
    pub film: String,
    /// The kind of the values.
    pub output: ReferenceOutput,
    /// A value for each of the labels, in their order.
    pub values: Vec<f64>,
}

/// The kind of values in a [`Reference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceOutput {
    /// Probabilities.
    Probability,
    /// Scores: probabilities against the labels' own operating thresholds.
    Score,
}

/// The file that weights were converted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its name.
    pub file: String,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// Whether it was the published file.
    pub published: bool,
}
