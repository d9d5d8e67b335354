//! Two models on the same films.

use serde::Serialize;

use super::{
    bootstrap::Draws,
    case::{Case, LabelInfo, ModelInfo, clusters, of_label, patients, score},
    labels::canonical,
    metrics::{AtThreshold, Clustered, Delong, Mcnemar, Pair, delong, mcnemar},
};

/// Two models side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The other model: the second.
    pub model: ModelInfo,
    /// Films that both scored.
    pub films: usize,
    /// Their patients, where they are known.
    pub patients: Option<u64>,
    /// Films in the figures of the first that the second did not score.
    pub left_out: usize,
    /// The labels that both have, in the order of the first.
    pub labels: Vec<ComparedLabel>,
    /// Labels of the first that the second lacks.
    pub only_first: Vec<String>,
    /// Labels of the second that the first lacks.
    pub only_second: Vec<String>,
    /// The means of the AUCs of these labels; none where none is defined.
    pub macro_mean: Option<ComparedMean>,
}

/// One label under both models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedLabel {
    /// The label, as the first calls it.
    pub label: String,
    /// Films with the finding.
    pub positives: u64,
    /// Films without it.
    pub negatives: u64,
    /// The first model.
    pub first: OfModel,
    /// The second model.
    pub second: OfModel,
    /// The second AUC less the first by film, after DeLong; none where it is not defined.
    pub delong: Option<Delong>,
    /// The 95 % interval of that difference by patient.
    pub interval: Option<[f64; 2]>,
    /// Films with the finding that only one of the two alerts on.
    pub with_finding: Mcnemar,
    /// Films without the finding that only one of the two does not alert on.
    pub without_finding: Mcnemar,
}

/// The figures of one of the models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfModel {
    /// Area under the ROC curve; none with one class only.
    pub auc: Option<f64>,
    /// Its 95 % interval by patient.
    pub auc_interval: Option<[f64; 2]>,
    /// The figures at the threshold that is in force for the model.
    pub at_threshold: AtThreshold,
}

/// The means of AUCs under both models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ComparedMean {
    /// Under the first.
    pub first: f64,
    /// Under the second.
    pub second: f64,
    /// The 95 % interval, by patient, of the second less the first.
    pub interval: Option<[f64; 2]>,
    /// How many labels have an AUC.
    pub labels: usize,
}

/// A model's labels, and its scores of the films that both models scored.
#[derive(Debug, Clone, Copy)]
pub struct Scores<'a> {
    /// Its labels, in the order of its probabilities.
    pub labels: &'a [LabelInfo],
    /// The films, in the same order for both models; truths are those of the model's own labels.
    pub cases: &'a [Case<'a>],
}

/// Figures of a draw for a label: first AUC, second AUC, their difference; the difference of means comes last.
const FIGURES: usize = 3;

/// Compares two models on films that both scored. `left_out` says how many films of the first the second did not.
#[must_use]
pub fn compare(model: ModelInfo, first: Scores<'_>, second: Scores<'_>, left_out: usize) -> Comparison {
    let names: Vec<&str> = second.labels.iter().map(|label| label.name.as_str()).collect();
    let partner = |label: &LabelInfo| {
        canonical(&label.name, &names).and_then(|name| names.iter().position(|other| *other == name))
    };
    let both: Vec<(usize, usize)> =
        first.labels.iter().enumerate().filter_map(|(n, label)| Some((n, partner(label)?))).collect();
    let films = |(n, m): &(usize, usize)| [of_label(*n, first.cases), of_label(*m, second.cases)];
    let films: Vec<[Clustered; 2]> = both.iter().map(films).collect();
    let mean_at = FIGURES * both.len();
    let draws = Draws::take(clusters(first.cases), mean_at + 1, |weights, figures| {
        let (labels, mean) = figures.split_at_mut(mean_at);
        for (films, figures) in films.iter().zip(labels.chunks_mut(FIGURES)) {
            let [a, b] = [0, 1].map(|n| films[n].counted(weights).auc());
            figures.copy_from_slice(&[a, b, b - a]);
        }
        let differences = labels.iter().skip(2).step_by(FIGURES).copied().filter(|it| it.is_finite());
        let (sum, count) = differences.fold((0.0, 0.0), |(sum, count), it| (sum + it, count + 1.0));
        mean[0] = sum / count;
    });
    let labels: Vec<ComparedLabel> = both
        .iter()
        .zip(&films)
        .enumerate()
        .map(|(at, (places, films))| label(*places, films, first, second, &draws, at * FIGURES))
        .collect();
    let is_partner = |m: usize| both.iter().any(|(_, second)| *second == m);
    Comparison {
        model,
        films: first.cases.len(),
        patients: patients(first.cases),
        left_out,
        macro_mean: means(&labels, draws.interval(mean_at)),
        labels,
        only_first: first
            .labels
            .iter()
            .filter(|it| partner(it).is_none())
            .map(|it| it.name.clone())
            .collect(),
        only_second: (0..names.len()).filter(|&m| !is_partner(m)).map(|m| names[m].to_owned()).collect(),
    }
}

