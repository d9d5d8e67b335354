//! The worth of a trained label, and its thresholds: from scores of films that it was not trained on.

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
    /// The description of these films.
    pub on: &'a EvaluatedOn,
    /// The goal of the thresholds.
    pub goal: Goal,
}

/// The facts about a trained label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelOutcome {
    /// Its name.
    pub name: String,
    /// The threshold.
    pub alert: f64,
    /// The probability from which it is critical, where the goal says so.
    pub critical: Option<f64>,
    /// Its evaluation on films that were not trained on; none with one class only.
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
    let outcome = |(n, ((label, evaluation), (by_goal, otherwise))): (
        usize,
        ((&LabelInfo, _), (&Proposal, &Proposal)),
    )| {
        let chosen = |proposal: &Proposal| {
            proposal.then.as_ref().map(|at| apart(at.threshold, proposal.critical, n, cases))
        };
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
    labels.iter().zip(evaluations).zip(by_goal.iter().zip(&otherwise)).enumerate().map(outcome).collect()
}

/// The thresholds of a label in the middle of the gaps that they lie in or below. Where no film lies between the two, the
/// films do not say where what is critical begins, and the model's default does.
fn apart(alert: f64, critical: Option<f64>, n: usize, cases: &[Case<'_>]) -> (f64, Option<f64>) {
    let gap = |threshold| Gap::above(threshold, n, cases);
    let critical = match (gap(alert), critical.map(|threshold| (threshold, gap(threshold)))) {
        (Some(of_alert), Some((_, Some(of_critical)))) if of_alert == of_critical => None,
        (_, critical) => critical.map(|(threshold, gap)| gap.map_or(threshold, Gap::middle)),
    };
    let alert = gap(alert).map_or(alert, Gap::middle);
    (alert, critical.map(|critical| critical.max(alert)))
}

/// Where a threshold can lie so that none other finds more without alarming more.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gap {
    /// The highest score of a film without the finding that is to stay below; 0 where there is none.
    from: f64,
    /// The lowest score above it of a film with the finding.
    to: f64,
}

impl Gap {
    /// The one that finds everything that a threshold finds, and alarms no more; none where that finds nothing.
    fn above(threshold: f64, n: usize, cases: &[Case<'_>]) -> Option<Self> {
        let scores = |kind: bool| {
            let of_kind = cases.iter().filter(move |case| case.truths[n] == Some(kind));
            of_kind.map(|case| f64::from(case.probabilities[n]))
        };
        let found = scores(true).filter(|score| *score >= threshold).min_by(f64::total_cmp)?;
        let from = scores(false).filter(|score| *score < found).fold(0.0, f64::max);
        let to = scores(true).filter(|score| *score > from).min_by(f64::total_cmp)?;
        Some(Self { from, to })
    }

    /// The number of the fewest decimals in its middle half.
    fn middle(self) -> f64 {
        let (middle, quarter) = (f64::midpoint(self.from, self.to), (self.to - self.from) / 4.0);
        let rounded = (1..=12).map(|digits| {
            let scale = 10_f64.powi(digits);
            (middle * scale).round() / scale
        });
        let mut short = rounded.filter(|value| (value - middle).abs() <= quarter);
        short.find(|value| (f64::MIN_POSITIVE..1.0).contains(value)).unwrap_or(middle)
    }
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

    /// Two films in three have the finding; half of these are told less clearly.
    fn of_scores(scores: &[f32], goal: Goal) -> LabelOutcome {
        let scores: Vec<[f32; 1]> = scores.iter().map(|score| [*score]).collect();
        let case = |(n, score): (usize, &'_ [f32; 1])| Case {
            probabilities: &scores[n][..score.len()],
            truths: vec![Some(n % 3 != 0)],
            whose: Whose::patient(n),
        };
        let cases: Vec<Case<'_>> = scores.iter().enumerate().map(case).collect();
        let on = EvaluatedOn {
            films: String::new(),
            also_used_for: String::new(),
            source_was_trained_on: true,
            patients_are_unseen: true,
            is_by_patient: true,
        };
        let names = ["label".to_owned()];
        outcomes(Measuring { names: &names, cases: &cases, on: &on, goal }).remove(0)
    }

    #[test]
    fn what_lies_apart_has_its_threshold_in_the_middle_of_the_gap() {
        let apart: Vec<f32> =
            (0..300).map(|n| if n % 3 == 0 { 1e-4 } else { 0.9 } + n as f32 * 1e-5).collect();
        for goal in [
            Goal::Alarms(0.1),
            Goal::Specificity(0.9),
            Goal::Sensitivity(0.95),
            Goal::Sensitivity(1.0),
            Goal::Youden,
        ] {
            let LabelOutcome { alert, critical, .. } = of_scores(&apart, goal);
            assert_eq!((alert, critical), (0.5, None), "{goal}: no film says where critical begins");
        }
    }

    /// Whatever a threshold finds it finds still, and it alarms for no more films.
    #[test]
    fn what_overlaps_keeps_what_it_finds_and_alarms_no_more() {
        let noise = |n: usize| ((n * 7_919 + 13) % 101) as f32 / 101.0;
        let scores: Vec<f32> =
            (0..300).map(|n| if n % 3 == 0 { 0.6 * noise(n) } else { 0.3 + 0.6 * noise(n) }).collect();
        let LabelOutcome { alert, critical, .. } = of_scores(&scores, Goal::Alarms(0.1));
        let critical = critical.unwrap();
        let reach = |threshold: f64, kind: bool| {
            let films = scores.iter().enumerate().filter(|(n, _)| (n % 3 != 0) == kind);
            films.filter(|(_, score)| f64::from(**score) >= threshold).count()
        };
        assert!((1..=10).contains(&reach(alert, false)) && reach(critical, false) <= 2, "{alert} {critical}");
        assert!(reach(alert, true) > reach(critical, true) && reach(critical, true) > 0);
        assert!(format!("{alert}").len() <= 6, "{alert} is short");
    }
}
