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
    if probability < threshold {
        probability / (2.0 * threshold)
    } else {
        1.0 - (1.0 - probability) / (2.0 * (1.0 - threshold))
    }
}

/// Judges one film. `probabilities` are in the order of `rules.labels`.
#[must_use]
pub fn assess(probabilities: &[f32], rules: &Rules) -> Assessment {
    let findings = probabilities
        .iter()
        .zip(&rules.labels)
        .map(|(&probability, rule)| {
            let probability = f64::from(probability);
            let band = if !rule.rank || probability < rule.alert {
                Severity::Routine
            } else if probability < rule.critical {
                Severity::Urgent
            } else {
                Severity::Critical
            };
            Finding {
                label: rule.label.clone(),
                probability,
                threshold: rule.alert,
                critical: rule.critical,
                score: score(probability, rule.alert),
                severity: band.min(rule.cap),
                rank: rule.rank,
                validated: rule.validated,
            }
        })
        .collect();
    Assessment { findings }
}

/// Judges a study by the findings of its scored films (none: every film is held).
#[must_use]
pub fn combine<'a>(films: impl IntoIterator<Item = &'a [Finding]>) -> StudyAssessment {
    let mut held = true;
    let mut best: Option<&Finding> = None;
    for film in films {
        held = false;
        for finding in film.iter().filter(|finding| finding.rank) {
            let higher =
                best.is_none_or(|other| (finding.severity, finding.score) > (other.severity, other.score));
            if higher {
                best = Some(finding);
            }
        }
    }
    StudyAssessment {
        severity: if held { Severity::Held } else { best.map_or(Severity::Routine, |top| top.severity) },
        score: best.map(|top| top.score),
        top: best.map(|top| top.label.clone()),
    }
}