fn label(
    (n, m): (usize, usize),
    films: &[Clustered; 2],
    first: Scores<'_>,
    second: Scores<'_>,
    draws: &Draws,
    figure: usize,
) -> ComparedLabel {
    let of_model = |which: usize, info: &LabelInfo| {
        let auc = films[which].counted_once().auc();
        OfModel {
            auc: auc.is_finite().then_some(auc),
            auc_interval: draws.interval(figure + which),
            at_threshold: films[which].at(info.alert),
        }
    };
    let pair = |(one, other): (&Case<'_>, &Case<'_>)| {
        Some(Pair { first: score(n, one), second: score(m, other), positive: one.truths[n]? })
    };
    let pairs: Vec<Pair> = first.cases.iter().zip(second.cases).filter_map(pair).collect();
    let (alert_first, alert_second) = (first.labels[n].alert, second.labels[m].alert);
    // Films of a kind on which the first is right and the second is not, and the other way round.
    let differing = |positive: bool| {
        let right = |pair: &Pair| {
            ((pair.first >= alert_first) == positive, (pair.second >= alert_second) == positive)
        };
        let of_kind: Vec<_> = pairs.iter().filter(|pair| pair.positive == positive).map(right).collect();
        let count = |wanted: (bool, bool)| of_kind.iter().filter(|it| **it == wanted).count() as u64;
        mcnemar(count((true, false)), count((false, true)))
    };
    ComparedLabel {
        label: first.labels[n].name.clone(),
        positives: pairs.iter().filter(|pair| pair.positive).count() as u64,
        negatives: pairs.iter().filter(|pair| !pair.positive).count() as u64,
        first: of_model(0, &first.labels[n]),
        second: of_model(1, &second.labels[m]),
        delong: delong(&pairs),
        interval: draws.interval(figure + 2),
        with_finding: differing(true),
        without_finding: differing(false),
    }
}

fn means(labels: &[ComparedLabel], interval: Option<[f64; 2]>) -> Option<ComparedMean> {
    let aucs: Vec<(f64, f64)> =
        labels.iter().filter_map(|label| label.first.auc.zip(label.second.auc)).collect();
    let count = aucs.len() as f64;
    let (first, second) = aucs.iter().fold((0.0, 0.0), |sum, auc| (sum.0 + auc.0, sum.1 + auc.1));
    (!aucs.is_empty()).then(|| ComparedMean {
        first: first / count,
        second: second / count,
        interval,
        labels: aucs.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Whose, random::nth};

    fn even(n: usize, what: u64) -> f32 {
        (nth(what << 32 | n as u64) >> 40) as f32 / (1_u32 << 24) as f32
    }

    fn model() -> ModelInfo {
        ModelInfo {
            name: "other".into(),
            title: String::new(),
            banner: String::new(),
            sha256: String::new(),
            evaluation: String::new(),
            device: String::new(),
        }
    }

    /// Two hundred films of a hundred patients, a score that knows the finding and one that does not.
    #[test]
    fn a_better_model_is_told_from_a_worse_one_and_from_itself() {
        let truth = |n: usize| even(n, 1) < 0.4;
        let good: Vec<[f32; 2]> =
            (0..200).map(|n| [even(n, 2) / 2.0 + if truth(n) { 0.3 } else { 0.0 }, 0.1]).collect();
        let poor: Vec<[f32; 2]> = (0..200).map(|n| [0.1, even(n, 3)]).collect();
        let first: Vec<Case<'_>> = good
            .iter()
            .enumerate()
            .map(|(n, scores)| Case {
                probabilities: scores,
                truths: vec![Some(truth(n)), None],
                whose: Whose::patient(n / 2),
            })
            .collect();
        let second: Vec<Case<'_>> = poor
            .iter()
            .enumerate()
            .map(|(n, scores)| Case {
                probabilities: scores,
                truths: vec![None, Some(truth(n))],
                whose: Whose::patient(n / 2),
            })
            .collect();
        let (labels, others) = (
            [LabelInfo::plain("Mass", 0.4), LabelInfo::plain("Nodule", 0.5)],
            [LabelInfo::plain("Fracture", 0.5), LabelInfo::plain("mass", 0.5)],
        );
        let one = Scores { labels: &labels, cases: &first };
        let found = compare(model(), one, Scores { labels: &others, cases: &second }, 3);
        assert_eq!((found.films, found.patients, found.left_out), (200, Some(100), 3));
        assert_eq!(
            (found.only_first.as_slice(), found.only_second.as_slice()),
            (["Nodule".to_owned()].as_slice(), ["Fracture".to_owned()].as_slice())
        );
        let mass = &found.labels[0];
        let delong = mass.delong.unwrap();
        assert!(delong.difference < -0.2 && delong.p < 1e-6, "{delong:?}");
        let [low, high] = mass.interval.unwrap();
        assert!(low < delong.difference && delong.difference < high && high < -0.1, "{mass:?}");
        assert!(mass.without_finding.only_first > mass.without_finding.only_second);
        assert_eq!(found.macro_mean.unwrap().labels, 1);

        let same = compare(model(), one, one, 0);
        let mass = &same.labels[0];
        assert_eq!((mass.delong.unwrap().difference, mass.delong.unwrap().p), (0.0, 1.0));
        assert_eq!((mass.interval, mass.with_finding.p), (None, 1.0));
        assert_eq!(mass.first, mass.second);
    }
}
