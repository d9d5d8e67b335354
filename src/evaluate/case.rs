//! A scored and labelled film, and what is known of a label before anything is measured.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::metrics::{Clustered, Scored};

/// The patient of a film, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose {
    /// A number that all films of the patient have, and no others; from 0, without gaps over a set.
    pub cluster: usize,
    /// Whether the patient is known; else the number is the film's own.
    pub is_known: bool,
}

impl Whose {
    /// A film of the patient with that number.
    #[must_use]
    pub fn patient(number: usize) -> Self {
        Self { cluster: number, is_known: true }
    }

    /// A film of nobody knows whom, with a number of its own.
    #[must_use]
    pub fn nobody(number: usize) -> Self {
        Self { cluster: number, is_known: false }
    }
}

/// Returns whose films they are, by their patients' names, one a film; a film without a name is nobody's.
#[must_use]
pub fn whose(patients: impl IntoIterator<Item = Option<String>>) -> Vec<Whose> {
    let mut numbers = HashMap::new();
    let mut unknown = Vec::new();
    let of_film = |(place, patient): (usize, Option<String>)| {
        let Some(patient) = patient else {
            unknown.push(place);
            return Whose::nobody(0);
        };
        let next = numbers.len();
        Whose::patient(*numbers.entry(patient).or_insert(next))
    };
    let mut whose: Vec<Whose> = patients.into_iter().enumerate().map(of_film).collect();
    for (n, place) in unknown.into_iter().enumerate() {
        whose[place] = Whose::nobody(numbers.len() + n);
    }
    whose
}

/// One scored and labelled film.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// A probability a label, in the model's order.
    pub probabilities: &'a [f32],
    /// Whether each label is there, in the same order; none where the film does not count for it.
    pub truths: Vec<Option<bool>>,
    /// The patient of the film.
    pub whose: Whose,
}

impl Case<'_> {
    /// Whether nothing is said to be on it, and something to be absent.
    #[must_use]
    pub fn is_without_finding(&self) -> bool {
        !self.truths.contains(&Some(true)) && self.truths.contains(&Some(false))
    }
}

/// A label's thresholds and published figures, as they are known before anything is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelInfo {
    /// Its name.
    pub name: String,
    /// The alert threshold in force.
    pub alert: f64,
    /// The critical threshold in force.
    pub critical: f64,
    /// Whether it is validated for the model.
    pub validated: bool,
    /// Whether it ranks.
    pub rank: bool,
    /// The AUC in the model's manifest.
    pub published: Option<Published>,
    /// The share of films that have it where it is to be used, as somebody says.
    pub prevalence: Option<f64>,
}

#[cfg(test)]
impl LabelInfo {
    /// A validated label that ranks.
    pub(crate) fn plain(name: &str, alert: f64) -> Self {
        Self {
            name: name.into(),
            alert,
            critical: 0.9,
            validated: true,
            rank: true,
            published: None,
            prevalence: None,
        }
    }
}

/// An AUC that the model comes with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Published {
    /// The AUC.
    pub auc: f64,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Films with the finding that it was measured on.
    pub positives: Option<u32>,
    /// Films that it was measured on.
    pub films: Option<u32>,
}

/// The model that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The sentence that goes with its results.
    pub banner: String,
    /// SHA-256 of its weights.
    pub sha256: String,
    /// Where its published AUCs come from.
    pub evaluation: String,
    /// Where it ran, and in which numbers.
    pub device: String,
}

/// Returns how many clusters the films have.
#[must_use]
pub(super) fn clusters(cases: &[Case<'_>]) -> usize {
    cases.iter().map(|case| case.whose.cluster + 1).max().unwrap_or(0)
}

/// Returns how many patients the films are of; none where nobody is known.
#[must_use]
pub fn patients<'a>(cases: impl IntoIterator<Item = &'a Case<'a>>) -> Option<u64> {
    let known = cases.into_iter().filter(|case| case.whose.is_known);
    let patients: BTreeSet<usize> = known.map(|case| case.whose.cluster).collect();
    (!patients.is_empty()).then_some(patients.len() as u64)
}

/// Returns the films that count for a label, in the order of their scores.
#[must_use]
pub(super) fn of_label<'a>(label: usize, cases: impl IntoIterator<Item = &'a Case<'a>>) -> Clustered {
    Clustered::new(cases.into_iter().filter_map(|case| {
        let positive = case.truths[label]?;
        Some(Scored { score: score(label, case), positive, cluster: case.whose.cluster })
    }))
}

/// Returns the score of a film for a label.
#[must_use]
pub(super) fn score(label: usize, case: &Case<'_>) -> f64 {
    f64::from(case.probabilities[label])
}
