//! From probabilities to scores and bands: for a film, then for a study.

use serde::{Deserialize, Serialize};

use super::{LabelRule, Rules, Severity};

/// The fields of a finding, each once, as those of a study's row are: `fixed` ones stay when the film is judged again.
macro_rules! finding_fields {
    ($make:ident $row:ident) => {
        $make! { $row
            /// The label's name.
            fixed label: String,
            /// The model's sigmoid, 0 to 1.
            fixed probability: f64,
            /// The alert threshold that was in force.
            kept threshold: f64,
            /// The critical threshold that was in force.
            kept critical: f64,
            /// Probability against threshold, 0 to 1; 0.5 at the threshold.
            kept score: f64,
            /// The band that the label reaches, its cap included: `Routine`, `Urgent` or `Critical`. It is given
            /// for labels that do not rank too, so that a bar can be coloured; for the study it counts only if
            /// `rank`.
            kept severity: Severity,
            /// Whether the label ranks, that is, counts for the study.
            kept rank: bool,
            /// Whether the label is validated for the model.
            kept validated: bool,
        }
    };
}
pub(crate) use finding_fields;

macro_rules! define_finding {
    ($row:ident $($(#[$doc:meta])* $when:ident $field:ident: $type:ty,)+) => {
        /// One label of one film, judged.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $row {
            $($(#[$doc])* pub $field: $type,)+
        }
    };
}
finding_fields!(define_finding Finding);

impl Finding {
    /// Whether the label is not validated for the model, or does not rank here: it is shown dimmed.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        !self.validated || !self.rank
    }
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

impl StudyAssessment {
    /// The assessment of a study before, or without, a scored film.
    pub const HELD: Self = Self { severity: Severity::Held, score: None, top: None };
}

/// A probability against a label's alert threshold: p/(2t) below t, 1 - (1-p)/(2(1-t)) at and above.
///
/// 0 at p = 0, exactly 0.5 at p = t, 1 at p = 1, and never falling in between. `threshold` lies in
/// (0, 1); at 0 and 1, which the configuration refuses, the half of the curve that has no width is
/// left out. A probability outside 0 to 1 counts as the nearer end. One that is not a number scores 0,
/// so that it can neither panic nor lead the list.
#[must_use]
pub fn score(probability: f64, threshold: f64) -> f64 {
    if probability.is_nan() || threshold.is_nan() {
        return 0.0;
    }
    let (p, t) = (probability.clamp(0.0, 1.0), threshold.clamp(0.0, 1.0));
    if p < t {
        p / (2.0 * t)
    } else if t < 1.0 {
        1.0 - (1.0 - p) / (2.0 * (1.0 - t))
    } else {
        1.0
    }
}

/// Judges one film. `probabilities` are in the order of `rules.labels`, one each; what has no partner
/// on the other side is left out.
#[must_use]
pub fn assess(probabilities: &[f32], rules: &Rules) -> Assessment {
    let judged = probabilities.iter().zip(&rules.labels);
    Assessment { findings: judged.map(|(&p, rule)| rule.judge(f64::from(p))).collect() }
}

impl LabelRule {
    /// Judges one probability by this rule. The store calls it again, with the probability it kept,
    /// after a change of thresholds.
    #[must_use]
    pub fn judge(&self, probability: f64) -> Finding {
        Finding {
            label: self.label.clone(),
            probability,
            threshold: self.alert,
            critical: self.critical,
            score: score(probability, self.alert),
            severity: self.band(probability),
            rank: self.rank,
            validated: self.validated,
        }
    }

    /// The band of a probability, its cap included. A comparison with what is not a number is false,
    /// so that it is `Routine`.
    fn band(&self, probability: f64) -> Severity {
        let reached = if probability >= self.critical {
            Severity::Critical
        } else if probability >= self.alert {
            Severity::Urgent
        } else {
            Severity::Routine
        };
        // A scored film is never `Held`, whatever the cap says.
        reached.min(self.cap).max(Severity::Routine)
    }
}

/// Judges a study by the findings of its scored films (none: every film is held).
///
/// Among the ranking findings, those of the highest band decide, and of these the one of the highest
/// score, the earliest film and label first where two are equal. A scored study of which no label
/// ranks is `Routine` without a score.
#[must_use]
pub fn combine<'a>(films: impl IntoIterator<Item = &'a [Finding]>) -> StudyAssessment {
    let mut study = StudyAssessment::HELD;
    let mut best: Option<&Finding> = None;
    for film in films {
        study.severity = study.severity.max(Severity::Routine);
        for finding in film.iter().filter(|finding| finding.rank && !finding.score.is_nan()) {
            if best.is_none_or(|best| finding.outranks(best)) {
                best = Some(finding);
            }
        }
    }
    if let Some(best) = best {
        study = StudyAssessment {
            severity: best.severity,
            score: Some(best.score),
            top: Some(best.label.clone()),
        };
    }
    study
}

impl Finding {
    fn outranks(&self, other: &Self) -> bool {
        (self.severity, self.score) > (other.severity, other.score)
    }
}

#[cfg(test)]
#[path = "assess_tests.rs"]
mod tests;
