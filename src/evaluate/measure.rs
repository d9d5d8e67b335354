//! Every label of a set measured, with intervals by patient.

use serde::Serialize;

use super::{
    Published,
    bootstrap::Draws,
    case::{Case, LabelInfo, clusters, of_label, patients, score},
    literature::{Elsewhere, elsewhere},
    metrics::{
        AtThreshold, Auc, Calibration, Clustered, Operating, PrPoint, Predictive, Ranked, RocPoint, Share,
        predictive, share,
    },
};

/// The figures of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelReport {
    /// Its name.
    pub label: String,
    /// Whether it was validated for the model before.
    pub validated: bool,
    /// Films with the finding.
    pub positives: u64,
    /// Films without it.
    pub negatives: u64,
    /// Patients of these films; none where no patient is known. One may have films of both kinds.
    pub patients: Option<Patients>,
    /// Scored films that say nothing of it.
    pub not_labelled: u64,
    /// Why AUC, curves and average precision are not defined, where they are not.
    pub undefined: Option<String>,
    /// Area under the ROC curve with standard error and interval by patient.
    pub auc: Option<Auc>,
    /// The area with DeLong's standard error and interval on the logit scale, by film.
    pub auc_by_film: Option<Auc>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// Its 95 % interval by patient.
    pub average_precision_interval: Option<[f64; 2]>,
    /// The figures at the threshold in force; shares with Wilson's intervals by patient.
    pub at_threshold: AtThreshold,
    /// Predictive values at that threshold, where somebody says how frequent the finding is.
    pub predictive: Option<Predictive>,
    /// Youden's point.
    pub youden: Option<Operating>,
    /// ECE over ten bins of equal width, Brier score, bins.
    pub calibration: Option<Calibration>,
    /// The AUC in the manifest.
    pub published: Option<Published>,
    /// The figures of others for this finding on ChestX-ray14.
    pub elsewhere: Vec<Elsewhere>,
    /// The corners of the ROC curve.
    pub roc: Vec<RocPoint>,
    /// The corners of the precision-recall curve.
    pub precision_recall: Vec<PrPoint>,
}

/// Patients who have films of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Patients {
    /// Patients with a film that has the finding.
    pub with: u64,
    /// Patients with a film that is without it.
    pub without: u64,
}

/// The mean of the labels' AUCs, each counted alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MacroMean {
    /// The mean.
    pub auc: f64,
    /// Its 95 % interval by patient.
    pub interval: Option<[f64; 2]>,
    /// How many labels have an AUC.
    pub labels: usize,
}

/// The figures of all labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// A report a label, in order.
    pub labels: Vec<LabelReport>,
    /// The mean of the labels' AUCs; none where none is defined.
    pub macro_mean: Option<MacroMean>,
}

/// Figures of a draw: of each label AUC and average precision, then the mean of the AUCs.
const OF_LABEL: usize = 2;

/// Measures every label.
#[must_use]
pub fn measure(labels: &[LabelInfo], cases: &[Case<'_>]) -> Measured {
    let films: Vec<Clustered> = (0..labels.len()).map(|label| of_label(label, cases)).collect();
    let mean_at = OF_LABEL * labels.len();
    let draws = Draws::take(clusters(cases), mean_at + 1, |weights, figures| {
        for (films, figures) in films.iter().zip(figures.chunks_mut(OF_LABEL)) {
            let counted = films.counted(weights);
            figures.copy_from_slice(&[counted.auc(), counted.average_precision()]);
        }
        figures[mean_at] =
            mean(figures[..mean_at].iter().step_by(OF_LABEL).copied()).map_or(f64::NAN, |m| m.0);
    });
    let report = |(n, label): (usize, &LabelInfo)| {
        let mut report = of_films(n, label, &films[n], cases);
        report.auc = report.auc_by_film.map(|by_film| by_patient(by_film, &draws, n * OF_LABEL));
        report.average_precision_interval =
            report.average_precision.and_then(|_| draws.interval(n * OF_LABEL + 1));
        report
    };
    let labels: Vec<LabelReport> = labels.iter().enumerate().map(report).collect();
    let aucs = labels.iter().filter_map(|label| label.auc).map(|auc| auc.value);
    let macro_mean =
        mean(aucs).map(|(auc, labels)| MacroMean { auc, interval: draws.interval(mean_at), labels });
    Measured { labels, macro_mean }
}

/// Returns the area with standard error and interval by patient.
fn by_patient(auc: Auc, draws: &Draws, figure: usize) -> Auc {
    let spread = draws.spread(figure).filter(|_| auc.interval.is_some());
    Auc {
        standard_error: spread.map(|spread| spread.standard_error),
        interval: spread.map(|spread| spread.interval),
        ..auc
    }
}

/// The mean of the numbers among `values`, and how many they are; none of none.
fn mean(values: impl Iterator<Item = f64>) -> Option<(f64, usize)> {
    let (sum, count) = values
        .filter(|value| value.is_finite())
        .fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| (sum / count as f64, count))
}

