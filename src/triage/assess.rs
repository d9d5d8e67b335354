//! From probabilities to scores and bands: for a film, then for a study.

use serde::{Deserialize, Serialize};

use super::{Rules, Severity};

/// One label of one film, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The label's name.
    pub label: String,
    /// The model's sigmoid, 0 to 1.
    pub probability: f64,
    /// The alert threshold that was in force.
    pub threshold: f64,
    /// The critical threshold that was in force.
    pub critical: f64,
    /// Probability against threshold, 0 to 1; 0.5 at the threshold.
    pub score: f64,
    /// The band that this label alone gives the study.
    pub severity: Severity,
    /// Whether the label ranks.
    pub rank: bool,
    /// Whether the label is validated for the model.
    pub validated: bool,
}

/// One film, judged: its findings in the model's order, and what they make of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// One finding a label, in the model's order.
    pub findings: Vec<Finding>,
}

/// A study, judged: the highest band over its scored films and ranking labels and, in that band, the
/// highest score.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyAssessment {
    /// `Held` if no film of the study is scored.
    pub severity: Severity,
    /// The highest score in that band; none if nothing ranks.
    pub score: Option<f64>,
    /// The label of that score.
    pub top: Option<String>,
}

/// A probability against a label's alert threshold: p/(2t) below t, 1 - (1-p)/(2(1-t)) at and above.
#[must_use]
pub fn score(probability: f64, threshold: f64) -> f64 {
    let _ = (probability, threshold);
    unimplemented!()
}

/// Judges one film. `probabilities` are in the order of `rules.labels`.
#[must_use]
pub fn assess(probabilities: &[f32], rules: &Rules) -> Assessment {
    let _ = (probabilities, rules);
    unimplemented!()
}

/// Judges a study by the findings of its scored films (none: every film is held).
#[must_use]
pub fn combine<'a>(films: impl IntoIterator<Item = &'a [Finding]>) -> StudyAssessment {
    let _ = films.into_iter();
    unimplemented!()
}
