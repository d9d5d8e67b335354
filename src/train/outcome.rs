//! What a trained label is worth, and its thresholds: from scores of films that it was not trained on.

use crate::{
    evaluate::{Case, Goal, LabelInfo, LabelReport, Proposal, measure, propose},
    model::{EvaluatedOn, Evaluation, is_validated},
};

/// The threshold of a label for which no film says anything.
const MIDDLE: f64 = 0.5;
/// How rarely films without a label's finding reach its threshold, where the goal itself chooses none.
const SPECIFIC: f64 = 0.9;

/// How labels are measured.
#[derive(Debug, Clone, Copy)]
pub struct Measuring<'a> {
    /// Their names.
    pub names: &'a [String],
    /// Scores and truths of films that were not trained on.
    pub cases: &'a [Case<'a>],
    /// What these films are.
    pub on: &'a EvaluatedOn,
    /// What the thresholds are to give.
    pub goal: Goal,
}

/// What is known of a trained label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelOutcome {
    /// Its name.
    pub name: String,
    /// The threshold.
    pub alert: f64,
    /// The probability from which it is critical, where the goal says so.
    pub critical: Option<f64>,
    /// What it gives on films that were not trained on; none with one class only.
    pub evaluation: Option<Evaluation>,
    /// Whether it may rank.
    pub is_validated: bool,
    /// How the threshold was chosen, where it was not by the goal.
    pub chosen_otherwise: Option<String>,
}

/// Measures labels and chooses their thresholds. Labels that are validated share a goal that is for all of them.
#[must_use]
pub fn outcomes(measuring: Measuring<'_>) -> Vec<LabelOutcome> {
    let Measuring { names, cases, on, goal } = measuring;
    let plain = |name: &String| LabelInfo {
        name: name.clone(),
        alert: MIDDLE,
        critical: MIDDLE,
        validated: false,
        rank: false,
        published: None,
        prevalence: None,
    };
    let mut labels: Vec<LabelInfo> = names.iter().map(plain).collect();
    let evaluations: Vec<Option<Evaluation>> =
        measure(&labels, cases).labels.iter().map(evaluation).collect();
    for (label, evaluation) in labels.iter_mut().zip(&evaluations) {
        label.rank = evaluation.as_ref().is_some_and(|evaluation| is_validated(evaluation, Some(on)));
        label.validated = label.rank;
    }
    let specific = match goal {
        Goal::Alarms(share) => 1.0 - share,
        _ => SPECIFIC,
    };
    // How often a day there is a film nobody says here.
    let by_goal = propose(goal, 1.0, &labels, cases);
    let otherwise = propose(Goal::Specificity(specific), 1.0, &labels, cases);
    let outcome = |((label, evaluation), (by_goal, otherwise)): ((&LabelInfo, _), (&Proposal, &Proposal))| {
        let chosen = |proposal: &Proposal| proposal.then.as_ref().map(|at| (at.threshold, proposal.critical));
        let ((alert, critical), chosen_otherwise) = match (chosen(by_goal), chosen(otherwise)) {
            (Some(chosen), _) => (chosen, by_goal.not_written.clone()),
            (None, Some(chosen)) => (chosen, Some(format!("by specificity {specific:.2}"))),
            (None, None) => ((MIDDLE, None), Some("nothing to choose it by".to_owned())),
        };
        LabelOutcome {
            name: label.name.clone(),
            alert,
            critical,
            evaluation,
            is_validated: label.validated,
            chosen_otherwise,
        }
    };
    labels.iter().zip(evaluations).zip(by_goal.iter().zip(&otherwise)).map(outcome).collect()
}

/// As the manifest will have it, in four decimals.
fn evaluation(label: &LabelReport) -> Option<Evaluation> {
    let count = |films: u64| u32::try_from(films).ok();
    let short = |value: f64| (value * 1e4).round() / 1e4;
    label.auc.map(|auc| Evaluation {
        auc: short(auc.value),
        interval: auc.interval.map(|ends| ends.map(short)),
        positives: count(label.positives),
        films: count(label.positives + label.negatives),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Whose;

    /// 200 films of 100 patients: the first label is told well, the second not at all.
    fn films() -> Vec<[f32; 2]> {
        let noise = |n: usize| ((n * 7_919 + 13) % 101) as f32 / 101.0;
        (0..200)
            .map(|n| [if n % 4 == 0 { 0.35 + 0.6 * noise(n) } else { 0.55 * noise(n) }, noise(n * 31)])
            .collect()
    }

    fn of(goal: Goal, patients_are_unseen: bool) -> Vec<LabelOutcome> {
        let scores = films();
        let case = |(n, probabilities): (usize, &'_ [f32; 2])| Case {
            probabilities: &scores[n][..probabilities.len()],
            truths: vec![Some(n % 4 == 0), Some(n % 5 == 0)],
            whose: Whose::patient(n / 2),
        };
        let cases: Vec<Case<'_>> = scores.iter().enumerate().map(case).collect();
        let on = EvaluatedOn {
            films: String::new(),
            also_used_for: String::new(),
            source_was_trained_on: true,
            patients_are_unseen,
            is_by_patient: true,
        };
        let names = ["told".to_owned(), "not told".to_owned()];
        outcomes(Measuring { names: &names, cases: &cases, on: &on, goal })
    }

    #[test]
    fn a_label_that_is_told_ranks_and_one_that_is_not_has_a_threshold_all_the_same() {
        let [told, not_told] = &of(Goal::Alarms(0.1), true)[..] else { panic!("two labels") };
        assert!(told.is_validated && told.evaluation.unwrap().auc > 0.9, "{told:?}");
        assert!(told.critical.unwrap() >= told.alert && told.chosen_otherwise.is_none());
        assert!(!not_told.is_validated, "{not_told:?}");
        assert_eq!(not_told.chosen_otherwise.as_deref(), Some("by specificity 0.90"));
        assert!(not_told.alert > 0.8);
        assert_eq!(
            (told.evaluation.unwrap().positives, told.evaluation.unwrap().films),
            (Some(50), Some(200))
        );
    }

    #[test]
    fn nothing_is_validated_on_patients_that_were_trained_on() {
        assert!(of(Goal::Youden, false).iter().all(|label| !label.is_validated));
    }
}