/// All that needs no draws.
fn of_films(n: usize, label: &LabelInfo, films: &Clustered, cases: &[Case<'_>]) -> LabelReport {
    let ranked = films.ranked();
    let at_threshold = films.at(label.alert);
    let of_kind = |kind: bool| cases.iter().filter(move |case| case.truths[n] == Some(kind));
    let known = patients(of_kind(true).chain(of_kind(false)));
    LabelReport {
        label: label.name.clone(),
        validated: label.validated,
        positives: ranked.positives(),
        negatives: ranked.negatives(),
        patients: known.map(|_| Patients {
            with: patients(of_kind(true)).unwrap_or(0),
            without: patients(of_kind(false)).unwrap_or(0),
        }),
        not_labelled: cases.len() as u64 - ranked.cases(),
        undefined: (!ranked.has_both()).then(|| undefined(&ranked)),
        auc: None,
        auc_by_film: ranked.auc(),
        average_precision: ranked.average_precision(),
        average_precision_interval: None,
        predictive: label.prevalence.and_then(|prevalence| predictive(&at_threshold, prevalence)),
        at_threshold,
        youden: ranked.youden(),
        calibration: ranked.calibration(),
        published: label.published,
        elsewhere: elsewhere(&label.name),
        roc: ranked.roc_corners().unwrap_or_default(),
        precision_recall: if ranked.has_both() { corners(&ranked) } else { Vec::new() },
    }
}

/// Why a label of one class has no curve, in words.
pub(super) fn undefined(ranked: &Ranked) -> String {
    match (ranked.positives(), ranked.negatives()) {
        (0, 0) => "no film is labelled for it".to_owned(),
        (0, n) => format!("all {n} films are without it: undefined"),
        (n, _) => format!("all {n} films have it: undefined"),
    }
}

/// The precision-recall curve without what lies inside a run of equal recall: the same picture.
fn corners(ranked: &Ranked) -> Vec<PrPoint> {
    let points = ranked.precision_recall().unwrap_or_default();
    let inside = |n: usize| {
        n > 0
            && n + 1 < points.len()
            && points[n - 1].recall == points[n].recall
            && points[n].recall == points[n + 1].recall
    };
    (0..points.len()).filter(|&n| !inside(n)).map(|n| points[n]).collect()
}

/// On how many of the films at least one label that ranks reaches its threshold.
#[must_use]
pub fn any_alarm<'a>(
    cases: impl IntoIterator<Item = &'a Case<'a>>,
    labels: &[LabelInfo],
    threshold: impl Fn(usize) -> f64,
) -> Option<Share> {
    let alarms = |case: &Case<'_>| {
        (0..labels.len()).any(|label| labels[label].rank && score(label, case) >= threshold(label))
    };
    share(cases.into_iter().map(|case| (case.whose.cluster, alarms(case))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Whose;

    #[test]
    fn each_label_counts_the_films_that_speak_of_it() {
        let labels = [LabelInfo::plain("A", 0.5), LabelInfo::plain("B", 0.5), LabelInfo::plain("C", 0.5)];
        let cases = [
            Case {
                probabilities: &[0.9, 0.1, 0.9],
                truths: vec![Some(true), None, Some(false)],
                whose: Whose::patient(0),
            },
            Case {
                probabilities: &[0.2, 0.8, 0.2],
                truths: vec![Some(false), None, Some(false)],
                whose: Whose::patient(0),
            },
            Case {
                probabilities: &[0.6, 0.4, 0.1],
                truths: vec![None, None, Some(false)],
                whose: Whose::patient(1),
            },
        ];
        let Measured { labels: reports, macro_mean } = measure(&labels, &cases);
        assert_eq!((reports[0].positives, reports[0].negatives, reports[0].not_labelled), (1, 1, 1));
        assert_eq!(reports[0].auc.unwrap().value, 1.0);
        assert_eq!(reports[2].patients, Some(Patients { with: 0, without: 2 }));
        assert_eq!(reports[1].undefined.as_deref(), Some("no film is labelled for it"));
        assert_eq!(reports[1].patients, None);
        assert_eq!(reports[2].undefined.as_deref(), Some("all 3 films are without it: undefined"));
        assert_eq!(reports[2].auc, None);
        assert_eq!(reports[2].at_threshold.sensitivity, None);
        assert!((reports[2].at_threshold.specificity.unwrap().value - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(macro_mean.unwrap(), MacroMean { auc: 1.0, interval: None, labels: 1 });
        let alarm = any_alarm(&cases, &labels, |n| labels[n].alert).unwrap();
        assert_eq!(alarm.value, 1.0);
    }

    #[test]
    fn an_undefined_auc_is_null_in_json_and_not_zero() {
        let case = Case { probabilities: &[0.9], truths: vec![Some(true)], whose: Whose::nobody(0) };
        let json = serde_json::to_value(measure(&[LabelInfo::plain("A", 0.5)], &[case]).labels).unwrap();
        assert!(json[0]["auc"].is_null() && json[0]["patients"].is_null());
        assert_eq!(json[0]["undefined"], "all 1 films have it: undefined");
    }

    /// Forty films of everybody, and the same films ten times over: nothing more is known of the patients.
    #[test]
    fn films_of_a_patient_are_one_witness() {
        let scores: Vec<[f32; 1]> = (0_u8..40).map(|n| [f32::from(n * 7 % 40) / 40.0]).collect();
        let truth = |n: usize| vec![Some(n.is_multiple_of(3) || n > 30)];
        let cases = |copies: usize, of_patients: bool| -> Vec<Case<'_>> {
            let case = |n: usize| Case {
                probabilities: &scores[n % 40],
                truths: truth(n % 40),
                whose: if of_patients { Whose::patient(n % 40) } else { Whose::nobody(n) },
            };
            (0..40 * copies).map(case).collect()
        };
        let figures = |cases: &[Case<'_>]| measure(&[LabelInfo::plain("A", 0.5)], cases).labels.remove(0);
        let (once, often) = (figures(&cases(1, true)), figures(&cases(10, true)));
        assert_eq!(often.auc.unwrap().interval, once.auc.unwrap().interval);
        assert_eq!(often.average_precision_interval, once.average_precision_interval);
        assert_eq!(often.positives, 10 * once.positives);
        assert_eq!(often.patients, once.patients);
        let (few, many) = (once.at_threshold.specificity.unwrap(), often.at_threshold.specificity.unwrap());
        assert!((few.effective - many.effective).abs() < 1.0, "{few:?} {many:?}");
        let naive = figures(&cases(10, false));
        let width =
            |report: &LabelReport| report.auc.unwrap().interval.map(|[low, high]| high - low).unwrap();
        assert!(width(&often) > 2.5 * width(&naive), "by film the same figures look ten times as sure");
        assert_eq!(naive.patients, None);
        assert!(often.auc_by_film.unwrap().standard_error < often.auc.unwrap().standard_error);
    }
}
